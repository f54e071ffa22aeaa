"""A process killed at each step of a purchase: the buyer presses again or never comes back, and all ends well."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import httpx
import pytest
from django.db import connection

from catalog.models import Listing
from catalog.vocabularies import ListingState
from checkout import settlement
from checkout.models import DemoPayment, Order, OrderMail, OrderState, Payment, PaymentState, PointsEntry, Reservation
from tests.catalog.pieces import a_listed_piece
from tests.checkout.buyers import a_visitor, an_order, pay
from tests.faults.conftest import MortalShop
from tests.processes import Worker, failpoints
from tests.races.evening import let_time_run_out
from tests.races.shopper import Shopper

pytestmark = [
    pytest.mark.faults,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("shippable"),
]

BEFORE_THE_CLAIM_COMMITS = "after:checkout.inventory:claim"
BEFORE_THE_PROVIDER_CALL = "before:checkout.gateways.demo:DemoGateway.create"
BEFORE_THE_ID_IS_STORED = "after:checkout.gateways.demo:DemoGateway.create"
BEFORE_THE_REPLY = "after:checkout.settlement:start_payment"
BEFORE_THE_CAPTURE = "before:checkout.gateways.demo:DemoGateway.capture"
AFTER_THE_CAPTURE = "after:checkout.gateways.demo:DemoGateway.capture"
BEFORE_THE_THANKS = "after:checkout.settlement:refresh"
BEFORE_THE_MAIL = "before:django.core.mail:EmailMessage.send"
AFTER_THE_MAIL = "after:django.core.mail:EmailMessage.send"
BEFORE_THE_REFUND_IS_DECIDED = "after:checkout.payments:decide_refund"
BEFORE_THE_REFUND = "before:checkout.gateways.demo:DemoGateway.refund"
AFTER_THE_REFUND = "after:checkout.gateways.demo:DemoGateway.refund"
BEFORE_THE_VOID = "before:checkout.gateways.demo:DemoGateway.void"
AFTER_THE_VOID = "after:checkout.gateways.demo:DemoGateway.void"
POINTS = [value for name, value in dict(globals()).items() if name.isupper() and isinstance(value, str)]

Check = Callable[[], None]


@contextmanager
def dying(shopper: Shopper, point: str) -> Iterator[None]:
    """The process that serves the shopper dies at the point: there is no answer."""
    shopper.client.headers["X-Failpoint"] = point
    with pytest.raises(httpx.TransportError):
        yield
    del shopper.client.headers["X-Failpoint"]


def assert_paid_once(shop: MortalShop) -> None:
    """One order, one capture, points once, and its mail once."""
    order = Order.objects.placed().get()
    assert order.state == OrderState.PAID
    assert Listing.objects.get().state == ListingState.SOLD
    assert Payment.objects.get().state == PaymentState.CAPTURED
    record = DemoPayment.objects.get()
    assert (record.status, record.refunded_minor) == (DemoPayment.Status.CAPTURED, 0)
    assert PointsEntry.objects.count() == 1
    shop.deed("work")
    assert OrderMail.objects.get().kind == "paid"
    assert len(shop.subjects()) == 1


@pytest.mark.parametrize("point", POINTS)
def test_the_point_is_where_the_shop_says(point: str) -> None:
    assert callable(failpoints.find(point.partition(":")[2])[2])


def test_before_the_claim_commits(buyer: Shopper, is_right_again: Check) -> None:
    piece = a_listed_piece()
    with dying(buyer, BEFORE_THE_CLAIM_COMMITS):
        buyer.reserve(piece.sku)
    assert not Reservation.objects.exists()
    piece.refresh_from_db()
    assert piece.state == ListingState.LISTED
    assert buyer.reserve(piece.sku).status_code == 200
    is_right_again()


@pytest.mark.parametrize("point", [BEFORE_THE_PROVIDER_CALL, BEFORE_THE_ID_IS_STORED, BEFORE_THE_REPLY])
def test_placing_and_the_buyer_presses_again(
    point: str, buyer: Shopper, mortal_shop: MortalShop, is_right_again: Check
) -> None:
    buyer.reserve(a_listed_piece().sku)
    review = buyer.check_out()
    with dying(buyer, point):
        buyer.fill_in(review, "fingerprint")
    demo_page = buyer.fill_in(review, "fingerprint")
    answer = buyer.client.post(demo_page.url, data={"decision": "approve"})
    assert Order.objects.placed().get().token in str(answer.url)
    assert_paid_once(mortal_shop)
    is_right_again()


@pytest.mark.parametrize("point", [BEFORE_THE_PROVIDER_CALL, BEFORE_THE_ID_IS_STORED, BEFORE_THE_REPLY])
def test_placing_and_the_buyer_never_comes_back(
    point: str, buyer: Shopper, mortal_shop: MortalShop, is_right_again: Check
) -> None:
    buyer.reserve(a_listed_piece().sku)
    review = buyer.check_out()
    with dying(buyer, point):
        buyer.fill_in(review, "fingerprint")
    let_time_run_out(Order.objects.get().token)
    mortal_shop.deed("reconcile")
    assert Order.objects.get().state == OrderState.EXPIRED
    assert Listing.objects.get().state == ListingState.LISTED
    assert not Payment.objects.get().is_open
    assert DemoPayment.objects.get().status in (DemoPayment.Status.VOIDED, DemoPayment.Status.EXPIRED)
    is_right_again()


@pytest.mark.parametrize("point", [BEFORE_THE_CAPTURE, AFTER_THE_CAPTURE, BEFORE_THE_THANKS])
@pytest.mark.parametrize("comes_back", [True, False])
def test_paying(point: str, comes_back: bool, buyer: Shopper, mortal_shop: MortalShop, is_right_again: Check) -> None:
    buyer.reserve(a_listed_piece().sku)
    demo_page = buyer.fill_in(buyer.check_out(), "fingerprint")
    record = DemoPayment.objects.get()
    buyer.client.post(demo_page.url, data={"decision": "approve"}, follow_redirects=False)
    with dying(buyer, point):
        buyer.client.get(record.return_url)
    if comes_back:
        assert buyer.client.get(record.return_url).url.path.startswith("/orders/")
    else:
        mortal_shop.deed("reconcile")
    assert_paid_once(mortal_shop)
    is_right_again()


def test_a_worker_before_the_mail(mortal_shop: MortalShop, is_right_again: Check) -> None:
    pay(an_order(a_visitor(), [a_listed_piece().sku]))
    mortal_shop.deed("work", die=BEFORE_THE_MAIL)
    assert mortal_shop.subjects() == []
    abandon_jobs()
    mortal_shop.deed("work")
    assert_paid_once(mortal_shop)
    is_right_again()


def test_a_worker_after_the_mail_sends_it_twice_rather_than_never(
    mortal_shop: MortalShop, is_right_again: Check
) -> None:
    pay(an_order(a_visitor(), [a_listed_piece().sku]))
    mortal_shop.deed("work", die=AFTER_THE_MAIL)
    abandon_jobs()
    mortal_shop.deed("work")
    assert len(mortal_shop.subjects()) == 2
    assert OrderMail.objects.count() == 1
    is_right_again()


def abandon_jobs() -> None:
    """Put back what a dead worker was doing, as resume_abandoned_jobs does once its heart has not beaten for long."""
    with connection.cursor() as cursor:
        cursor.execute("UPDATE procrastinate_jobs SET status = 'todo', worker_id = NULL WHERE status = 'doing'")
        assert cursor.rowcount


def test_another_worker_finds_the_dead_ones_job_by_itself(mortal_shop: MortalShop, is_right_again: Check) -> None:
    """With `make faults` in real time; else the dead worker's last sign of life is made older."""
    pay(an_order(a_visitor(), [a_listed_piece().sku]))
    mortal_shop.deed("work", die=BEFORE_THE_MAIL)
    if "FAULTS_CHECKOUTS" not in os.environ:
        with connection.cursor() as cursor:
            cursor.execute("UPDATE procrastinate_workers SET last_heartbeat = now() - interval '1 minute'")
    with Worker(mortal_shop.folder):
        deadline = time.monotonic() + 60
        while not mortal_shop.subjects() and time.monotonic() < deadline:
            time.sleep(0.2)
    assert len(mortal_shop.subjects()) == 1
    is_right_again()


