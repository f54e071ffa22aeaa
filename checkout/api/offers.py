"""What selling adds to a listing: whether it can be had, its price in two currencies, its points."""

from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar

from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from catalog.models import Listing
from catalog.vocabularies import ListingState
from checkout import rewards
from checkout.currency import EURO, CurrencyQuote, quote_for
from checkout.money import BASE_CURRENCY, round_amount
from shop.api.fields import AmountSerializer, amount
from shop.models import ShopSettings

AVAILABLE, RESERVED, SOLD = "available", "reserved", "sold"


class CurrencyArguments(serializers.Serializer[Any]):
    """The currency amounts are also given in."""

    currency = serializers.RegexField(
        r"^[A-Z]{3}$",
        default=BASE_CURRENCY,
        help_text="ISO 4217. Amounts come in EUR and, when this is another currency, converted too.",
        error_messages={"invalid": _("Three capital letters, such as USD.")},
    )


class ConvertedSerializer(AmountSerializer):
    """An amount converted by the shop at the ECB's reference rate of a date."""

    rate = serializers.CharField(help_text="Units of the currency to one euro.")
    rate_date = serializers.DateField()


def quote_of(arguments: Any) -> CurrencyQuote:
    """The rate for the currency asked for. Raises CurrencyNotOffered."""
    return quote_for(arguments["currency"])


def converted(amount_eur: Decimal | None, quote: CurrencyQuote) -> dict[str, str] | None:
    """The amount in the other currency with its rate; None when euro was asked for."""
    if amount_eur is None or quote is EURO or quote.date is None:
        return None
    return {
        "amount": f"{quote.convert(amount_eur):f}",
        "currency": quote.currency,
        "rate": f"{quote.rate.normalize():f}",
        "rate_date": quote.date.isoformat(),
    }


def shown_amount(value: Decimal, currency: str) -> dict[str, str] | None:
    """An amount with the decimals its currency has: 900, not 900.00, in yen."""
    return amount(round_amount(value, currency), currency)


def availability(state: str, reserved_until: datetime | None, now: datetime) -> str:
    """What anybody may know of a listing's state: never who holds it, nor until when."""
    if state == ListingState.SOLD:
        return SOLD
    is_held = state == ListingState.RESERVED and reserved_until is not None and reserved_until >= now
    return RESERVED if is_held else AVAILABLE


class OfferFields(serializers.Serializer[Listing]):
    """Whether a piece can be had, and for what. The context holds quote, now and points_per_euro."""

    availability = serializers.SerializerMethodField()
    price = serializers.SerializerMethodField()
    converted_price = serializers.SerializerMethodField()
    points = serializers.SerializerMethodField()

    NAMES: ClassVar = ["availability", "price", "converted_price", "points"]

    @extend_schema_field({"type": "string", "enum": [AVAILABLE, RESERVED, SOLD]})
    def get_availability(self, listing: Listing) -> str:
        return availability(listing.state, listing.reserved_until, self.context["now"])

    @extend_schema_field(AmountSerializer)
    def get_price(self, listing: Listing) -> dict[str, str] | None:
        return amount(listing.price.amount, BASE_CURRENCY)

    @extend_schema_field(ConvertedSerializer(allow_null=True))
    def get_converted_price(self, listing: Listing) -> dict[str, str] | None:
        return converted(listing.price.amount, self.context["quote"])

    def get_points(self, listing: Listing) -> int:
        """Reward points for buying it."""
        if listing.points_override is not None:
            return listing.points_override
        return rewards.points_for(listing.price.amount, per_euro=self.context["points_per_euro"])


def offer_context(quote: CurrencyQuote) -> dict[str, Any]:
    """What offers are reckoned with in one answer."""
    return {
        "quote": quote,
        "now": timezone.now(),
        "points_per_euro": ShopSettings.current().points_per_euro,
    }


def offer_of_row(row: dict[str, Any], context: dict[str, Any]) -> dict[str, Any]:
    """The same fields for a listing that was read as plain values."""
    points = row["points_override"]
    if points is None:
        points = rewards.points_for(row["price"], per_euro=context["points_per_euro"])
    return {
        "availability": availability(row["state"], row["reserved_until"], context["now"]),
        "price": amount(row["price"], BASE_CURRENCY),
        "converted_price": converted(row["price"], context["quote"]),
        "points": points,
    }
