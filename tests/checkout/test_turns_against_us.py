"""Turns nobody wishes for: money that comes late, twice or not at all, and buyers who try what they get."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from catalog.models import Listing
from catalog.vocabularies import ListingState
from checkout import drafts, invariants, inventory, payments, settlement, unfinished
from checkout.errors import OrderMoveRefused, PaymentUnconfirmed, TooManyReservations
from checkout.gateways import demo
from checkout.gateways.base import GatewayUnreachable, ProviderPayment
from checkout.models import DemoPayment, Order, OrderAddress, OrderState, Payment, PaymentState, Refund, Reservation
from shop.models import ShopSettings, User
from tests.catalog.pieces import a_listed_piece
from tests.checkout.buyers import BERLIN, a_draft_order, a_visitor, an_order, pay
from tests.checkout.storefront import reserve, text_of, up_to_review
from tests.checkout.test_settlement import let_time_run_out, now, sound, with_bank

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("shippable")]


@pytest.fixture
def staff() -> User:
    return User.objects.create_user("staff@example.com", is_staff=True)


@pytest.fixture
def switched() -> Order:
    """An order whose buyer began with a transfer and then chose the demo payment."""
    with_bank()
    placed = an_order(a_visitor(), [a_listed_piece().sku])
    settlement.start_payment(placed, gateway_code="bank_transfer")
    settlement.start_payment(placed, gateway_code="demo")
    return placed


# A transfer that arrives although its attempt was given up


def test_it_pays_the_order_when_nothing_else_has(switched: Order, staff: User) -> None:
    settlement.confirm_transfer(switched, by=staff)
    assert (now(switched).state, now(switched).payment_method) == (OrderState.PAID, "bank_transfer")
    demo.decide(DemoPayment.objects.get().reference, "approve")
    unfinished.bring_forward()
    assert DemoPayment.objects.get().status == DemoPayment.Status.VOIDED
    assert sound()


def test_it_is_owed_back_when_the_order_is_paid_and_that_is_no_refund_of_the_order(
    switched: Order, staff: User
) -> None:
    pay(switched)
    settlement.confirm_transfer(switched, by=staff)
    refund = Refund.objects.get()
    assert (refund.state, refund.payment.gateway) == (Refund.State.DUE, "bank_transfer")
    payments.confirm_paid_out(refund, reference="sent back")
    assert (now(switched).state, now(switched).refund_state) == (OrderState.PAID, Order.Refund.NONE)
    assert sound()


def test_it_is_owed_back_when_the_order_was_cancelled(staff: User) -> None:
    with_bank()
    placed = an_order(a_visitor(), [a_listed_piece().sku])
    settlement.start_payment(placed, gateway_code="bank_transfer")
    settlement.cancel(placed)
    settlement.confirm_transfer(placed, by=staff)
    payments.confirm_paid_out(Refund.objects.get(), reference="sent back")
    assert (now(placed).state, now(placed).refund_state) == (OrderState.CANCELLED, Order.Refund.FULL)
    assert sound()


def test_confirming_twice_does_not_invent_a_second_transfer(switched: Order, staff: User) -> None:
    settlement.start_payment(switched, gateway_code="bank_transfer")
    settlement.confirm_transfer(switched, by=staff)
    with pytest.raises(OrderMoveRefused):
        settlement.confirm_transfer(switched, by=staff)
    assert not Refund.objects.exists()
    assert sound()


# Pieces held longer than they should be


def test_changing_the_method_to_and_fro_does_not_prolong_the_order(switched: Order) -> None:
    first = timezone.now() + timedelta(days=1)
    Reservation.objects.update(until=first)
    Listing.objects.update(reserved_until=first)
    settlement.start_payment(switched, gateway_code="bank_transfer")
    assert now(switched).pay_by == first


def test_a_capture_that_fails_does_not_hold_the_piece_for_a_week(monkeypatch: pytest.MonkeyPatch) -> None:
    placed = an_order(a_visitor(), [a_listed_piece().sku])

    def lapsed(self: demo.DemoGateway, payment: Payment) -> ProviderPayment:
        DemoPayment.objects.update(status=DemoPayment.Status.VOIDED)
        return self.fetch(payment)

    monkeypatch.setattr(demo.DemoGateway, "capture", lapsed)
    assert pay(placed).state == PaymentState.VOIDED
    assert Reservation.objects.get().until == now(placed).pay_by
    assert now(placed).pay_by < timezone.now() + timedelta(hours=1)  # type: ignore[operator]
    assert sound()


def test_whoever_is_signed_in_holds_no_more_with_new_cookies() -> None:
    user = User.objects.create_user("collector@example.com")
    limit = ShopSettings.current().reservations_per_visitor
    edition = a_listed_piece().edition
    for number in range(limit):
        piece = a_listed_piece()
        inventory.reserve(skus=[piece.sku], visitor=a_visitor(f"cookie {number}", user_id=user.pk))
    with pytest.raises(TooManyReservations):
        inventory.reserve(
            skus=[Listing.objects.get(edition=edition).sku], visitor=a_visitor("one more", user_id=user.pk)
        )


# A provider whose answers cross with ours


def test_money_taken_while_it_was_being_let_go_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    """One process finds the piece gone; before it voids, the piece is free again and another one captures and dies."""
    piece = a_listed_piece()
    placed = an_order(a_visitor(), [piece.sku])
    payment = settlement.start_payment(placed, gateway_code="demo")
    demo.decide(payment.reference, "approve")
    let_time_run_out(placed)
    other = a_visitor("other")
    inventory.reserve(skus=[piece.sku], visitor=other)
    void, capture = demo.DemoGateway.void, demo.DemoGateway.capture

    def dies_after_capture(self: demo.DemoGateway, paid: Payment) -> ProviderPayment:
        capture(self, paid)
        raise GatewayUnreachable

    def void_late(self: demo.DemoGateway, paid: Payment) -> ProviderPayment:
        inventory.release(sku=piece.sku, visitor=other)
        with pytest.raises(PaymentUnconfirmed):
            settlement.refresh(paid)
        return void(self, paid)

    monkeypatch.setattr(demo.DemoGateway, "capture", dies_after_capture)
    monkeypatch.setattr(demo.DemoGateway, "void", void_late)
    settlement.refresh(payment)
    assert DemoPayment.objects.get().status == DemoPayment.Status.CAPTURED
    assert now(placed).state == OrderState.PAID
    assert sound()


def test_pieces_are_not_freed_while_the_provider_has_not_closed_its_page(monkeypatch: pytest.MonkeyPatch) -> None:
    placed = an_order(a_visitor(), [a_listed_piece().sku])
    settlement.start_payment(placed, gateway_code="demo")
    monkeypatch.setattr(demo.DemoGateway, "void", demo.DemoGateway.fetch)
    with pytest.raises(PaymentUnconfirmed):
        settlement.cancel(placed)
    assert now(placed).state == OrderState.AWAITING_PAYMENT
    assert Payment.objects.get().is_open


def test_a_cancellation_stands_although_the_refund_has_to_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    placed = an_order(a_visitor(), [a_listed_piece().sku])
    pay(placed)

    def silent(*args: object, **fields: object) -> str:
        raise GatewayUnreachable

    with monkeypatch.context() as patch:
        patch.setattr(demo.DemoGateway, "refund", silent)
        assert settlement.cancel(placed).state == OrderState.CANCELLED
        assert Refund.objects.get().state == Refund.State.DUE
    unfinished.bring_forward()
    unfinished.bring_forward()
    record = DemoPayment.objects.get()
    assert record.refunded_minor == record.amount_minor
    assert now(placed).refund_state == Order.Refund.FULL
    assert sound()


def test_one_order_that_cannot_be_settled_does_not_keep_the_others_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = (an_order(a_visitor(name), [a_listed_piece().sku]) for name in ("anna", "ben"))
    let_time_run_out(first)
    let_time_run_out(second)
    expire = settlement.expire

    def broken(found: Order) -> Order:
        if found.pk == first.pk:
            raise ZeroDivisionError
        return expire(found)

    monkeypatch.setattr(settlement, "expire", broken)
    assert unfinished.bring_forward() == {"payments": 0, "orders": 1, "refunds": 0, "failed": 1}
    assert now(second).state == OrderState.EXPIRED


# Drafts


def test_a_draft_in_use_is_not_forgotten_however_long_ago_it_was_begun() -> None:
    used, _left = a_draft_order(a_visitor("anna")), a_draft_order(a_visitor("ben"))
    Order.objects.update(created_at=timezone.now() - timedelta(days=30))
    inventory.reserve(skus=[a_listed_piece().sku], visitor=a_visitor("anna"))
    assert drafts.forget() == 1
    assert Order.objects.get() == used
    assert [row.order for row in OrderAddress.objects.all()] == [used]


def test_who_comes_after_somebody_signed_out_sees_and_gets_nothing_of_theirs(client: Client) -> None:
    user = User.objects.create_user("erika@example.com")
    client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    up_to_review(client, a_listed_piece())
    assert Order.objects.get().user == user
    basket = client.cookies["basket"].value
    client.cookies.clear()  # the session has run out
    client.cookies["basket"] = basket
    page = client.get("/checkout/address/").content.decode()
    assert "Torstraße" not in page
    assert "erika@example.com" not in page
    assert Order.objects.get().user is None


def test_signing_out_leaves_the_basket_with_nobody(client: Client) -> None:
    client.force_login(
        User.objects.create_user("erika@example.com"),
        backend="allauth.account.auth_backends.AuthenticationBackend",
    )
    reserve(client, a_listed_piece())
    client.post("/account/logout/")
    assert "The Cranes Are Flying" not in text_of(client.get("/basket/"))


def test_an_address_changed_in_another_tab_is_shown_before_it_is_ordered(client: Client) -> None:
    shown = up_to_review(client, a_listed_piece())
    draft = Order.objects.get()
    drafts.set_address(draft, email="buyer@example.com", shipping=BERLIN | {"line1": "Unter den Linden 1"})
    answer = client.post("/checkout/review/", shown)
    assert answer.status_code == 409
    assert "Unter den Linden 1" in text_of(answer)
    assert now(draft).state == OrderState.DRAFT
    assert Listing.objects.get().state == ListingState.RESERVED
    assert invariants.find_broken() == []
