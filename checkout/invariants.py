"""What must always be true of selling, as queries that return the rows for which it is not.

Numbers are those of docs/checkout.md. Constraints and triggers enforce most of it; these queries prove it.
"""

from dataclasses import dataclass
from decimal import Decimal

import structlog
from django.db import connection

from checkout import points_invariants
from checkout.models.order import HOLDING_STATES

logger = structlog.get_logger(__name__)
# Built from constants only; no input reaches these queries.
# ruff: noqa: S608
_HOLDING = ", ".join(f"'{state}'" for state in HOLDING_STATES)


@dataclass(frozen=True, slots=True)
class Invariant:
    """`sql` returns one row for each thing that breaks the rule."""

    number: str
    rule: str
    sql: str


@dataclass(frozen=True, slots=True)
class Broken:
    invariant: Invariant
    rows: list[tuple[object, ...]]


INVARIANTS = (
    Invariant(
        "I1",
        "a listing has at most one live claim",
        "SELECT listing_id, count(*) FROM checkout_reservation WHERE released_at IS NULL"
        " GROUP BY listing_id HAVING count(*) > 1",
    ),
    Invariant(
        "I1b",
        "a listing is reserved exactly while a timed claim holds it, until the same moment",
        "SELECT g.id, g.sku, g.state, g.reserved_until, r.until FROM catalog_listing g"
        " LEFT JOIN checkout_reservation r ON r.listing_id = g.id AND r.released_at IS NULL AND r.until IS NOT NULL"
        " WHERE (g.state = 'reserved') <> (r.id IS NOT NULL) OR g.reserved_until IS DISTINCT FROM r.until",
    ),
    Invariant(
        "I2",
        "a listing is sold if and only if exactly one paid, unreturned order line holds it",
        "SELECT g.id, g.sku, g.state, count(o.id) FROM catalog_listing g"
        " LEFT JOIN checkout_reservation r ON r.listing_id = g.id AND r.released_at IS NULL AND r.until IS NULL"
        " LEFT JOIN checkout_orderline l ON l.reservation_id = r.id AND l.listing_id = g.id AND l.returned_at IS NULL"
        f" LEFT JOIN checkout_order o ON o.id = l.order_id AND o.state IN ({_HOLDING})"
        " GROUP BY g.id HAVING (g.state = 'sold') <> (count(o.id) = 1) OR count(o.id) > 1",
    ),
    Invariant(
        "I2b",
        "a paid order holds every piece of its unreturned lines",
        "SELECT o.id, l.sku FROM checkout_order o JOIN checkout_orderline l ON l.order_id = o.id"
        " JOIN catalog_listing g ON g.id = l.listing_id"
        " LEFT JOIN checkout_reservation r ON r.id = l.reservation_id AND r.released_at IS NULL AND r.until IS NULL"
        f" WHERE o.state IN ({_HOLDING}) AND l.returned_at IS NULL AND (r.id IS NULL OR g.state <> 'sold')",
    ),
    Invariant(
        "I4",
        "captured money belongs to a paid order, or is refunded, or is being refunded for less than 15 minutes",
        "SELECT p.id, p.order_id, p.state, o.state FROM checkout_payment p JOIN checkout_order o ON o.id = p.order_id"
        " WHERE p.state IN ('captured', 'part_refunded') AND p.amount > 0"
        f" AND o.state NOT IN ({_HOLDING}) AND o.state <> 'returned'"
        " AND NOT EXISTS (SELECT 1 FROM checkout_refund f WHERE f.payment_id = p.id AND (f.state <> 'due'"
        " OR p.gateway = 'bank_transfer' OR f.created_at > now() - interval '15 minutes'))",
    ),
    Invariant(
        "I4b",
        "an order is paid by exactly one payment that was captured and not sent straight back",
        "SELECT o.id, o.state, count(p.id) FROM checkout_order o"
        " LEFT JOIN checkout_payment p ON p.order_id = o.id AND p.state IN ('captured', 'part_refunded', 'refunded')"
        " AND NOT EXISTS (SELECT 1 FROM checkout_refund f"
        " WHERE f.payment_id = p.id AND f.reason_key LIKE 'refund-auto-%')"
        f" WHERE o.state IN ({_HOLDING}) GROUP BY o.id HAVING count(p.id) <> 1",
    ),
    Invariant(
        "I5",
        "refunds are within what was captured",
        "SELECT p.id, p.amount, sum(f.amount) FROM checkout_payment p JOIN checkout_refund f ON f.payment_id = p.id"
        " GROUP BY p.id HAVING sum(f.amount) > p.amount OR p.refunded_amount <>"
        " coalesce(sum(f.amount) FILTER (WHERE f.state = 'done'), 0)",
    ),
    Invariant(
        "I5b",
        "what is credited for an order is within what it cost, and its money part is refunded by the payment",
        "SELECT o.id, sum(c.goods_amount + c.shipping_amount), sum(c.money_amount), sum(f.money)"
        " FROM checkout_order o JOIN checkout_credit c ON c.order_id = o.id LEFT JOIN (SELECT credit_id,"
        " sum(amount) AS money FROM checkout_refund GROUP BY credit_id) f ON f.credit_id = c.id"
        " GROUP BY o.id HAVING sum(c.goods_amount + c.shipping_amount) > o.total_amount"
        " OR sum(c.voucher_eur) > o.voucher_eur OR sum(c.money_amount) <> coalesce(sum(f.money), 0)",
    ),
    Invariant(
        "I5c",
        "what is credited for a piece is within what was paid for it",
        "SELECT l.id, l.sku, sum(c.amount) FROM checkout_orderline l JOIN checkout_creditline c ON c.line_id = l.id"
        " GROUP BY l.id HAVING sum(c.amount) > l.price_amount - l.coupon_amount - l.points_amount"
        " OR sum(c.amount_eur) > l.price_eur - l.coupon_eur - l.points_eur",
    ),
    Invariant(
        "I6",
        "an order's total is the sum of its parts, in EUR and in its currency",
        "SELECT o.id, o.total_eur, o.total_amount FROM checkout_order o LEFT JOIN ("
        " SELECT order_id, sum(price_eur) AS eur, sum(price_amount) AS amount, sum(coupon_eur) AS coupon_eur,"
        " sum(coupon_amount) AS coupon, sum(points_eur) AS points_eur, sum(points_amount) AS points,"
        " sum(points_used) AS used FROM checkout_orderline GROUP BY order_id) l ON l.order_id = o.id"
        " LEFT JOIN (SELECT order_id, sum(amount_eur) AS eur FROM checkout_giftvoucher GROUP BY order_id) v"
        " ON v.order_id = o.id WHERE o.state <> 'draft' AND o.placed_at IS NOT NULL AND ("
        " o.goods_eur <> coalesce(l.eur, 0) OR o.goods_amount <> coalesce(l.amount, 0)"
        " OR o.coupon_eur <> coalesce(l.coupon_eur, 0) OR o.coupon_amount <> coalesce(l.coupon, 0)"
        " OR o.points_eur <> coalesce(l.points_eur, 0) OR o.points_amount <> coalesce(l.points, 0)"
        " OR o.points_used <> coalesce(l.used, 0) OR o.vouchers_eur <> coalesce(v.eur, 0)"
        " OR o.total_eur <> o.goods_eur + o.vouchers_eur + o.shipping_eur + o.tax_eur - o.discount_eur"
        " OR o.total_amount <> o.goods_amount + o.vouchers_amount + o.shipping_amount + o.tax_amount"
        " - o.discount_amount)",
    ),
    Invariant(
        "I6b",
        "a payment asks for what is due for its order, in its order's currency",
        "SELECT p.id, p.amount, o.total_amount, o.voucher_amount FROM checkout_payment p"
        " JOIN checkout_order o ON o.id = p.order_id"
        " WHERE p.amount <> o.total_amount - o.voucher_amount OR p.currency <> o.currency",
    ),
    Invariant(
        "I6c",
        "the stored rate is that of the stored rate set",
        "SELECT o.id, o.currency, o.rate FROM checkout_order o LEFT JOIN checkout_rate r"
        " ON r.rate_set_id = o.rate_set_id AND r.currency = o.currency"
        " WHERE o.currency <> 'EUR' AND r.rate IS DISTINCT FROM o.rate",
    ),
    Invariant("I3", "points that moved from pot to pot are as many as before", points_invariants.MOVES),
    Invariant("I3b", "no pot of points holds less than nothing, but the available one", points_invariants.POTS),
    Invariant("I3c", "an order that waits for its payment holds the points it uses", points_invariants.HELD),
    Invariant("I3d", "a paid order has used up its points", points_invariants.USED),
    Invariant("I3e", "the points used for a line come back all or not at all", points_invariants.RETURNED),
    Invariant("I11", "a line has earned the points of what is still paid for it", points_invariants.EARNED),
    Invariant(
        "I12",
        "a coupon was used as often as it counts, and not more often than it may be",
        'SELECT c.id, c.code, c.use_count, c."limit", count(u.id) FROM checkout_coupon c'
        " LEFT JOIN checkout_couponuse u ON u.coupon_id = c.id AND u.released_at IS NULL"
        ' GROUP BY c.id HAVING count(u.id) <> c.use_count OR count(u.id) > c."limit"',
    ),
    Invariant(
        "I12b",
        "a voucher's balance is the sum of its entries and never below zero",
        "SELECT v.id, v.balance_eur, sum(e.amount_eur) FROM checkout_giftvoucher v"
        " LEFT JOIN checkout_voucherentry e ON e.voucher_id = v.id GROUP BY v.id"
        " HAVING v.balance_eur <> coalesce(sum(e.amount_eur), 0) OR v.balance_eur < 0",
    ),
    Invariant(
        "I13",
        "every rate is finite and above zero",
        "SELECT id, currency, rate FROM checkout_rate WHERE NOT (rate > 0 AND rate < 1e12)",
    ),
    Invariant(
        "I15",
        "numbers of invoices and credit notes have no gap and no duplicate within a series and year",
        "SELECT series, year, c.last_number, count(p.id), max(p.number) FROM checkout_papercounter c"
        " FULL JOIN checkout_paper p USING (series, year) GROUP BY series, year, c.last_number"
        " HAVING count(p.id) <> coalesce(max(p.number), 0) OR count(DISTINCT p.number) <> count(p.id)"
        " OR coalesce(c.last_number, -1) <> coalesce(max(p.number), 0)",
    ),
)


