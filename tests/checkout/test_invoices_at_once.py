"""Eight workers issue papers at the same moment, each with a connection of its own."""

import contextlib
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connections

from checkout import invoices
from checkout.models import Order, Paper, PaperCounter
from tests.checkout.sold import Sold, credit, sell

AT_ONCE = 8
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("shippable"), pytest.mark.races]


def at_once(calls: list[Callable[[], Any]]) -> list[Any]:
    barrier = threading.Barrier(len(calls))

    def run(call: Callable[[], Any]) -> Any:
        try:
            barrier.wait()
            return call()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


def numbers(series: str) -> list[int]:
    return sorted(Paper.objects.filter(series=series).values_list("number", flat=True))


def test_numbers_given_at_once_have_no_gap_and_no_duplicate() -> None:
    for _round in range(3):
        sold = [sell(Sold()) for _order in range(AT_ONCE)]
        at_once([lambda order=order: invoices.issue_invoice(order.pk) for order in sold])
    assert numbers("INV") == list(range(1, 3 * AT_ONCE + 1))
    assert PaperCounter.objects.get().last_number == 3 * AT_ONCE


def test_the_same_paper_asked_for_at_once_is_issued_once() -> None:
    sold = sell(Sold())
    papers = at_once([lambda: invoices.issue_invoice(sold.pk)] * AT_ONCE)
    assert len({paper.pk for paper in papers}) == 1
    given_back = credit(sold, "1.00")
    notes = at_once([lambda: invoices.issue_credit_note(given_back.pk)] * AT_ONCE)
    assert len({paper.pk for paper in notes}) == 1
    assert (numbers("INV"), numbers("CRN")) == ([1], [1])


def test_failures_in_between_leave_no_gap(monkeypatch: pytest.MonkeyPatch) -> None:
    sold = [sell(Sold()) for _order in range(AT_ONCE)]
    unlucky = {order.pk for order in sold[::2]}
    store = invoices._store

    def fail_for_some(paper: Paper, order: Order, *rest: Any) -> Paper:
        if order.pk in unlucky:
            raise ZeroDivisionError
        return store(paper, order, *rest)

    def issue(order: Order) -> None:
        with contextlib.suppress(ZeroDivisionError):
            invoices.issue_invoice(order.pk)

    monkeypatch.setattr(invoices, "_store", fail_for_some)
    at_once([lambda order=order: issue(order) for order in sold])
    assert numbers("INV") == [1, 2, 3, 4]
    unlucky.clear()
    at_once([lambda order=order: issue(order) for order in sold])
    assert numbers("INV") == list(range(1, AT_ONCE + 1))
