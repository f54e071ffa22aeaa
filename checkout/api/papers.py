"""An order's invoice, credit notes and customs declaration."""

from typing import Any

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from checkout import customs, invoices
from checkout.api.order_serializers import OrderAddressSerializer
from checkout.api.orders import find
from checkout.money import BASE_CURRENCY
from checkout.views.papers import paper_response
from shop import problems
from shop.api.fields import AmountSerializer, amount
from shop.api.renderers import JsonRenderer
from shop.api.views import PRIVATE, ApiView
from shop.models import ApiKey, Scope, ShopSettings

PDF = (200, "application/pdf")


class PaperView(ApiView):
    """A PDF, or a problem document: whatever the caller says to accept, as there is nothing to choose."""

    cache_control = PRIVATE

    def perform_content_negotiation(self, request: Request, force: bool = False) -> tuple[BaseRenderer, str]:
        return JsonRenderer(), JsonRenderer.media_type


class Invoice(PaperView):
    """The invoice of an order."""

    @extend_schema(
        operation_id="orders_invoice",
        summary="The invoice as PDF/A",
        description="404 `paper_not_issued` until it is issued, shortly after the payment.",
        responses={PDF: OpenApiTypes.BINARY},
    )
    def get(self, request: Request, token: str) -> HttpResponse:
        return paper_response(invoices.invoice_of(find(token)))


class CreditNote(PaperView):
    """One credit note of an order."""

    @extend_schema(
        operation_id="orders_credit_note", summary="A credit note as PDF/A", responses={PDF: OpenApiTypes.BINARY}
    )
    def get(self, request: Request, token: str, label: str) -> HttpResponse:
        return paper_response(invoices.credit_note_of(find(token), label))


class CustomsItemSerializer(serializers.Serializer[Any]):
    description = serializers.CharField()
    quantity = serializers.IntegerField()
    weight_g = serializers.IntegerField()
    value = AmountSerializer()
    hs_code = serializers.CharField()
    origin = serializers.CharField(help_text="Country of the edition; empty where it is unknown.")


class SenderSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    address = serializers.CharField()
    country = serializers.CharField()
    phone = serializers.CharField()
    email = serializers.CharField()


class CustomsSerializer(serializers.Serializer[Any]):
    """A postal customs declaration. One parcel may carry several orders."""

    form = serializers.ChoiceField(choices=("CN22", "CN23"))
    orders = serializers.ListField(child=serializers.CharField())
    category = serializers.ChoiceField(choices=("sale_of_goods",))
    sender = SenderSerializer()
    recipient = OrderAddressSerializer(allow_null=True)
    items = CustomsItemSerializer(many=True)
    weight_g = serializers.IntegerField()
    value = AmountSerializer()
    value_eur = AmountSerializer()
    postage = AmountSerializer()


class Customs(ApiView):
    """The customs declaration of an order's parcel."""

    scopes = {"GET": Scope.ORDERS_READ, "HEAD": Scope.ORDERS_READ}  # noqa: RUF012
    cache_control = PRIVATE

    @extend_schema(
        operation_id="orders_customs",
        summary="The customs declaration CN22 or CN23 as data",
        description="Needs a key with the scopes orders:read and customers:pii. 404 `no_customs_needed` inside the EU.",
        responses={200: CustomsSerializer},
    )
    def get(self, request: Request, token: str) -> Response:
        key = request.auth
        if not isinstance(key, ApiKey) or Scope.CUSTOMERS_PII not in key.scopes:
            raise problems.ScopeMissing(scope=Scope.CUSTOMERS_PII)
        return Response(_form(customs.declare(find(token))))


def _form(declared: customs.Declaration) -> dict[str, Any]:
    shop = ShopSettings.current()
    address = declared.orders[0].shipping_address
    return {
        "form": declared.form,
        "orders": [order.number for order in declared.orders],
        "category": declared.category,
        "sender": {
            "name": shop.seller_name,
            "address": shop.seller_address,
            "country": shop.seller_country,
            "phone": shop.seller_phone,
            "email": shop.seller_email,
        },
        "recipient": OrderAddressSerializer(address).data if address else None,
        "items": [
            {
                "description": item.description,
                "quantity": item.quantity,
                "weight_g": item.weight_g,
                "value": amount(item.value, declared.currency),
                "hs_code": item.hs_code,
                "origin": item.origin,
            }
            for item in declared.items
        ],
        "weight_g": declared.weight_g,
        "value": amount(declared.value, declared.currency),
        "value_eur": amount(declared.value_eur, BASE_CURRENCY),
        "postage": amount(declared.postage, declared.currency),
    }