@pytest.mark.parametrize("point", [BEFORE_THE_REFUND_IS_DECIDED, BEFORE_THE_REFUND, AFTER_THE_REFUND])
def test_in_mid_refund(point: str, mortal_shop: MortalShop, is_right_again: Check) -> None:
    placed = an_order(a_visitor(), [a_listed_piece().sku])
    pay(placed)
    mortal_shop.deed("cancel", token=placed.token, die=point)
    if point == BEFORE_THE_REFUND_IS_DECIDED:
        placed.refresh_from_db()
        assert placed.state == OrderState.PAID
        mortal_shop.deed("cancel", token=placed.token)
    mortal_shop.deed("reconcile")
    placed.refresh_from_db()
    assert (placed.state, placed.refund_state) == (OrderState.CANCELLED, Order.Refund.FULL)
    record = DemoPayment.objects.get()
    assert record.refunded_minor == record.amount_minor
    assert len(record.refund_keys) == 1
    assert Listing.objects.get().state == ListingState.LISTED
    assert sum(PointsEntry.objects.values_list("points", flat=True)) == 0
    is_right_again()


@pytest.mark.parametrize("point", [BEFORE_THE_VOID, AFTER_THE_VOID])
def test_while_an_order_runs_out_of_time(point: str, mortal_shop: MortalShop, is_right_again: Check) -> None:
    placed = an_order(a_visitor(), [a_listed_piece().sku])
    settlement.start_payment(placed, gateway_code="demo")
    let_time_run_out(placed.token)
    mortal_shop.deed("reconcile", die=point)
    assert Listing.objects.get().state == ListingState.RESERVED
    mortal_shop.deed("reconcile")
    assert Order.objects.get().state == OrderState.EXPIRED
    assert Listing.objects.get().state == ListingState.LISTED
    assert DemoPayment.objects.get().status == DemoPayment.Status.VOIDED
    is_right_again()