def find_broken() -> list[Broken]:
    """Every invariant that does not hold, with the rows that break it (at most 50 each)."""
    broken = []
    for invariant in INVARIANTS:
        with connection.cursor() as cursor:
            cursor.execute(f"{invariant.sql} LIMIT 50")
            rows = cursor.fetchall()
        if rows:
            broken.append(Broken(invariant, rows))
    return broken + _wrong_conversions() + _missing_files()


def _wrong_conversions() -> list[Broken]:
    """I6 to the cent: every converted part, computed again from the EUR amount and the stored rate."""
    from checkout.models import Order
    from checkout.money import convert

    rows: list[tuple[object, ...]] = []
    orders = Order.objects.placed().exclude(currency="EUR").prefetch_related("lines").iterator(chunk_size=500)
    for order in orders:
        parts: list[tuple[str, Decimal, Decimal, Decimal | None]] = [
            ("shipping", order.shipping_eur, order.shipping_amount, None)
        ]
        parts += [("vouchers", order.vouchers_eur, order.vouchers_amount, None)]
        for line in order.lines.all():
            parts += [
                (line.sku, line.price_eur, line.price_amount, None),
                (f"{line.sku} coupon", line.coupon_eur, line.coupon_amount, None),
                # Never more than the piece still costs after its coupon, whatever two roundings add up to.
                (f"{line.sku} points", line.points_eur, line.points_amount, line.price_amount - line.coupon_amount),
            ]
        rows += [
            (order.number, name, eur, amount)
            for name, eur, amount, at_most in parts
            if amount != _capped(convert(eur, order.rate, order.currency), at_most)
        ]
    if not rows:
        return []
    return [Broken(Invariant("I6d", "the stored rate reproduces every converted part", ""), rows[:50])]


def _capped(amount: Decimal, at_most: Decimal | None) -> Decimal:
    return amount if at_most is None else min(amount, at_most)


def _missing_files() -> list[Broken]:
    """I14: photos whose file is gone."""
    from catalog.models import ListingPhoto

    photos = ListingPhoto.objects.order_by("pk").iterator(chunk_size=500)
    rows: list[tuple[object, ...]] = [
        (photo.pk, photo.image.name) for photo in photos if not photo.image.storage.exists(str(photo.image.name))
    ]
    if not rows:
        return []
    return [Broken(Invariant("I14", "every photo row has its file", ""), rows[:50])]


def report_broken() -> None:
    """Log every broken invariant as an error; the nightly task's way of calling for help."""
    for broken in find_broken():
        logger.error(
            "invariant_broken",
            number=broken.invariant.number,
            rule=broken.invariant.rule,
            rows=len(broken.rows),
        )
