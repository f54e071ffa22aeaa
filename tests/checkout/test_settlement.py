"""Orders and payments together, through the pages: declined, late, lost, doubled, walked away from."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest
from django.core import mail as outbox
from django.db import transaction
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from catalog.models import Listing
from catalog.vocabularies import ListingState
from checkout import invariants, inventory, settlement, unfinished
from checkout.errors import OrderMoveRefused
from checkout.gateways import demo
from checkout.gateways.base import GatewayUnreachable
from checkout.models import DemoPayment, Order, OrderState, Payment, PaymentState, PointsEntry, Refund, Reservation
from shop.models import ShopSettings, User
from tests.catalog.pieces import a_listed_piece
from tests.checkout.buyers import a_visitor
from tests.checkout.storefront import decide, demo_page, order, reserve, text_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("shippable")]
RunTasks = Callable[[], int]


def now(found: Order) -> Order:
    return Order.objects.get(pk=found.pk)


def let_time_run_out(found: Order) -> None:
    """As if the order's time to pay were over; the clock of the database cannot be moved."""
    then = timezone.now() - timedelta(minutes=1)
    with transaction.atomic():
        Reservation.objects.unreleased().filter(order_line__order=found).update(until=then)
        Listing.objects.filter(order_lines__order=found, state="reserved").update(reserved_until=then)
        Order.objects.filter(pk=found.pk).update(pay_by=then)
        Payment.objects.filter(order=found).update(expires_at=then)


def sound() -> bool:
    return invariants.find_broken() == []


def test_approved_at_the_provider_it_is_paid_and_sold(client: Client) -> None:
    piece = a_listed_piece()
    placed = order(client, piece)
    answer = decide(client, placed, "approve")
    assert "Paid. Thank you!" in text_of(answer)
    piece.refresh_from_db()
    assert piece.state == ListingState.SOLD
    assert now(placed).state == OrderState.PAID
    assert PointsEntry.objects.get().points == 25
    assert sound()


def test_a_declined_card_keeps_the_pieces_and_may_try_again_at_once(client: Client) -> None:
    piece = a_listed_piece()
    placed = order(client, piece)
    answer = decide(client, placed, "decline")
    assert "declined and nothing was charged" in text_of(answer)
    assert reserve(Client(), piece).status_code == 409
    client.post(f"/checkout/pay/{placed.token}/", {"payment_method": "demo"})
    assert "Paid. Thank you!" in text_of(decide(client, placed, "approve"))
    assert [row.state for row in Payment.objects.order_by("attempt")] == ["failed", "captured"]
    assert sound()


def test_a_challenge_authorises_nothing_until_it_is_confirmed(client: Client) -> None:
    placed = order(client, a_listed_piece())
    page = text_of(decide(client, placed, "challenge"))
    assert "3-D Secure" in page
    assert settlement.refresh(Payment.objects.get()).state == PaymentState.ACTION_REQUIRED
    assert now(placed).state == OrderState.AWAITING_PAYMENT
    decide(client, placed, "approve")
    assert now(placed).state == OrderState.PAID


def test_cancelling_at_the_provider_leads_back_to_paying(client: Client) -> None:
    placed = order(client, a_listed_piece())
    answer = decide(client, placed, "cancel")
    assert answer.redirect_chain[-1][0] == f"/checkout/pay/{placed.token}/"
    assert "was not finished" in text_of(answer)


def test_a_decision_made_twice_counts_once(client: Client) -> None:
    placed = order(client, a_listed_piece())
    page = demo_page(placed)
    client.post(page, {"decision": "approve"})
    client.post(page, {"decision": "decline"})
    assert DemoPayment.objects.get().status == DemoPayment.Status.AUTHORISED
    for _ in range(2):
        client.get(f"/checkout/return/{placed.token}/")
    assert now(placed).state == OrderState.PAID
    assert Payment.objects.count() == 1
    assert PointsEntry.objects.count() == 1
    assert client.get(page)["Location"] == f"/checkout/return/{placed.token}/"
    assert sound()


def test_return_without_a_decision_changes_nothing(client: Client) -> None:
    placed = order(client, a_listed_piece())
    answer = client.get(f"/checkout/return/{placed.token}/")
    assert answer["Location"] == f"/checkout/pay/{placed.token}/"
    assert now(placed).state == OrderState.AWAITING_PAYMENT


def test_opening_the_payment_twice_opens_it_once(client: Client) -> None:
    placed = order(client, a_listed_piece())
    answers = [client.post(f"/checkout/pay/{placed.token}/", {"payment_method": "demo"})["Location"] for _ in range(2)]
    assert answers == [demo_page(placed)] * 2
    assert Payment.objects.count() == DemoPayment.objects.count() == 1


@pytest.mark.parametrize("method", ["", "gold", "bank_transfer"])
def test_only_an_offered_way_of_paying_can_be_chosen(client: Client, method: str) -> None:
    placed = order(client, a_listed_piece())
    answer = client.post(f"/checkout/pay/{placed.token}/", {"payment_method": method})
    assert answer.status_code == 422
    assert "not offered" in text_of(answer)


