"""What a basket comes to: lines, savings, shipping and total, in EUR and in the buyer's currency."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from functools import cached_property

from catalog.models import Listing
from checkout import coupons, rewards, shipping, tariff
from checkout.currency import CurrencyQuote, quote_for
from checkout.models import Coupon, GiftVoucher, Reservation
from checkout.money import total, whole_points
from checkout.parcels import ParcelSoFar
from checkout.shipping import ShippingOffer, ShippingOption

ZERO = Decimal(0)


@dataclass(frozen=True)
class Wishes:
    """What the buyer wants to use: a coupon, points out of `spendable`, a gift voucher, an earlier parcel."""

    email: str = ""
    coupon: Coupon | None = None
    points: int = 0
    spendable: int = 0
    voucher: GiftVoucher | None = None
    parcel: ParcelSoFar | None = None


@dataclass(frozen=True)
class SummaryLine:
    """One reserved piece: price and savings in both currencies, grams and the points it earns."""

    reservation: Reservation
    listing: Listing
    price_eur: Decimal
    price_amount: Decimal
    weight_g: int
    points: int
    coupon_eur: Decimal = ZERO
    coupon_amount: Decimal = ZERO
    points_used: int = 0
    points_eur: Decimal = ZERO
    points_amount: Decimal = ZERO

    @property
    def paid_eur(self) -> Decimal:
        return self.price_eur - self.coupon_eur - self.points_eur

    @property
    def paid_amount(self) -> Decimal:
        return self.price_amount - self.coupon_amount - self.points_amount


@dataclass(frozen=True)
class Summary:
    """A basket priced once. Each part is converted and rounded on its own; totals are sums of rounded parts.

    `coupon_refusal` says why the wished coupon lowers nothing. `parcel` is set when the pieces travel with an
    earlier order: shipping is then what they add to it, and where they make it cheaper the difference is a
    discount.
    """

    lines: Sequence[SummaryLine]
    quote: CurrencyQuote
    offer: ShippingOffer | None
    option: ShippingOption | None
    coupon: Coupon | None = None
    coupon_refusal: str = ""
    points_usable: int = 0
    parcel: ParcelSoFar | None = None
    shipping_discount_eur: Decimal = ZERO
    voucher: GiftVoucher | None = None

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
    def coupon_eur(self) -> Decimal:
        return total(line.coupon_eur for line in self.lines)

    @cached_property
    def coupon_amount(self) -> Decimal:
        return total(line.coupon_amount for line in self.lines)

    @property
    def points_used(self) -> int:
        return sum(line.points_used for line in self.lines)

    @cached_property
    def points_eur(self) -> Decimal:
        return total(line.points_eur for line in self.lines)

    @cached_property
    def points_amount(self) -> Decimal:
        return total(line.points_amount for line in self.lines)

    @cached_property
    def shipping_eur(self) -> Decimal | None:
        return self.option.price_eur if self.option else None

    @cached_property
    def shipping_amount(self) -> Decimal | None:
        return self.quote.convert(self.option.price_eur) if self.option else None

    @cached_property
    def shipping_discount_amount(self) -> Decimal:
        rest = self.goods_amount - self.coupon_amount - self.points_amount + (self.shipping_amount or ZERO)
        return min(self.quote.convert(self.shipping_discount_eur), rest)

    @cached_property
    def standard_shipping_eur(self) -> Decimal:
        """What the cheapest usual delivery of these pieces costs, at most what this one does."""
        usual = [row.price_eur for row in self.offer.options if not row.is_pickup] if self.offer else []
        return min([*usual, self.shipping_eur or ZERO])

    @property
    def discount_eur(self) -> Decimal:
        return self.coupon_eur + self.points_eur + self.shipping_discount_eur

    @property
    def discount_amount(self) -> Decimal:
        return self.coupon_amount + self.points_amount + self.shipping_discount_amount

    @cached_property
    def total_eur(self) -> Decimal:
        return self.goods_eur + (self.shipping_eur or ZERO) - self.discount_eur

    @cached_property
    def total_amount(self) -> Decimal:
        return self.goods_amount + (self.shipping_amount or ZERO) - self.discount_amount

    @cached_property
    def voucher_eur(self) -> Decimal:
        return min(self.voucher.balance_eur, self.total_eur) if self.voucher else ZERO

    @cached_property
    def voucher_amount(self) -> Decimal:
        # A voucher that pays for all of it pays the sum of the rounded parts, whatever its own conversion says.
        if self.voucher_eur == self.total_eur:
            return self.total_amount if self.voucher else ZERO
        return min(self.quote.convert(self.voucher_eur), self.total_amount)

    @property
    def due_amount(self) -> Decimal:
        """What is left to be paid by the chosen payment method."""
        return self.total_amount - self.voucher_amount

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
        """Changes whenever anything the buyer is asked to confirm does: pieces, prices, savings, rate, total."""
        parts = [
            *(f"{line.listing.sku}={line.price_eur}/{line.price_amount}" for line in self.lines),
            self.currency,
            str(self.quote.rate),
            self.option.method if self.option else "",
            str(self.shipping_amount),
            str(self.total_amount),
            *(str(part) for part in (self.coupon_amount, self.points_used, self.shipping_discount_amount)),
            str(self.voucher_amount),
            str(self.parcel is not None),
        ]
        return hashlib.sha256("|".join(parts).encode()).hexdigest()[:32]


def weight_of(listing: Listing) -> int:
    """Grams of a piece: as weighed, else by its packaging."""
    return listing.weight_g or tariff.default_weight_g(listing.edition.packaging)


def points_of(listing: Listing, *, paid_eur: Decimal | None = None) -> int:
    """Points a piece earns: set by staff, else by its price; fewer where less than its price is paid (EUR)."""
    price = listing.price.amount
    paid = price if paid_eur is None else paid_eur
    if listing.points_override is not None:
        return whole_points(listing.points_override * paid / price)
    return rewards.points_for(paid)


def summarise(
    reservations: Sequence[Reservation],
    *,
    currency: str,
    country: str | None = None,
    postcode: str | None = None,
    method: str | None = None,
    wishes: Wishes | None = None,
) -> Summary:
    """Price a basket. Without a method the country's default one is taken; None where nothing ships there.

    Raises CurrencyNotOffered. Reservations need their listing and its edition selected.
    """
    wishes = wishes or Wishes()
    quote = quote_for(currency)
    lines = [
        SummaryLine(
            reservation=row,
            listing=row.listing,
            price_eur=row.listing.price.amount,
            price_amount=quote.convert(row.listing.price.amount),
            weight_g=weight_of(row.listing),
            points=0,
        )
        for row in reservations
    ]
    coupon_refusal = ""
    if wishes.coupon is not None and lines:
        coupon_refusal = coupons.refusal_of(wishes.coupon, lines=lines, email=wishes.email, quote=quote)
    coupon = wishes.coupon if not coupon_refusal else None
    if coupon is not None:
        lines = _with_coupon(lines, coupon, quote)
    goods_eur = total(line.paid_eur for line in lines)
    points_usable = rewards.usable(wishes.spendable, spendable=wishes.spendable, goods_eur=goods_eur)
    if wishes.points:
        used = rewards.usable(wishes.points, spendable=wishes.spendable, goods_eur=goods_eur)
        lines = _with_points(lines, used, quote)
    lines = [replace(line, points=points_of(line.listing, paid_eur=line.paid_eur)) for line in lines]
    shipped = _shipped(lines, country=country, postcode=postcode, method=method, parcel=wishes.parcel)
    saved = shipped.saved_eur
    if coupon is not None and coupon.kind == Coupon.Kind.FREE_SHIPPING and shipped.option is not None:
        saved += shipped.option.price_eur
    rest = total(line.paid_eur for line in lines) + (shipped.option.price_eur if shipped.option else ZERO)
    return Summary(
        lines=lines,
        quote=quote,
        offer=shipped.offer,
        option=shipped.option,
        coupon=coupon,
        coupon_refusal=coupon_refusal,
        points_usable=points_usable,
        parcel=shipped.parcel,
        shipping_discount_eur=min(saved, rest),
        voucher=wishes.voucher,
    )


def _with_coupon(lines: Sequence[SummaryLine], coupon: Coupon, quote: CurrencyQuote) -> list[SummaryLine]:
    shares = coupons.shares(coupon, lines)
    return [
        replace(line, coupon_eur=share, coupon_amount=quote.convert(share))
        for line, share in zip(lines, shares, strict=True)
    ]


def _with_points(lines: Sequence[SummaryLine], points: int, quote: CurrencyQuote) -> list[SummaryLine]:
    shares = rewards.allocate(points, [line.paid_eur for line in lines])
    return [
        replace(
            line,
            points_used=used,
            points_eur=eur,
            # Two savings rounded up on their own must not come to more than the piece costs.
            points_amount=min(quote.convert(eur), line.price_amount - line.coupon_amount),
        )
        for line, (used, eur) in zip(lines, shares, strict=True)
    ]


@dataclass(frozen=True)
class _Shipped:
    """How the pieces travel; `saved_eur` is by how much they make an earlier parcel cheaper."""

    offer: ShippingOffer | None = None
    option: ShippingOption | None = None
    parcel: ParcelSoFar | None = None
    saved_eur: Decimal = ZERO


def _shipped(
    lines: Sequence[SummaryLine],
    *,
    country: str | None,
    postcode: str | None,
    method: str | None,
    parcel: ParcelSoFar | None,
) -> _Shipped:
    if not country or not lines:
        return _Shipped()
    weights = [line.weight_g for line in lines]
    goods_eur = total(line.price_eur for line in lines)
    if parcel is not None and (joined := _joined(parcel, country, postcode, weights, goods_eur)):
        return joined
    offer = shipping.quote(country, weights, goods_eur, postcode)
    option = next((row for row in offer.options if row.method == method), None)
    if option is None and not method:
        option = next((row for row in offer.options if row.is_default), None) or next(iter(offer.options), None)
    return _Shipped(offer=offer, option=option)


def _joined(
    parcel: ParcelSoFar, country: str, postcode: str | None, weights: Sequence[int], goods_eur: Decimal
) -> _Shipped | None:
    """What the pieces add to a parcel already paid for; None when that method does not take all of it together."""
    offer = shipping.quote(country, [*parcel.weights_g, *weights], parcel.goods_eur + goods_eur, postcode)
    together = offer.option(parcel.method)
    if together is None:
        return None
    added = together.price_eur - parcel.shipping_eur
    option = replace(together, price_eur=max(added, ZERO))
    saved_eur = min(max(-added, ZERO), parcel.paid_eur)
    return _Shipped(offer=replace(offer, options=(option,)), option=option, parcel=parcel, saved_eur=saved_eur)
