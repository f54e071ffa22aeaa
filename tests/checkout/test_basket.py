"""The basket's pages: reserving, giving back, what it comes to, and what a visitor is told when it fails."""

from datetime import timedelta

import pytest
from django.db import transaction
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from catalog import listings
from catalog.models import Listing
from catalog.vocabularies import ListingState
from checkout.models import Reservation
from shop.models import ShopSettings
from tests.catalog.pieces import a_draft, a_graded_draft, a_listed_piece, a_sold_piece, an_edition
from tests.checkout.rates import load_newest
from tests.checkout.storefront import reserve, text_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("shippable")]


def lapse(listing: Listing) -> None:
    then = timezone.now() - timedelta(minutes=1)
    with transaction.atomic():
        Reservation.objects.unreleased().filter(listing=listing).update(until=then)
        Listing.objects.filter(pk=listing.pk).update(reserved_until=then)


def test_reserving_leads_to_the_basket_and_leaves_a_cookie_scripts_cannot_read(client: Client) -> None:
    piece = a_listed_piece()
    answer = reserve(client, piece)
    assert (answer.status_code, answer["Location"]) == (302, "/basket/")
    cookie = answer.cookies["basket"]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"
    piece.refresh_from_db()
    assert piece.state == ListingState.RESERVED
    page = text_of(client.get("/basket/"))
    assert "The Cranes Are Flying" in page
    assert "Held for you" in page


def test_the_database_never_sees_the_cookie(client: Client) -> None:
    reserve(client, a_listed_piece())
    assert client.cookies["basket"].value not in Reservation.objects.get().visitor_key


def test_an_empty_basket_says_what_a_basket_is(client: Client) -> None:
    answer = client.get("/basket/")
    assert answer.status_code == 200
    assert "reserves it" in text_of(answer)
    assert "basket" not in answer.cookies


def test_it_is_stored_by_no_cache_and_found_by_no_search(client: Client) -> None:
    answer = client.get("/basket/")
    assert answer["Cache-Control"] == "no-store"
    assert "noindex" in answer["X-Robots-Tag"]


def test_the_second_visitor_is_told_plainly_and_offered_another_copy(client: Client) -> None:
    edition = an_edition()
    wanted, other = (listings.publish(a_graded_draft(edition=edition)) for _ in range(2))
    first = Client()
    reserve(first, wanted)
    answer = reserve(client, wanted)
    page = text_of(answer)
    assert answer.status_code == 409
    assert "Somebody else is holding this piece" in page
    assert f"/dvds/{other.sku}/" in answer.content.decode()
    assert first.cookies["basket"].value not in answer.content.decode()
    assert Reservation.objects.get().visitor_key not in answer.content.decode()


def test_a_sold_piece_says_that_it_is_sold(client: Client) -> None:
    answer = reserve(client, a_sold_piece())
    assert answer.status_code == 409
    assert "This piece is sold" in text_of(answer)


@pytest.mark.parametrize("sku", ["MOV-XXX-9999", "", "x" * 500, "MOV\0ACT", "'; DROP TABLE"])
def test_an_unknown_number_is_404_with_a_search(client: Client, sku: str) -> None:
    answer = client.post("/basket/reserve/", {"sku": sku})
    assert answer.status_code == 404
    assert 'name="q"' in answer.content.decode()


def test_a_draft_is_unknown(client: Client) -> None:
    assert reserve(client, a_draft()).status_code == 404


def test_reserving_again_changes_nothing(client: Client) -> None:
    piece = a_listed_piece()
    reserve(client, piece)
    until = Reservation.objects.get().until
    assert reserve(client, piece).status_code == 302
    assert Reservation.objects.get().until == until


def test_too_many_pieces_are_refused_with_the_reason(client: Client) -> None:
    ShopSettings(reservations_per_visitor=1).save()
    first, second = a_listed_piece(), a_listed_piece()
    reserve(client, first)
    answer = reserve(client, second)
    assert answer.status_code == 409
    assert "as many pieces as one visitor may" in text_of(answer)
    second.refresh_from_db()
    assert second.state == ListingState.LISTED


def test_a_piece_is_given_back(client: Client) -> None:
    piece = a_listed_piece()
    reserve(client, piece)
    assert client.post("/basket/release/", {"sku": piece.sku})["Location"] == "/basket/"
    piece.refresh_from_db()
    assert piece.state == ListingState.LISTED


