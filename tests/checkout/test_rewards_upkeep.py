"""What time does to points: available, announced, expired; each once however often the jobs run."""

from collections.abc import Callable
from datetime import date, timedelta

import pytest
from allauth.account.models import EmailAddress
from allauth.account.signals import email_confirmed
from django.core import mail as outbox
from django.utils import timezone

from checkout import inventory, reward_tasks, reward_upkeep, rewards, withdrawals
from checkout.models import Order, OrderState, PointsAccount, PointsEntry, PointsNotice, Withdrawal
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


def today() -> date:
    return timezone.localdate()


def in_days(days: int) -> date:
    return today() + timedelta(days=days)


# Confirming


def delivered_order(days_ago: float = 20, **fields: object) -> Order:
    order = an_order(**fields)
    rewards.earn(order)
    set_delivered(order, days_ago=days_ago)
    return order


def test_points_become_available_when_the_withdrawal_period_is_over() -> None:
    order = delivered_order()
    account = rewards.account_for(order.email)
    assert reward_upkeep.confirm_due() == 1
    assert reward_upkeep.confirm_due() == 0
    assert rewards.balance(account) == {"pending": 0, "available": 25, "held": 0}


@pytest.mark.parametrize("days_ago", range(12, 19))
def test_points_wait_while_the_order_can_be_withdrawn_from(days_ago: int) -> None:
    """Whichever day today is: one of these periods would end at a weekend, and lasts until the Monday."""
    order = delivered_order(days_ago)
    order.refresh_from_db()
    until = withdrawals.ends_at(order)
    assert until is not None
    assert reward_upkeep.confirm_due() == (until < timezone.now())


def test_only_what_was_not_taken_back_becomes_available() -> None:
    order = delivered_order(prices=("5.00", "4.00"))
    rewards.reverse(order, reason="scratch", credit=credit(order, _0="5.00", _1="1.00"))
    assert reward_upkeep.confirm_due() == 1
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
    assert reward_upkeep.confirm_due() == 0
    Withdrawal.objects.filter(pk=withdrawal.pk).update(state="refused")
    assert reward_upkeep.confirm_due() == 1


def test_points_of_what_was_deducted_from_a_refund_become_available() -> None:
    order = delivered_order(1)
    Order.objects.filter(pk=order.pk).update(state=OrderState.WITHDRAWAL_REQUESTED)
    rewards.reverse(order, reason="returned with a scratch", credit=credit(order, _0="4.00"))
    assert reward_upkeep.confirm_due() == 0
    Order.objects.filter(pk=order.pk).update(state=OrderState.RETURNED)
    inventory.take_back(order.lines.all())
    assert reward_upkeep.confirm_due() == 1
    assert rewards.balance(rewards.account_for(order.email)) == {"pending": 0, "available": 5, "held": 0}


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
    delivered_order(days_ago=4000)
    monkeypatch.setattr(timezone, "localdate", lambda: today)
    reward_upkeep.confirm_due()
    assert PointsEntry.objects.get(pot="available").expires_on == last_day


# Expiring


def test_points_expire_after_their_last_day_lot_by_lot_and_once() -> None:
    account = an_account(a_customer())
    put(account, 100, lot="over", expires_on=in_days(-1))
    put(account, 30, lot="today", expires_on=today())
    put(account, 10, lot="never")
    assert reward_upkeep.expire_due() == 1
    assert reward_upkeep.expire_due() == 0
    assert lots_of(account) == {"today": (30, today()), "never": (10, None)}
    assert account.entries.get(kind="expire").points == -100


def test_only_what_is_left_of_a_lot_expires() -> None:
    user = a_customer()
    account = an_account(user)
    put(account, 150, lot="old", expires_on=today())
    put(account, 100, lot="new")
    order = an_order(user, used=100, state=OrderState.AWAITING_PAYMENT)
    assert rewards.take(order)
    assert lots_of(account) == {"old": (50, today()), "new": (100, None)}
    put(account, 70, lot="over", expires_on=in_days(-1))
    reward_upkeep.expire_due()
    assert lots_of(account) == {"old": (50, today()), "new": (100, None)}


def test_points_that_come_back_too_late_expire_in_the_next_night(monkeypatch: pytest.MonkeyPatch) -> None:
    user = a_customer()
    account = an_account(user)
    put(account, 150, lot="old", expires_on=today())
    order = an_order(user, used=100, state=OrderState.AWAITING_PAYMENT)
    assert rewards.take(order)
    tomorrow = in_days(1)
    monkeypatch.setattr(timezone, "localdate", lambda: tomorrow)
    assert reward_upkeep.expire_due() == 1
    rewards.release(order)
    assert rewards.balance(account)["available"] == 100
    assert rewards.spendable(account) == 0
    assert reward_upkeep.expire_due() == 1
    assert reward_upkeep.expire_due() == 0
    assert rewards.balance(account) == {"pending": 0, "available": 0, "held": 0}


