"""What customers see of their points: every movement with its reason."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import Max, Q, Sum
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from checkout import rewards
from checkout.models import Order, PointsAccount, PointsEntry
from checkout.points_ledger import Kind, Pot
from shop.models import User

MOVEMENTS_SHOWN = 50
REASONS: Mapping[str, str | Promise] = {
    Kind.EARN: _("Earned"),
    Kind.CONFIRM: _("Now yours to use"),
    Kind.REDEEM_HOLD: _("Set aside for an order"),
    Kind.REDEEM_COMMIT: _("Used in an order"),
    Kind.REDEEM_RELEASE: _("Back from an order that was not completed"),
    Kind.REDEEM_RETURN: _("Back with a refund"),
    Kind.CLAW_BACK: _("Taken back with a refund"),
    Kind.EXPIRE: _("Expired"),
    Kind.ADJUST: _("Adjusted by us"),
    Kind.WELCOME: _("Welcome"),
}


@dataclass(frozen=True)
class Movement:
    """Points that moved for one reason at one moment: the change of each pot."""

    at: datetime
    reason: str | Promise
    note: str
    order: Order | None
    pending: int
    available: int
    held: int
    expires_on: date | None


@dataclass(frozen=True)
class Overview:
    """All a customer is shown of their points. `owed` is what the available ones are below zero.

    `expiries` are the last days of the points that can be used, with how many go then.
    """

    pending: int
    available: int
    held: int
    spendable: int
    expiries: Sequence[tuple[date, int]]
    movements: Sequence[Movement]
    has_more: bool

    @property
    def owed(self) -> int:
        return max(-self.available, 0)


def overview_of(user: User, *, is_whole: bool = False) -> Overview:
    """A signed-in customer's points, with the latest movements or all of them."""
    account = rewards.account_of(user)
    if account is None:
        return Overview(0, 0, 0, 0, (), (), has_more=False)
    found = movements(account, limit=None if is_whole else MOVEMENTS_SHOWN + 1)
    has_more = not is_whole and len(found) > MOVEMENTS_SHOWN
    return Overview(
        **rewards.balance(account),
        spendable=rewards.spendable(account),
        expiries=rewards.expiries(account),
        movements=found[:MOVEMENTS_SHOWN] if has_more else found,
        has_more=has_more,
    )


def movements(account: PointsAccount, *, limit: int | None) -> list[Movement]:
    """What happened to the points of the account's owner, newest first."""
    entries = PointsEntry.objects.filter(account__in=rewards.purse(account)).order_by()
    rows = list(
        entries.values("created_at", "kind", "order", "note")
        .annotate(
            last=Max("pk"),
            pending=Sum("points", filter=Q(pot=Pot.PENDING), default=0),
            available=Sum("points", filter=Q(pot=Pot.AVAILABLE), default=0),
            held=Sum("points", filter=Q(pot=Pot.HELD), default=0),
            expires_on=Max("expires_on", filter=Q(pot=Pot.AVAILABLE, points__gt=0)),
        )
        .order_by("-last")[:limit]
    )
    orders = Order.objects.in_bulk({row["order"] for row in rows if row["order"]})
    return [
        Movement(
            at=row["created_at"],
            reason=REASONS[row["kind"]],
            # What staff note about an order is for staff; an adjustment is explained to its customer.
            note=row["note"] if row["kind"] == Kind.ADJUST else "",
            order=orders.get(row["order"]),
            pending=row["pending"],
            available=row["available"],
            held=row["held"],
            expires_on=row["expires_on"],
        )
        for row in rows
    ]


@dataclass(frozen=True)
class OrderPoints:
    """What became of the points of one order: `earned` without those taken back, of which `pending` still wait."""

    earned: int
    pending: int
    taken_back: int
    returned: int


def points_of_order(order: Order) -> OrderPoints:
    """The points an order earned and the ones it used, as the ledger has them now; none before it is paid."""
    if order.paid_at is None:
        return OrderPoints(0, 0, 0, 0)
    sums = PointsEntry.objects.filter(order=order).aggregate(
        earned=Sum("points", filter=Q(kind__in=(Kind.EARN, Kind.CLAW_BACK)), default=0),
        pending=Sum("points", filter=Q(pot=Pot.PENDING), default=0),
        taken_back=Sum("points", filter=Q(kind=Kind.CLAW_BACK), default=0),
        returned=Sum("points", filter=Q(kind=Kind.REDEEM_RETURN), default=0),
    )
    return OrderPoints(sums["earned"], sums["pending"], -sums["taken_back"], sums["returned"])
