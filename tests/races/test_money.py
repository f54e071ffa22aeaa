"""Two things done to one order or one piece at the same moment, with real threads: whatever wins, nothing is broken."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.db import connections, transaction
from django.utils import timezone

from catalog.models import Listing
from catalog.vocabularies import ListingState
from checkout import credits, drafts, invariants, inventory, orders, payments, settlement, unfinished
from checkout.errors import CheckoutError
from checkout.gateways import demo
from checkout.models import DemoPayment, Order, OrderState, Payment, PointsEntry, Refund, Reservation
from checkout.money import to_minor_units
from shop.models import ShopSettings, User
from tests.catalog.pieces import a_listed_piece
from tests.checkout.buyers import a_draft_order, a_visitor, an_order, pay

pytestmark = [
    pytest.mark.races,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("shippable"),
]
ROUNDS = 3


def at_once(*deeds: Callable[[], Any]) -> list[Any]:
    """Do all of it at the same moment; what each gave, or the refusal it met. Anything else is a failure."""
    start = threading.Barrier(len(deeds))

    def run(deed: Callable[[], Any]) -> Any:
        try:
            start.wait(timeout=30)
            return deed()
        except CheckoutError as refusal:
            return refusal
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(deeds)) as pool:
        return [future.result() for future in [pool.submit(run, deed) for deed in deeds]]


def an_open_payment(name: str) -> tuple[Listing, Order, Payment]:
    piece = a_listed_piece()
    placed = an_order(a_visitor(name), [piece.sku])
    return piece, placed, settlement.start_payment(placed, gateway_code="demo")


def approve(payment: Payment) -> None:
    demo.decide(payment.reference, "approve")
    settlement.refresh(payment)


def let_time_run_out(placed: Order) -> None:
    then = timezone.now() - timedelta(minutes=1)
    with transaction.atomic():
        Reservation.objects.filter(order_line__order=placed).update(until=then)
        Listing.objects.filter(order_lines__order=placed).update(reserved_until=then)
        Order.objects.filter(pk=placed.pk).update(pay_by=then)


def assert_money_follows_the_piece() -> None:
    """What was captured and not given back belongs to paid orders; no money rests at the provider for others."""
    unfinished.bring_forward()
    for placed in Order.objects.placed():
        kept = sum(
            record.amount_minor - record.refunded_minor
            for record in DemoPayment.objects.filter(reference__in=placed.payments.values("reference"))
            if record.status == DemoPayment.Status.CAPTURED
        )
        assert kept == (to_minor_units(placed.total_amount, placed.currency) if placed.is_paid else 0)
        assert not DemoPayment.objects.filter(
            reference__in=placed.payments.values("reference"), status=DemoPayment.Status.AUTHORISED
        ).exists()
    assert invariants.find_broken() == []


def test_cancelling_while_paying() -> None:
    for number in range(ROUNDS):
        piece, placed, payment = an_open_payment(str(number))
        at_once(partial(settlement.cancel, placed, reason="buyer"), partial(approve, payment))
        unfinished.bring_forward()
        placed.refresh_from_db()
        piece.refresh_from_db()
        assert placed.state == OrderState.CANCELLED
        assert piece.state == ListingState.LISTED
    assert_money_follows_the_piece()


def test_running_out_of_time_while_paying() -> None:
    for number in range(ROUNDS):
        piece, placed, payment = an_open_payment(str(number))
        let_time_run_out(placed)
        at_once(partial(settlement.expire, placed), partial(approve, payment), unfinished.bring_forward)
        unfinished.bring_forward()
        placed.refresh_from_db()
        piece.refresh_from_db()
        assert (placed.state, piece.state) in (
            (OrderState.PAID, ListingState.SOLD),
            (OrderState.EXPIRED, ListingState.LISTED),
        )
    assert_money_follows_the_piece()


def test_paying_late_while_another_takes_the_piece() -> None:
    for number in range(ROUNDS):
        piece, placed, payment = an_open_payment(str(number))
        let_time_run_out(placed)
        other = a_visitor(f"other {number}")
        at_once(partial(approve, payment), partial(inventory.reserve, skus=[piece.sku], visitor=other))
        unfinished.bring_forward()
        placed.refresh_from_db()
        assert placed.is_paid != bool(inventory.live_reservations(other))
    assert_money_follows_the_piece()


def test_eight_look_after_one_payment() -> None:
    _piece, placed, payment = an_open_payment("anna")
    demo.decide(payment.reference, "approve")
    answers = at_once(*[partial(settlement.refresh, payment)] * 8)
    assert not [answer for answer in answers if isinstance(answer, Exception)]
    placed.refresh_from_db()
    assert placed.state == OrderState.PAID
    assert PointsEntry.objects.count() == 1
    assert placed.events.filter(kind="paid").count() == 1
    assert_money_follows_the_piece()


def test_eight_open_the_payment_of_one_order() -> None:
    placed = an_order(a_visitor(), [a_listed_piece().sku])
    answers = at_once(*[partial(settlement.start_payment, placed, gateway_code="demo")] * 8)
    assert len({answer.reference for answer in answers}) == 1
    assert Payment.objects.count() == DemoPayment.objects.count() == 1
    assert_money_follows_the_piece()


def test_placing_eight_times_orders_once() -> None:
    visitor = a_visitor()
    inventory.reserve(skus=[a_listed_piece().sku], visitor=visitor)
    draft = a_draft_order(visitor)
    total = drafts.summary_of(draft, visitor, currency="EUR").total_amount
    answers = at_once(
        *[partial(orders.place, token=draft.token, visitor=visitor, currency="EUR", shown_total=total)] * 8
    )
    assert {answer.pk for answer in answers if isinstance(answer, Order)} == {draft.pk}
    assert Order.objects.get().lines.count() == 1
    assert_money_follows_the_piece()


def test_placing_while_giving_the_piece_back() -> None:
    for number in range(ROUNDS):
        piece = a_listed_piece()
        visitor = a_visitor(str(number))
        inventory.reserve(skus=[piece.sku], visitor=visitor)
        draft = a_draft_order(visitor)
        total = drafts.summary_of(draft, visitor, currency="EUR").total_amount
        at_once(
            partial(orders.place, token=draft.token, visitor=visitor, currency="EUR", shown_total=total),
            partial(inventory.release, sku=piece.sku, visitor=visitor),
        )
        draft.refresh_from_db()
        piece.refresh_from_db()
        assert (draft.state, piece.state) in (
            (OrderState.AWAITING_PAYMENT, ListingState.RESERVED),
            (OrderState.DRAFT, ListingState.LISTED),
        )
    assert_money_follows_the_piece()


def test_two_presses_of_the_button_reserve_once_and_never_speak_of_somebody_else() -> None:
    for number in range(ROUNDS * 3):
        piece = a_listed_piece()
        visitor = a_visitor(f"visitor {number}")
        answers = at_once(*[partial(inventory.reserve, skus=[piece.sku], visitor=visitor)] * 4)
        assert not [answer for answer in answers if isinstance(answer, Exception)]
        assert Reservation.objects.filter(listing=piece).count() == 1
    assert invariants.find_broken() == []


def test_the_cap_of_an_account_holds_in_many_browsers_at_once() -> None:
    user = User.objects.create_user("collector@example.com")
    ShopSettings(reservations_per_visitor=2).save()
    pieces = [a_listed_piece() for _ in range(6)]
    at_once(
        *[
            partial(inventory.reserve, skus=[piece.sku], visitor=a_visitor(piece.sku, user_id=user.pk))
            for piece in pieces
        ]
    )
    assert Reservation.objects.live().count() == 2


def test_two_members_of_staff_confirm_one_transfer() -> None:
    ShopSettings(bank_iban="GR1601101250000000012300695").save()
    staff = User.objects.create_user("staff@example.com", is_staff=True)
    placed = an_order(a_visitor(), [a_listed_piece().sku])
    settlement.start_payment(placed, gateway_code="bank_transfer")
    at_once(*[partial(settlement.confirm_transfer, placed, by=staff)] * 4)
    placed.refresh_from_db()
    assert placed.state == OrderState.PAID
    assert not Refund.objects.exists()
    assert PointsEntry.objects.count() == 1
    assert invariants.find_broken() == []


def test_a_refund_paid_out_by_two_while_the_order_is_cancelled_goes_out_once() -> None:
    for number in range(ROUNDS):
        placed = an_order(a_visitor(str(number)), [a_listed_piece().sku])
        payment = pay(placed)
        with transaction.atomic():
            credit = credits.decide(
                orders.lock(placed.pk),
                reason_key="shipping",
                reason="",
                lines={},
                shipping=(placed.shipping_eur, placed.shipping_amount),
            )
        refund = credit.refunds.get()
        answers = at_once(
            partial(payments.pay_out, refund), partial(payments.pay_out, refund), partial(settlement.cancel, placed)
        )
        assert not [answer for answer in answers if isinstance(answer, Exception)]
        assert DemoPayment.objects.get(reference=payment.reference).refunded_minor == payment.amount_minor
    assert_money_follows_the_piece()
