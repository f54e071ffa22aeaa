"""A disputed payment freezes its order until the bank decides for the shop."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from checkout import disputes, invariants, orders, payments, reconciliation, settlement
from checkout.errors import OrderMoveRefused
from checkout.gateways.stripe import enquiries
from checkout.models import Dispute, Order, OrderState, Payment, Refund
from shop.models import User
from tests.checkout.stripe_shop import deliver, deliver_all
from tests.checkout.test_stripe import paid
from tests.fakes.stripe import FakeStripe

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("shippable")]
RunTasks = Callable[[], int]


@pytest.fixture
def staff() -> User:
    return User.objects.create_user("desk@example.com", password=None)


def disputed(client: Client, fake: FakeStripe, run_tasks: RunTasks) -> Dispute:
    payment = paid(fake)
    payment.refresh_from_db()
    fake.dispute(payment.intent_reference)
    deliver_all(client, fake)
    run_tasks()
    return Dispute.objects.get()


def test_while_it_is_open_nothing_is_packed_or_shipped(
    client: Client, fake_stripe: FakeStripe, run_tasks: RunTasks, staff: User
) -> None:
    dispute = disputed(client, fake_stripe, run_tasks)
    order = Order.objects.get()
    assert order.is_disputed
    assert (dispute.state, dispute.reason, dispute.amount_minor) == (
        "open",
        "fraudulent",
        Payment.objects.get().amount_minor,
    )
    with pytest.raises(OrderMoveRefused) as refused:
        orders.pack(order, by=staff)
    assert f"The payment of {order.number} is disputed" in refused.value.text
    assert [event.kind for event in order.events.all()].count("dispute_opened") == 1


def test_won_the_order_goes_on(client: Client, fake_stripe: FakeStripe, run_tasks: RunTasks, staff: User) -> None:
    dispute = disputed(client, fake_stripe, run_tasks)
    fake_stripe.close_dispute(dispute.reference, is_won=True)
    deliver_all(client, fake_stripe)
    run_tasks()
    dispute.refresh_from_db()
    assert dispute.state == Dispute.State.WON
    assert dispute.closed_at is not None
    order = Order.objects.get()
    assert not order.is_disputed
    orders.pack(order, by=staff)
    order.refresh_from_db()
    assert order.state == OrderState.PACKED


def test_lost_it_stays_frozen_for_the_money_is_gone(
    client: Client, fake_stripe: FakeStripe, run_tasks: RunTasks, staff: User
) -> None:
    dispute = disputed(client, fake_stripe, run_tasks)
    fake_stripe.close_dispute(dispute.reference, is_won=False)
    deliver_all(client, fake_stripe)
    run_tasks()
    dispute.refresh_from_db()
    assert dispute.state == Dispute.State.LOST
    with pytest.raises(OrderMoveRefused):
        orders.pack(Order.objects.get(), by=staff)


def test_the_events_of_a_dispute_in_any_order_end_alike(
    client: Client, fake_stripe: FakeStripe, run_tasks: RunTasks
) -> None:
    payment = paid(fake_stripe)
    payment.refresh_from_db()
    found = fake_stripe.dispute(payment.intent_reference)
    fake_stripe.close_dispute(found["id"], is_won=True)
    for event in fake_stripe.shuffled(copies=2, seed=3):
        deliver(client, fake_stripe, event)
    run_tasks()
    assert Dispute.objects.get().state == Dispute.State.WON
    assert not Order.objects.get().is_disputed


def test_an_old_answer_that_comes_late_opens_nothing_again(
    client: Client, fake_stripe: FakeStripe, run_tasks: RunTasks
) -> None:
    dispute = disputed(client, fake_stripe, run_tasks)
    old = enquiries.dispute(dispute.reference)
    fake_stripe.close_dispute(dispute.reference, is_won=True)
    disputes.note(enquiries.dispute(dispute.reference))
    disputes.note(old)
    assert Dispute.objects.get().state == Dispute.State.WON
    assert not Order.objects.get().is_disputed


def test_one_won_does_not_hide_another_that_is_open(
    client: Client, fake_stripe: FakeStripe, run_tasks: RunTasks
) -> None:
    first = disputed(client, fake_stripe, run_tasks)
    second = fake_stripe.dispute(first.payment.intent_reference)
    disputes.note(enquiries.dispute(second["id"]))
    fake_stripe.close_dispute(first.reference, is_won=True)
    disputes.note(enquiries.dispute(first.reference))
    assert Order.objects.get().is_disputed


def test_a_dispute_about_nothing_of_ours_is_left(fake_stripe: FakeStripe) -> None:
    payment = paid(fake_stripe)
    payment.refresh_from_db()
    found = fake_stripe.dispute(payment.intent_reference)
    Payment.objects.update(intent_reference="")
    assert disputes.note(enquiries.dispute(found["id"])) == "unknown payment"
    assert not Dispute.objects.exists()


def close(client: Client, fake: FakeStripe, run_tasks: RunTasks, dispute: Dispute, *, is_won: bool) -> None:
    fake.close_dispute(dispute.reference, is_won=is_won)
    deliver_all(client, fake)
    run_tasks()


def differences() -> list[str]:
    """What the night's comparison finds, some hours from now."""
    return [row.problem for row in reconciliation.compare_balances(now=timezone.now() + timedelta(hours=3))]


