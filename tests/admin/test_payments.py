"""What staff see of money and can do about it: fees, disputes, refunds that came back, books that differ."""

import pytest
from django.test import Client
from django.urls import reverse

from checkout import payments, settlement
from checkout.models import BalanceDifference, Dispute, Payment, ProviderEvent, Refund
from tests.checkout.conftest import fake_stripe, shippable
from tests.checkout.storefront import text_of
from tests.checkout.test_stripe import paid, refund
from tests.fakes.stripe import FakeStripe

__all__ = ["fake_stripe", "shippable"]
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("shippable")]


def page_of(row: object) -> str:
    meta = row._meta  # type: ignore[attr-defined]
    return reverse(f"admin:{meta.app_label}_{meta.model_name}_change", args=(row.pk,))  # type: ignore[attr-defined]


def press(client: Client, row: object, deed: str, **answers: str) -> None:
    assert client.post(page_of(row).replace("change/", f"do/{deed}/"), answers).status_code == 302


def offered(client: Client, row: object) -> set[str]:
    return {item["deed"].name for item in client.get(page_of(row)).context["deeds"]}


def test_a_payment_shows_its_fee_and_what_is_left(order_desk: Client, fake_stripe: FakeStripe) -> None:
    payment = paid(fake_stripe)
    payment.refresh_from_db()
    page = text_of(order_desk.get(page_of(payment)))
    assert payment.intent_reference in page
    assert payment.balance_reference in page
    assert f"€{(payment.fee_minor or 0) / 100:.2f}" in page
    assert f"€{(payment.net_minor or 0) / 100:.2f}" in page


def test_a_fee_that_is_not_known_yet_is_a_dash(order_desk: Client, fake_stripe: FakeStripe) -> None:
    fake_stripe.delay_balance()
    payment = paid(fake_stripe)
    assert "–" in text_of(order_desk.get(page_of(payment)))


def test_a_refund_that_came_back_is_tried_again(order_desk: Client, fake_stripe: FakeStripe) -> None:
    sent = payments.pay_out(refund(paid(fake_stripe), "1.00"))
    assert offered(order_desk, sent) == set()
    fake_stripe.finish_refund(sent.reference, "failed")
    payments.refresh_refund(sent)
    assert "Failed refunds" in text_of(order_desk.get("/staff/"))
    assert offered(order_desk, sent) == {"try-again", "paid-out"}
    press(order_desk, sent, "try-again")
    sent.refresh_from_db()
    assert (sent.state, sent.tries) == (Refund.State.DONE, 1)
    assert "Failed refunds" not in text_of(order_desk.get("/staff/"))


def test_a_refund_the_provider_cannot_make_is_sent_another_way(order_desk: Client, fake_stripe: FakeStripe) -> None:
    fake_stripe.refund_next_as("failed")
    failed = payments.pay_out(refund(paid(fake_stripe), "1.00"))
    press(order_desk, failed, "paid-out", reference="transfer of 3 May")
    failed.refresh_from_db()
    assert (failed.state, failed.reference) == (Refund.State.DONE, "transfer of 3 May")


def test_a_refund_on_its_way_is_asked_about(order_desk: Client, fake_stripe: FakeStripe) -> None:
    fake_stripe.refund_next_as("pending")
    sent = payments.pay_out(refund(paid(fake_stripe), "1.00"))
    assert offered(order_desk, sent) == {"ask"}
    fake_stripe.finish_refund(sent.reference)
    press(order_desk, sent, "ask")
    sent.refresh_from_db()
    assert sent.state == Refund.State.DONE


def test_disputes_are_seen_at_once(order_desk: Client, fake_stripe: FakeStripe) -> None:
    payment = paid(fake_stripe)
    dispute = Dispute.objects.create(payment=payment, reference="dp_1", reason="fraudulent", amount_minor=500)
    assert "Open disputes" in text_of(order_desk.get("/staff/"))
    assert "The buyer says they did not pay this" in text_of(order_desk.get(page_of(dispute)))
    assert "dp_1" in text_of(order_desk.get(page_of(payment)))


def test_a_difference_is_settled_with_a_note(order_desk: Client, fake_stripe: FakeStripe) -> None:
    row = BalanceDifference.objects.create(gateway="stripe", reference="txn_1", problem="capture_unknown")
    assert "Balance differences" in text_of(order_desk.get("/staff/"))
    press(order_desk, row, "settle", note="Sold at the fair")
    row.refresh_from_db()
    assert row.note == "Sold at the fair"
    assert row.settled_by is not None
    assert offered(order_desk, row) == set()


def test_events_are_read_and_nothing_else(order_desk: Client, cataloguer: Client, fake_stripe: FakeStripe) -> None:
    payment = paid(fake_stripe)
    event = ProviderEvent.objects.create(
        gateway="stripe", event_id="evt_1", kind="charge.captured", created_at=payment.created_at
    )
    assert "charge.captured" in text_of(order_desk.get(page_of(event)))
    assert cataloguer.get(page_of(event)).status_code in (302, 403)


def test_an_open_payment_is_asked_about(order_desk: Client, fake_stripe: FakeStripe) -> None:
    from tests.checkout.test_stripe import opened

    payment = opened()
    fake_stripe.pay(payment.reference)
    press(order_desk, payment, "refresh")
    payment = Payment.objects.get()
    assert payment.state == "captured"
    assert settlement.refresh(payment).state == "captured"
