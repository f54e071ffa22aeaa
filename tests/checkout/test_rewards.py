"""The rules of reward points: what is earned, used, taken back and given back."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from checkout import rewards
from checkout.models import Order, OrderState, PointsAccount, PointsEntry, Withdrawal
from tests.checkout.points import (
    a_customer,
    an_account,
    an_order,
    credit,
    lots_of,
    put,
    set_delivered,
    set_paid,
    set_rules,
)

pytestmark = pytest.mark.django_db
TODAY = timezone.localdate


def earned_by(order: Order) -> dict[str, int]:
    rewards.earn(order)
    return rewards.balance(rewards.account_for(order.email))


# Earning


@pytest.mark.parametrize(
    ("price", "points"), [("5.00", 25), ("5.19", 25), ("0.00", 0), ("0.19", 0), ("0.20", 1), ("-1.00", 0)]
)
def test_points_are_five_a_euro_rounded_down(price: str, points: int) -> None:
    assert rewards.points_for(Decimal(price)) == points


def test_what_is_paid_is_earned_once_and_waits() -> None:
    order = an_order(prices=("5.19", "12.00"))
    assert earned_by(order) == {"pending": 85, "available": 0, "held": 0}
    assert rewards.earn(order) == 85
    assert earned_by(order)["pending"] == 85


def test_five_euros_less_a_coupon_of_one_earn_20() -> None:
    assert earned_by(an_order(prices=("5.00",), coupons=("1.00",)))["pending"] == 20


def test_five_euros_paid_with_100_points_earn_20() -> None:
    user = a_customer()
    account = an_account(user, 100)
    order = an_order(user, used=100, state=OrderState.AWAITING_PAYMENT)
    assert order.total_eur == Decimal("4.00")
    assert rewards.take(order)
    set_paid(order)
    rewards.commit(order)
    rewards.earn(order)
    assert rewards.balance(account) == {"pending": 20, "available": 0, "held": 0}


def test_whoever_is_signed_in_earns_whatever_address_they_give() -> None:
    user = a_customer("anna@example.com")
    order = an_order(user)
    Order.objects.filter(pk=order.pk).update(email="gift@example.com")
    order.refresh_from_db()
    account = an_account(user)
    rewards.earn(order)
    assert rewards.balance(account)["pending"] == 25


# Using


def test_points_are_used_in_steps_from_a_minimum_up_to_half_of_the_goods() -> None:
    def usable(wanted: int, spendable: int = 10_000, goods: str = "100.00") -> int:
        return rewards.usable(wanted, spendable=spendable, goods_eur=Decimal(goods))

    assert usable(99) == 0
    assert usable(100) == 100
    assert usable(199) == 100
    assert usable(900, spendable=350) == 300
    assert usable(900, spendable=-25) == 0
    assert usable(9_000) == 5_000
    assert usable(900, goods="1.99") == 0
    assert usable(900, goods="2.00") == 100
    assert usable(900, goods="5.00") == 200
    assert usable(-100) == 0
    set_rules(points_minimum=500, points_step=50, points_goods_percent=10, points_for_one_euro=50)
    assert usable(499) == 0
    assert usable(549) == 500
    assert usable(9_000) == 500
    assert usable(9_000, goods="99.00") == 0


def test_points_are_spread_exactly() -> None:
    nets = [Decimal("3.33"), Decimal("3.33"), Decimal("3.34"), Decimal("0.00")]
    shares = rewards.allocate(500, nets)
    assert [points for points, _eur in shares] == [167, 166, 167, 0]
    assert [eur for _points, eur in shares] == [Decimal("1.67"), Decimal("1.66"), Decimal("1.67"), Decimal("0.00")]
    assert rewards.allocate(0, [Decimal(0)]) == [(0, Decimal(0))]
    assert rewards.allocate(0, []) == []


@pytest.mark.parametrize(("points", "nets"), [(201, ["2.00"]), (1, []), (-100, ["2.00"]), (100, ["2.00", "-1.00"])])
def test_more_points_than_the_goods_cost_are_refused(points: int, nets: list[str]) -> None:
    with pytest.raises(ValueError, match="points are worth"):
        rewards.allocate(points, [Decimal(net) for net in nets])


def test_the_oldest_points_are_held_first_and_go_back_where_they_came_from() -> None:
    user = a_customer()
    account = an_account(user)
    late, soon = date(2031, 1, 1), date(2030, 1, 1)
    put(account, 100, lot="never")
    put(account, 100, lot="late", expires_on=late)
    put(account, 150, lot="soon", expires_on=soon)
    order = an_order(user, prices=("12.00",), used=300, state=OrderState.AWAITING_PAYMENT)
    assert rewards.take(order)
    assert rewards.take(order), "what it holds already it keeps"
    assert lots_of(account) == {"never": (50, None)}
    assert rewards.balance(account) == {"pending": 0, "available": 50, "held": 300}
    rewards.release(order)
    rewards.release(order)
    rewards.commit(order)
    assert lots_of(account) == {"never": (100, None), "late": (100, late), "soon": (150, soon)}
    assert rewards.balance(account)["held"] == 0
    assert rewards.take(order), "a late payment brings an expired order back"
    rewards.commit(order)
    rewards.commit(order)
    assert rewards.take(order), "what it has used it does not need to hold"
    rewards.release(order)
    assert rewards.balance(account) == {"pending": 0, "available": 50, "held": 0}


def test_too_few_points_hold_nothing() -> None:
    user = a_customer()
    account = an_account(user, 199)
    assert not rewards.take(an_order(user, used=200, state=OrderState.AWAITING_PAYMENT))
    assert rewards.balance(account)["held"] == 0
    assert rewards.take(an_order(user, state=OrderState.AWAITING_PAYMENT)), "an order without points needs none"


def test_a_guest_has_no_points_to_use() -> None:
    put(rewards.account_for("erika@example.com"), 500)
    assert not rewards.take(an_order(None, used=100, state=OrderState.AWAITING_PAYMENT))
    assert not rewards.take(an_order(a_customer("anna@example.com"), used=100, state=OrderState.AWAITING_PAYMENT))


def test_points_past_their_day_are_not_spendable_before_the_nightly_job_runs() -> None:
    account = an_account(a_customer())
    put(account, 100, expires_on=TODAY() - timedelta(days=1))
    put(account, 100, expires_on=TODAY())
    assert rewards.spendable(account) == 100


# Taking back


def test_a_full_refund_takes_everything_back_from_pending() -> None:
    order = an_order(prices=("5.00", "7.00"))
    rewards.earn(order)
    rewards.reverse(order, reason="cancelled")
    rewards.reverse(order, reason="cancelled")
    account = rewards.account_for(order.email)
    assert rewards.balance(account) == {"pending": 0, "available": 0, "held": 0}
    assert account.entries.filter(kind="claw_back").count() == 2


def test_refund_of_one_of_two_lines() -> None:
    order = an_order(prices=("5.00", "7.00"))
    rewards.earn(order)
    given = credit(order, _0="5.00")
    rewards.reverse(order, reason="returned", credit=given)
    rewards.reverse(order, reason="returned", credit=given)
    assert rewards.balance(rewards.account_for(order.email))["pending"] == 35


def test_a_part_refund_leaves_the_points_of_what_remains_paid() -> None:
    order = an_order(prices=("5.19",))
    rewards.earn(order)
    rewards.reverse(order, reason="scratch", credit=credit(order, _0="1.00"))
    account = rewards.account_for(order.email)
    assert rewards.balance(account)["pending"] == 20  # 4.19
    rewards.reverse(order, reason="scratch", credit=credit(order, _0="0.01"))
    assert rewards.balance(account)["pending"] == 20  # 4.18
    rewards.reverse(order, reason="returned", credit=credit(order, _0="4.18"))
    assert rewards.balance(account)["pending"] == 0


def test_points_set_by_staff_are_taken_back_in_proportion() -> None:
    order = an_order(prices=("6.00",), points=(100,))
    rewards.earn(order)
    rewards.reverse(order, reason="scratch", credit=credit(order, _0="2.00"))
    assert rewards.balance(rewards.account_for(order.email))["pending"] == 66


def test_a_later_ratio_does_not_change_what_an_old_order_loses() -> None:
    order = an_order(prices=("6.00",))
    rewards.earn(order)
    set_rules(points_per_euro=Decimal(1))
    rewards.reverse(order, reason="scratch", credit=credit(order, _0="2.00"))
    assert rewards.balance(rewards.account_for(order.email))["pending"] == 20


def test_refund_after_the_points_were_spent_gives_a_negative_balance() -> None:
    user = a_customer()
    first = an_order(user, prices=("20.00",))
    rewards.earn(first)
    set_delivered(first, days_ago=15)
    rewards.confirm_due()
    account = an_account(user)
    second = an_order(user, prices=("5.00",), used=100, state=OrderState.AWAITING_PAYMENT)
    assert rewards.take(second)
    rewards.commit(second)
    rewards.reverse(first, reason="returned")
    assert rewards.balance(account) == {"pending": 0, "available": -100, "held": 0}
    assert rewards.spendable(account) == 0
    put(account, 150)
    assert rewards.spendable(account) == 50, "new points pay the debt first"
    assert not rewards.take(an_order(user, used=100, state=OrderState.AWAITING_PAYMENT))


def test_an_order_that_earned_nothing_loses_nothing() -> None:
    order = an_order(prices=("5.00",), state=OrderState.AWAITING_PAYMENT)
    rewards.reverse(order, reason="cancelled")
    assert not PointsEntry.objects.exists()


# Giving back


def test_redeemed_points_go_back_to_their_lots_line_by_line() -> None:
    user = a_customer()
    account = an_account(user)
    soon, late = date(2030, 1, 1), date(2031, 1, 1)
    put(account, 150, lot="soon", expires_on=soon)
    put(account, 250, lot="late", expires_on=late)
    order = an_order(user, prices=("4.00", "4.00"), used=400, state=OrderState.AWAITING_PAYMENT)
    first, second = order.lines.all()
    assert rewards.take(order)
    rewards.give_back(order, lines=[first], reason="not paid yet")
    assert rewards.balance(account)["available"] == 0
    set_paid(order)
    rewards.commit(order)
    rewards.give_back(order, lines=[second], reason="returned")
    rewards.give_back(order, lines=[second], reason="returned")
    assert lots_of(account) == {"late": (200, late)}
    rewards.give_back(order, lines=[first, second], reason="returned")
    assert lots_of(account) == {"soon": (150, soon), "late": (250, late)}


# Confirming


def delivered_order(days_ago: float = 15, **fields: object) -> Order:
    order = an_order(**fields)
    rewards.earn(order)
    set_delivered(order, days_ago=days_ago)
    return order


def test_points_become_available_when_the_withdrawal_period_is_over() -> None:
    order = delivered_order(13.9)
    account = rewards.account_for(order.email)
    assert rewards.confirm_due() == 0
    Order.objects.filter(pk=order.pk).update(delivered_at=timezone.now() - timedelta(days=14))
    assert rewards.confirm_due() == 1
    assert rewards.confirm_due() == 0
    assert rewards.balance(account) == {"pending": 0, "available": 25, "held": 0}


def test_only_what_was_not_taken_back_becomes_available() -> None:
    order = delivered_order(prices=("5.00", "4.00"))
    rewards.reverse(order, reason="scratch", credit=credit(order, _0="5.00", _1="1.00"))
    assert rewards.confirm_due() == 1
    account = rewards.account_for(order.email)
    assert rewards.balance(account) == {"pending": 0, "available": 15, "held": 0}
    rewards.reverse(order, reason="returned", credit=credit(order, _1="1.00"))
    assert rewards.balance(account)["available"] == 10


def test_disputed_and_withdrawn_orders_wait() -> None:
    disputed = delivered_order(email="a@example.com")
    Order.objects.filter(pk=disputed.pk).update(is_disputed=True)
    requested = delivered_order(email="b@example.com")
    Order.objects.filter(pk=requested.pk).update(state=OrderState.WITHDRAWAL_REQUESTED)
    stated = delivered_order(email="c@example.com")
    withdrawal = Withdrawal.objects.create(
        order=stated, order_number=stated.number, name="C", email="c@example.com",
        state="confirmed", confirmed_at=timezone.now(),
    )  # fmt: skip
    assert rewards.confirm_due() == 0
    Withdrawal.objects.filter(pk=withdrawal.pk).update(state="refused")
    assert rewards.confirm_due() == 1


@pytest.mark.parametrize(
    ("today", "months", "last_day"),
    [
        (date(2026, 8, 31), 18, date(2028, 2, 29)),
        (date(2026, 8, 31), 6, date(2027, 2, 28)),
        (date(2024, 2, 29), 24, date(2026, 2, 28)),
        (date(2026, 12, 31), 1, date(2027, 1, 31)),
        (date(2026, 10, 31), 1, date(2026, 11, 30)),
        (date(2026, 11, 22), 24, date(2028, 11, 22)),
        (date(2026, 11, 22), 0, None),
    ],
)
def test_expiry_at_the_month_end(
    monkeypatch: pytest.MonkeyPatch, today: date, months: int, last_day: date | None
) -> None:
    set_rules(points_months=months)
    delivered_order()
    monkeypatch.setattr(timezone, "localdate", lambda: today)
    rewards.confirm_due()
    assert PointsEntry.objects.get(pot="available").expires_on == last_day


# Accounts


def test_one_account_for_an_address_whatever_its_case() -> None:
    assert rewards.account_for("Erika@Example.com") == rewards.account_for("erika@example.COM")
    assert PointsAccount.objects.count() == 1
