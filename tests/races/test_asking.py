"""Two who ask for the same taken pieces do not wait for each other."""

import threading

import psycopg
import pytest
from django.db import connection, connections

from checkout import inventory
from checkout.models import Reservation
from tests.catalog.pieces import a_listed_piece
from tests.checkout.buyers import a_visitor
from tests.processes import database_url

pytestmark = [pytest.mark.races, pytest.mark.django_db(transaction=True)]


def wait_until_somebody_waits() -> None:
    for _time in range(500):
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
            )
            if cursor.fetchone():
                return
        threading.Event().wait(0.02)
    raise AssertionError("nobody waits")


def test_claims_are_locked_in_the_order_of_their_pieces() -> None:
    """Whoever waits for the first piece's claim holds no other yet, so no circle of waiting can close."""
    first, second = a_listed_piece(), a_listed_piece()
    # Claimed the other way round: the order of the rows in the table must not decide.
    for piece in (second, first):
        inventory.reserve(skus=[piece.sku], visitor=a_visitor())
    claims = dict(Reservation.objects.values_list("listing_id", "pk"))

    def ask() -> None:
        try:
            inventory._note_asked([first.sku, second.sku])
        finally:
            connections.close_all()

    asking = threading.Thread(target=ask)
    lock = "SELECT 1 FROM checkout_reservation WHERE id = %s FOR UPDATE NOWAIT"
    with psycopg.connect(database_url()) as other, psycopg.connect(database_url()) as third:
        other.execute(lock, [claims[first.pk]])
        asking.start()
        wait_until_somebody_waits()
        assert third.execute(lock, [claims[second.pk]]).fetchone() == (1,)
        third.rollback()
        other.rollback()
        asking.join(timeout=30)
    assert Reservation.objects.filter(asked_at__isnull=False).count() == 2
