"""Arithmetic of points for all numbers, and a ledger that stays whole through any order of events."""

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any
from unittest import mock

import pytest
from django.db import connection, transaction
from django.db.models import Sum
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from checkout import points_ledger, reward_upkeep, rewards
from checkout.models import PointsAccount, PointsEntry
from checkout.points_invariants import MOVES, POTS
from tests.checkout.points import a_customer, an_account, an_order, set_delivered, set_rules

pytestmark = pytest.mark.django_db
NETS = st.lists(st.decimals("0.00", "500.00", places=2), min_size=1, max_size=8)
CENT = Decimal("0.01")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=300, deadline=None)
@given(nets=NETS, wanted=st.integers(-200, 60_000), spendable=st.integers(-500, 60_000), ratio=st.integers(1, 300))
def test_any_points_are_spread_exactly(nets: Sequence[Decimal], wanted: int, spendable: int, ratio: int) -> None:
    rules = mock.Mock(points_for_one_euro=ratio, points_goods_percent=50, points_step=100, points_minimum=100)
    with mock.patch.object(rewards.ShopSettings, "current", return_value=rules):
        points = rewards.usable(wanted, spendable=spendable, goods_eur=sum(nets, Decimal(0)))
        assert 0 <= points <= max(wanted, 0)
        assert points <= max(spendable, 0)
        assert points % 100 == 0
        assert Decimal(points) / ratio <= sum(nets) / 2
        shares = rewards.allocate(points, nets)
        everything = rewards.allocate(int(sum(nets) * ratio), nets)
    assert sum(share for share, _eur in shares) == points
    assert abs(sum(eur for _share, eur in shares) - Decimal(points) / ratio) <= CENT / 2
    for (share, eur), net in zip(shares, nets, strict=True):
        assert share >= 0
        assert 0 <= eur <= net
        assert eur == eur.quantize(CENT)
    if sum(nets) * ratio % 1 == 0:
        assert [eur for _share, eur in everything] == list(nets)


EVENTS = st.one_of(
    st.tuples(st.sampled_from(["take", "commit", "release", "earn", "reverse"]), st.integers(0, 2)),
    st.tuples(st.just("give_back"), st.tuples(st.integers(0, 2), st.sets(st.integers(0, 1)))),
    st.tuples(st.just("adjust"), st.integers(-400, 400).filter(bool)),
    st.tuples(st.just("confirm"), st.none()),
    st.tuples(st.just("expire"), st.integers(0, 900)),
)


class Expected:
    """The same book kept in the simplest way: one number for each pot."""

    def __init__(self) -> None:
        self.available = 0
        self.pending: Counter[int] = Counter()
        self.earned: set[int] = set()
        self.held: Counter[int] = Counter()
        self.spent: set[int] = set()
        self.back: set[int] = set()


