"""Orders: placed from the basket, paid, cancelled, read by their secret token; listed for keys."""

import re
from typing import Any

import django_filters
from django.db import transaction
from django.http import HttpResponse
from django.utils.translation import gettext as _
from django_filters.rest_framework import DjangoFilterBackend
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from checkout import drafts, orders, payments, savings, settlement
from checkout.api.buyers import PARAMETER, buyer_of, token_of
from checkout.api.order_serializers import (
    OrderSerializer,
    PaymentSerializer,
    PaySerializer,
    PlaceSerializer,
    order_form,
    payment_form,
)
from checkout.currency import quote_for
from checkout.errors import OrderMoveRefused, OrderNotFound, TotalChanged
from checkout.models import Order, OrderState
from checkout.visitors import Visitor
from shop.api.filters import StrictFilterSet
from shop.api.idempotency import read as read_key
from shop.api.pagination import PageArguments, page_of, page_of_queryset, read_cursor
from shop.api.schema import IDEMPOTENCY_KEY
from shop.api.views import PRIVATE, ApiView, read_arguments, refuse_unknown
from shop.models import ApiKey, Scope

_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")


def find(token: str) -> Order:
    """The placed order with this token. Raises OrderNotFound."""
    if not _TOKEN.fullmatch(token):
        raise OrderNotFound
    return orders.by_token(token)


class OrderFilter(StrictFilterSet):
    """Orders by state."""

    state = django_filters.MultipleChoiceFilter(
        choices=[choice for choice in OrderState.choices if choice[0] != OrderState.DRAFT]
    )


class OrderList(ApiView):
    """Placing an order, and, for keys, all orders."""

    scopes = {"GET": Scope.ORDERS_READ, "HEAD": Scope.ORDERS_READ}  # noqa: RUF012
    queryset = Order.objects.none()
    filter_backends = (DjangoFilterBackend,)
    filterset_class = OrderFilter
    arguments_class = PageArguments
    cache_control = PRIVATE

    def read_arguments(self, request: Request) -> dict[str, Any]:
        if request.method == "POST":
            refuse_unknown(request, ())
            return {}
        placed = (
            Order.objects.placed()
            .select_related("rate_set", "coupon", "voucher")
            .prefetch_related("lines", "addresses", "payments", "events")
        )
        self.filter = OrderFilter.read(request, placed, others=PageArguments().fields)
        return read_arguments(request, PageArguments, others=OrderFilter.base_filters)

    @extend_schema(
        operation_id="orders_list",
        summary="All orders, newest first",
        description="Needs a key with the scope orders:read; customers' data are null without customers:pii.",
        responses={200: page_of(OrderSerializer, "OrderPage")},
    )
    def get(self, request: Request) -> Response:
        page = page_of_queryset(
            self.filter.qs,
            column="pk",
            is_descending=True,
            cursor=read_cursor(self.arguments.get("cursor", ""), "pk"),
            limit=self.arguments["limit"],
        )
        key = request.auth
        with_buyer = isinstance(key, ApiKey) and Scope.CUSTOMERS_PII in key.scopes
        shown = page.showing([order_form(order, with_buyer=with_buyer) for order in page.results])
        return Response(shown.body(request), headers=shown.headers(request))

    @extend_schema(
        operation_id="orders_place",
        summary="Place an order",
        description=(
            "Orders what the basket holds. `expected_total` is the basket's `presentment.total` for that country and "
            "method; when it is no longer right the answer is 409 `total_changed` with the new one in `total`. "
            "The order's language, for mails, is that of Accept-Language."
        ),
        parameters=[PARAMETER, IDEMPOTENCY_KEY],
        request=PlaceSerializer,
        responses={201: OrderSerializer},
    )
    def post(self, request: Request) -> HttpResponse:
        asked = read_key(request, owner=token_of(request))
        visitor = buyer_of(request)
        given = self.read_body(PlaceSerializer)

        def place() -> Response:
            order = place_from_basket(visitor, given, language=self.language)
            return Response(order_form(orders.by_token(order.token), with_buyer=True), status=201)

        return self.once(asked, place)


def place_from_basket(visitor: Visitor, given: dict[str, Any], *, language: str) -> Order:
    """Draft and place an order in one transaction: what is refused leaves no draft behind."""
    expected = given["expected_total"]
    quote_for(expected["currency"])
    payments.gateway_of(given["payment_method"], expected["currency"])
    try:
        with transaction.atomic():
            draft = drafts.start(visitor, language=language)
            drafts.set_address(
                draft,
                email=given["email"],
                shipping=given["shipping_address"],
                billing=given.get("billing_address"),
                buyer_note=given["note"],
            )
            drafts.set_methods(draft, shipping_method=given["shipping_method"], payment_method=given["payment_method"])
            savings.wish(
                draft,
                visitor,
                coupon=given["coupon"],
                gift_voucher=given["gift_voucher"],
                points=given["points"],
                currency=expected["currency"],
            )
            return orders.place(
                token=draft.token,
                visitor=visitor,
                currency=expected["currency"],
                shown_total=expected["amount"],
            )
    except TotalChanged as refusal:
        raise TotalChanged(
            total={"amount": refusal.details["total"], "currency": refusal.details["currency"]}
        ) from refusal


class OrderDetail(ApiView):
    """An order, for whoever has its token."""

    cache_control = PRIVATE
    has_etag = True

    @extend_schema(operation_id="orders_read", summary="An order", responses={200: OrderSerializer})
    def get(self, request: Request, token: str) -> Response:
        return Response(order_form(find(token), with_buyer=True))


class Pay(ApiView):
    """Opens a payment for an order."""

    cache_control = PRIVATE

    @extend_schema(
        operation_id="orders_pay",
        summary="Pay an order",
        description=(
            "Gives the payment with the page to send the buyer to, or the bank account for a transfer. "
            "An open attempt is given again; with another method it is closed and a new one opened."
        ),
        parameters=[IDEMPOTENCY_KEY],
        request=PaySerializer,
        responses={200: PaymentSerializer},
    )
    def post(self, request: Request, token: str) -> HttpResponse:
        order = find(token)
        asked = read_key(request, owner=order.token)
        method = self.read_body(PaySerializer).get("payment_method") or order.payment_method

        def pay() -> Response:
            payment = settlement.start_payment(order, gateway_code=method)
            return Response(payment_form(payment, order))

        return self.once(asked, pay, in_steps=True)


class Cancel(ApiView):
    """Cancels an order that waits for its payment."""

    cache_control = PRIVATE

    @extend_schema(
        operation_id="orders_cancel",
        summary="Cancel an unpaid order",
        parameters=[IDEMPOTENCY_KEY],
        request=None,
        responses={200: OrderSerializer},
    )
    def post(self, request: Request, token: str) -> HttpResponse:
        order = find(token)
        asked = read_key(request, owner=order.token)

        def cancel() -> Response:
            # Cancelled already, perhaps by a run of this very request that died before it could answer.
            if order.state != OrderState.CANCELLED:
                if not order.is_payable:
                    raise OrderMoveRefused
                settlement.cancel(order, reason=_("At the buyer's request"))
            return Response(order_form(orders.by_token(order.token), with_buyer=True))

        return self.once(asked, cancel, in_steps=True)