def test_what_is_owed_is_taken_off_the_oldest_so_that_it_does_not_expire_too() -> None:
    account = an_account(a_customer())
    put(account, 120, lot="old", expires_on=in_days(-1))
    put(account, -100, lot="debt")
    reward_upkeep.expire_due()
    reward_upkeep.expire_due()
    assert rewards.balance(account)["available"] == 0
    put(account, -50, lot="debt")
    assert rewards.balance(account)["available"] == -50
    assert reward_upkeep.expire_due() == 0


# Announcing


def test_a_month_before_they_expire_there_is_one_mail(run_tasks: Callable[[], int]) -> None:
    account = an_account(a_customer())
    put(account, 120, expires_on=in_days(30))
    put(account, 30, expires_on=in_days(30))
    put(account, 7, expires_on=in_days(10))
    put(account, 1_000, expires_on=in_days(31))
    reward_tasks.look_after_points(timestamp=0)
    reward_tasks.look_after_points(timestamp=0)
    run_tasks()
    [message] = outbox.outbox
    assert message.to == ["erika@example.com"]
    assert message.subject == "157 reward points expire soon"
    body = str(message.body)
    assert "150 points, until" in body
    assert "7 points, until" in body
    assert "1000" not in body
    assert "/account/orders/" in body
    assert body.rstrip().endswith("shop@example.com")
    reward_tasks.look_after_points(timestamp=0)
    assert run_tasks() == 0
    put(account, 5, expires_on=in_days(20))
    reward_tasks.look_after_points(timestamp=0)
    run_tasks()
    assert outbox.outbox[1].subject == "5 reward points expire soon"
    assert PointsNotice.objects.count() == 3


def test_the_mail_is_in_the_language_last_bought_in(run_tasks: Callable[[], int]) -> None:
    order = an_order(state=OrderState.AWAITING_PAYMENT)
    Order.objects.filter(pk=order.pk).update(language="el")
    set_paid(order)
    rewards.earn(order)
    account = rewards.account_for(order.email)
    assert account.language == "el"
    put(account, 100, expires_on=in_days(5))
    reward_tasks.look_after_points(timestamp=0)
    run_tasks()
    assert "/el/account/signup/" in str(outbox.outbox[0].body), "a guest is told how to use them"


def test_points_that_are_owed_anyway_are_not_announced() -> None:
    account = an_account(a_customer())
    put(account, 100, expires_on=in_days(5))
    put(account, -100, lot="debt")
    assert reward_upkeep.accounts_to_notify() == []
    assert not reward_upkeep.notify(account_id=account.pk)
    assert outbox.outbox == []


# Adjusting


def test_staff_give_and_take_points_with_a_reason() -> None:
    owner = User.objects.create_superuser("owner@example.com")
    account = an_account(a_customer())
    rewards.adjust(account, 100, reason="late parcel", by=owner)
    given = account.entries.get()
    assert (given.points, given.note, given.created_by) == (100, "late parcel", owner)
    assert given.expires_on is not None
    put(account, 50, lot="older", expires_on=today())
    rewards.adjust(account, -70, reason="typed twice", by=owner)
    assert lots_of(account) == {given.lot: (80, given.expires_on)}
    rewards.adjust(account, -100, reason="abuse", by=owner)
    assert rewards.balance(account)["available"] == -20
    assert rewards.spendable(account) == 0
    rewards.adjust(account, -1, reason="abuse", by=owner)
    assert rewards.balance(account)["available"] == -21


@pytest.mark.parametrize(("points", "reason"), [(0, "why"), (5, " ")])
def test_an_adjustment_needs_points_and_a_reason(points: int, reason: str) -> None:
    account = an_account(a_customer())
    with pytest.raises(ValueError, match="needs points and a reason"):
        rewards.adjust(account, points, reason=reason, by=User.objects.create_superuser("owner@example.com"))


# Welcome


def confirm(user: User) -> None:
    address = EmailAddress.objects.get(user=user, primary=True)
    email_confirmed.send(sender=EmailAddress, request=None, email_address=address)


def test_a_verified_address_is_welcomed_once() -> None:
    set_rules(points_welcome=50, points_months=12)
    user = a_customer()
    confirm(user)
    confirm(user)
    account = rewards.account_of(user)
    assert account is not None
    entry = account.entries.get()
    assert (entry.kind, entry.pot, entry.points) == ("welcome", "available", 50)
    assert entry.expires_on is not None
    second = EmailAddress.objects.create(user=user, email="second@example.com", verified=True)
    email_confirmed.send(sender=EmailAddress, request=None, email_address=second)
    assert PointsEntry.objects.count() == 1


def test_no_welcome_without_the_setting_or_a_verified_address() -> None:
    user = a_customer()
    confirm(user)
    set_rules(points_welcome=50)
    EmailAddress.objects.filter(user=user).update(verified=False)
    assert not rewards.welcome(user)
    assert not PointsEntry.objects.exists()
    assert not PointsAccount.objects.exists()
