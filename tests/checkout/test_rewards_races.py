"""Two browsers redeem the same balance: one of them gets it. Real threads, each with a connection of its own."""

import time
from collections.abc import Callable
from datetime import date
from functools import partial

import pytest
from django.db import transaction

from checkout import drafts, inventory, orders, points_ledger, reward_upkeep, rewards
from checkout.errors import TotalChanged
from checkout.models import Order, OrderState, PointsAccount, PointsEntry
from checkout.points_ledger import Lot
from checkout.visitors import Visitor, key_of
from shop.models import ShopSettings, User
from tests.catalog.pieces import a_listed_piece
from tests.checkout.buyers import a_draft_order
from tests.checkout.points import a_customer, an_account, an_order, credit, put, set_delivered, set_rules
from tests.races.test_money import at_once

pytestmark = [pytest.mark.races, pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("shippable")]


@pytest.fixture
def slow_reader(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever has counted the points is slow to use them, so that another can count them in the meantime."""

    def counted(accounts: list[PointsAccount]) -> list[Lot]:
        lots = read(accounts)
        time.sleep(0.5)
        return lots

    read = points_ledger.usable_now
    monkeypatch.setattr(points_ledger, "usable_now", counted)


def take(order: Order) -> bool:
    with transaction.atomic():
        return rewards.take(Order.objects.select_for_update(of=("self",)).get(pk=order.pk))


def two_orders(user: User) -> list[Order]:
    return [an_order(user, used=100, state=OrderState.AWAITING_PAYMENT) for _number in range(2)]


@pytest.mark.usefixtures("slow_reader")
def test_two_orders_that_use_the_same_points_do_not_both_get_them() -> None:
    user = a_customer()
    account = an_account(user, 150)
    assert sorted(at_once(*[partial(take, order) for order in two_orders(user)])) == [False, True]
    assert rewards.balance(account) == {"pending": 0, "available": 50, "held": 100}


@pytest.mark.usefixtures("slow_reader")
def test_without_the_lock_both_would_get_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(points_ledger, "lock", lambda accounts: None)
    user = a_customer()
    account = an_account(user, 150)
    assert at_once(*[partial(take, order) for order in two_orders(user)]) == [True, True]
    assert rewards.balance(account) == {"pending": 0, "available": -50, "held": 200}


def a_browser(user: User, name: str) -> tuple[Visitor, Order]:
    """A browser signed in as the user, with a piece reserved and 200 points to be used."""
    visitor = Visitor(key=key_of(name), user_id=user.pk)
    inventory.reserve(skus=[a_listed_piece().sku], visitor=visitor)
    draft = a_draft_order(visitor)
    Order.objects.filter(pk=draft.pk).update(points_used=200)
    return visitor, draft


def place(visitor: Visitor, draft: Order) -> Order:
    found = drafts.of(visitor)
    assert found is not None
    total = drafts.summary_of(found, visitor, currency="EUR").total_amount
    time.sleep(0.3)
    return orders.place(token=draft.token, visitor=visitor, currency="EUR", shown_total=total)


def test_two_browsers_redeeming_the_same_balance() -> None:
    user = a_customer()
    account = an_account(user, 200)
    browsers = [a_browser(user, name) for name in ("left", "right")]
    answers = at_once(*[partial(place, *browser) for browser in browsers])
    assert sorted(type(answer).__name__ for answer in answers) == ["Order", "TotalChanged"]
    assert next(answer for answer in answers if isinstance(answer, Order)).points_used == 200
    assert any(isinstance(answer, TotalChanged) for answer in answers)
    assert rewards.balance(account) == {"pending": 0, "available": 0, "held": 200}


def in_a_transaction(deed: Callable[[], object]) -> None:
    with transaction.atomic():
        deed()


def test_confirming_and_taking_back_at_the_same_moment() -> None:
    for number in range(5):
        user = a_customer(f"buyer-{number}@example.com")
        order = an_order(user)
        rewards.earn(order)
        set_delivered(order, days_ago=20)
        given = credit(order, _0="5.00")
        at_once(
            reward_upkeep.confirm_due,
            partial(in_a_transaction, partial(rewards.reverse, order, reason="returned", credit=given)),
            reward_upkeep.confirm_due,
        )
        account = rewards.account_of(user)
        assert account is not None
        assert set(rewards.balance(account).values()) == {0}


def test_eight_workers_let_points_expire_once() -> None:
    account = an_account(a_customer())
    put(account, 100, expires_on=date(2020, 1, 31))
    counts = at_once(*[reward_upkeep.expire_due] * 8)
    assert sum(counts) == 1
    assert rewards.balance(account)["available"] == 0


def test_eight_confirmations_of_an_address_welcome_once() -> None:
    set_rules(points_welcome=50)
    assert ShopSettings.current().points_welcome == 50
    user = a_customer()
    assert sum(at_once(*[partial(rewards.welcome, user)] * 8)) == 1
    assert PointsEntry.objects.count() == 1
    assert PointsAccount.objects.count() == 1
