"""Where points lie: pots and lots summed from the entries, and the entries that move points between them."""

from calendar import monthrange
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from django.db.models import Max, Min, Sum
from django.utils import timezone

from checkout.models import Order, OrderLine, PointsAccount, PointsEntry
from shop.models import ShopSettings, User

Kind = PointsEntry.Kind
Pot = PointsEntry.Pot


@dataclass(frozen=True)
class Lot:
    """Points of one origin that lie in one pot of one account, until `expires_on`, the last day they can be used."""

    account_id: int
    name: str
    expires_on: date | None
    points: int

    def is_over(self, today: date) -> bool:
        return self.expires_on is not None and self.expires_on < today


@dataclass(frozen=True)
class Mover:
    """Why and for what points move: what the entries of one move have in common."""

    kind: str
    order: Order | None = None
    line: OrderLine | None = None
    note: str = ""
    by: User | None = None

    def entry(self, lot: Lot, pot: str, points: int, *, key: str, at: datetime) -> PointsEntry:
        return PointsEntry(
            account_id=lot.account_id,
            pot=pot,
            kind=self.kind,
            lot=lot.name,
            expires_on=lot.expires_on,
            points=points,
            key=key,
            order=self.order,
            order_line=self.line,
            note=self.note[:200],
            created_by=self.by,
            created_at=at,
        )


def lock(accounts: Iterable[PointsAccount]) -> None:
    """Lock accounts in the order of their keys. Whoever takes points out of a pot holds this lock while counting."""
    pks = [account.pk for account in accounts]
    # Others may go on adding points: their foreign keys ask for no more than this lock leaves.
    rows = PointsAccount.objects.filter(pk__in=pks).order_by("pk").select_for_update(of=("self",), no_key=True)
    list(rows.values("pk"))


def available(accounts: Iterable[PointsAccount]) -> list[Lot]:
    """The lots points can be used from, oldest first. What the accounts owe is taken off the oldest."""
    rows = (
        PointsEntry.objects.filter(account__in=list(accounts), pot=Pot.AVAILABLE)
        .values_list("account_id", "lot")
        .annotate(Max("expires_on"), Sum("points"), first=Min("id"))
        .order_by("first")
    )
    lots = [Lot(*row[:4]) for row in rows if row[3]]
    debt = -sum(lot.points for lot in lots if lot.points < 0)
    left = []
    for lot in sorted((lot for lot in lots if lot.points > 0), key=lambda lot: lot.expires_on or date.max):
        paid = min(debt, lot.points)
        debt -= paid
        if lot.points > paid:
            left.append(replace(lot, points=lot.points - paid))
    return left


def usable_now(accounts: Iterable[PointsAccount]) -> list[Lot]:
    """The available lots that have not expired by today, whether or not their expiry is entered yet."""
    today = timezone.localdate()
    return [lot for lot in available(accounts) if not lot.is_over(today)]


def held_for(order: Order) -> list[Lot]:
    """The lots an order holds points from, in the order they were taken."""
    rows = (
        PointsEntry.objects.filter(order=order, pot=Pot.HELD)
        .values_list("account_id", "lot")
        .annotate(Max("expires_on"), Sum("points"), first=Min("id"))
        .filter(points__sum__gt=0)
        .order_by("first")
    )
    return [Lot(*row[:4]) for row in rows]


def spent_on(order: Order) -> list[Lot]:
    """The lots a paid order used points from, in the order they were taken."""
    entries = PointsEntry.objects.filter(order=order, kind=Kind.REDEEM_COMMIT).order_by("pk")
    return [Lot(entry.account_id, entry.lot, entry.expires_on, -entry.points) for entry in entries]


def between(lots: Sequence[Lot], start: int, end: int) -> list[Lot]:
    """The points from `start` up to `end` when the lots are laid end to end; ValueError where there are fewer."""
    parts, position = [], 0
    for lot in lots:
        points = min(end, position + lot.points) - max(start, position)
        if points > 0:
            parts.append(replace(lot, points=points))
        position += lot.points
    if position < end:
        raise ValueError(f"{end} points of {position}")
    return parts


def months_later(day: date, months: int) -> date:
    """The same day so many months on; the last day of a shorter month."""
    years, month = divmod(day.month - 1 + months, 12)
    year = day.year + years
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def expiry_from_today() -> date | None:
    """The last day of points that become available today; None when points do not expire."""
    months = ShopSettings.current().points_months
    return months_later(timezone.localdate(), months) if months else None
