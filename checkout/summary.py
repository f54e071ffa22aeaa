"""What a basket comes to: lines, shipping and total, in EUR and in the buyer's currency."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import cached_property

from catalog.models import Listing
from checkout import rewards, shipping, tariff
from checkout.currency import CurrencyQuote, quote_for
from checkout.models import Reservation
from checkout.money import total
from checkout.shipping import ShippingOffer, ShippingOption


@dataclass(frozen=True)
class SummaryLine:
    """One reserved piece with its price in both currencies, grams and points."""

    reservation: Reservation
    listing: Listing
    price_eur: Decimal
    price_amount: Decimal
    weight_g: int
    points: int


@dataclass(frozen=True)
class Summary:
    """A basket priced once. Each part is converted and rounded on its own; totals are sums of rounded parts."""

    lines: Sequence[SummaryLine]
    quote: CurrencyQuote
    offer: ShippingOffer | None
    option: ShippingOption | None

    @property
    def currency(self) -> str:
        return self.quote.currency

    @cached_property
    def goods_eur(self) -> Decimal:
        return total(line.price_eur for line in self.lines)

    @cached_property
    def goods_amount(self) -> Decimal:
        return total(line.price_amount for line in self.lines)

    @cached_property
    def shipping_eur(self) -> Decimal | None:
        return self.option.price_eur if self.option else None

    @cached_property
    def shipping_amount(self) -> Decimal | None:
        return self.quote.convert(self.option.price_eur) if self.option else None

    @cached_property
    def total_eur(self) -> Decimal:
        return self.goods_eur + (self.shipping_eur or Decimal(0))

    @cached_property
    def total_amount(self) -> Decimal:
        return self.goods_amount + (self.shipping_amount or Decimal(0))

    @property
    def points(self) -> int:
        return sum(line.points for line in self.lines)

    @property
    def weight_g(self) -> int:
        return sum(line.weight_g for line in self.lines)

    @property
    def until(self) -> datetime | None:
        """When the first of the reservations lapses."""
        return min((line.reservation.until for line in self.lines if line.reservation.until), default=None)

    @property
    def fingerprint(self) -> str:
        """Changes whenever anything the buyer is asked to confirm does: pieces, prices, shipping, rate, total."""
        parts = [
            *(f"{line.listing.sku}={line.price_eur}/{line.price_amount}" for line in self.lines),
            self.currency,
            str(self.quote.rate),
            self.option.method if self.option else "",
            str(self.shipping_amount),
            str(self.total_amount),
        ]
        return hashlib.sha256("|".join(parts).encode()).hexdigest()[:32]


def weight_of(listing: Listing) -> int:
    """Grams of a piece: as weighed, else by its packaging."""
    return listing.weight_g or tariff.default_weight_g(listing.edition.packaging)


def points_of(listing: Listing) -> int:
    """Points a piece earns: set by staff, else by its price."""
    if listing.points_override is not None:
        return listing.points_override
    return rewards.points_for(listing.price.amount)


def summarise(
    reservations: Sequence[Reservation],
    *,
    currency: str,
    country: str | None = None,
    postcode: str | None = None,
    method: str | None = None,
) -> Summary:
    """Price a basket. Without a method the country's default one is taken; None where nothing ships there.

    Raises CurrencyNotOffered. Reservations need their listing and its edition selected.
    """
    quote = quote_for(currency)
    lines = [
        SummaryLine(
            reservation=row,
            listing=row.listing,
            price_eur=row.listing.price.amount,
            price_amount=quote.convert(row.listing.price.amount),
            weight_g=weight_of(row.listing),
            points=points_of(row.listing),
        )
        for row in reservations
    ]
    offer = None
    option = None
    if country and lines:
        offer = shipping.quote(
            country, [line.weight_g for line in lines], total(line.price_eur for line in lines), postcode
        )
        option = next((row for row in offer.options if row.method == method), None)
        if option is None and not method:
            option = next((row for row in offer.options if row.is_default), None) or next(iter(offer.options), None)
    return Summary(lines=lines, quote=quote, offer=offer, option=option)
