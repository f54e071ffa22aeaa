"""What happens at Stripe between two calls of the shop: paid while it closes, captured while it captures."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from django.test import Client

from checkout import payments, settlement
from checkout.errors import PaymentUnconfirmed
from checkout.gateways.base import ProviderStatus
from checkout.gateways.stripe.answers import payment_answer, status_of
from checkout.gateways.stripe.connection import connect
from checkout.models import Dispute, Order, OrderState, PaymentState, ProviderEvent, Refund
from tests.checkout.stripe_shop import deliver
from tests.checkout.test_stripe import opened, paid, refund, sound
from tests.fakes.stripe import FakeStripe

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("shippable")]
RunTasks = Callable[[], int]


def just_before(monkeypatch: pytest.MonkeyPatch, fake: FakeStripe, on: str, deed: Callable[[], object]) -> None:
    """Let something happen there in the moment before a call arrives, once."""
    request = fake.request
    waiting = [deed]

    def with_deed(method: str, url: str, *arguments: Any, **more: Any) -> Any:
        if waiting and on in f"{method.upper()} {url}":
            waiting.pop()()
        return request(method, url, *arguments, **more)

    monkeypatch.setattr(fake, "request", with_deed)


def intent_of(fake: FakeStripe) -> str:
    return str(fake.made("payment_intent")[0]["id"])


def test_paid_in_the_moment_the_page_is_closed(fake_stripe: FakeStripe, monkeypatch: pytest.MonkeyPatch) -> None:
    payment = opened()
    just_before(monkeypatch, fake_stripe, "/expire", lambda: fake_stripe.pay(payment.reference))
    assert settlement.close_attempt(payment).state == PaymentState.VOIDED
    assert fake_stripe.made("payment_intent")[0]["status"] == "canceled"
    assert Order.objects.get().state == OrderState.AWAITING_PAYMENT


def test_captured_in_the_moment_it_is_let_go(fake_stripe: FakeStripe, monkeypatch: pytest.MonkeyPatch) -> None:
    payment = opened()
    fake_stripe.pay(payment.reference)

    def capture() -> None:
        connect().v1.payment_intents.capture(intent_of(fake_stripe))

    just_before(monkeypatch, fake_stripe, "/cancel", capture)
    assert payments.void_at_provider(payment).status == ProviderStatus.CAPTURED


def test_captured_by_another_worker_in_the_same_moment(
    fake_stripe: FakeStripe, monkeypatch: pytest.MonkeyPatch
) -> None:
    payment = opened()
    fake_stripe.pay(payment.reference)

    def capture() -> None:
        connect().v1.payment_intents.capture(intent_of(fake_stripe))

    just_before(monkeypatch, fake_stripe, "/capture", capture)
    assert settlement.refresh(payment).state == PaymentState.CAPTURED
    assert len([row for row in fake_stripe.made("balance_transaction") if row["type"] == "charge"]) == 1
    assert sound()


def test_let_go_by_the_bank_in_the_moment_of_the_capture(
    fake_stripe: FakeStripe, monkeypatch: pytest.MonkeyPatch
) -> None:
    payment = opened()
    fake_stripe.pay(payment.reference)
    just_before(monkeypatch, fake_stripe, "/capture", lambda: fake_stripe.lapse_authorisation(intent_of(fake_stripe)))
    assert settlement.refresh(payment).state == PaymentState.VOIDED
    assert Order.objects.get().state == OrderState.AWAITING_PAYMENT
    assert sound()


def test_let_go_by_the_bank_before_a_capture_that_is_made_again(fake_stripe: FakeStripe) -> None:
    payment = opened()
    fake_stripe.pay(payment.reference)
    fake_stripe.fail_next("unreachable", on="capture")
    with pytest.raises(PaymentUnconfirmed):
        settlement.refresh(payment)
    fake_stripe.lapse_authorisation(intent_of(fake_stripe))
    assert payments.capture_at_provider(payment).status == ProviderStatus.VOIDED


@pytest.mark.parametrize(
    ("session", "intent", "expected"),
    [
        ("open", None, "open"),
        ("open", "requires_payment_method", "open"),
        ("open", "requires_action", "open"),
        ("open", "canceled", "open"),
        ("open", "requires_capture", "authorised"),
        ("open", "succeeded", "captured"),
        ("expired", None, "expired"),
        ("expired", "canceled", "expired"),
        ("expired", "requires_payment_method", "expired"),
        ("expired", "requires_capture", "authorised"),
        ("expired", "succeeded", "captured"),
        ("complete", None, "open"),
        ("complete", "processing", "open"),
        ("complete", "requires_action", "open"),
        ("complete", "requires_payment_method", "declined"),
        ("complete", "canceled", "voided"),
        ("complete", "requires_capture", "authorised"),
        ("complete", "succeeded", "captured"),
    ],
)
def test_what_a_page_and_its_payment_mean_together(session: str, intent: str | None, expected: str) -> None:
    found: Any = SimpleNamespace(status=intent) if intent else None
    assert status_of(session, found) == expected


def test_a_payment_declined_after_its_page_was_done_says_why(fake_stripe: FakeStripe) -> None:
    payment = opened()
    fake_stripe.pay(payment.reference, method="insufficient_funds")
    fake_stripe.records.objects[payment.reference]["status"] = "complete"
    closed = settlement.refresh(payment)
    assert (closed.state, closed.failure_code) == (PaymentState.FAILED, "insufficient_funds")


def test_an_intent_that_was_not_asked_for_in_full_is_not_guessed_at(fake_stripe: FakeStripe) -> None:
    payment = opened()
    fake_stripe.pay(payment.reference)
    bare = connect().v1.checkout.sessions.retrieve(payment.reference)
    with pytest.raises(TypeError, match="not expanded"):
        payment_answer(bare)


def test_a_refund_that_arrives_or_comes_back_is_told(
    client: Client, fake_stripe: FakeStripe, run_tasks: RunTasks
) -> None:
    fake_stripe.refund_next_as("pending")
    sent = payments.pay_out(refund(paid(fake_stripe), "1.00"))
    for state, expected in (("succeeded", Refund.State.DONE), ("failed", Refund.State.FAILED)):
        fake_stripe.finish_refund(sent.reference, state)
        deliver(client, fake_stripe, fake_stripe.events[-1])
        run_tasks()
        sent.refresh_from_db()
        assert sent.state == expected
    assert ProviderEvent.objects.filter(outcome="refund failed").exists()


def test_a_refund_of_somebody_elses_is_left(client: Client, fake_stripe: FakeStripe, run_tasks: RunTasks) -> None:
    paid(fake_stripe)
    connect().v1.refunds.create({"payment_intent": intent_of(fake_stripe), "amount": 100})
    deliver(client, fake_stripe, next(row for row in fake_stripe.events if row["type"] == "refund.created"))
    run_tasks()
    assert ProviderEvent.objects.get().outcome == "unknown refund"
    assert not Refund.objects.exists()


def test_a_dispute_waits_while_stripe_is_silent(client: Client, fake_stripe: FakeStripe) -> None:
    paid(fake_stripe)
    fake_stripe.dispute(intent_of(fake_stripe))
    created = next(row for row in fake_stripe.events if row["type"] == "charge.dispute.created")
    deliver(client, fake_stripe, created)
    from checkout import provider_events

    fake_stripe.fail_next("unreachable", on="/v1/disputes")
    with pytest.raises(PaymentUnconfirmed):
        provider_events.process(ProviderEvent.objects.get())
    assert not Dispute.objects.exists()
    provider_events.process(ProviderEvent.objects.get())
    assert Dispute.objects.get().state == Dispute.State.OPEN
