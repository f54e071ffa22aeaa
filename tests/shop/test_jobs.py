"""Jobs outlive the worker that was killed with them, and a mail server that is away."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import pytest
from django.core import mail as outbox
from django.core.mail.backends import locmem
from django.db import connection
from procrastinate.contrib.django import app
from procrastinate.jobs import Job

from checkout import mail, tariff, tasks
from checkout.models import Order, OrderMail, OrderState
from shop.tasks import resume_abandoned_jobs
from tests.catalog.pieces import a_listed_piece
from tests.checkout.buyers import a_visitor, an_order, pay


@pytest.fixture
def with_tariff(db: None) -> None:
    tariff.load_example()


def states() -> dict[str, str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT task_name, status::text FROM procrastinate_jobs")
        return dict(cursor.fetchall())


@pytest.mark.django_db(transaction=True)
def test_jobs_of_a_killed_worker_are_done_by_another() -> None:
    tasks.send_order_mail.defer(order_id=1, kind="paid")
    tasks.nightly.configure(queueing_lock="nightly").defer(timestamp=0)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE procrastinate_jobs SET status = 'doing'")  # by a worker that is gone
    # In a thread of its own: a browser test before this one may have left its event loop running here.
    with ThreadPoolExecutor(1) as thread:
        thread.submit(lambda: asyncio.run(resume_abandoned_jobs(SimpleNamespace(app=app), 0))).result()  # type: ignore[arg-type]
    assert states() == {"send_order_mail": "todo"}


def test_a_mail_server_that_is_away_for_hours_loses_no_mail() -> None:
    strategy = tasks.send_order_mail.retry_strategy
    assert strategy is not None
    waits = []
    for attempts in range(20):
        job = Job(id=1, queue="mail", lock=None, queueing_lock=None, task_name="send_order_mail", attempts=attempts)
        decision: Any = strategy.get_retry_decision(exception=OSError(), job=job)
        waits.append(decision and decision.retry_at)
    assert 8 <= sum(1 for wait in waits if wait) <= 15
    last = max(wait for wait in waits if wait)
    assert (last - min(wait for wait in waits if wait)).total_seconds() > 6 * 3600


@pytest.mark.django_db
@pytest.mark.usefixtures("with_tariff")
def test_a_purchase_does_not_wait_for_its_mail(monkeypatch: pytest.MonkeyPatch, run_tasks: Any) -> None:
    placed = an_order(a_visitor(), [a_listed_piece().sku])

    def away(*args: object) -> int:
        raise ConnectionRefusedError

    with monkeypatch.context() as patch:
        patch.setattr(locmem.EmailBackend, "send_messages", away)
        pay(placed)
        with pytest.raises(ConnectionRefusedError):
            mail.send(order_id=placed.pk, kind="paid")
    placed.refresh_from_db()
    assert placed.state == OrderState.PAID
    assert not OrderMail.objects.exists()
    run_tasks()
    assert len(outbox.outbox) == 1


@pytest.mark.django_db
@pytest.mark.usefixtures("with_tariff")
def test_a_worker_killed_between_sending_and_noting_sends_twice_rather_than_never(
    monkeypatch: pytest.MonkeyPatch, run_tasks: Any
) -> None:
    pay(an_order(a_visitor(), [a_listed_piece().sku]))

    def killed(*args: object, **fields: object) -> None:
        raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr(OrderMail.objects, "get_or_create", killed)
        with pytest.raises(SystemExit):
            mail.send(order_id=Order.objects.get().pk, kind="paid")
    run_tasks()
    assert len(outbox.outbox) == 2
