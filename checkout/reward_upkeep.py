"""What time does to points: they become available, are about to expire, and expire. One account at a time."""

from collections import defaultdict
from datetime import date, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet, Sum
from django.urls import reverse
from django.utils import timezone, translation

from checkout import letters, periods, points_ledger
from checkout.models import Order, OrderState, PointsAccount, PointsEntry, PointsNotice, Withdrawal
from checkout.points_ledger import Kind, Mover, Pot

NOTICE_DAYS = 30


def confirm_due() -> int:
    """Move points from pending to available whose withdrawal period is over. Returns how many lines."""
    count = 0
    for account in PointsAccount.objects.filter(pk__in=_due().values("account_id")).order_by("pk"):
        with transaction.atomic(durable=True):
            count += _confirm(account)
    return count


def _due() -> QuerySet[PointsEntry]:
    """Pending entries of orders that nobody disputes or can withdraw from any more: delivered long ago, or returned.

    Points of a returned order are what was deducted from its refund.
    """
    before = periods.arrived_before(timezone.localdate())
    is_over = Q(state=OrderState.DELIVERED, delivered_at__lt=before) | Q(state=OrderState.RETURNED)
    orders = Order.objects.filter(is_over, is_disputed=False)
    orders = orders.exclude(withdrawals__state=Withdrawal.State.CONFIRMED)
    # Whatever pending points were moved or taken back has left a lot that sums to nothing.
    lots = PointsEntry.objects.filter(pot=Pot.PENDING, order__in=orders).order_by().values("lot")
    waiting = lots.annotate(Sum("points")).filter(points__sum__gt=0).values("lot")
    return PointsEntry.objects.filter(pot=Pot.PENDING, lot__in=waiting).order_by()


def _confirm(account: PointsAccount) -> int:
    points_ledger.lock([account])
    expires_on = points_ledger.expiry_from_today()
    now = timezone.now()
    rows = _due().filter(account=account).values_list("lot", "order_id", "order_line_id").annotate(Sum("points"))
    entries = [
        PointsEntry(
            account=account,
            pot=pot,
            kind=Kind.CONFIRM,
            lot=lot,
            expires_on=expires_on if pot == Pot.AVAILABLE else None,
            points=sign * points,
            key=f"confirm-{line_id}-{pot}",
            order_id=order_id,
            order_line_id=line_id,
            created_at=now,
        )
        for lot, order_id, line_id, points in rows
        for pot, sign in ((Pot.PENDING, -1), (Pot.AVAILABLE, 1))
    ]
    PointsEntry.objects.bulk_create(entries)
    return len(entries) // 2


def expire_due() -> int:
    """Enter the expiry of points whose last day is over. Returns how many lots."""
    count = 0
    for account in _accounts_with_lots(before=timezone.localdate()):
        with transaction.atomic(durable=True):
            count += _expire(account)
    return count


def _accounts_with_lots(*, before: date) -> QuerySet[PointsAccount]:
    """Accounts with points left that expire before the day."""
    entries = PointsEntry.objects.filter(pot=Pot.AVAILABLE, expires_on__lt=before).order_by()
    left = entries.values("account_id", "lot").annotate(Sum("points")).filter(points__sum__gt=0)
    return PointsAccount.objects.filter(pk__in=left.values("account_id")).select_related("user").order_by("pk")


def _expire(account: PointsAccount) -> int:
    points_ledger.lock([account])
    today, now = timezone.localdate(), timezone.now()
    lots = [lot for lot in points_ledger.available([account]) if lot.is_over(today)]
    # A lot can expire again after points came back to it.
    round_ = account.entries.filter(kind=Kind.EXPIRE).count()
    PointsEntry.objects.bulk_create(
        Mover(Kind.EXPIRE).entry(lot, Pot.AVAILABLE, -lot.points, key=f"expire-{account.pk}-{number}", at=now)
        for number, lot in enumerate(lots, start=round_)
    )
    return len(lots)


def accounts_to_notify() -> list[int]:
    """Accounts with points that expire within the days of notice, and nobody was written to about them."""
    soon = timezone.localdate() + timedelta(days=NOTICE_DAYS + 1)
    return [account.pk for account in _accounts_with_lots(before=soon) if _unannounced(account)]


def _unannounced(account: PointsAccount) -> list[tuple[date, int]]:
    """Last days within the time of notice that were not announced yet, with how many points."""
    today = timezone.localdate()
    announced = set(account.notices.values_list("expires_on", flat=True))
    days: defaultdict[date, int] = defaultdict(int)
    for lot in points_ledger.available([account]):
        if lot.expires_on is not None and today <= lot.expires_on <= today + timedelta(days=NOTICE_DAYS):
            days[lot.expires_on] += lot.points
    return sorted((day, points) for day, points in days.items() if day not in announced)


def notify(*, account_id: int) -> bool:
    """Write to an account's owner that points expire soon, once for each last day; True when it went out now.

    Sent first and noted after: a crash in between sends it twice rather than never. Call outside any transaction.
    """
    account = PointsAccount.objects.select_related("user").get(pk=account_id)
    days = _unannounced(account)
    if not days:
        return False
    with translation.override(account.language):
        context = {
            "days": days,
            "points": sum(points for _day, points in days),
            "owner": account.user,
            "home": settings.BASE_URL + reverse("home"),
            "link": settings.BASE_URL + reverse("checkout:my_orders"),
            "sign_up": settings.BASE_URL + reverse("account_signup"),
        }
        letters.send("points_expire", context, to=account.user.email if account.user is not None else account.email)
    PointsNotice.objects.bulk_create(
        [PointsNotice(account=account, expires_on=day) for day, _points in days], ignore_conflicts=True
    )
    return True
