"""What money and parcels cost: rates and shipping."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from checkout import currency, inventory, shipping
from checkout.api.offers import ConvertedSerializer, CurrencyArguments, converted, quote_of
from checkout.currency import CurrencyQuote
from checkout.models import RateSet
from checkout.money import BASE_CURRENCY, currency_name, total
from checkout.preferences import is_country
from checkout.shipping import ShippingOffer, ShippingOption
from checkout.summary import weight_of
from shop import problems
from shop.api.fields import AmountSerializer, amount
from shop.api.views import ApiView

PIECES_MAX = 50


class RateSerializer(serializers.Serializer[Any]):
    currency = serializers.CharField()
    name = serializers.CharField()
    rate = serializers.CharField(help_text="Units of the currency to one euro.")


class RatesSerializer(serializers.Serializer[Any]):
    """The ECB's reference rates that prices are converted with; the conversion is the shop's own."""

    base = serializers.CharField()
    date = serializers.DateField(allow_null=True)
    source = serializers.CharField(allow_null=True)
    fetched_at = serializers.DateTimeField(allow_null=True)
    offered = serializers.ListField(
        child=serializers.CharField(), help_text="Currencies one can pay in now; euro alone when rates are too old."
    )
    rates = RateSerializer(many=True)


class Rates(ApiView):
    """The rate set in use."""

    @extend_schema(operation_id="rates_read", summary="Exchange rates", responses={200: RatesSerializer})
    def get(self, request: Request) -> Response:
        current = currency.current_rate_set()
        rate_set = RateSet.objects.get(pk=current.rate_set_id) if current else None
        language = get_language() or "en"
        return Response(
            {
                "base": BASE_CURRENCY,
                "date": current.date if current else None,
                "source": rate_set.source if rate_set else None,
                "fetched_at": rate_set.fetched_at if rate_set else None,
                "offered": currency.offered_currencies(),
                "rates": [
                    {
                        "currency": code,
                        "name": currency_name(code, language),
                        "rate": f"{rate.normalize():f}",
                    }
                    for code, rate in sorted(current.rates.items() if current else ())
                ],
            }
        )


def country_field(**kwargs: Any) -> serializers.RegexField:
    """An ISO 3166-1 code; that there is such a country is checked by `known_country`."""
    return serializers.RegexField(
        r"^[A-Z]{2}$",
        help_text="ISO 3166-1 code.",
        error_messages={"invalid": _("Two capital letters, such as DE.")},
        **kwargs,
    )


def known_country(code: str) -> str:
    """The code of a country there is. Raises ValidationError."""
    if not is_country(code):
        raise serializers.ValidationError(_("There is no such country."), code="invalid_choice")
    return code


class QuoteArguments(CurrencyArguments):
    """Where to, and which pieces: by SKU, or by their weights."""

    country = country_field()
    postcode = serializers.CharField(required=False, max_length=20)
    sku = serializers.ListField(
        child=serializers.CharField(max_length=24), required=False, max_length=PIECES_MAX, help_text="Pieces."
    )
    weight_g = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=30_000),
        required=False,
        max_length=PIECES_MAX,
        help_text="Grams of each piece without packing, in place of SKUs.",
    )
    goods_eur = serializers.DecimalField(
        max_digits=8,
        decimal_places=2,
        min_value=Decimal(0),
        default=Decimal(0),
        help_text="What the goods cost in EUR, with weights: some methods are free from an amount on.",
    )

    def validate_country(self, code: str) -> str:
        return known_country(code)

    def validate(self, found: dict[str, Any]) -> dict[str, Any]:
        if bool(found.get("sku")) == bool(found.get("weight_g")):
            raise serializers.ValidationError(
                {"sku": serializers.ErrorDetail(str(_("Give either SKUs or weights.")), code="required")}
            )
        return found


class ShippingOptionSerializer(serializers.Serializer[Any]):
    """One way to ship the pieces."""

    method = serializers.CharField(help_text="The code for placing an order.")
    name = serializers.CharField()
    carrier = serializers.CharField()
    price = AmountSerializer()
    converted_price = ConvertedSerializer(allow_null=True)
    days_min = serializers.IntegerField(allow_null=True)
    days_max = serializers.IntegerField(allow_null=True)
    is_tracked = serializers.BooleanField()
    is_pickup = serializers.BooleanField()
    is_default = serializers.BooleanField()
    is_free = serializers.BooleanField()
    free_from = AmountSerializer(allow_null=True)
    insured_up_to = AmountSerializer(allow_null=True)
    parcels_g = serializers.ListField(
        child=serializers.IntegerField(), help_text="Grams of each parcel, packing included."
    )


class RefusalSerializer(serializers.Serializer[Any]):
    code = serializers.CharField(help_text="country_not_served, postcode_not_served or no_method")
    reason = serializers.CharField()


class ShippingQuoteSerializer(serializers.Serializer[Any]):
    """Where the pieces can go and how, or why not."""

    country = serializers.CharField()
    zone = serializers.CharField()
    refused = RefusalSerializer(allow_null=True)
    needs_postcode = serializers.BooleanField(help_text="Only the postcode decides whether we ship there.")
    postcode_reason = serializers.CharField(help_text="What is special about the postcode.")
    needs_customs = serializers.BooleanField()
    is_eu_vat = serializers.BooleanField()
    options = ShippingOptionSerializer(many=True, help_text="The default first.")


def option_form(option: ShippingOption, quote: CurrencyQuote) -> dict[str, Any]:
    """A shipping option as the API shows it."""
    return {
        "method": option.method,
        "name": option.name,
        "carrier": option.carrier,
        "price": amount(option.price_eur, BASE_CURRENCY),
        "converted_price": converted(option.price_eur, quote),
        "days_min": option.days_min,
        "days_max": option.days_max,
        "is_tracked": option.is_tracked,
        "is_pickup": option.is_pickup,
        "is_default": option.is_default,
        "is_free": option.is_free,
        "free_from": amount(option.free_from_eur, BASE_CURRENCY),
        "insured_up_to": amount(option.insured_up_to_eur, BASE_CURRENCY),
        "parcels_g": list(option.parcels),
    }


def offer_form(offer: ShippingOffer, quote: CurrencyQuote) -> dict[str, Any]:
    """A shipping quote as the API shows it."""
    refused = {"code": offer.refused_code, "reason": offer.refused_reason} if offer.refused_code else None
    return {
        "country": offer.country,
        "zone": offer.zone,
        "refused": refused,
        "needs_postcode": offer.needs_postcode,
        "postcode_reason": offer.postcode_reason,
        "needs_customs": offer.needs_customs,
        "is_eu_vat": offer.is_eu_vat,
        "options": [option_form(option, quote) for option in offer.options],
    }


class ShippingQuote(ApiView):
    """What shipping some pieces to a country costs; no address is needed."""

    arguments_class = QuoteArguments

    @extend_schema(operation_id="shipping_quote", summary="A shipping quote", responses={200: ShippingQuoteSerializer})
    def get(self, request: Request) -> Response:
        quote = quote_of(self.arguments)
        weights, goods = self._parcel(self.arguments)
        offer = shipping.quote(self.arguments["country"], weights, goods, self.arguments.get("postcode"))
        return Response(offer_form(offer, quote))

    def _parcel(self, asked: Mapping[str, Any]) -> tuple[list[int], Decimal]:
        """Weights (g) and goods total (EUR) of what is asked for. Raises UnknownListing."""
        if asked.get("weight_g"):
            return asked["weight_g"], asked["goods_eur"]
        if len(set(asked["sku"])) < len(asked["sku"]):
            raise problems.Invalid(
                [{"parameter": "sku", "code": "duplicate", "message": str(_("Each piece exists only once."))}]
            )
        pieces = inventory.find(asked["sku"])
        return [weight_of(piece) for piece in pieces], total(piece.price.amount for piece in pieces)