def test_giving_back_what_one_does_not_hold_is_said_kindly(client: Client) -> None:
    held, other = a_listed_piece(), a_listed_piece()
    reserve(client, held)
    reserve(Client(), other)
    answer = client.post("/basket/release/", {"sku": other.sku})
    assert answer.status_code == 409
    assert "no longer reserved for you" in text_of(answer)
    other.refresh_from_db()
    assert other.state == ListingState.RESERVED


def test_a_lapsed_piece_is_offered_again_with_a_button(client: Client) -> None:
    piece = a_listed_piece()
    reserve(client, piece)
    lapse(piece)
    answer = client.get("/basket/")
    page = text_of(answer)
    assert "Your time for these has run out" in page
    assert f'name="sku" value="{piece.sku}"' in answer.content.decode()
    reserve(client, piece)
    assert "Your time for these has run out" not in text_of(client.get("/basket/"))


def test_a_lapsed_piece_that_went_to_somebody_else_has_no_button(client: Client) -> None:
    piece = a_listed_piece()
    reserve(client, piece)
    lapse(piece)
    reserve(Client(), piece)
    answer = client.get("/basket/")
    assert "held by somebody else" in text_of(answer)
    assert f'name="sku" value="{piece.sku}"' not in answer.content.decode()


def test_it_shows_shipping_to_the_visitors_country_and_what_one_more_disc_adds(client: Client) -> None:
    reserve(client, a_listed_piece())
    client.post("/country/", {"country": "DE", "next": "/basket/"})
    page = text_of(client.get("/basket/"))
    assert "One parcel of 120 g" in page.replace("\xa0", " ")
    assert "One more disc would" in page


def test_a_country_we_do_not_ship_to_is_said_here_and_the_way_on_is_closed(client: Client) -> None:
    reserve(client, a_listed_piece())
    client.post("/country/", {"country": "US", "next": "/basket/"})
    answer = client.get("/basket/")
    assert "suspended parcels" in text_of(answer)
    assert "/checkout/address/" not in answer.content.decode()


def test_amounts_are_in_the_visitors_currency_with_rate_and_date(client: Client) -> None:
    load_newest()
    reserve(client, a_listed_piece())
    client.post("/currency/", {"currency": "USD", "next": "/basket/"})
    page = text_of(client.get("/basket/"))
    assert "$5.59 (€5.00)" in page
    assert "1 EUR = 1.1172 USD" in page
    assert "30 October 2026" in page


def test_greek_has_its_own_address_and_amounts(client: Client) -> None:
    reserve(client, a_listed_piece())
    answer = client.get("/el/basket/")
    assert answer["Content-Language"] == "el"
    assert "5,00\xa0€" in answer.content.decode()


def test_another_site_cannot_reserve_or_release(client: Client) -> None:
    piece = a_listed_piece()
    for path in ("/basket/reserve/", "/basket/release/"):
        answer = client.post(path, {"sku": piece.sku}, headers={"Sec-Fetch-Site": "cross-site"})
        assert answer.status_code == 403
    piece.refresh_from_db()
    assert piece.state == ListingState.LISTED


@pytest.mark.parametrize("path", ["/basket/reserve/", "/basket/release/"])
def test_it_rejects_get(client: Client, path: str) -> None:
    assert client.get(path).status_code == 405


def test_the_listing_page_says_whose_turn_it_is(client: Client) -> None:
    piece = a_listed_piece()
    url = piece.get_absolute_url()
    assert "Reserve this piece" in text_of(client.get(url))
    reserve(client, piece)
    assert "Reserved for you" in text_of(client.get(url))
    assert "Somebody else is holding this piece" in text_of(Client().get(url))


def test_the_badge_counts_ones_own_pieces(client: Client) -> None:
    reserve(client, a_listed_piece())
    assert "Basket (1 piece )" in text_of(client.get("/shipping/"))
    assert "Basket (" not in text_of(Client().get("/shipping/"))


def test_a_full_basket_costs_as_many_queries_as_one_piece(
    client: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    reserve(client, *(a_listed_piece() for _ in range(6)))
    client.get("/basket/")
    with django_assert_max_num_queries(8):
        client.get("/basket/")