@pytest.mark.parametrize("is_cancelled_first", [True, False])
def test_what_the_bank_took_is_not_sent_a_second_time(
    client: Client, fake_stripe: FakeStripe, run_tasks: RunTasks, staff: User, is_cancelled_first: bool
) -> None:
    dispute = disputed(client, fake_stripe, run_tasks)
    if is_cancelled_first:
        settlement.cancel(Order.objects.get(), by=staff)
        refund = Refund.objects.get()
        assert refund.state == "failed"
        # The bank has not decided: by hand it could come twice.
        assert not payments.is_sent_by_hand(refund)
        with pytest.raises(OrderMoveRefused):
            payments.confirm_paid_out(refund, reference="transfer 1")
    close(client, fake_stripe, run_tasks, dispute, is_won=False)
    if not is_cancelled_first:
        settlement.cancel(Order.objects.get(), by=staff)
    refund = Refund.objects.get()
    assert (refund.state, refund.reference) == ("done", dispute.reference)
    assert not payments.is_sent_by_hand(refund)
    order = Order.objects.get()
    assert (order.state, order.refund_state) == (OrderState.CANCELLED, Order.Refund.FULL)
    assert order.events.filter(kind="refund_by_dispute").count() == 1
    assert fake_stripe.made("refund") == []
    assert differences() == []
    assert invariants.find_broken() == []


def test_a_lost_one_that_is_won_after_all_is_owed_by_the_shop_again(
    client: Client, fake_stripe: FakeStripe, run_tasks: RunTasks, staff: User
) -> None:
    dispute = disputed(client, fake_stripe, run_tasks)
    close(client, fake_stripe, run_tasks, dispute, is_won=False)
    settlement.cancel(Order.objects.get(), by=staff)
    assert Refund.objects.get().state == "done"
    close(client, fake_stripe, run_tasks, dispute, is_won=True)
    refund = Refund.objects.get()
    assert refund.state == "failed"
    payments.try_refund_again(refund, by=staff)
    refund.refresh_from_db()
    assert refund.state == "done"
    assert refund.reference == fake_stripe.made("refund")[0]["id"]
    assert Order.objects.get().refund_state == Order.Refund.FULL


def test_a_dispute_about_a_part_covers_no_more_than_it_took(
    client: Client, fake_stripe: FakeStripe, run_tasks: RunTasks, staff: User
) -> None:
    dispute = disputed(client, fake_stripe, run_tasks)
    Dispute.objects.update(amount_minor=Payment.objects.get().amount_minor - 1)
    close(client, fake_stripe, run_tasks, dispute, is_won=False)
    settlement.cancel(Order.objects.get(), by=staff)
    refund = Refund.objects.get()
    assert refund.state == "failed"
    assert payments.is_sent_by_hand(refund)
