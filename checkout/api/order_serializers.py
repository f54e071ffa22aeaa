"""Orders as the API takes and shows them."""

from decimal import Decimal
from typing import Any

from django.conf import settings
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from checkout.addresses import tidy_phone
from checkout.api.offers import shown_amount
from checkout.api.quotes import country_field, known_country
from checkout.api.savings import SavingsSerializer, WishesSerializer, savings_form
from checkout.forms import AddressForm
from checkout.models import Order, OrderAddress, OrderLine, OrderState, Payment, PaymentState
from checkout.money import BASE_CURRENCY
from shop.api.fields import AmountSerializer, amount
from shop.models import ShopSettings


class AddressSerializer(serializers.Serializer[Any]):
    """A postal address by the rules of its country: which fields it needs depends on it."""

    name = serializers.CharField(max_length=120)
    company = serializers.CharField(max_length=120, required=False, allow_blank=True)
    line1 = serializers.CharField(max_length=160)
    line2 = serializers.CharField(max_length=160, required=False, allow_blank=True)
    city = serializers.CharField(max_length=100, required=False, allow_blank=True)
    region = serializers.CharField(max_length=100, required=False, allow_blank=True)
    postcode = serializers.CharField(max_length=20, required=False, allow_blank=True)
    country = country_field()
    phone = serializers.CharField(max_length=32, required=False, allow_blank=True)

    def validate_country(self, code: str) -> str:
        return known_country(code)

    def validate(self, given: dict[str, Any]) -> dict[str, Any]:
        country = given["country"]
        try:
            form = AddressForm(given, country=country)
        except KeyError as error:
            raise serializers.ValidationError(
                {"country": [serializers.ErrorDetail(str(_("We know no addresses there.")), code="invalid_choice")]}
            ) from error
        if not form.is_valid():
            raise serializers.ValidationError(
                {
                    name: [
                        serializers.ErrorDetail(message, code=error.code or "invalid")
                        for error in errors
                        for message in error.messages
                    ]
                    for name, errors in form.errors.as_data().items()
                }
            )
        phone = tidy_phone(given["phone"], country) if given.get("phone") else ""
        if phone is None:
            message = str(_("This does not look like a phone number."))
            raise serializers.ValidationError({"phone": [serializers.ErrorDetail(message, code="invalid")]})
        return {**form.address, "phone": phone}


class ExpectedTotalSerializer(AmountSerializer):
    """The total the buyer agreed to; its currency is the order's."""

    def validate_amount(self, text: str) -> Decimal:
        return Decimal(text)


class PlaceSerializer(WishesSerializer):
    """An order for the pieces reserved in the basket, with what the buyer wants to use."""

    email = serializers.EmailField(max_length=254)
    shipping_address = AddressSerializer()
    billing_address = AddressSerializer(required=False, allow_null=True)
    shipping_method = serializers.CharField(max_length=40, help_text="From the basket's shipping options.")
    payment_method = serializers.CharField(max_length=20, help_text="Such as bank_transfer.")
    expected_total = ExpectedTotalSerializer()
    note = serializers.CharField(max_length=500, required=False, allow_blank=True, default="")


class PaySerializer(serializers.Serializer[Any]):
    payment_method = serializers.CharField(max_length=20, required=False, help_text="The order's own when left out.")


class OrderLineSerializer(serializers.Serializer[Any]):
    position = serializers.IntegerField()
    sku = serializers.CharField()
    title = serializers.CharField()
    description = serializers.CharField()
    base_price = AmountSerializer()
    price = AmountSerializer()
    weight_g = serializers.IntegerField()
    points = serializers.IntegerField()


class OrderSumsSerializer(serializers.Serializer[Any]):
    goods = AmountSerializer()
    discount = AmountSerializer()
    shipping = AmountSerializer()
    tax = AmountSerializer()
    total = AmountSerializer()


class OrderShippingSerializer(serializers.Serializer[Any]):
    method = serializers.CharField()
    name = serializers.CharField()
    days_min = serializers.IntegerField(allow_null=True)
    days_max = serializers.IntegerField(allow_null=True)
    parcel_weight_g = serializers.IntegerField(allow_null=True)
    needs_customs = serializers.BooleanField()
    carrier = serializers.CharField()
    tracking_number = serializers.CharField()


class TransferSerializer(serializers.Serializer[Any]):
    """Where a bank transfer goes; the reference says for what."""

    account_holder = serializers.CharField()
    iban = serializers.CharField()
    bic = serializers.CharField()
    reference = serializers.CharField()


class PaymentSerializer(serializers.Serializer[Any]):
    """One attempt to pay. `pay_url` is where the buyer goes; a bank transfer has `transfer` instead."""

    attempt = serializers.IntegerField()
    payment_method = serializers.CharField()
    state = serializers.ChoiceField(choices=PaymentState.values)
    amount = AmountSerializer()
    pay_url = serializers.CharField(allow_null=True)
    transfer = TransferSerializer(allow_null=True)
    failure_code = serializers.CharField()
    expires_at = serializers.DateTimeField(allow_null=True)


class OrderAddressSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    company = serializers.CharField()
    line1 = serializers.CharField()
    line2 = serializers.CharField()
    city = serializers.CharField()
    region = serializers.CharField()
    postcode = serializers.CharField()
    country = serializers.CharField()
    phone = serializers.CharField()


class OrderEventSerializer(serializers.Serializer[Any]):
    at = serializers.DateTimeField()
    kind = serializers.CharField()


