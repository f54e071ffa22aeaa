"""What is found without being told: unfinished payments, late fees, and books that differ from the provider's."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from io import StringIO
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from checkout import payments, provider_tasks, reconciliation, settlement, unfinished
from checkout.errors import PaymentUnconfirmed
from checkout.gateways.base import GatewayUnreachable, ProviderRefund, RefundStatus
from checkout.models import BalanceDifference, Order, OrderState, Payment, PaymentState, ProviderEvent, Refund
from shop.models import User
from tests.checkout.stripe_shop import deliver
from tests.checkout.test_stripe import opened, paid, refund
from tests.fakes.stripe import FakeStripe

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("shippable")]
RunTasks = Callable[[], int]
# The comparison leaves out the last hour.
LATER = timedelta(hours=2)


def compare() -> list[tuple[str, str]]:
    found = reconciliation.compare_balances(now=timezone.now() + LATER)
    return [(row.problem, row.reference) for row in found]


def problems() -> list[str]:
    return [problem for problem, _reference in compare()]


def test_a_payment_whose_buyer_never_came_back_is_found(fake_stripe: FakeStripe) -> None:
    payment = opened()
    fake_stripe.pay(payment.reference)
    unfinished.bring_forward(is_thorough=False)
    assert Order.objects.get().state == OrderState.AWAITING_PAYMENT
    provider_tasks.reconcile_payments(timestamp=0)
    assert Order.objects.get().state == OrderState.PAID


def test_what_was_interrupted_goes_on_within_a_minute(fake_stripe: FakeStripe) -> None:
    payment = opened()
    fake_stripe.pay(payment.reference)
    fake_stripe.fail_next("lost_reply", on="capture")
    with pytest.raises(PaymentUnconfirmed):
        settlement.refresh(payment)
    unfinished.bring_forward(is_thorough=False)
    assert Order.objects.get().state == OrderState.PAID


def test_while_the_provider_is_silent_a_round_ends_early(
    fake_stripe: FakeStripe, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.catalog.pieces import a_listed_piece
    from tests.checkout.buyers import a_visitor, an_order
    from tests.checkout.stripe_shop import start

    for name in ("anna", "berta", "clara"):
        start(an_order(a_visitor(name), [a_listed_piece().sku]))
    clock = iter(range(0, 1000, 20))
    monkeypatch.setattr(unfinished, "time", SimpleNamespace(monotonic=lambda: next(clock)))
    fake_stripe.fail_next("unreachable", on="GET", times=3)
    before = len(fake_stripe.calls)
    counts = unfinished.bring_forward()
    assert counts["failed"] == 3
    assert len(fake_stripe.calls) == before
    fake_stripe.forget_faults()
    assert unfinished.bring_forward()["payments"] == 3


def test_a_fee_that_comes_late_is_filled_in(fake_stripe: FakeStripe) -> None:
    fake_stripe.delay_balance()
    payment = paid(fake_stripe)
    payment.refresh_from_db()
    assert payment.fee_minor is None
    fake_stripe.settle_balance()
    assert reconciliation.reconcile()["fees"] == 1
    payment.refresh_from_db()
    assert payment.fee_minor is not None
    assert payment.net_minor == payment.amount_minor - payment.fee_minor
    assert reconciliation.reconcile()["fees"] == 0


def test_a_fee_that_comes_late_is_told_by_an_event(
    client: Client, fake_stripe: FakeStripe, run_tasks: RunTasks
) -> None:
    fake_stripe.delay_balance()
    payment = paid(fake_stripe)
    fake_stripe.settle_balance()
    deliver(client, fake_stripe, next(row for row in fake_stripe.events if row["type"] == "charge.updated"))
    run_tasks()
    payment.refresh_from_db()
    assert payment.fee_minor is not None


def test_an_event_whose_job_died_is_taken_up_again(client: Client, fake_stripe: FakeStripe) -> None:
    payment = opened()
    fake_stripe.pay(payment.reference)
    told = fake_stripe.events[-1]
    deliver(client, fake_stripe, told)
    ProviderEvent.objects.update(received_at=timezone.now() - timedelta(minutes=16))
    reconciliation.reconcile()
    assert not ProviderEvent.objects.filter(processed_at=None, event_id=told["id"]).exists()


def test_silence_while_fetching_events_is_no_crash(fake_stripe: FakeStripe) -> None:
    fake_stripe.fail_next("unreachable", on="/v1/events")
    assert reconciliation.reconcile()["failed"] == 1


def test_without_a_key_stripe_is_not_asked(settings: Settings) -> None:
    settings.STRIPE_SECRET_KEY = ""
    assert "events" not in reconciliation.reconcile()
    assert reconciliation.compare_balances() == []


def test_books_that_agree_show_nothing(fake_stripe: FakeStripe) -> None:
    payment = paid(fake_stripe)
    payments.pay_out(refund(payment, "1.00"))
    fake_stripe.refund_next_as("pending")
    payments.pay_out(refund(payment, "0.50", "second"))
    assert compare() == []
    provider_tasks.compare_balances(timestamp=0)


def test_a_refund_that_came_back_shows_nothing(fake_stripe: FakeStripe) -> None:
    payment = paid(fake_stripe)
    sent = payments.pay_out(refund(payment, "1.00"))
    fake_stripe.finish_refund(sent.reference, "failed")
    payments.refresh_refund(sent)
    assert compare() == []


def test_a_capture_nobody_here_knows(fake_stripe: FakeStripe) -> None:
    paid(fake_stripe)
    Payment.objects.update(intent_reference="pi_other")
    assert problems() == ["capture_unknown", "capture_missing"]
    assert compare() == []
    assert BalanceDifference.objects.count() == 2


def test_a_capture_that_was_not_noted(fake_stripe: FakeStripe) -> None:
    payment = opened()
    fake_stripe.pay(payment.reference)
    answer = payments.fetch(payment)
    from checkout.gateways.stripe.connection import connect

    connect().v1.payment_intents.capture(answer.intent_reference)
    assert problems() == ["capture_not_noted"]


def test_another_amount_than_was_captured(fake_stripe: FakeStripe) -> None:
    paid(fake_stripe)
    fake_stripe.records.of_kind("charge")[0]["amount_captured"] -= 1
    assert problems() == ["capture_differs"]


def test_a_refund_made_in_the_dashboard(fake_stripe: FakeStripe) -> None:
    payment = paid(fake_stripe)
    payment.refresh_from_db()
    from checkout.gateways.stripe.connection import connect

    connect().v1.refunds.create({"payment_intent": payment.intent_reference, "amount": 100})
    assert problems() == ["refund_unknown"]


def test_a_refund_the_balance_does_not_show(fake_stripe: FakeStripe) -> None:
    payment = paid(fake_stripe)
    payments.note_refund(refund(payment, "1.00"), ProviderRefund(reference="re_invented", status=RefundStatus.DONE))
    assert problems() == ["refund_missing"]


def test_a_refund_of_another_amount(fake_stripe: FakeStripe) -> None:
    payment = paid(fake_stripe)
    sent = payments.pay_out(refund(payment, "1.00"))
    Refund.objects.filter(pk=sent.pk).update(amount=Decimal("2.00"), amount_minor=200)
    assert problems() == ["refund_differs"]


def test_a_difference_is_settled_by_staff(fake_stripe: FakeStripe) -> None:
    paid(fake_stripe)
    Payment.objects.update(intent_reference="pi_other")
    compare()
    staff = User.objects.create_user("owner@example.com", password=None)
    row = reconciliation.settle(BalanceDifference.objects.first(), note="Sold at the fair", by=staff)  # type: ignore[arg-type]
    assert (row.settled_by, row.note) == (staff, "Sold at the fair")
    assert row.settled_at is not None


def test_the_command_does_what_the_tasks_do(fake_stripe: FakeStripe) -> None:
    payment = opened()
    fake_stripe.pay(payment.reference)
    out = StringIO()
    call_command("reconcile_payments", "--balances", stdout=out)
    assert "payments: 1" in out.getvalue()
    payment.refresh_from_db()
    assert payment.state == PaymentState.CAPTURED


def test_the_command_fails_where_books_differ(fake_stripe: FakeStripe, monkeypatch: pytest.MonkeyPatch) -> None:
    paid(fake_stripe)
    Payment.objects.update(intent_reference="pi_other")
    monkeypatch.setattr(reconciliation, "SETTLING", -LATER)
    err = StringIO()
    with pytest.raises(CommandError, match="2 differences"):
        call_command("reconcile_payments", "--balances", stdout=StringIO(), stderr=err)
    assert "capture_unknown" in err.getvalue()


def test_the_command_says_when_nobody_answers(fake_stripe: FakeStripe) -> None:
    fake_stripe.fail_next("unreachable", on="balance_transactions")
    with pytest.raises(CommandError, match="did not answer"):
        call_command("reconcile_payments", "--balances", stdout=StringIO())


def test_money_of_neither_kind_is_not_compared(fake_stripe: FakeStripe) -> None:
    paid(fake_stripe)
    fake_stripe.move_money("acct_fee", amount=-300, kind="stripe_fee")
    assert compare() == []


def test_an_answer_that_makes_no_sense_is_silence(fake_stripe: FakeStripe, monkeypatch: pytest.MonkeyPatch) -> None:
    payment = opened()

    def nonsense(*_: Any) -> Any:
        return b"{}", 200, {}

    monkeypatch.setattr(fake_stripe, "request", nonsense)
    with pytest.raises(GatewayUnreachable):
        payments.offered.by_code("stripe").fetch(payment)
    monkeypatch.setattr(fake_stripe, "request", lambda *_: (b"<html>", 200, {}))
    with pytest.raises(GatewayUnreachable):
        payments.offered.by_code("stripe").fetch(payment)