class Ledger:
    """Three delivered orders of one customer, and what may happen to their points."""

    def __init__(self) -> None:
        user = a_customer()
        self.by = user
        self.account: PointsAccount = an_account(user, 100)
        prices = [("10.00", "6.01"), ("4.00", "4.00"), ("9.99", "0.99")]
        used = (300, 400, 100)
        self.orders = [an_order(user, prices=pair, used=n) for pair, n in zip(prices, used, strict=True)]
        for order in self.orders:
            set_delivered(order, days_ago=60)
        self.lines = [list(order.lines.all()) for order in self.orders]

    def run(self, events: Sequence[tuple[str, Any]]) -> None:
        self.day = timezone.localdate()
        self.expected = Expected()
        self.expected.available = 100
        with mock.patch.object(timezone, "localdate", side_effect=lambda: self.day):
            for name, how in events:
                getattr(self, name)(how)
                self.check()

    def take(self, number: int) -> None:
        order, expected = self.orders[number], self.expected
        could = rewards.spendable(self.account)
        has = bool(expected.held[number]) or number in expected.spent
        assert rewards.take(order) == (has or could >= order.points_used)
        if not has and could >= order.points_used:
            expected.held[number] = order.points_used
            expected.available -= order.points_used

    def commit(self, number: int) -> None:
        rewards.commit(self.orders[number])
        if self.expected.held.pop(number, 0):
            self.expected.spent.add(number)

    def release(self, number: int) -> None:
        rewards.release(self.orders[number])
        self.expected.available += self.expected.held.pop(number, 0)

    def give_back(self, what: tuple[int, set[int]]) -> None:
        number, positions = what
        lines = [self.lines[number][position] for position in positions]
        rewards.give_back(self.orders[number], lines=lines, reason="returned")
        if number in self.expected.spent:
            fresh = [line for line in lines if line.pk not in self.expected.back]
            self.expected.available += sum(line.points_used for line in fresh)
            self.expected.back.update(line.pk for line in fresh)

    def earn(self, number: int) -> None:
        rewards.earn(self.orders[number])
        for line in self.lines[number]:
            if line.pk not in self.expected.earned:
                self.expected.earned.add(line.pk)
                self.expected.pending[line.pk] = line.points

    def reverse(self, number: int) -> None:
        before = self._kinds()
        rewards.reverse(self.orders[number], reason="returned")
        for line in self.lines[number]:
            if line.pk in self.expected.earned and not before[f"claw_back {line.pk}"]:
                if line.pk in self.expected.pending:
                    self.expected.pending.pop(line.pk)
                else:
                    self.expected.available -= line.points

    def confirm(self, _nothing: None) -> None:
        reward_upkeep.confirm_due()
        self.expected.available += sum(self.expected.pending.values())
        self.expected.pending.clear()

    def adjust(self, points: int) -> None:
        rewards.adjust(self.account, points, reason="why", by=self.by)
        self.expected.available += points

    def expire(self, days: int) -> None:
        self.day += timedelta(days=days)
        before = self._kinds()
        could = rewards.spendable(self.account)
        reward_upkeep.expire_due()
        assert rewards.spendable(self.account) == could, "only what could not be used any more goes"
        lost = self._kinds()["expire"] - before["expire"]
        assert lost <= 0
        assert self.expected.available + lost >= min(self.expected.available, 0)
        self.expected.available += lost
        assert reward_upkeep.expire_due() == 0

    def check(self) -> None:
        expected = self.expected
        assert rewards.balance(self.account) == {
            "available": expected.available,
            "pending": sum(expected.pending.values()),
            "held": sum(expected.held.values()),
        }
        assert 0 <= rewards.spendable(self.account) <= max(expected.available, 0)
        kinds = self._kinds()
        assert sum(rewards.balance(self.account).values()) == sum(
            kinds[kind] for kind in ("adjust", "earn", "claw_back", "expire", "redeem_commit", "redeem_return")
        )
        entries = PointsEntry.objects.filter(account=self.account, pot="available").order_by()
        assert not [lot for lot, days in _days(entries).items() if len(days) > 1], "a lot keeps its last day"
        with connection.cursor() as cursor:
            for sql in (MOVES, POTS):
                cursor.execute(sql)
                assert cursor.fetchall() == []

    def _kinds(self) -> Counter[str]:
        """Sums of the entries by kind, and of those that took back the points of each line."""
        rows = PointsEntry.objects.order_by().values_list("kind", "order_line").annotate(Sum("points"))
        found: Counter[str] = Counter()
        for kind, line, points in rows:
            found[kind] += points
            found[f"{kind} {line}"] += points
        return found


def _days(entries: Any) -> dict[str, set[Any]]:
    found: dict[str, set[Any]] = {}
    for lot, day in entries.values_list("lot", "expires_on"):
        found.setdefault(lot, set()).add(day)
    return found


@pytest.fixture
def ledger() -> Ledger:
    set_rules(points_months=18)
    return Ledger()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(events=st.lists(EVENTS, max_size=25))
def test_whatever_happens_in_whatever_order_the_book_is_whole(ledger: Ledger, events: Any) -> None:
    before = transaction.savepoint()
    try:
        ledger.run(events)
    finally:
        transaction.savepoint_rollback(before)


def test_points_beyond_the_lots_are_refused() -> None:
    with pytest.raises(ValueError, match="3 points of 2"):
        points_ledger.between([points_ledger.Lot(1, "a", None, 2)], 0, 3)
