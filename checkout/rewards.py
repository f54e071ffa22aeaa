"""Reward points: earned on goods as really paid, pending until the withdrawal period is over."""

from datetime import timedelta
from decimal import Decimal

from django.db import transaction
from django.db.models import Sum
from django.db.models.functions import Lower
from django.utils import timezone

from checkout.models import Order, OrderLine, PointsAccount, PointsEntry
from checkout.money import whole_points
from shop.models import ShopSettings, User


def points_for(price_eur: Decimal, *, per_euro: Decimal | None = None) -> int:
    """Points a piece earns at this price (EUR), rounded down; the shop's ratio unless an order froze another."""
    ratio = ShopSettings.current().points_per_euro if per_euro is None else per_euro
    return whole_points(max(price_eur, Decimal(0)) * ratio)


def account_for(email: str) -> PointsAccount:
    """The ledger account of an email address, opened when there is none. Safe to race."""
    found = PointsAccount.objects.annotate(folded=Lower("email")).filter(folded=email.lower()).first()
    if found is not None:
        return found
    PointsAccount.objects.bulk_create([PointsAccount(email=email.lower())], ignore_conflicts=True)
    return PointsAccount.objects.annotate(folded=Lower("email")).get(folded=email.lower())


def account_of(user: User) -> PointsAccount | None:
    """The ledger account of a signed-in customer: theirs by link, or by an address they have verified."""
    linked = PointsAccount.objects.filter(user=user).first()
    if linked is not None:
        return linked
    account = (
        PointsAccount.objects.annotate(folded=Lower("email"))
        .filter(folded__in=user.verified_emails(), user__isnull=True)
        .order_by("pk")
        .first()
    )
    if account is not None:
        PointsAccount.objects.filter(pk=account.pk, user__isnull=True).update(user=user)
    return account


def balance(account: PointsAccount) -> dict[str, int]:
    """Points in each pot, keyed pending and available: the sums of the entries."""
    sums = dict(account.entries.values_list("pot").annotate(Sum("points")).values_list("pot", "points__sum"))
    return {pot: sums.get(pot, 0) for pot in PointsEntry.Pot.values}


def earn(order: Order) -> int:
    """Enter a paid order's points as pending, once for each line. Returns the points of the order."""
    account = account_for(order.email)
    lines = [line for line in order.lines.all() if line.points > 0]
    PointsEntry.objects.bulk_create(
        [
            PointsEntry(
                account=account,
                pot=PointsEntry.Pot.PENDING,
                kind=PointsEntry.Kind.EARN,
                points=line.points,
                key=f"earn-{line.pk}",
                order=order,
                order_line=line,
            )
            for line in lines
        ],
        ignore_conflicts=True,
    )
    return sum(line.points for line in lines)


def reverse(order: Order, *, reason: str) -> None:
    """Take back what an order earned, from whichever pot it lies in. Entering it twice changes nothing."""
    for line in order.lines.all():
        _reverse_line(order, line, reason)


def _reverse_line(order: Order, line: OrderLine, reason: str) -> None:
    for pot, points in (
        PointsEntry.objects.filter(order_line=line).values_list("pot").annotate(Sum("points")).order_by()
    ):
        if points > 0:
            account = PointsEntry.objects.filter(order_line=line).values_list("account_id", flat=True)[0]
            PointsEntry.objects.bulk_create(
                [
                    PointsEntry(
                        account_id=account,
                        pot=pot,
                        kind=PointsEntry.Kind.CLAW_BACK,
                        points=-points,
                        key=f"claw-back-{line.pk}-{pot}",
                        order=order,
                        order_line=line,
                        note=reason,
                    )
                ],
                ignore_conflicts=True,
            )


def confirm_due(*, limit: int = 500) -> int:
    """Move points from pending to available whose withdrawal period is over. Returns how many lines."""
    days = ShopSettings.current().withdrawal_days
    until = timezone.now() - timedelta(days=days)
    with transaction.atomic(durable=True):
        pending = (
            PointsEntry.objects.filter(
                kind=PointsEntry.Kind.EARN,
                pot=PointsEntry.Pot.PENDING,
                order__state="delivered",
                order__delivered_at__lte=until,
            )
            .exclude(order_line__points_entries__kind__in=(PointsEntry.Kind.CONFIRM, PointsEntry.Kind.CLAW_BACK))
            .order_by("pk")[:limit]
        )
        moves = []
        for entry in pending:
            for pot, points in (
                (PointsEntry.Pot.PENDING, -entry.points),
                (PointsEntry.Pot.AVAILABLE, entry.points),
            ):
                moves.append(
                    PointsEntry(
                        account_id=entry.account_id,
                        pot=pot,
                        kind=PointsEntry.Kind.CONFIRM,
                        points=points,
                        key=f"confirm-{entry.order_line_id}-{pot}",
                        order_id=entry.order_id,
                        order_line_id=entry.order_line_id,
                    )
                )
        PointsEntry.objects.bulk_create(moves, ignore_conflicts=True)
    return len(moves) // 2
