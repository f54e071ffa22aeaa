"""Controls for the numbers of papers: without the counter's lock the database refuses, without both they double."""

import time
from datetime import datetime
from functools import partial

import pytest
from django.db import IntegrityError
from django.db.models import Max
from django.utils import timezone

from checkout import invariants, invoices
from checkout.models import Order, Paper
from tests.checkout.sold import Sold, sell
from tests.races.test_money import at_once
from tests.races.test_savings import MOMENT, without_check

pytestmark = [
    pytest.mark.races,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("shippable"),
]
WORKERS = 8


@pytest.fixture
def _look_then_write(monkeypatch: pytest.MonkeyPatch) -> None:
    """The next number as software without a locked counter would find it."""

    def numbered(series: str, now: datetime) -> Paper:
        year = timezone.localtime(now).year
        last = Paper.objects.filter(series=series, year=year).aggregate(Max("number"))["number__max"] or 0
        time.sleep(MOMENT)
        return Paper(series=series, year=year, number=last + 1, label=f"{series}-{time.monotonic_ns()}", issued_at=now)

    monkeypatch.setattr(invoices, "_numbered", numbered)


def issue(order: Order) -> bool:
    """Whether it got its invoice; False when the database refused."""
    try:
        invoices.issue_invoice(order.pk)
    except IntegrityError:
        return False
    return True


def issue_at_once() -> list[bool]:
    sold = [sell(Sold()) for _worker in range(WORKERS)]
    return at_once(*[partial(issue, order) for order in sold])


def broken() -> list[str]:
    return [found.invariant.number for found in invariants.find_broken() if found.invariant.number == "I15"]


@pytest.mark.usefixtures("_look_then_write")
def test_without_the_lock_the_database_refuses_the_second() -> None:
    assert issue_at_once().count(False) > 0
    # The counter is not kept here; what counts is on the papers.
    numbers = sorted(Paper.objects.values_list("number", flat=True))
    assert numbers == list(range(1, len(numbers) + 1))


@pytest.mark.usefixtures("_look_then_write")
def test_control_without_lock_and_index_numbers_double() -> None:
    with without_check("checkout_paper", "paper_number_once"):
        assert all(issue_at_once())
        assert broken() == ["I15"]
