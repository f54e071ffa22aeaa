"""The points ledger's invariants hold through a life of orders, and see what breaks them."""

from collections.abc import Callable
from decimal import Decimal

import pytest
from django.db import connection
from django.utils import timezone

from checkout import reward_upkeep, rewards
from checkout.models import Credit, Order, OrderState, PointsEntry
from checkout.points_invariants import ALL
from tests.checkout.points import a_customer, an_account, an_order, credit, set_delivered, set_paid

pytestmark = pytest.mark.django_db


def broken() -> set[str]:
    found = set()
    for name, sql in ALL.items():
        with connection.cursor() as cursor:
            cursor.execute(sql)
            if cursor.fetchall():
                found.add(name)
    return found


def a_paid_order(**fields: object) -> Order:
    user = a_customer()
    an_account(user, 500)
    order = an_order(user, used=200, state=OrderState.AWAITING_PAYMENT, **fields)
    assert rewards.take(order)
    assert broken() == set()
    set_paid(order)
    rewards.commit(order)
    rewards.earn(order)
    assert broken() == set()
    return order


def test_a_sound_life_of_an_order_breaks_nothing() -> None:
    order = a_paid_order(prices=("5.00", "7.00", "3.33"), points=(23, 100, 13))
    set_delivered(order, days_ago=20)
    rewards.reverse(order, reason="scratch", credit=credit(order, _0="1.01", _1="2.05"))
    assert broken() == set()
    reward_upkeep.confirm_due()
    first = order.lines.all()[0]
    rest = first.paid_eur - Decimal("1.01")
    rewards.reverse(order, reason="returned", credit=credit(order, _0=str(rest)))
    rewards.give_back(order, lines=[first], reason="returned")
    assert broken() == set()
    waiting = an_order(order.user, used=100, state=OrderState.AWAITING_PAYMENT)
    assert rewards.take(waiting)
    Order.objects.filter(pk=waiting.pk).update(state=OrderState.EXPIRED)
    assert broken() == {"held"}
    rewards.release(waiting)
    assert broken() == set()


def enter(order: Order, *, pot: str, kind: str, points: int) -> None:
    account = rewards.account_for(order.email)
    line = order.lines.all()[0]
    PointsEntry.objects.create(
        account=account, pot=pot, kind=kind, points=points, order=order, order_line=line, lot="stray", key="stray"
    )


@pytest.mark.parametrize(
    ("spoil", "seen"),
    [
        (lambda order: enter(order, pot="available", kind="confirm", points=5), {"moves"}),
        (lambda order: enter(order, pot="pending", kind="adjust", points=-5), {"pots"}),
        (lambda order: enter(order, pot="held", kind="adjust", points=5), {"held"}),
        (lambda order: enter(order, pot="available", kind="redeem_commit", points=-5), {"used"}),
        (lambda order: enter(order, pot="available", kind="redeem_return", points=5), {"returned"}),
        (lambda order: enter(order, pot="available", kind="earn", points=5), {"earned"}),
        (lambda order: credit(order, _0="1.00"), {"earned"}),
    ],
)
def test_what_breaks_the_ledger_is_seen(spoil: Callable[[Order], Credit | None], seen: set[str]) -> None:
    order = a_paid_order(prices=("12.00",))
    spoil(order)
    assert broken() == seen


def test_the_ledger_cannot_be_rewritten() -> None:
    order = a_paid_order(prices=("12.00",))
    with pytest.raises(Exception, match="append-only"):
        PointsEntry.objects.filter(order=order).update(points=1, created_at=timezone.now())
