"""A server whose clock is wrong: claims, payments and their ends go by the database's clock alone."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.test import Client

from catalog.models import Listing
from catalog.vocabularies import ListingState
from checkout import inventory, settlement, unfinished
from checkout.clock import database_now
from checkout.errors import ListingUnavailable, ReservationPaused
from checkout.models import DemoPayment, Order, OrderState, Payment, Reservation
from shop.models import ShopSettings
from tests.catalog.pieces import a_listed_piece
from tests.checkout.buyers import a_visitor, an_order, pay
from tests.checkout.storefront import up_to_review
from tests.races.evening import let_time_run_out

SKEWS = [timedelta(hours=-3), timedelta(minutes=-20), timedelta(minutes=20), timedelta(hours=3)]
pytestmark = [
    pytest.mark.faults,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("shippable", "wrong_clock"),
]

Check = Callable[[], None]


@pytest.fixture(params=SKEWS, ids=str)
def wrong_clock(request: pytest.FixtureRequest) -> Iterator[None]:
    """This process, which serves the test's requests, lives at another time than the database."""
    with time_machine.travel(datetime.now(UTC) + request.param, tick=True):
        yield


def is_about(moment: datetime | None, **ahead: int) -> bool:
    assert moment is not None
    return abs(moment - database_now() - timedelta(**ahead)) < timedelta(seconds=30)


def test_a_purchase_goes_through(client: Client, is_right_again: Check) -> None:
    form = up_to_review(client, a_listed_piece())
    shop = ShopSettings.current()
    assert is_about(Reservation.objects.get().until, minutes=shop.reservation_minutes)
    client.post("/checkout/review/", form)
    payment, record = Payment.objects.get(), DemoPayment.objects.get()
    claim = Reservation.objects.get()
    assert is_about(claim.until, minutes=shop.payment_reservation_minutes)
    assert is_about(payment.expires_at, minutes=31)
    client.post(payment.pay_url, {"decision": "approve"})
    client.get(record.return_url)
    order = Order.objects.placed().get()
    assert (order.state, order.is_late) == (OrderState.PAID, False)
    is_right_again()


def test_a_live_claim_is_not_taken_over(is_right_again: Check) -> None:
    piece = a_listed_piece()
    inventory.reserve(skus=[piece.sku], visitor=a_visitor("anna"))
    with pytest.raises(ListingUnavailable):
        inventory.reserve(skus=[piece.sku], visitor=a_visitor("ben"))
    assert inventory.tidy() == 0
    is_right_again()


def test_a_lapsed_claim_is(is_right_again: Check) -> None:
    piece = a_listed_piece()
    inventory.reserve(skus=[piece.sku], visitor=a_visitor("anna"))
    past = database_now() - timedelta(seconds=1)
    Listing.objects.update(reserved_until=past)
    Reservation.objects.update(until=past)
    inventory.reserve(skus=[piece.sku], visitor=a_visitor("ben"))
    assert Reservation.objects.unreleased().get().visitor_key == a_visitor("ben").key
    is_right_again()


def test_an_order_ends_neither_early_nor_late(is_right_again: Check) -> None:
    placed = an_order(a_visitor(), [a_listed_piece().sku])
    settlement.start_payment(placed, gateway_code="demo")
    unfinished.bring_forward()
    assert Order.objects.get().state == OrderState.AWAITING_PAYMENT
    assert Payment.objects.get().is_open
    let_time_run_out(placed.token)
    unfinished.bring_forward()
    assert Order.objects.get().state == OrderState.EXPIRED
    assert Listing.objects.get().state == ListingState.LISTED
    is_right_again()


def test_a_payment_in_time_is_not_late_and_one_after_it_is(is_right_again: Check) -> None:
    for name, is_late in (("anna", False), ("ben", True)):
        placed = an_order(a_visitor(name), [a_listed_piece().sku])
        payment = settlement.start_payment(placed, gateway_code="demo")
        if is_late:
            let_time_run_out(placed.token)
        DemoPayment.objects.filter(reference=payment.reference).update(status=DemoPayment.Status.AUTHORISED)
        settlement.refresh(payment)
        placed.refresh_from_db()
        assert (placed.state, placed.is_late) == (OrderState.PAID, is_late)
    is_right_again()


def test_whoever_let_a_wanted_piece_lapse_waits_as_long_as_anybody(is_right_again: Check) -> None:
    piece = a_listed_piece()
    inventory.reserve(skus=[piece.sku], visitor=a_visitor("anna"))
    with pytest.raises(ListingUnavailable):
        inventory.reserve(skus=[piece.sku], visitor=a_visitor("ben"))
    inventory.release(sku=piece.sku, visitor=a_visitor("anna"))
    with pytest.raises(ReservationPaused):
        inventory.reserve(skus=[piece.sku], visitor=a_visitor("anna"))
    pause = timedelta(minutes=ShopSettings.current().reservation_pause_minutes)
    Reservation.objects.update(released_at=database_now() - pause - timedelta(seconds=1))
    inventory.reserve(skus=[piece.sku], visitor=a_visitor("anna"))
    is_right_again()


def test_paying_twice_over_does_not_happen(is_right_again: Check) -> None:
    placed = an_order(a_visitor(), [a_listed_piece().sku])
    first = pay(placed)
    again = settlement.start_payment(placed, gateway_code="demo")
    assert again == first
    assert DemoPayment.objects.count() == 1
    is_right_again()