class OrderSerializer(serializers.Serializer[Any]):
    """An order. What names the buyer is null for keys without the scope customers:pii."""

    number = serializers.CharField()
    token = serializers.CharField(allow_null=True, help_text="The secret of the order's address; keep it.")
    url = serializers.CharField(allow_null=True, help_text="The order's page.")
    state = serializers.ChoiceField(choices=OrderState.values)
    refund_state = serializers.ChoiceField(choices=Order.Refund.values)
    currency = serializers.CharField()
    rate = serializers.CharField()
    rate_date = serializers.DateField(allow_null=True)
    lines = OrderLineSerializer(many=True)
    base = OrderSumsSerializer()
    presentment = OrderSumsSerializer()
    savings = SavingsSerializer()
    due = AmountSerializer(help_text="The total less what a gift voucher pays.")
    points = serializers.IntegerField()
    shipping = OrderShippingSerializer()
    payment_method = serializers.CharField()
    payments = PaymentSerializer(many=True)
    language = serializers.CharField()
    email = serializers.CharField(allow_null=True)
    note = serializers.CharField(allow_null=True)
    shipping_address = OrderAddressSerializer(allow_null=True)
    billing_address = OrderAddressSerializer(allow_null=True)
    placed_at = serializers.DateTimeField()
    pay_by = serializers.DateTimeField(allow_null=True)
    paid_at = serializers.DateTimeField(allow_null=True)
    packed_at = serializers.DateTimeField(allow_null=True)
    shipped_at = serializers.DateTimeField(allow_null=True)
    delivered_at = serializers.DateTimeField(allow_null=True)
    closed_at = serializers.DateTimeField(allow_null=True)
    events = OrderEventSerializer(many=True)


_TIMES = ("placed_at", "pay_by", "paid_at", "packed_at", "shipped_at", "delivered_at", "closed_at")
_ADDRESS = ("name", "company", "line1", "line2", "city", "region", "postcode", "phone")


def order_form(order: Order, *, with_buyer: bool) -> dict[str, Any]:
    """An order as the API shows it; its lines, addresses, payments and events should be prefetched."""
    lines = list(order.lines.all())
    return {
        "number": order.number,
        "token": order.token if with_buyer else None,
        "url": settings.BASE_URL + order.get_absolute_url() if with_buyer else None,
        "state": order.state,
        "refund_state": order.refund_state,
        "currency": order.currency,
        "rate": f"{order.rate.normalize():f}",
        "rate_date": order.rate_set.date if order.rate_set else None,
        "lines": [_line(line, order.currency) for line in lines],
        "base": {part: amount(getattr(order, f"{part}_eur"), BASE_CURRENCY) for part in _PARTS},
        "presentment": {part: shown_amount(getattr(order, f"{part}_amount"), order.currency) for part in _PARTS},
        "savings": savings_form(order),
        "due": shown_amount(order.due_amount, order.currency),
        "points": sum(line.points for line in lines),
        "shipping": {
            "method": order.shipping_method,
            "name": order.shipping_method_name,
            "days_min": order.shipping_days_min,
            "days_max": order.shipping_days_max,
            "parcel_weight_g": order.parcel_weight_g,
            "needs_customs": order.has_customs,
            "carrier": order.carrier,
            "tracking_number": order.tracking_number,
        },
        "payment_method": order.payment_method,
        "payments": [payment_form(payment, order) for payment in order.payments.all()],
        "language": order.language,
        "email": order.email if with_buyer else None,
        "note": order.buyer_note if with_buyer else None,
        "shipping_address": _address(order.shipping_address) if with_buyer else None,
        "billing_address": _address(order.billing_address) if with_buyer else None,
        **{name: getattr(order, name) for name in _TIMES},
        "events": [{"at": event.at, "kind": event.kind} for event in order.events.all()],
    }


_PARTS = ("goods", "discount", "shipping", "tax", "total")


def payment_form(payment: Payment, order: Order) -> dict[str, Any]:
    """An attempt to pay as the API shows it; `pay_url` only while somebody can still pay there."""
    shop = ShopSettings.current()
    is_transfer = payment.gateway == "bank_transfer"
    return {
        "attempt": payment.attempt,
        "payment_method": payment.gateway,
        "state": payment.state,
        "amount": shown_amount(payment.amount, payment.currency),
        "pay_url": _absolute(payment.pay_url) if payment.is_open and payment.pay_url else None,
        "transfer": {
            "account_holder": shop.bank_account_holder,
            "iban": shop.bank_iban,
            "bic": shop.bank_bic,
            "reference": order.number,
        }
        if is_transfer and payment.is_open
        else None,
        "failure_code": payment.failure_code,
        "expires_at": payment.expires_at,
    }


def _absolute(url: str) -> str:
    return settings.BASE_URL + url if url.startswith("/") else url


def _line(line: OrderLine, currency: str) -> dict[str, Any]:
    return {
        "position": line.position,
        "sku": line.sku,
        "title": line.title,
        "description": line.description,
        "base_price": amount(line.price_eur, BASE_CURRENCY),
        "price": shown_amount(line.price_amount, currency),
        "weight_g": line.weight_g,
        "points": line.points,
    }


def _address(address: OrderAddress | None) -> dict[str, str] | None:
    if address is None:
        return None
    return {**{name: getattr(address, name) for name in _ADDRESS}, "country": address.country.code}
