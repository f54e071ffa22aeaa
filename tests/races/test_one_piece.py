"""Many buyers, one piece, real threads over HTTP. The control shows that the race is a race."""

import threading
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from django.db import connection

from catalog.models import Listing
from catalog.vocabularies import ListingState
from checkout import invariants, inventory
from checkout.models import Order, OrderState, Reservation
from checkout.visitors import Visitor
from shop.models import ShopSettings
from tests.catalog.pieces import a_listed_piece
from tests.races.shopper import Shopper

pytestmark = [pytest.mark.races, pytest.mark.django_db(transaction=True)]

BUYERS = 10


@pytest.fixture
def shop(live_server, shippable) -> str:
    settings = ShopSettings.current()
    settings.reservations_per_address = 1000
    settings.save()
    return live_server.url


def all_at_once(url: str, count: int, act: Callable[[Shopper], httpx.Response]) -> list[httpx.Response]:
    """What each of so many shoppers was answered who all acted at the same moment."""
    start = threading.Barrier(count)

    def run(_number: int) -> httpx.Response:
        with Shopper(url) as shopper:
            shopper.client.get("/healthz")
            start.wait(timeout=30)
            return act(shopper)

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(run, range(count)))


def test_ten_buyers_produce_one_order_and_nine_plain_answers(shop):
    piece = a_listed_piece()
    answers = all_at_once(shop, BUYERS, lambda shopper: shopper.buy(piece.sku))

    assert Counter(answer.status_code for answer in answers) == {200: 1, 409: BUYERS - 1}
    winner = next(answer for answer in answers if answer.status_code == httpx.codes.OK)
    order = Order.objects.placed().get()
    assert order.state == OrderState.PAID
    assert order.token in str(winner.url)
    for answer in answers:
        if answer is not winner:
            assert "somebody else" in answer.text.lower()
            assert order.token not in answer.text
    piece.refresh_from_db()
    assert piece.state == ListingState.SOLD
    assert invariants.find_broken() == []


def test_a_lapsed_piece_is_taken_over_by_exactly_one(shop):
    piece = a_listed_piece()
    with Shopper(shop) as first:
        assert first.reserve(piece.sku).status_code == httpx.codes.OK
    with connection.cursor() as cursor:
        cursor.execute(
            "WITH r AS (UPDATE checkout_reservation SET until = now() - interval '1 second' RETURNING until)"
            " UPDATE catalog_listing SET reserved_until = (SELECT until FROM r) WHERE id = %s",
            [piece.pk],
        )
    answers = all_at_once(shop, BUYERS, lambda shopper: shopper.reserve(piece.sku))
    assert Counter(answer.status_code for answer in answers) == {200: 1, 409: BUYERS - 1}
    assert Reservation.objects.unreleased().count() == 1
    assert invariants.find_broken() == []


def test_control_without_the_conditional_write_and_the_constraints_the_race_is_lost(shop, monkeypatch):
    """Proves that the harness can see an oversold piece: the shop as software without them would be."""
    piece = a_listed_piece()
    together = threading.Barrier(BUYERS)

    def check_then_write(listings: Sequence[Listing], visitor: Visitor, *, hold: object) -> list[Reservation]:
        # Everybody has looked by now and seen the piece free; a lock would have let only one come so far.
        together.wait(timeout=30)
        made = []
        for listing in listings:
            Listing.objects.filter(pk=listing.pk, state=ListingState.LISTED).update(
                state=ListingState.RESERVED, reserved_until="2100-01-01T00:00Z"
            )
            made.append(Reservation.objects.create(listing=listing, visitor_key=visitor.key, until="2100-01-01T00:00Z"))
        return made

    monkeypatch.setattr(inventory, "claim", check_then_write)
    monkeypatch.setattr(inventory, "_check_caps", lambda *args, **kwargs: None)
    with connection.cursor() as cursor:
        cursor.execute("DROP INDEX one_claim_per_listing")
        cursor.execute("ALTER TABLE checkout_reservation DISABLE TRIGGER reservation_claim_matches_state")
        cursor.execute("ALTER TABLE catalog_listing DISABLE TRIGGER listing_claim_matches_state")
    try:
        answers = all_at_once(shop, BUYERS, lambda shopper: shopper.reserve(piece.sku))
        winners = [answer for answer in answers if answer.status_code == httpx.codes.OK]
        assert len(winners) > 1, "the control did not oversell, so the race tests prove nothing"
        assert {broken.invariant.number for broken in invariants.find_broken()} >= {"I1"}
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM checkout_reservation")
            cursor.execute(
                "CREATE UNIQUE INDEX one_claim_per_listing ON checkout_reservation (listing_id)"
                " WHERE released_at IS NULL"
            )
            cursor.execute("ALTER TABLE checkout_reservation ENABLE TRIGGER reservation_claim_matches_state")
            cursor.execute("ALTER TABLE catalog_listing ENABLE TRIGGER listing_claim_matches_state")
