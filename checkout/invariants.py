"""What must always be true of selling, as queries that return the rows for which it is not.

Numbers are those of docs/checkout.md. Constraints and triggers enforce most of it; these queries prove it.
"""

from dataclasses import dataclass

import structlog
from django.db import connection

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
        " WHERE p.state IN ('captured', 'part_refunded')"
        f" AND o.state NOT IN ({_HOLDING}) AND o.state <> 'returned'"
        " AND NOT EXISTS (SELECT 1 FROM checkout_refund f WHERE f.payment_id = p.id AND (f.state = 'done'"
        " OR p.gateway = 'bank_transfer' OR f.created_at > now() - interval '15 minutes'))",
    ),
    Invariant(
        "I4b",
        "an order is paid by exactly one payment that was captured and not given back",
        "SELECT o.id, o.state, count(p.id) FROM checkout_order o"
        " LEFT JOIN checkout_payment p ON p.order_id = o.id AND p.state IN ('captured', 'part_refunded')"
        " AND NOT EXISTS (SELECT 1 FROM checkout_refund f WHERE f.payment_id = p.id AND f.amount = p.amount)"
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
        "I6",
        "an order's total is the sum of its parts, in EUR and in its currency",
        "SELECT o.id, o.total_eur, o.total_amount FROM checkout_order o LEFT JOIN ("
        " SELECT order_id, sum(price_eur) AS eur, sum(price_amount) AS amount FROM checkout_orderline"
        " GROUP BY order_id) l ON l.order_id = o.id WHERE o.state <> 'draft' AND ("
        " o.goods_eur <> coalesce(l.eur, 0) OR o.goods_amount <> coalesce(l.amount, 0)"
        " OR o.total_eur <> o.goods_eur + o.shipping_eur + o.tax_eur - o.discount_eur"
        " OR o.total_amount <> o.goods_amount + o.shipping_amount + o.tax_amount - o.discount_amount)",
    ),
    Invariant(
        "I6b",
        "a payment asks for its order's total in its order's currency",
        "SELECT p.id, p.amount, o.total_amount FROM checkout_payment p JOIN checkout_order o ON o.id = p.order_id"
        " WHERE p.amount <> o.total_amount OR p.currency <> o.currency",
    ),
    Invariant(
        "I6c",
        "the stored rate is that of the stored rate set",
        "SELECT o.id, o.currency, o.rate FROM checkout_order o LEFT JOIN checkout_rate r"
        " ON r.rate_set_id = o.rate_set_id AND r.currency = o.currency"
        " WHERE o.currency <> 'EUR' AND r.rate IS DISTINCT FROM o.rate",
    ),
    Invariant(
        "I11",
        "points were earned if and only if the order is paid; taken back if it was cancelled",
        "SELECT o.id, l.id, l.points, e.points FROM checkout_order o JOIN checkout_orderline l ON l.order_id = o.id"
        " LEFT JOIN (SELECT order_line_id, sum(points) AS points FROM checkout_pointsentry"
        " WHERE kind IN ('earn', 'claw_back') GROUP BY order_line_id) e ON e.order_line_id = l.id"
        f" WHERE coalesce(e.points, 0) <> CASE WHEN o.state IN ({_HOLDING}) AND l.returned_at IS NULL"
        " AND o.refund_state = 'none' THEN l.points ELSE 0 END AND o.refund_state <> 'part'",
    ),
    Invariant(
        "I13",
        "every rate is finite and above zero",
        "SELECT id, currency, rate FROM checkout_rate WHERE NOT (rate > 0 AND rate < 1e12)",
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
    return broken + _wrong_conversions()


def _wrong_conversions() -> list[Broken]:
    """I6 to the cent: every converted part, computed again from the EUR amount and the stored rate."""
    from checkout.models import Order
    from checkout.money import convert

    rows: list[tuple[object, ...]] = []
    orders = Order.objects.placed().exclude(currency="EUR").prefetch_related("lines").iterator(chunk_size=500)
    for order in orders:
        parts = [(line.sku, line.price_eur, line.price_amount) for line in order.lines.all()]
        parts.append(("shipping", order.shipping_eur, order.shipping_amount))
        rows += [
            (order.number, name, eur, amount)
            for name, eur, amount in parts
            if convert(eur, order.rate, order.currency) != amount
        ]
    if not rows:
        return []
    return [Broken(Invariant("I6d", "the stored rate reproduces every converted part", ""), rows[:50])]


def report_broken() -> None:
    """Log every broken invariant as an error; the nightly task's way of calling for help."""
    for broken in find_broken():
        logger.error(
            "invariant_broken",
            number=broken.invariant.number,
            rule=broken.invariant.rule,
            rows=len(broken.rows),
        )
