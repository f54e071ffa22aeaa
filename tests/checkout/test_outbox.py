"""What a change causes is a job of the same transaction; a job may run twice and has one effect.

That a press is undone whose job cannot be queued is proved for every button in `test_double_submit`.
"""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.mail import EmailMessage
from django.db import transaction
from django.utils import timezone
from procrastinate.contrib.django import app

from checkout import drafts, inventory, rewards, settlement, tariff, watches, withdrawals
from checkout.gateways import demo, offered
from checkout.models import Credit, GiftVoucher, Order, Payment, Watch, Withdrawal
from shop.models import IdempotencyRecord
from tests.catalog.pieces import a_listed_piece
from tests.checkout import points
from tests.checkout.buyers import a_visitor, an_order, pay
from tests.checkout.presses import effects_of
from tests.checkout.savings_orders import a_voucher
from tests.outbox import QUESTIONS, LeftInsideTransaction

# As a worker does: tasks are known only once their modules are.
app.perform_import_paths()

Arguments = dict[str, Any]


# Nothing leaves inside a transaction


@pytest.mark.django_db
def test_no_mail_leaves_inside_a_transaction() -> None:
    with pytest.raises(LeftInsideTransaction), transaction.atomic():
        EmailMessage("Hello", "", "shop@example.com", ["anna@example.com"]).send()
    assert EmailMessage("Hello", "", "shop@example.com", ["anna@example.com"]).send() == 1


@pytest.mark.django_db
@pytest.mark.parametrize("question", QUESTIONS)
@pytest.mark.parametrize("code", sorted(offered._ALL))
def test_no_provider_is_asked_inside_a_transaction(code: str, question: str) -> None:
    with pytest.raises(LeftInsideTransaction), transaction.atomic():
        getattr(offered.by_code(code), question)(Payment())


# Every job may run twice


def a_placed_order() -> Order:
    piece = a_listed_piece()
    return an_order(a_visitor(piece.sku), [piece.sku])


def a_paid_order() -> Order:
    placed = a_placed_order()
    pay(placed)
    return Order.objects.get(pk=placed.pk)


def on_the_clock(prepare: Callable[[], object]) -> Arguments:
    prepare()
    return {"timestamp": 0}


def a_lapsed_claim() -> None:
    piece = a_listed_piece()
    claims = inventory.reserve(skus=[piece.sku], visitor=a_visitor(piece.sku))
    then = timezone.now() - timedelta(minutes=1)
    type(piece).objects.filter(pk=piece.pk).update(reserved_until=then)
    type(claims[0]).objects.filter(pk=claims[0].pk).update(until=then)


def an_old_draft() -> None:
    draft = drafts.start(a_visitor("somebody gone"), language="en")
    Order.objects.filter(pk=draft.pk).update(created_at=timezone.now() - timedelta(days=30))


def an_approved_payment() -> None:
    payment = settlement.start_payment(a_placed_order(), gateway_code="demo")
    demo.decide(payment.reference, "approve")


def a_credit() -> Credit:
    placed = a_paid_order()
    settlement.cancel(placed, reason="by phone")
    return Credit.objects.get(order=placed)


def a_withdrawal() -> Withdrawal:
    placed = a_paid_order()
    found = withdrawals.state(
        order_number=str(placed.number), name="Anna", email=placed.email, statement="", language="en", order=placed
    )
    return withdrawals.confirm(found.token)


def an_unconfirmed_statement() -> None:
    found = withdrawals.state(order_number="AC-1", name="Anna", email="a@example.com", statement="", language="en")
    Withdrawal.objects.filter(pk=found.pk).update(stated_at=timezone.now() - timedelta(days=30))


def points_that_are_due() -> None:
    placed = points.an_order(email="erika@example.com")
    rewards.earn(placed)
    points.set_delivered(placed, days_ago=20)


