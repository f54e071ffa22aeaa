"""The price beside a lowered one: the lowest of the 30 days before (Directive 98/6/EC, article 6a)."""

import json
import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from catalog import listings
from catalog.models import Listing
from catalog.prices import price_before
from tests.catalog.shelf import a_film, a_piece, a_sold_one, an_edition_of
from tests.checkout.rates import load_newest

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


# Prices are written as (days ago, price); the piece is on offer since the first unless said otherwise.
@pytest.mark.parametrize(
    ("prices", "shown"),
    [
        pytest.param([(100, 5)], None, id="never changed"),
        pytest.param([(100, 6), (3, 5)], 6, id="lowered once"),
        pytest.param([(100, 5), (3, 6)], None, id="raised"),
        pytest.param([(100, 6), (31, 5)], None, id="lowered long ago: now simply the price"),
        pytest.param([(100, 6), (30, 5)], 6, id="lowered thirty days ago"),
        pytest.param([(10, 6), (3, 5)], 6, id="on the market for less than thirty days"),
        pytest.param([(100, 4), (20, 6), (3, 5)], None, id="raised first: cheaper before than now"),
        pytest.param([(100, Decimal("5.50")), (20, 6), (3, 5)], Decimal("5.50"), id="raised first: the lower counts"),
        pytest.param([(100, 4), (40, 6), (3, 5)], 6, id="the cheap time ended more than thirty days before"),
        pytest.param([(100, 4), (33, 6), (3, 5)], 6, id="the cheap time ended exactly thirty days before"),
        pytest.param([(100, 4), (32, 6), (3, 5)], None, id="the cheap time reached into the thirty days"),
        pytest.param([(100, 9), (20, 8), (10, 7), (3, 6)], 9, id="step by step: the price before the first step"),
        pytest.param([(100, 9), (64, 8), (3, 7)], 8, id="a step more than sixty days earlier is another reduction"),
        pytest.param([(100, 9), (63, 8), (3, 7)], 9, id="a step sixty days earlier is the same reduction"),
        pytest.param([(200, 9), (90, 8), (50, 7), (3, 6)], 8, id="only the steps of the last sixty days"),
        pytest.param([(100, 9), (20, 7), (10, 8), (3, 6)], 7, id="raised in between: a new reduction"),
        pytest.param([(100, 9), (20, 7), (10, 8), (3, 7)], None, id="back to what it was"),
        pytest.param([(100, 4), (45, 9), (20, 8), (3, 7)], None, id="steps after a rise from a lower price"),
    ],
)
def test_the_price_shown_beside_a_lowered_one(prices: list[tuple[int, int]], shown: int | None) -> None:
    changes = [(NOW - timedelta(days=ago), Decimal(price)) for ago, price in prices]
    assert price_before(changes, on_offer_since=changes[0][0], now=NOW) == shown


@pytest.mark.parametrize(
    ("on_offer_for", "shown"),
    [
        pytest.param(2, None, id="lowered as a draft: nobody was asked the higher price"),
        pytest.param(5, 9, id="all on offer"),
        pytest.param(4, 8, id="the first step while it was a draft"),
    ],
)
def test_what_was_changed_before_the_piece_was_on_offer_is_no_reduction(on_offer_for: int, shown: int | None) -> None:
    changes = [(NOW - timedelta(days=ago, hours=12), Decimal(price)) for ago, price in [(40, 9), (4, 8), (2, 7)]]
    since = NOW - timedelta(days=on_offer_for)
    assert price_before(changes, on_offer_since=since, now=NOW) == shown


# Pages


def lowered(piece: Listing, *, days_ago: int = 3, to: str = "4.00", held_days: int = 50) -> Listing:
    """The piece as if its price had been lowered some days ago."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE catalog_pricechange SET changed_at = changed_at - %s WHERE listing_id = %s",
            [timedelta(days=held_days), piece.pk],
        )
    Listing.objects.filter(pk=piece.pk).update(published_at=piece.published_at - timedelta(days=held_days))  # type: ignore[operator]
    listings.set_price(piece, price_eur=Decimal(to))
    latest = piece.price_changes.latest("id")
    latest.changed_at -= timedelta(days=days_ago)
    latest.save()
    return piece


def del_of(client: Client, path: str) -> list[str]:
    page = client.get(path).content.decode()
    return [re.sub(r"<[^>]+>", "", found).strip() for found in re.findall(r"<del>(.*?)</del>", page, re.S)]


@pytest.mark.django_db
def test_the_page_of_a_lowered_piece_says_from_what(client: Client) -> None:
    piece = lowered(a_piece(price="6.00"))
    page = client.get(piece.get_absolute_url()).content.decode()
    assert "Lowest price of the 30 days before: <del>€6.00</del>" in page
    assert '"price": "4.00"' in page or '"price":"4.00"' in page
    assert "6.00" not in re.findall(r'<script type="application/ld\+json">(.*?)</script>', page, re.S)[0]


@pytest.mark.django_db
def test_both_prices_are_converted_at_the_same_rate(client: Client) -> None:
    load_newest()
    piece = lowered(a_piece(price="6.00"))
    client.post("/currency/", {"currency": "USD"})
    assert del_of(client, piece.get_absolute_url())[0] == "$6.70"
    assert "$4.47" in client.get(piece.get_absolute_url()).content.decode()


@pytest.mark.django_db
def test_a_card_shows_it_too_and_costs_no_query_more(
    client: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(3):
        lowered(a_piece(an_edition_of(a_film(f"Film {number}")), price="6.00"))
    a_piece(an_edition_of(a_film("Full price")))
    client.get("/dvds/")
    with django_assert_max_num_queries(15):
        shown = del_of(client, "/dvds/")
    assert shown == ["Lowest price of the 30 days before: €6.00"] * 3


@pytest.mark.django_db
def test_a_piece_that_always_cost_the_same_shows_one_price(client: Client) -> None:
    assert del_of(client, a_piece().get_absolute_url()) == []
    assert del_of(client, "/dvds/") == []


@pytest.mark.django_db
def test_a_sold_piece_shows_no_reduction(client: Client) -> None:
    piece = a_sold_one()
    with connection.cursor() as cursor:
        cursor.execute("UPDATE catalog_pricechange SET changed_at = changed_at - interval '9 days'")
        cursor.execute("UPDATE catalog_listing SET published_at = published_at - interval '9 days', price = 1")
    assert del_of(client, piece.get_absolute_url()) == []


@pytest.mark.django_db
def test_the_api_gives_it_beside_the_price() -> None:
    piece = lowered(a_piece(price="6.00"))
    body = json.loads(Client().get(f"/api/v1/listings/{piece.sku}/").content)
    assert body["price"] == {"amount": "4.00", "currency": "EUR"}
    assert body["lowest_price_30_days"] == {"amount": "6.00", "currency": "EUR"}
    other = json.loads(Client().get(f"/api/v1/listings/{a_piece().sku}/").content)
    assert other["lowest_price_30_days"] is None
