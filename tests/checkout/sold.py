"""Sold orders for tests of papers and books: lines as a placed order freezes them, paid, without the way there."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from django.db import transaction
from django.utils import timezone

from catalog.models import Listing, PurchaseRecord
from catalog.vocabularies import ListingState
from checkout import tax
from checkout.models import Credit, GiftVoucher, Order, OrderAddress, OrderLine, OrderState, RateSet, Reservation
from checkout.money import convert, total
from tests.catalog.pieces import a_listed_piece

ZERO = Decimal("0.00")
ADDRESSES = {
    "DE": {"name": "Erika Mustermann", "line1": "Torstraße 1", "postcode": "10119", "city": "Berlin"},
    "GR": {"name": "Μαρία Παπαδοπούλου", "line1": "Σταδίου 10", "postcode": "10564", "city": "Αθήνα"},
    "CH": {"name": "Urs Muster", "line1": "Bahnhofstrasse 1", "postcode": "8001", "city": "Zürich"},
    "JP": {
        "name": "山田 花子",
        "line1": "1-1-1 千代田",
        "postcode": "100-0001",
        "city": "千代田区",
        "region": "東京都",
    },
}


@dataclass
class Sold:
    """One piece as it was sold. Without a cost there is no purchase record."""

    price: str = "10.00"
    scheme: str = "margin"
    cost: str | None = "2.00"
    seller: str = "private"
    coupon: str = "0.00"
    points: str = "0.00"
    title: str = "The Cranes Are Flying"
    description: str = "DVD, R2, PAL, Artificial Eye, Very good"


def sell(
    *pieces: Sold,
    country: str = "DE",
    postcode: str = "",
    currency: str = "EUR",
    rate: str = "1",
    shipping: str = "0.00",
    shipping_discount: str = "0.00",
    vouchers: tuple[str, ...] = (),
    spent_voucher: str = "0.00",
    language: str = "en",
    method: str = "demo",
    at: datetime | None = None,
    email: str = "buyer@example.com",
    joins: Order | None = None,
) -> Order:
    """A paid order for these pieces and gift vouchers."""
    at = at or timezone.now()
    listings = [a_listed_piece() for _piece in pieces]

    def both(eur: Decimal | str) -> tuple[Decimal, Decimal]:
        return Decimal(eur), convert(Decimal(eur), Decimal(rate), currency)

    with transaction.atomic():
        order = Order(
            visitor_key="a-visitor", email=email, state=OrderState.PAID, language=language, payment_method=method,
            currency=currency, rate=Decimal(rate), placed_at=at, paid_at=at, joins=joins,
            rate_set=None if currency == "EUR" else rates_of_a_day(),
            shipping_method="post_tracked", shipping_method_name="Registered post, tracked", parcel_weight_g=250,
            number=f"AC-{100001 + Order.objects.count()}",
        )  # fmt: skip
        rows = [(piece, both(piece.price), both(piece.coupon), both(piece.points)) for piece in pieces]
        order.shipping_eur, order.shipping_amount = both(shipping)
        order.shipping_discount_eur, order.shipping_discount_amount = both(shipping_discount)
        order.vouchers_eur = total(both(value)[0] for value in vouchers)
        order.vouchers_amount = total(both(value)[1] for value in vouchers)
        for index, unit in enumerate(("eur", "amount")):
            goods = total(row[1][index] for row in rows)
            coupon, points = total(row[2][index] for row in rows), total(row[3][index] for row in rows)
            free = getattr(order, f"shipping_discount_{unit}")
            setattr(order, f"goods_{unit}", goods)
            setattr(order, f"coupon_{unit}", coupon)
            setattr(order, f"points_{unit}", points)
            setattr(order, f"discount_{unit}", coupon + points + free)
            freight, bought = getattr(order, f"shipping_{unit}"), getattr(order, f"vouchers_{unit}")
            setattr(order, f"total_{unit}", goods + bought + freight - coupon - points - free)
        if Decimal(spent_voucher):
            order.voucher = GiftVoucher.objects.create(amount_eur=Decimal(spent_voucher))
            order.voucher_eur, order.voucher_amount = both(spent_voucher)
        order.points_used = int(order.points_eur * 100)
        order.save()
        fields = {**ADDRESSES.get(country, ADDRESSES["DE"]), **({"postcode": postcode} if postcode else {})}
        order.addresses.create(kind=OrderAddress.Kind.SHIPPING, country=country, **fields)
        for value in vouchers:
            GiftVoucher.objects.create(order=order, amount_eur=Decimal(value))
        lines = [_line(order, listing, *row) for listing, row in zip(listings, rows, strict=True)]
        tax.freeze(order, lines)
        OrderLine.objects.bulk_create(lines)
    return order


def _line(
    order: Order,
    listing: Listing,
    piece: Sold,
    price: tuple[Decimal, Decimal],
    coupon: tuple[Decimal, Decimal],
    points: tuple[Decimal, Decimal],
) -> OrderLine:
    if piece.cost is not None:
        PurchaseRecord.objects.create(
            listing=listing, bought_on=order.paid_at.date(), cost_eur=Decimal(piece.cost), seller_kind=piece.seller
        )
    claim = Reservation.objects.create(listing=listing, visitor_key="a-visitor")
    row = Listing.objects.filter(pk=listing.pk)
    row.update(state=ListingState.RESERVED, reserved_until=order.paid_at)
    row.update(state=ListingState.SOLD, reserved_until=None, sold_at=order.paid_at)
    return OrderLine(
        order=order, listing=listing, reservation=claim, position=listing.pk % 30000, sku=listing.sku,
        title=piece.title,
        description=piece.description, weight_g=100, tax_scheme=piece.scheme,
        price_eur=price[0], price_amount=price[1], coupon_eur=coupon[0], coupon_amount=coupon[1],
        points_eur=points[0], points_amount=points[1], points_used=int(points[0] * 100),
    )  # fmt: skip


def credit(order: Order, *goods: str, shipping: str = "0.00", other: str = "0.00", reason: str = "") -> Credit:
    """Give back so much (EUR) of each line in turn, of the shipping, and of the vouchers bought."""
    rate, currency = order.rate, order.currency
    lines = [(line, Decimal(eur)) for line, eur in zip(order.lines.all(), goods, strict=False) if Decimal(eur)]

    def amount(eur: Decimal) -> Decimal:
        return convert(eur, rate, currency)

    goods_eur = total(eur for _line, eur in lines) + Decimal(other)
    goods_amount = total(amount(eur) for _line, eur in lines) + amount(Decimal(other))
    with transaction.atomic():
        made = Credit.objects.create(
            order=order, reason_key=f"test-{order.credits.count()}", reason=reason,
            goods_eur=goods_eur, goods_amount=goods_amount,
            shipping_eur=Decimal(shipping), shipping_amount=amount(Decimal(shipping)),
            money_amount=goods_amount + amount(Decimal(shipping)),
        )  # fmt: skip
        for line, eur in lines:
            made.lines.create(line=line, amount_eur=eur, amount=amount(eur))
    return made


def bring_back(order: Order, *lines: OrderLine) -> None:
    """These pieces of the order, or all, are in the shop again."""
    now = timezone.now()
    keys = [line.pk for line in lines or order.lines.all()]
    with transaction.atomic():
        Reservation.objects.filter(order_line__in=keys).update(released_at=now, release="returned")
        Listing.objects.filter(order_lines__in=keys).update(state=ListingState.RETURNED)
        OrderLine.objects.filter(pk__in=keys).update(returned_at=now)


def rates_of_a_day() -> RateSet:
    """The rate set of orders in another currency."""
    fields = {"sha256": "0" * 64, "status": "accepted", "fetched_at": timezone.now()}
    return RateSet.objects.get_or_create(date=date(2026, 11, 20), source="history", defaults=fields)[0]
