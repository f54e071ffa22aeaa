"""Pieces that come back: received one by one, settled together, graded again before they are offered."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.core import mail as outbox
from django.test import Client

from catalog import listings
from catalog.errors import ListingMoveRefused
from catalog.models import Listing
from checkout import invariants, orders, returns, withdrawals
from checkout.errors import ReturnRefused, WithdrawalRefused
from checkout.models import Credit, Order, OrderState, PointsEntry, Refund, Reservation, ReturnedPiece, Withdrawal
from shop.models import User
from tests.catalog.pieces import a_listed_piece
from tests.checkout.buyers import a_visitor, an_order, pay
from tests.checkout.rates import load_newest
from tests.checkout.storefront import text_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("shippable")]
RunTasks = Callable[[], int]


@pytest.fixture
def staff() -> User:
    return User.objects.create_user("staff@example.com", is_staff=True)


def a_withdrawal(staff: User, *, pieces: int = 2, only: int | None = None, **fields: Any) -> Withdrawal:
    """A delivered order whose buyer withdraws, from all of it or from the first `only` pieces."""
    placed = an_order(a_visitor(), [a_listed_piece().sku for _ in range(pieces)], **fields)
    pay(placed)
    orders.pack(placed, by=staff)
    orders.ship(placed, by=staff)
    orders.deliver(placed, by=staff)
    return withdrawn(Order.objects.get(pk=placed.pk), only=only)


def withdrawn(placed: Order, *, only: int | None = None) -> Withdrawal:
    lines = placed.lines.filter(returned_at=None).order_by("position")[:only]
    found = withdrawals.state(
        order=placed,
        order_number=placed.number,
        name="Erika",
        email=placed.email,
        statement="" if only is None else " ".join(line.sku for line in lines),
        language="en",
    )
    withdrawals.confirm(found.token)
    withdrawals.carry_out(found)
    found.refresh_from_db()
    return found


def receive_all(found: Withdrawal, staff: User, **findings: Any) -> None:
    for piece in found.pieces.all():
        returns.receive(piece, by=staff, **findings)


def assert_nothing_is_broken() -> None:
    assert [broken.invariant.number for broken in invariants.find_broken()] == []


@pytest.mark.parametrize("currency", ["EUR", "JPY", "USD"])
def test_a_whole_order_that_comes_back_gives_back_exactly_what_was_paid(staff: User, currency: str) -> None:
    load_newest()
    found = a_withdrawal(staff, currency=currency)
    receive_all(found, staff, grade_found="good")
    returns.settle(found, by=staff)
    placed = Order.objects.get()
    assert (placed.state, placed.refund_state) == (OrderState.RETURNED, "full")
    assert Refund.objects.get().amount == placed.total_amount
    assert Refund.objects.get().state == "done"
    credit = Credit.objects.get()
    assert credit.goods_eur + credit.shipping_eur == placed.total_eur
    assert sum(PointsEntry.objects.values_list("points", flat=True)) == 0
    assert set(Listing.objects.values_list("state", flat=True)) == {"returned"}
    assert set(Reservation.objects.values_list("release", flat=True)) == {"returned"}
    assert_nothing_is_broken()


def test_of_a_dearer_way_only_the_cheapest_usual_delivery_comes_back(staff: User) -> None:
    found = a_withdrawal(staff, pieces=1)
    placed = found.order
    assert placed is not None
    Order.objects.filter(pk=placed.pk).update(
        standard_shipping_eur=Decimal("3.00"), standard_shipping_amount=Decimal("3.00")
    )
    receive_all(found, staff)
    returns.settle(found, by=staff)
    assert Credit.objects.get().shipping_eur == Decimal("3.00")
    assert Order.objects.get().refund_state == "part"


def test_a_part_comes_back_and_the_rest_stays_delivered(staff: User) -> None:
    found = a_withdrawal(staff, pieces=3, only=1)
    receive_all(found, staff)
    returns.settle(found, by=staff)
    placed = Order.objects.get()
    assert (placed.state, placed.refund_state) == (OrderState.DELIVERED, "part")
    credit = Credit.objects.get()
    assert credit.goods_eur == Decimal("5.00")
    assert credit.shipping_eur < placed.shipping_eur
    assert placed.lines.filter(returned_at__isnull=False).count() == 1
    assert_nothing_is_broken()
    # The rest comes back later: with the last piece the rest of the shipping.
    rest = withdrawn(placed)
    receive_all(rest, staff)
    returns.settle(rest, by=staff)
    placed.refresh_from_db()
    assert (placed.state, placed.refund_state) == (OrderState.RETURNED, "full")
    assert sum(refund.amount for refund in Refund.objects.all()) == placed.total_amount
    assert_nothing_is_broken()


def test_lost_value_is_taken_off_with_its_reason(client: Client, staff: User, run_tasks: RunTasks) -> None:
    found = a_withdrawal(staff, pieces=1)
    piece = found.pieces.get()
    with pytest.raises(ReturnRefused):
        returns.receive(piece, deduction_eur=Decimal("1.25"), by=staff)
    with pytest.raises(ReturnRefused):
        returns.receive(piece, deduction_eur=Decimal("5.01"), note="Broken", by=staff)
    returns.receive(piece, deduction_eur=Decimal("1.25"), note="The seal is broken.", by=staff)
    returns.settle(found, by=staff)
    run_tasks()
    assert Credit.objects.get().goods_eur == Decimal("3.75")
    page = text_of(client.get(Order.objects.get().get_absolute_url()))
    assert "€1.25 taken off: The seal is broken." in page
    assert "The seal is broken." in outbox.outbox[-1].body


def test_a_piece_arrives_once(staff: User) -> None:
    found = a_withdrawal(staff, pieces=1)
    receive_all(found, staff)
    with pytest.raises(ReturnRefused):
        receive_all(found, staff)


def test_nothing_is_settled_before_it_arrives_unless_staff_say_so(staff: User) -> None:
    found = a_withdrawal(staff, pieces=2)
    first, second = found.pieces.order_by("line__position")
    with pytest.raises(ReturnRefused):
        returns.settle(found, by=staff, without_missing=True)
    returns.receive(first, by=staff)
    with pytest.raises(ReturnRefused, match=second.line.sku):
        returns.settle(found, by=staff)
    returns.settle(found, by=staff, without_missing=True)
    placed = Order.objects.get()
    assert placed.state == OrderState.DELIVERED
    assert placed.lines.get(returned_at=None) == second.line
    with pytest.raises(WithdrawalRefused):
        returns.settle(found, by=staff)
    assert Credit.objects.count() == 1
    assert_nothing_is_broken()


def test_once_a_piece_is_here_the_withdrawal_cannot_be_refused(staff: User) -> None:
    found = a_withdrawal(staff, pieces=1)
    receive_all(found, staff)
    with pytest.raises(WithdrawalRefused):
        withdrawals.refuse(found, reason="No", by=staff)


def test_a_withdrawal_without_an_order_has_nothing_to_settle(staff: User) -> None:
    found = withdrawals.state(order_number="AC-1", name="E", email="e@example.com", statement="", language="en")
    withdrawals.confirm(found.token)
    with pytest.raises(WithdrawalRefused):
        returns.settle(found, by=staff)


def test_a_returned_piece_is_offered_again_only_after_it_was_graded_again(staff: User) -> None:
    found = a_withdrawal(staff, pieces=1)
    piece = found.pieces.get()
    with pytest.raises(ReturnRefused):
        returns.regrade(piece, by=staff)
    receive_all(found, staff, grade_found="good")
    returns.settle(found, by=staff)
    listing = Listing.objects.get()
    with pytest.raises(ListingMoveRefused, match="Graded again"):
        listings.put_back_to_draft(listing)
    returns.regrade(piece, by=staff)
    at = ReturnedPiece.objects.get().regraded_at
    returns.regrade(piece, by=staff)
    assert ReturnedPiece.objects.get().regraded_at == at
    listings.publish(listings.put_back_to_draft(listing))
    assert Listing.objects.get().is_for_sale
    assert_nothing_is_broken()


def test_a_piece_sold_and_returned_twice_is_two_stories(staff: User) -> None:
    first = a_withdrawal(staff, pieces=1)
    receive_all(first, staff)
    returns.settle(first, by=staff)
    returns.regrade(first.pieces.get(), by=staff)
    listing = Listing.objects.get()
    listings.publish(listings.put_back_to_draft(listing))
    again = an_order(a_visitor("bob"), [listing.sku])
    pay(again)
    assert_nothing_is_broken()
    withdrawn(Order.objects.get(pk=again.pk))
    assert Listing.objects.get().is_for_sale
    assert_nothing_is_broken()