def test_who_walks_away_loses_the_piece_and_pays_nothing(client: Client, run_tasks: RunTasks) -> None:
    piece = a_listed_piece()
    placed = order(client, piece)
    let_time_run_out(placed)
    unfinished.bring_forward()
    piece.refresh_from_db()
    assert piece.state == ListingState.LISTED
    assert now(placed).state == OrderState.EXPIRED
    assert Payment.objects.get().state in (PaymentState.EXPIRED, PaymentState.VOIDED)
    assert "not paid in time" in text_of(client.get(placed.get_absolute_url()))
    assert client.get(f"/checkout/pay/{placed.token}/")["Location"] == placed.get_absolute_url()
    assert sound()


def test_an_order_that_ran_out_is_never_expired_over_an_authorised_payment(client: Client) -> None:
    placed = order(client, a_listed_piece())
    client.post(demo_page(placed), {"decision": "approve"})
    let_time_run_out(placed)
    unfinished.bring_forward()
    assert now(placed).state == OrderState.PAID
    assert sound()


def test_a_late_payment_takes_a_free_piece_again_and_the_order_is_marked_late(client: Client) -> None:
    piece = a_listed_piece()
    placed = order(client, piece)
    client.post(demo_page(placed), {"decision": "approve"})
    let_time_run_out(placed)
    reservation = Reservation.objects.get()
    Reservation.objects.filter(pk=reservation.pk).update(released_at=timezone.now(), release="lapsed")
    Listing.objects.filter(pk=piece.pk).update(state=ListingState.LISTED, reserved_until=None)
    client.get(f"/checkout/return/{placed.token}/")
    assert now(placed).state == OrderState.PAID
    assert now(placed).is_late
    assert sound()


def test_a_late_payment_for_a_lost_piece_is_let_go(client: Client, run_tasks: RunTasks) -> None:
    piece = a_listed_piece()
    placed = order(client, piece)
    client.post(demo_page(placed), {"decision": "approve"})
    let_time_run_out(placed)
    other = Client()
    assert reserve(other, piece).status_code == 302
    answer = client.get(f"/checkout/return/{placed.token}/", follow=True)
    assert "not paid in time" in text_of(answer)
    assert DemoPayment.objects.get().status == DemoPayment.Status.VOIDED
    assert Payment.objects.get().state == PaymentState.VOIDED
    assert inventory.live_reservations(a_visitor("nobody")) == []
    piece.refresh_from_db()
    assert piece.state == ListingState.RESERVED
    assert "The Cranes Are Flying" in text_of(other.get("/basket/"))
    assert sound()


def test_paying_again_for_a_lost_piece_offers_others(client: Client) -> None:
    piece = a_listed_piece()
    placed = order(client, piece)
    decide(client, placed, "decline")
    let_time_run_out(placed)
    reserve(Client(), piece)
    answer = client.post(f"/checkout/pay/{placed.token}/", {"payment_method": "demo"})
    assert answer.status_code == 409
    assert "Somebody else is holding this piece" in text_of(answer)


def test_another_amount_than_the_orders_is_never_kept(client: Client) -> None:
    placed = order(client, a_listed_piece())
    DemoPayment.objects.update(amount_minor=1)
    decide(client, placed, "approve")
    assert now(placed).state == OrderState.EXPIRED
    assert DemoPayment.objects.get().status == DemoPayment.Status.VOIDED
    assert not PointsEntry.objects.exists()
    assert sound()


