"""The rules of reward points: what is earned, used, taken back and given back."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from allauth.account.models import EmailAddress
from django.utils import timezone

from checkout import reward_upkeep, rewards
from checkout.models import Order, OrderState, PointsAccount, PointsEntry
from shop.models import User
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
    set_delivered(first, days_ago=20)
    reward_upkeep.confirm_due()
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


# Accounts


def test_one_account_for_an_address_whatever_its_case() -> None:
    assert rewards.account_for("Erika@Example.com") == rewards.account_for("erika@example.COM")
    assert PointsAccount.objects.count() == 1


def test_an_account_is_linked_to_whoever_verified_its_address() -> None:
    put(rewards.account_for("erika@example.com"), 100)
    unverified = User.objects.create_user("erika@example.com", "three-secret-words")
    assert rewards.account_of(unverified) is None
    EmailAddress.objects.create(user=unverified, email="Erika@example.com", verified=True, primary=True)
    account = rewards.account_of(unverified)
    assert account is not None
    assert account.user == unverified
    assert rewards.account_of(unverified) == account


def test_points_of_all_verified_addresses_are_one_balance() -> None:
    user = a_customer()
    EmailAddress.objects.create(user=user, email="guest@example.com", verified=True)
    EmailAddress.objects.create(user=user, email="unproved@example.com", verified=False)
    put(rewards.account_for("unproved@example.com"), 7)
    put(rewards.account_for("guest@example.com"), 60)
    account = an_account(user, 60)
    assert rewards.spendable(account) == 120
    order = an_order(user, used=100, state=OrderState.AWAITING_PAYMENT)
    rewards.lock(order)
    assert rewards.take(order)
    assert rewards.balance(account) == {"pending": 0, "available": 20, "held": 100}


def change_address(user: User, email: str) -> None:
    EmailAddress.objects.filter(user=user).delete()
    EmailAddress.objects.create(user=user, email=email, verified=True, primary=True)
    User.objects.filter(pk=user.pk).update(email=email)
    user.refresh_from_db()


def test_points_follow_their_owner_to_a_new_address() -> None:
    user = a_customer()
    account = an_account(user, 100)
    change_address(user, "new@example.com")
    moved = rewards.account_of(user)
    assert moved == account
    assert moved.email == "new@example.com"


def test_whoever_gets_a_former_address_does_not_feed_the_account_of_its_former_owner() -> None:
    user = a_customer()
    account = an_account(user, 100)
    put(rewards.account_for("new@example.com"), 5)
    change_address(user, "new@example.com")
    rewards.earn(an_order(prices=("5.00",), email="erika@example.com"))
    assert rewards.account_for("erika@example.com") != account
    assert rewards.balance(rewards.account_for("erika@example.com")) == {"pending": 25, "available": 0, "held": 0}
    found = rewards.account_of(user)
    assert found == account
    assert rewards.balance(found) == {"pending": 0, "available": 105, "held": 0}


def test_the_first_order_of_a_signed_in_customer_opens_their_account() -> None:
    user = a_customer()
    order = an_order(user)
    Order.objects.filter(pk=order.pk).update(email="gift@example.com")
    order.refresh_from_db()
    rewards.earn(order)
    account = rewards.account_of(user)
    assert account is not None
    assert rewards.balance(account)["pending"] == 25


def test_a_customer_who_has_not_verified_earns_under_the_address_of_the_order() -> None:
    user = User.objects.create_user("erika@example.com", "three-secret-words")
    rewards.earn(an_order(user))
    assert rewards.balance(rewards.account_for("erika@example.com"))["pending"] == 25
