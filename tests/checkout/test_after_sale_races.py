"""After the sale, at the same moment: withdraw against ship, against cancel, two settlements, two credits."""

import threading
from collections.abc import Callable, Iterator
from decimal import Decimal

import pytest
from django.db import connections

from catalog.models import Listing
from checkout import credits, invariants, orders, returns, settlement, tariff, withdrawals
from checkout.errors import CheckoutError
from checkout.models import Credit, Order, OrderState, Refund, Withdrawal
from shop.models import User
from tests.catalog.pieces import a_listed_piece
from tests.checkout.buyers import a_visitor, an_order, pay

pytestmark = pytest.mark.usefixtures("committed")
Step = Callable[[], object]


@pytest.fixture
def committed(transactional_db: None) -> Iterator[None]:
    tariff.load_example()
    yield
    connections.close_all()


@pytest.fixture
def staff(committed: None) -> User:
    return User.objects.create_user("staff@example.com", is_staff=True)


def a_paid_order(pieces: int = 2) -> Order:
    placed = an_order(a_visitor(), [a_listed_piece().sku for _ in range(pieces)])
    pay(placed)
    return Order.objects.get()


def a_statement(placed: Order, *, pieces: str = "") -> Withdrawal:
    found = withdrawals.state(
        order=placed, order_number=placed.number, name="E", email=placed.email, statement=pieces, language="en"
    )
    return withdrawals.confirm(found.token)


def at_once(*steps: Step) -> list[str]:
    """Run the steps in threads of their own, begun together; what each came to, in the order given."""
    start = threading.Barrier(len(steps))
    outcome = ["died"] * len(steps)

    def run(number: int, step: Step) -> None:
        start.wait()
        try:
            step()
            outcome[number] = "done"
        except CheckoutError as refusal:
            outcome[number] = refusal.code
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(steps)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert "died" not in outcome
    return outcome


def assert_in_order() -> None:
    assert [broken.invariant.number for broken in invariants.find_broken()] == []


@pytest.mark.parametrize("turn", range(4))
@pytest.mark.parametrize("is_whole", [True, False])
def test_withdraw_against_ship(staff: User, turn: int, is_whole: bool) -> None:
    """Either nothing leaves and the money is back, or it left and is asked back: never both, never neither."""
    placed = a_paid_order()
    orders.pack(placed, by=staff)
    sku = placed.lines.order_by("position")[0].sku
    found = a_statement(placed, pieces="" if is_whole else sku)
    at_once(lambda: withdrawals.carry_out(found), lambda: orders.ship(placed, by=staff))
    withdrawals.carry_out(found)  # the job tries again where it was refused
    placed.refresh_from_db()
    if placed.shipped_at is None:
        assert placed.state == (OrderState.CANCELLED if is_whole else OrderState.PAID)
        assert Credit.objects.count() == 1
    else:
        assert placed.state == OrderState.WITHDRAWAL_REQUESTED
        assert not Credit.objects.exists()
        assert set(Listing.objects.values_list("state", flat=True)) == {"sold"}
    assert_in_order()


@pytest.mark.parametrize("turn", range(4))
def test_withdraw_against_cancel(staff: User, turn: int) -> None:
    placed = a_paid_order()
    sku = placed.lines.order_by("position")[0].sku
    found = a_statement(placed, pieces=sku if turn % 2 else "")
    at_once(lambda: withdrawals.carry_out(found), lambda: settlement.cancel(placed, by=staff))
    withdrawals.carry_out(found)
    placed.refresh_from_db()
    found.refresh_from_db()
    assert placed.state == OrderState.CANCELLED
    assert found.state == "settled"
    assert sum(refund.amount for refund in Refund.objects.all()) == placed.total_amount
    assert set(Listing.objects.values_list("state", flat=True)) == {"listed"}
    assert_in_order()


def test_two_who_confirm_are_one_withdrawal(staff: User) -> None:
    placed = a_paid_order()
    statements = [
        withdrawals.state(
            order=placed, order_number=placed.number, name="E", email=placed.email, statement="", language="en"
        )
        for _ in range(4)
    ]
    at_once(*(lambda token=found.token: withdrawals.confirm(token) for found in statements))  # type: ignore[misc]
    assert Withdrawal.objects.filter(order=placed, state="confirmed").count() == 1
    assert Withdrawal.objects.filter(state="confirmed").count() == 4


def test_a_return_is_settled_once(staff: User) -> None:
    placed = a_paid_order()
    orders.pack(placed, by=staff)
    orders.ship(placed, by=staff)
    found = a_statement(placed)
    withdrawals.carry_out(found)
    for piece in found.pieces.all():
        returns.receive(piece, by=staff)
    outcome = at_once(*[lambda: returns.settle(found, by=staff)] * 4)
    assert sorted(outcome) == ["done", "withdrawal_refused", "withdrawal_refused", "withdrawal_refused"]
    assert Refund.objects.get().amount == placed.total_amount
    assert_in_order()


def test_a_piece_arrives_once(staff: User) -> None:
    placed = a_paid_order(1)
    orders.pack(placed, by=staff)
    orders.ship(placed, by=staff)
    found = a_statement(placed)
    withdrawals.carry_out(found)
    piece = found.pieces.get()
    outcome = at_once(*[lambda: returns.receive(piece, by=staff)] * 4)
    assert sorted(outcome) == ["done", "return_refused", "return_refused", "return_refused"]


def test_parts_decided_at_once_never_exceed_what_was_paid(staff: User) -> None:
    placed = a_paid_order(1)
    sku = placed.lines.get().sku

    def give() -> object:
        return credits.give_part(
            placed, lines={sku: Decimal("2.00")}, shipping=Decimal(0), reason="A scratch", by=staff
        )

    outcome = at_once(give, give, give, give)
    assert sorted(outcome) == ["credit_too_much", "credit_too_much", "done", "done"]
    assert sum(refund.amount for refund in Refund.objects.all()) == Decimal("4.00")