def points_that_expire_soon() -> Arguments:
    user = points.a_customer(f"erika-{timezone.now().timestamp()}@example.com")
    soon = timezone.localdate() + timedelta(days=3)
    return {"account_id": points.an_account(user, 50, expires_on=soon).pk}


def a_mailed_voucher() -> GiftVoucher:
    return a_voucher(recipient_email="friend@example.com", sender_name="Anna")


def an_old_voucher() -> None:
    a_voucher(expires_on=timezone.localdate() - timedelta(days=1))


def a_watch() -> Watch:
    return watches.begin(a_listed_piece(), email="anna@example.com", language="en")


def an_old_key() -> None:
    then = timezone.now() - timedelta(days=2)
    IdempotencyRecord.objects.create(client="c", key=str(then.timestamp()), method="POST", path="/", started_at=then)


# What a job needs to have something to do, and its arguments.
TASKS: dict[str, Callable[[], Arguments]] = {
    "send_order_mail": lambda: {"order_id": a_paid_order().pk, "kind": "paid"},
    "tidy_reservations": lambda: on_the_clock(a_lapsed_claim),
    "nightly": lambda: on_the_clock(an_old_draft),
    "issue_invoice": lambda: {"order_id": a_paid_order().pk},
    "issue_credit_note": lambda: {"credit_id": a_credit().pk},
    "issue_missing_papers": lambda: on_the_clock(a_paid_order),
    "reconcile_payments": lambda: on_the_clock(an_approved_payment),
    "acknowledge_withdrawal": lambda: {"withdrawal_id": a_withdrawal().pk},
    "carry_out_withdrawal": lambda: {"withdrawal_id": a_withdrawal().pk},
    "settle_parcels": lambda: on_the_clock(an_unconfirmed_statement),
    "look_after_points": lambda: on_the_clock(points_that_are_due),
    "send_points_notice": points_that_expire_soon,
    "send_voucher": lambda: {"voucher_id": a_mailed_voucher().pk},
    "announce_available": lambda: on_the_clock(a_watch),
    "tell_watcher": lambda: {"watch_id": a_watch().pk},
    "expire_vouchers": lambda: on_the_clock(an_old_voucher),
    "forget_idempotency_keys": lambda: on_the_clock(an_old_key),
}
ELSEWHERE = {
    "resume_abandoned_jobs": "puts back what no worker has; tests/shop/test_jobs.py",
    "poll_rates": "a further run does nothing; tests/checkout/test_rates_feed.py",
    "warn_of_old_rates": "reminds staff for as long as rates are missing; a reminder may come twice",
    "process_provider_event": "every notice of Stripe doubled; tests/checkout/test_webhook.py",
    "compare_balances": "looks, and logs what differs",
    "refuse_withdrawal": "mails once; tests/checkout/test_withdrawal.py",
}


@pytest.fixture
def shop(db: None) -> None:
    tariff.load_example()


def test_every_task_is_listed() -> None:
    app.perform_import_paths()
    ours = {name for name in app.tasks if not name.startswith(("builtin", "procrastinate"))}
    assert ours == set(TASKS) | set(ELSEWHERE)


@pytest.mark.parametrize("name", sorted(TASKS))
def test_a_job_that_runs_twice_has_one_effect(shop: None, run_tasks: Callable[[], int], name: str) -> None:
    def effects(times: int) -> dict[str, Decimal]:
        """Of so many runs and of the jobs they cause; how many jobs were queued for it is no effect."""
        arguments = TASKS[name]()

        def run() -> None:
            for _time in range(times):
                app.tasks[name](**arguments)
            run_tasks()

        found = effects_of(run, lambda: {"keys": IdempotencyRecord.objects.count()})
        return {effect: change for effect, change in found.items() if not effect.startswith("job ")}

    effects(1)  # what is made once for the shop, such as a year's counter of papers
    once = effects(1)
    assert once, "the job had nothing to do, so the test proves nothing"
    assert effects(2) == once
