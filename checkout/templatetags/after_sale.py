"""Template tags for what comes after a sale: credits, withdrawals, dates."""

from dataclasses import dataclass
from datetime import date

from django import template
from django.db.models import Sum
from django.utils.translation import get_language

from checkout import parcels, withdrawals
from checkout.models import Credit, Order, PointsEntry, Withdrawal
from checkout.money import format_amount

register = template.Library()


@dataclass(frozen=True)
class Dates:
    """By when the buyer sends the pieces, and by when the money is due."""

    send_by: date | None
    refund_due: date | None


@dataclass(frozen=True)
class PointsMoved:
    """Points a credit took back, and used ones it gave back."""

    taken: int
    returned: int


@register.simple_tag
def credit_total(credit: Credit, order: Order) -> str:
    """All that a credit gives back, in the order's currency; empty for nothing."""
    total = credit.goods_amount + credit.shipping_amount
    return format_amount(total, order.currency, get_language() or "en") if total else ""


@register.simple_tag
def credit_points(credit: Credit) -> PointsMoved:
    """What a credit did to points: the order's entries between it and the next credit."""
    entries = PointsEntry.objects.filter(order=credit.order_id, created_at__gte=credit.created_at)
    following = Credit.objects.filter(order=credit.order_id, pk__gt=credit.pk).order_by("pk").first()
    if following is not None:
        entries = entries.filter(created_at__lt=following.created_at)
    kinds = dict(entries.values_list("kind").annotate(Sum("points")).order_by())
    return PointsMoved(
        taken=-int(kinds.get(PointsEntry.Kind.CLAW_BACK, 0)),
        returned=int(kinds.get(PointsEntry.Kind.REDEEM_RETURN, 0)),
    )


@register.simple_tag
def withdrawal_dates(withdrawal: Withdrawal) -> Dates:
    """Article 14(1): pieces are sent back within 14 days of the statement; article 13(1): the money as well."""
    due = withdrawals.refund_due_on(withdrawal)
    return Dates(send_by=due, refund_due=due)


@register.simple_tag
def is_passed_on(order: Order) -> bool:
    """Whether the order's shipping came back as the discount of another one in its parcel."""
    return bool(parcels.passed_on_eur(order))
