"""Corners where money could be kept for nothing, or an order be stuck between two answers."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.db import OperationalError, transaction
from django.test import Client
from django.utils import timezone

from checkout import (
    credits,
    drafts,
    invariants,
    inventory,
    orders,
    payments,
    provider_events,
    reconciliation,
    rewards,
    settlement,
    unfinished,
    vouchers,
)
from checkout.errors import OrderMoveRefused, OrderNotFound, PaymentUnconfirmed
from checkout.gateways import demo
from checkout.gateways.base import GatewayUnreachable, ProviderPayment, ProviderStatus
from checkout.gateways.demo import DemoGateway
from checkout.gateways.stripe import enquiries
from checkout.gateways.stripe.connection import connect
from checkout.gateways.stripe.webhooks import ProviderNotice
from checkout.models import GiftVoucher, Order, OrderState, Payment, PaymentState, ProviderEvent, Refund
from shop.models import User
from tests.catalog.pieces import a_listed_piece
from tests.checkout.buyers import a_draft_order, a_visitor, an_order, pay
from tests.checkout.points import a_customer, an_account
from tests.checkout.savings_orders import a_voucher, an_unpaid_order
from tests.checkout.stripe_shop import start
from tests.checkout.test_settlement import let_time_run_out
from tests.fakes.stripe import FakeStripe

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("shippable")]


def sound() -> bool:
    return invariants.find_broken() == []


def paid_by_voucher_alone(voucher: GiftVoucher) -> Order:
    """A placed order that the voucher pays in full; nothing has completed it yet."""
    anna = a_visitor()
    piece = a_listed_piece()
    inventory.reserve(skus=[piece.sku], visitor=anna)
    draft = a_draft_order(anna)
    Order.objects.filter(pk=draft.pk).update(voucher=voucher)
    draft = drafts.start(anna, language="en")
    summary = drafts.summary_of(draft, anna, currency="EUR")
    assert summary.due_amount == 0
    return orders.place(token=draft.token, visitor=anna, currency="EUR", shown_total=summary.total_amount)


class TestNothingIsDue:
    """Where a voucher pays for all, there is no money to send back when the order cannot be kept."""

    def test_the_piece_went_to_somebody_else_before_it_was_completed(self) -> None:
        voucher = a_voucher("100.00")
        placed = paid_by_voucher_alone(voucher)
        payment = settlement.start_payment(placed, gateway_code="demo")
        let_time_run_out(placed)
        inventory.reserve(skus=[placed.lines.get().sku], visitor=a_visitor("bob"))
        settlement.refresh(payment)
        placed.refresh_from_db()
        voucher.refresh_from_db()
        assert placed.state == OrderState.EXPIRED
        assert voucher.balance_eur == Decimal("100.00")
        assert not Refund.objects.exists()
        assert sound()

    def test_the_order_was_cancelled_while_its_payment_was_opened(self, monkeypatch: pytest.MonkeyPatch) -> None:
        voucher = a_voucher("100.00")
        placed = paid_by_voucher_alone(voucher)
        open_attempt = payments.open_attempt
        looks: list[Payment | None] = []

        def in_another_tab(order: Order) -> Payment | None:
            found = open_attempt(order)
            looks.append(found)
            if len(looks) == 1:
                monkeypatch.setattr(payments, "open_attempt", open_attempt)
                settlement.start_payment(placed, gateway_code="demo")
            return found

        monkeypatch.setattr(payments, "open_attempt", in_another_tab)
        settlement.cancel(placed)
        settlement.refresh(Payment.objects.get())
        placed.refresh_from_db()
        voucher.refresh_from_db()
        assert placed.state == OrderState.CANCELLED
        assert voucher.balance_eur == Decimal("100.00")
        assert not payments.open_attempt(placed)
        assert sound()


@pytest.mark.parametrize("status", [ProviderStatus.OPEN, ProviderStatus.AUTHORISED])
def test_a_capture_that_is_neither_done_nor_over_is_not_given_up(
    status: ProviderStatus, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The bank is still busy with it: closed here, money that comes in a minute later would belong to nothing."""
    placed = an_order(a_visitor(), [a_listed_piece().sku])
    payment = settlement.start_payment(placed, gateway_code="demo")
    demo.decide(payment.reference, "approve")
    capture = DemoGateway.capture

    def busy(self: DemoGateway, payment: Payment) -> ProviderPayment:
        return replace(DemoGateway.fetch(self, payment), status=status)

    monkeypatch.setattr(DemoGateway, "capture", busy)
    with pytest.raises(PaymentUnconfirmed):
        settlement.refresh(payment)
    payment.refresh_from_db()
    assert payment.state == PaymentState.CAPTURING
    monkeypatch.setattr(DemoGateway, "capture", capture)
    assert settlement.refresh(payment).state == PaymentState.CAPTURED
    placed.refresh_from_db()
    assert placed.state == OrderState.PAID
    assert sound()


