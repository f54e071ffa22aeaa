"""Moving orders along, for keys: packed, shipped, delivered. A parcel of several orders moves as one."""

from collections.abc import Callable
from typing import Any

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from checkout import orders
from checkout.api.order_serializers import OrderSerializer, order_form
from checkout.api.orders import find
from checkout.models import Order
from shop.api.idempotency import read as read_key
from shop.api.schema import IDEMPOTENCY_KEY
from shop.api.views import PRIVATE, ApiView
from shop.models import ApiKey, Scope


def form_for_key(order: Order, request: Request) -> dict[str, Any]:
    """The order as the key may see it: customers' data only with their scope."""
    key = request.auth
    with_buyer = isinstance(key, ApiKey) and Scope.CUSTOMERS_PII in key.scopes
    return order_form(orders.by_token(order.token), with_buyer=with_buyer)


class _Move(ApiView):
    scopes = {"POST": Scope.ORDERS_WRITE}  # noqa: RUF012
    cache_control = PRIVATE

    def moved(self, request: Request, order: Order, move: Callable[[], None]) -> HttpResponse:
        asked = read_key(request, owner=order.token)

        def effect() -> Response:
            move()
            return Response(form_for_key(order, request))

        return self.once(asked, effect)


class Pack(_Move):
    """Packs the parcel an order travels in."""

    @extend_schema(
        operation_id="orders_pack",
        summary="Pack an order",
        description=(
            "Needs orders:write. Orders that travel in the same parcel are packed with it; while one of them waits "
            "for its payment the answer is 409 `order_move_refused`."
        ),
        parameters=[IDEMPOTENCY_KEY],
        request=None,
        responses={200: OrderSerializer},
    )
    def post(self, request: Request, token: str) -> HttpResponse:
        order = find(token)
        return self.moved(request, order, lambda: orders.pack(order))


class ShipSerializer(serializers.Serializer[Any]):
    carrier = serializers.CharField(
        max_length=60, required=False, allow_blank=True, default="", help_text="The method's own when left out."
    )
    tracking_number = serializers.CharField(max_length=60, required=False, allow_blank=True, default="")


class Ship(_Move):
    """Sends a packed parcel off."""

    @extend_schema(
        operation_id="orders_ship",
        summary="Ship a packed order",
        description="Needs orders:write. The buyer gets a mail with the tracking number.",
        parameters=[IDEMPOTENCY_KEY],
        request=ShipSerializer,
        responses={200: OrderSerializer},
    )
    def post(self, request: Request, token: str) -> HttpResponse:
        order = find(token)
        given = self.read_body(ShipSerializer)
        return self.moved(request, order, lambda: orders.ship(order, **given))


class Deliver(_Move):
    """Notes that a parcel has arrived."""

    @extend_schema(
        operation_id="orders_deliver",
        summary="Mark a shipped order as delivered",
        description="Needs orders:write. The days of the right of withdrawal are counted from now.",
        parameters=[IDEMPOTENCY_KEY],
        request=None,
        responses={200: OrderSerializer},
    )
    def post(self, request: Request, token: str) -> HttpResponse:
        order = find(token)
        return self.moved(request, order, lambda: orders.deliver(order))
