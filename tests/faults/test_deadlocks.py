"""Two transactions in each other's way: the one PostgreSQL ends is tried again, and the buyer notices nothing."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg
import pytest
from django.db import OperationalError
from django.test import Client

from catalog.models import Listing
from catalog.vocabularies import ListingState
from checkout import inventory, unfinished
from checkout.models import Order, OrderState
from shop import deadlocks
from tests.catalog.pieces import a_listed_piece
from tests.checkout.buyers import a_visitor, an_order
from tests.processes import database_url
from tests.races.evening import let_time_run_out

pytestmark = [
    pytest.mark.faults,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("shippable"),
]

Check = Callable[[], None]


@contextmanager
def somebody_in_the_way(placed: Order) -> Iterator[None]:
    """Another program holds the order's piece and soon wants the order: the wrong way round, and it is patient."""
    listing_id = placed.lines.get().listing_id
    with psycopg.connect(database_url()) as other:
        other.execute("SET LOCAL deadlock_timeout = '60s'")
        other.execute("SELECT FROM catalog_listing WHERE id = %s FOR UPDATE", [listing_id])

        def want_the_order() -> None:
            other.execute("SELECT FROM checkout_order WHERE id = %s FOR UPDATE", [placed.pk])
            other.commit()

        wait = threading.Timer(0.3, want_the_order)
        wait.start()
        yield
        wait.join()


def test_a_deadlock_is_untied_by_asking_again(client: Client, is_right_again: Check) -> None:
    placed = an_order(a_visitor(), [a_listed_piece().sku])
    with somebody_in_the_way(placed):
        assert client.post(f"/orders/{placed.token}/cancel/").status_code == 302
    placed.refresh_from_db()
    assert placed.state == OrderState.CANCELLED
    assert Listing.objects.get().state == ListingState.LISTED
    assert placed.events.filter(kind="cancelled").count() == 1
    is_right_again()


def test_without_asking_again_it_would_be_an_error(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    placed = an_order(a_visitor(), [a_listed_piece().sku])
    monkeypatch.setattr(deadlocks, "TRY_AGAIN_STATES", ())
    with somebody_in_the_way(placed), pytest.raises(OperationalError, match="deadlock"):
        client.post(f"/orders/{placed.token}/cancel/")


def test_a_program_is_answered_too(client: Client, is_right_again: Check) -> None:
    placed = an_order(a_visitor(), [a_listed_piece().sku])
    with somebody_in_the_way(placed):
        answer = client.post(f"/api/v1/orders/{placed.token}/cancel/", headers={"Idempotency-Key": "a-key"})
    assert (answer.status_code, answer.json()["state"]) == (200, "cancelled")
    is_right_again()


@pytest.mark.parametrize("times", [1, deadlocks.ATTEMPTS, deadlocks.ATTEMPTS + 1])
def test_it_is_tried_a_few_times_and_no_more(
    times: int, client: Client, monkeypatch: pytest.MonkeyPatch, is_right_again: Check
) -> None:
    piece = a_listed_piece()
    reserve, calls = inventory.reserve, []

    def unlucky(**fields: object) -> object:
        calls.append(fields)
        if len(calls) <= times:
            raise OperationalError from psycopg.errors.SerializationFailure("could not serialize access")
        return reserve(**fields)  # type: ignore[arg-type]

    monkeypatch.setattr(inventory, "reserve", unlucky)
    if times > deadlocks.ATTEMPTS:
        with pytest.raises(OperationalError):
            client.post("/basket/reserve/", {"sku": piece.sku})
        assert len(calls) == 1 + deadlocks.ATTEMPTS
    else:
        assert client.post("/basket/reserve/", {"sku": piece.sku}).status_code == 302
        assert len(calls) == 1 + times
    is_right_again()


def test_what_the_second_run_refuses_is_a_refusal(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """The transaction that was ended wanted a piece that somebody else got by it."""
    piece = a_listed_piece()
    reserve, calls = inventory.reserve, []

    def unlucky(**fields: object) -> object:
        calls.append(fields)
        if len(calls) == 1:
            reserve(skus=[piece.sku], visitor=a_visitor("somebody else"))
            raise OperationalError from psycopg.errors.DeadlockDetected("deadlock detected")
        return reserve(**fields)  # type: ignore[arg-type]

    monkeypatch.setattr(inventory, "reserve", unlucky)
    assert client.post("/basket/reserve/", {"sku": piece.sku}).status_code == 409


def test_a_job_that_was_ended_comes_again_by_the_clock(is_right_again: Check) -> None:
    placed = an_order(a_visitor(), [a_listed_piece().sku])
    let_time_run_out(placed.token)
    with somebody_in_the_way(placed):
        first = unfinished.bring_forward()
    second = unfinished.bring_forward()
    assert (first["orders"] + second["orders"], first["failed"] + second["failed"]) == (1, 1)
    assert Order.objects.get().state == OrderState.EXPIRED
    is_right_again()
