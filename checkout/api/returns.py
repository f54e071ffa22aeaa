"""Giving money back, for keys."""

import hashlib
from decimal import Decimal
from typing import Any

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from checkout import credits
from checkout.api.offers import shown_amount
from checkout.api.orders import find
from checkout.models import Credit, Order, RefundState
from checkout.money import BASE_CURRENCY
from shop.api.fields import AmountSerializer
from shop.api.idempotency import read as read_key
from shop.api.schema import IDEMPOTENCY_KEY
from shop.api.views import PRIVATE, ApiView
from shop.models import Scope


def _amount_field(**arguments: Any) -> serializers.DecimalField:
    return serializers.DecimalField(max_digits=12, decimal_places=2, min_value=Decimal("0.01"), **arguments)


class RefundLineSerializer(serializers.Serializer[Any]):
    sku = serializers.CharField(max_length=24)
    amount = _amount_field(help_text="In the order's currency.")


class RefundSerializer(serializers.Serializer[Any]):
    """How much to give back, in the order's currency, and why; the buyer reads the reason."""

    reason = serializers.CharField(max_length=200)
    lines = RefundLineSerializer(many=True, required=False, default=list)
    shipping = _amount_field(required=False, allow_null=True, default=None)


class RefundPartSerializer(serializers.Serializer[Any]):
    amount = AmountSerializer()
    state = serializers.ChoiceField(choices=RefundState.values)


class OrderCreditLineSerializer(serializers.Serializer[Any]):
    sku = serializers.CharField()
    base_amount = AmountSerializer()
    amount = AmountSerializer()


class OrderCreditSerializer(serializers.Serializer[Any]):
    """What was decided. `refunds` go back by the payment, `to_voucher` to the gift voucher that paid."""

    reason = serializers.CharField()
    created_at = serializers.DateTimeField()
    lines = OrderCreditLineSerializer(many=True)
    shipping = AmountSerializer()
    total = AmountSerializer()
    base_total = AmountSerializer()
    refunds = RefundPartSerializer(many=True)
    to_voucher = AmountSerializer(help_text="EUR.")


class Refund(ApiView):
    """Gives part of what an order cost back."""

    scopes = {"POST": Scope.ORDERS_REFUND}  # noqa: RUF012
    cache_control = PRIVATE

    @extend_schema(
        operation_id="orders_refund",
        summary="Give back part of what an order cost",
        description=(
            "Needs orders:refund. Amounts on lines or on shipping; never more than was paid and is left, else 422 "
            "`credit_too_much`. The money goes back the way it was paid, the rest to the gift voucher that paid; the "
            "same Idempotency-Key never gives it back twice."
        ),
        parameters=[IDEMPOTENCY_KEY],
        request=RefundSerializer,
        responses={200: OrderCreditSerializer},
    )
    def post(self, request: Request, token: str) -> HttpResponse:
        order = find(token)
        asked = read_key(request, owner=order.token)
        given = self.read_body(RefundSerializer)
        # A run taken over after its process died finds the credit it had decided by this name.
        name = hashlib.sha256(f"{asked.client}:{asked.key}".encode()).hexdigest()[:40]

        def refund() -> Response:
            credit = credits.give_part(
                order,
                lines={line["sku"]: line["amount"] for line in given["lines"]},
                shipping=given["shipping"] or Decimal(0),
                reason=given["reason"],
                reason_key=f"api-{name}",
            )
            return Response(_credit_form(credit, order))

        return self.once(asked, refund, in_steps=True)


def _credit_form(credit: Credit, order: Order) -> dict[str, Any]:
    return {
        "reason": credit.reason,
        "created_at": credit.created_at,
        "lines": [
            {
                "sku": row.line.sku,
                "base_amount": shown_amount(row.amount_eur, BASE_CURRENCY),
                "amount": shown_amount(row.amount, order.currency),
            }
            for row in credit.lines.select_related("line")
        ],
        "shipping": shown_amount(credit.shipping_amount, order.currency),
        "total": shown_amount(credit.goods_amount + credit.shipping_amount, order.currency),
        "base_total": shown_amount(credit.goods_eur + credit.shipping_eur, BASE_CURRENCY),
        "refunds": [
            {"amount": shown_amount(row.amount, order.currency), "state": row.state} for row in credit.refunds.all()
        ],
        "to_voucher": shown_amount(credit.voucher_eur, BASE_CURRENCY),
    }