class TestAnotherAmount:
    """Captured by hand in the provider's dashboard: for less than was ordered."""

    def captured_in_part(self, fake: FakeStripe, minor: int) -> Payment:
        payment = start(an_order(a_visitor(), [a_listed_piece().sku]))
        fake.pay(payment.reference)
        intent = str(fake.made("payment_intent")[0]["id"])
        connect().v1.payment_intents.capture(intent, {"amount_to_capture": minor})
        return payment

    def test_all_that_was_taken_goes_back_and_no_more(self, fake_stripe: FakeStripe, client: Client) -> None:
        payment = self.captured_in_part(fake_stripe, 500)
        settlement.refresh(payment)
        refund: Any = Refund.objects.get()
        assert (refund.state, refund.amount_minor) == (Refund.State.DONE, 500)
        assert Order.objects.get().state == OrderState.EXPIRED

    def test_also_when_it_happens_in_the_moment_of_the_capture(
        self, fake_stripe: FakeStripe, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        payment = start(an_order(a_visitor(), [a_listed_piece().sku]))
        fake_stripe.pay(payment.reference)
        capture = payments.capture_at_provider

        def a_moment_too_late(found: Payment) -> ProviderPayment:
            intent = str(fake_stripe.made("payment_intent")[0]["id"])
            connect().v1.payment_intents.capture(intent, {"amount_to_capture": 500})
            return capture(found)

        monkeypatch.setattr(payments, "capture_at_provider", a_moment_too_late)
        settlement.refresh(payment)
        assert Order.objects.get().state == OrderState.EXPIRED
        assert Refund.objects.get().amount_minor == 500


class TestDisputedVoucher:
    """Bought with a stolen card, it would buy pieces before the bank has decided."""

    def test_it_cannot_be_spent_until_the_bank_decides(self) -> None:
        bought = an_unpaid_order()
        voucher = a_voucher("20.00", order=bought)
        spending = an_unpaid_order(voucher=voucher, voucher_eur="20.00")
        Order.objects.filter(pk=bought.pk).update(is_disputed=True)
        voucher = GiftVoucher.objects.get()
        assert vouchers.find(voucher.code) is None
        assert "at the moment" in vouchers.refusal_of(voucher)
        with transaction.atomic():
            assert not vouchers.take(spending)
        Order.objects.filter(pk=bought.pk).update(is_disputed=False)
        voucher = GiftVoucher.objects.get()
        assert vouchers.find(voucher.code) == voucher
        assert not vouchers.refusal_of(voucher)
        with transaction.atomic():
            assert vouchers.take(spending)


def test_an_address_that_changed_hands_brings_nobody_elses_points() -> None:
    former, now = a_customer("desk@example.com"), a_customer("anna@example.com")
    earned = an_account(former, 500)
    own = an_account(now, 30)
    EmailAddress.objects.filter(user=former).update(email="former@example.com")
    EmailAddress.objects.create(user=now, email="desk@example.com", verified=True)
    assert rewards.spendable(own) == 30
    found = rewards.account_of(former)
    assert found == earned
    assert rewards.spendable(earned) == 500


class TestDecidedOnce:
    """What is decided is decided, whatever happens while it is paid out."""

    @pytest.mark.parametrize("failure", [OperationalError("the database went away"), RuntimeError("a bug")])
    def test_a_fault_after_the_decision_is_no_reason_to_decide_again(
        self, failure: Exception, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The button would take the error for a refusal, and the second press would give the money back again."""
        placed = an_order(a_visitor(), [a_listed_piece().sku])
        pay(placed)

        def fail(refund: Refund) -> Refund:
            raise failure

        with monkeypatch.context() as patch:
            patch.setattr(payments, "pay_out", fail)
            credits.give_part(placed, lines={}, shipping=Decimal("1.00"), reason="Late")
        assert Refund.objects.get().state == Refund.State.DUE
        unfinished.bring_forward()
        assert Refund.objects.get().state == Refund.State.DONE
        assert sound()

    @pytest.mark.parametrize("state", [Refund.State.DUE, Refund.State.PENDING])
    def test_what_the_provider_is_sending_is_not_noted_as_sent_by_hand(self, state: str) -> None:
        """The page was opened while it had failed; meanwhile somebody else asked the provider anew."""
        payment = pay(an_order(a_visitor(), [a_listed_piece().sku]))
        refund = payments.decide_refund(payment, amount=Decimal("1.00"), reason_key="test")
        Refund.objects.filter(pk=refund.pk).update(state=state)
        with pytest.raises(OrderMoveRefused):
            payments.confirm_paid_out(refund, reference="by hand")
        assert Refund.objects.get().state == state
        Refund.objects.filter(pk=refund.pk).update(state=Refund.State.PENDING)
        Refund.objects.filter(pk=refund.pk).update(state=Refund.State.FAILED)
        assert payments.confirm_paid_out(refund, reference="by hand").state == Refund.State.DONE


class TestNothingIsLeftUntold:
    """The rounds that look for what was never told begin early enough, and stop at nothing in the way."""

    def test_a_search_that_breaks_off_begins_there_again(
        self, fake_stripe: FakeStripe, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        now = timezone.now()
        made = {"evt_new": now, "evt_old": now - timedelta(hours=30)}
        is_silent = True

        def events_since(since: datetime, *, kinds: list[str]) -> Iterator[ProviderNotice]:
            for name, at in made.items():
                if is_silent and name == "evt_old":
                    raise GatewayUnreachable("on the second page")
                if at >= since:
                    yield ProviderNotice(event_id=name, kind="other", object_id="", created_at=at)

        monkeypatch.setattr(enquiries, "events_since", events_since)
        with pytest.raises(GatewayUnreachable):
            provider_events.fetch_missed()
        is_silent = False
        provider_events.fetch_missed()
        assert set(ProviderEvent.objects.values_list("event_id", flat=True)) == set(made)

    def test_an_event_nobody_can_follow_does_not_stop_the_others(self, fake_stripe: FakeStripe) -> None:
        """Its object is gone at the provider, and will be in ten minutes."""
        long_ago = timezone.now() - timedelta(hours=1)
        for event_id, kind, object_id in (
            ("evt_1", "charge.dispute.created", "dp_gone"),
            ("evt_2", "payment_intent.succeeded", ""),
        ):
            ProviderEvent.objects.create(
                gateway="stripe",
                event_id=event_id,
                kind=kind,
                object_id=object_id,
                created_at=long_ago,
                received_at=long_ago,
            )
        counts = reconciliation.reconcile()
        assert (counts["resumed"], counts["failed"]) == (1, 1)
        assert ProviderEvent.objects.get(processed_at=None).event_id == "evt_1"


def test_a_draft_begun_in_an_account_is_not_placed_by_whoever_comes_after() -> None:
    """An old tab on a shared computer, after the session has ended: not in the account's name, nor with its points."""
    owner = User.objects.create_user("owner@example.com")
    signed_in = a_visitor("shared", user_id=owner.pk)
    inventory.reserve(skus=[a_listed_piece().sku], visitor=signed_in)
    draft = a_draft_order(signed_in)
    total = drafts.summary_of(draft, signed_in, currency="EUR").total_amount

    with pytest.raises(OrderNotFound):
        orders.place(token=draft.token, visitor=a_visitor("shared"), currency="EUR", shown_total=total)

    draft.refresh_from_db()
    assert draft.state == OrderState.DRAFT
    assert orders.place(token=draft.token, visitor=signed_in, currency="EUR", shown_total=total).user == owner