def test_a_silent_provider_leaves_the_order_being_confirmed(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    placed = order(client, a_listed_piece())
    client.post(demo_page(placed), {"decision": "approve"})

    def silent(*args: object, **fields: object) -> None:
        raise GatewayUnreachable

    with monkeypatch.context() as patch:
        patch.setattr(demo.DemoGateway, "fetch", silent)
        answer = client.get(f"/checkout/return/{placed.token}/")
        assert answer.status_code == 503
        assert answer["Retry-After"] == "5"
        assert "being confirmed" in text_of(answer)
        assert 'http-equiv="refresh"' in answer.content.decode()
        assert now(placed).state == OrderState.AWAITING_PAYMENT
        assert unfinished.bring_forward()["failed"] == 1
    client.get(f"/checkout/return/{placed.token}/")
    assert now(placed).state == OrderState.PAID


def test_a_provider_that_is_silent_at_the_start_opens_one_payment_in_the_end(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    create = demo.DemoGateway.create

    def lost_reply(*args: object, **fields: object) -> None:
        create(*args, **fields)  # type: ignore[arg-type]
        raise GatewayUnreachable

    with monkeypatch.context() as patch:
        patch.setattr(demo.DemoGateway, "create", lost_reply)
        placed = order(client, a_listed_piece())
    assert Payment.objects.get().reference == ""
    client.post(f"/checkout/pay/{placed.token}/", {"payment_method": "demo"})
    decide(client, placed, "approve")
    assert now(placed).state == OrderState.PAID
    assert DemoPayment.objects.count() == 1


def test_a_capture_whose_reply_is_lost_is_finished_later(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    placed = order(client, a_listed_piece())
    client.post(demo_page(placed), {"decision": "approve"})
    capture = demo.DemoGateway.capture

    def lost_reply(*args: object) -> None:
        capture(*args)  # type: ignore[arg-type]
        raise GatewayUnreachable

    with monkeypatch.context() as patch:
        patch.setattr(demo.DemoGateway, "capture", lost_reply)
        assert client.get(f"/checkout/return/{placed.token}/").status_code == 503
    assert Payment.objects.get().state == PaymentState.CAPTURING
    unfinished.bring_forward()
    assert now(placed).state == OrderState.PAID
    assert sound()


def with_bank() -> None:
    ShopSettings(bank_iban="GR1601101250000000012300695").save()


def test_a_transfer_is_paid_when_staff_confirm_it(client: Client) -> None:
    with_bank()
    piece = a_listed_piece()
    placed = order(client, piece, payment="bank_transfer")
    assert (now(placed).pay_by - timezone.now()).days >= 4  # type: ignore[operator]
    staff = User.objects.create_user("staff@example.com", is_staff=True)
    settlement.confirm_transfer(placed, by=staff)
    piece.refresh_from_db()
    assert (now(placed).state, piece.state) == (OrderState.PAID, ListingState.SOLD)
    assert "Paid. Thank you!" in text_of(client.get(placed.get_absolute_url()))
    assert sound()


def test_a_transfer_confirmed_twice_counts_once(client: Client) -> None:
    with_bank()
    placed = order(client, a_listed_piece(), payment="bank_transfer")
    staff = User.objects.create_user("staff@example.com", is_staff=True)
    settlement.confirm_transfer(placed, by=staff)
    with pytest.raises(OrderMoveRefused):
        settlement.confirm_transfer(placed, by=staff)
    assert PointsEntry.objects.count() == 1
    assert sound()


@pytest.mark.parametrize(
    ("became", "says"),
    [
        ("paid", "This order had been paid already when another payment for it arrived."),
        ("cancelled", "Your payment arrived after this order had been cancelled."),
    ],
)
def test_who_paid_once_too_often_is_told_why_it_comes_back(
    client: Client, run_tasks: RunTasks, became: str, says: str
) -> None:
    with_bank()
    placed = order(client, a_listed_piece(), payment="bank_transfer")
    client.post(f"/checkout/pay/{placed.token}/", {"payment_method": "demo"})
    if became == "paid":
        decide(client, placed, "approve")
    else:
        settlement.cancel(placed)
    assert now(placed).state == became
    run_tasks()
    outbox.outbox.clear()
    staff = User.objects.create_user("staff@example.com", is_staff=True)
    settlement.confirm_transfer(placed, by=staff)
    run_tasks()
    (told,) = outbox.outbox
    assert "your money goes back to you" in told.subject
    assert says in told.body
    assert "could not be completed" not in told.body
    assert now(placed).state == became
    assert sound()


def test_a_transfer_for_a_piece_that_is_gone_is_owed_back(client: Client, run_tasks: RunTasks) -> None:
    with_bank()
    piece = a_listed_piece()
    placed = order(client, piece, payment="bank_transfer")
    let_time_run_out(placed)
    unfinished.bring_forward()
    reserve(Client(), piece)
    staff = User.objects.create_user("staff@example.com", is_staff=True)
    settlement.confirm_transfer(placed, by=staff)
    assert now(placed).state == OrderState.EXPIRED
    refund = Refund.objects.get()
    assert (refund.amount, refund.state) == (Decimal("13.90"), Refund.State.DUE)
    assert "goes back to you in full" in text_of(client.get(placed.get_absolute_url()))


def test_a_transfer_may_become_a_card_payment(client: Client) -> None:
    with_bank()
    placed = order(client, a_listed_piece(), payment="bank_transfer")
    client.post(f"/checkout/pay/{placed.token}/", {"payment_method": "demo"})
    decide(client, placed, "approve")
    assert now(placed).state == OrderState.PAID
    assert [row.state for row in Payment.objects.order_by("attempt")] == ["voided", "captured"]
    assert sound()


def test_cancelling_an_authorised_order_lets_the_money_go_or_returns_it(client: Client) -> None:
    placed = order(client, a_listed_piece())
    client.post(demo_page(placed), {"decision": "approve"})
    client.post(f"/orders/{placed.token}/cancel/")
    found = now(placed)
    assert found.state == OrderState.CANCELLED
    record = DemoPayment.objects.get()
    assert record.status == DemoPayment.Status.VOIDED or record.refunded_minor == record.amount_minor
    assert sum(PointsEntry.objects.values_list("points", flat=True)) == 0
    assert sound()


def test_the_demo_bank_exists_only_in_the_demo(client: Client, settings: Settings) -> None:
    placed = order(client, a_listed_piece())
    page = demo_page(placed)
    settings.DEMO = False
    assert client.get(page).status_code == 404
    assert client.post(page, {"decision": "approve"}).status_code == 404
    assert DemoPayment.objects.get().status == DemoPayment.Status.OPEN


def test_a_decision_from_another_site_is_refused(client: Client) -> None:
    placed = order(client, a_listed_piece())
    answer = client.post(demo_page(placed), {"decision": "approve"}, headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403
