"""Listings in the API: the fast list equals the plain one, filters are the shop's, and a piece has every fact."""

from decimal import Decimal
from typing import Any

import orjson
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import translation
from pytest_django import DjangoAssertNumQueries

from catalog import listings
from catalog.models import Listing, PurchaseRecord
from catalog.seeding.collection import load_first_listing
from catalog.seeding.vocabularies import load_vocabularies
from checkout import inventory
from checkout.api.listings import ListingSummarySerializer
from checkout.api.offers import offer_context
from checkout.currency import quote_for
from shop.api.renderers import JsonRenderer
from tests.api.program import Program, code_of
from tests.catalog.pieces import a_graded_draft
from tests.catalog.shelf import a_film, a_piece, a_sold_one, an_edition_of
from tests.checkout.buyers import a_visitor

pytestmark = pytest.mark.django_db


@pytest.fixture
def first_listing(db: None) -> Listing:
    load_vocabularies()
    return load_first_listing()


def skus(response: Any) -> list[str]:
    assert response.status_code == 200, response.content
    return [row["sku"] for row in response.json()["results"]]


@pytest.mark.parametrize("language", ["en", "el"])
@pytest.mark.usefixtures("rates", "first_listing")
def test_the_fast_list_equals_the_serializer(language: str) -> None:
    box = an_edition_of(
        a_film("Ivan's Childhood", greek_title="Τα παιδικά χρόνια"), a_film("Ordet"), title="", label="X"
    )
    for edition in (box, an_edition_of(a_film("Alone", director=""), audio=(), subtitles=(), regions=["1", "4"])):
        a_piece(edition)
    a_sold_one()
    held = a_piece()
    inventory.reserve(skus=[held.sku], visitor=a_visitor())

    fast = Program(language=language).get("/listings/?show=all&currency=USD").json()["results"]

    wanted = [Listing.objects.get(sku=row["sku"]) for row in fast]
    with translation.override(language):
        data = ListingSummarySerializer(wanted, many=True, context=offer_context(quote_for("USD"))).data
        slow = JsonRenderer().render(data)
    assert len(fast) == 5
    assert {row["availability"] for row in fast} == {"available", "reserved", "sold"}
    assert fast == orjson.loads(slow)


@pytest.mark.usefixtures("rates")
def test_a_list_of_fifty_costs_four_queries(django_assert_max_num_queries: DjangoAssertNumQueries) -> None:
    for number in range(12):
        a_piece(an_edition_of(a_film(f"Film {number}")))
    program = Program()
    program.get("/listings/?currency=USD")
    with django_assert_max_num_queries(4):
        assert len(skus(program.get("/listings/?currency=USD"))) == 12
    with django_assert_max_num_queries(4):
        program.get("/listings/?currency=USD&limit=3")


@pytest.mark.parametrize("sort", ["newest", "price", "-price", "title", "year", "-year"])
def test_pages_go_forth_and_back_through_every_piece_once(sort: str) -> None:
    for number in range(7):
        film = a_film(f"Film {number % 3}", year=1950 + number % 2)
        a_piece(an_edition_of(film), price=f"{number % 4 + 1}.00")
    program = Program()
    whole = skus(program.get(f"/listings/?sort={sort}"))
    assert len(whole) == len(set(whole)) == 7

    pages = [program.get(f"/listings/?sort={sort}&limit=3")]
    while address := pages[-1].json()["next"]:
        assert f'<{address}>; rel="next"' in pages[-1].headers["Link"]
        pages.append(program.client.get(address))
    assert [skus(page) for page in pages] == [whole[:3], whole[3:6], whole[6:]]
    assert pages[0].json()["previous"] is None

    back = [pages[-1]]
    while address := back[-1].json()["previous"]:
        assert f'<{address}>; rel="prev"' in back[-1].headers["Link"]
        back.append(program.client.get(address))
    assert [skus(page) for page in back] == [whole[6:], whole[3:6], whole[:3]]
    assert skus(program.client.get(back[-1].json()["next"])) == whole[3:6]


def test_a_cursor_of_another_order_is_refused() -> None:
    for _number in range(2):
        a_piece()
    address = Program().get("/listings/?limit=1&sort=price").json()["next"]
    cursor = address.split("cursor=")[1].split("&")[0]
    assert code_of(Program().get(f"/listings/?sort=title&cursor={cursor}")) == "invalid_cursor"


@pytest.fixture
def shelf(db: None) -> dict[str, str]:
    """Pieces that differ in every facet, by a short name."""
    cranes = a_film("The Cranes Are Flying", countries=["SU"], year=1957, genres=("DRA",))
    ugetsu = a_film("Ugetsu", director="Kenji Mizoguchi", countries=["JP"], year=1953, genres=("FAN",))
    return {
        "cranes": a_piece(an_edition_of(cranes), grade="like_new", price="5.00").sku,
        "ugetsu": a_piece(
            an_edition_of(ugetsu, audio=("ja",), subtitles=("el",), regions=["1"], video_standard="NTSC"),
            grade="good",
            price="12.50",
        ).sku,
    }


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ("q=ugetsu", ["ugetsu"]),
        ("grade=like_new", ["cranes"]),
        ("grade=like_new&grade=good", ["cranes", "ugetsu"]),
        ("country=JP", ["ugetsu"]),
        ("language=ru", ["cranes"]),
        ("subtitles=el", ["ugetsu"]),
        ("decade=1950", ["cranes", "ugetsu"]),
        ("decade=1960", []),
        ("genre=FAN", ["ugetsu"]),
        ("format=dvd", ["cranes", "ugetsu"]),
        ("format=uhd", []),
        ("region=2", ["cranes"]),
        ("standard=NTSC", ["ugetsu"]),
        ("min=5.01", ["ugetsu"]),
        ("max=5.00", ["cranes"]),
        ("plays=mine&player_country=GR", ["cranes"]),
        ("plays=mine&player_country=US", ["ugetsu"]),
        ("show=sold", []),
    ],
)
def test_filters_are_the_facets_of_the_shop(shelf: dict[str, str], filters: str, found: list[str]) -> None:
    response = Program().get(f"/listings/?sort=price&{filters}")
    assert skus(response) == [shelf[name] for name in found]


@pytest.mark.parametrize(
    ("filters", "parameter", "code"),
    [
        ("grade=mint", "grade", "invalid_choice"),
        ("country=greece", "country", "invalid_choice"),
        ("decade=1955", "decade", "invalid_choice"),
        ("min=-1", "min", "min_value"),
        ("max=lots", "max", "invalid"),
        ("sort=random", "sort", "invalid_choice"),
        ("plays=mine", "player_country", "required"),
        ("player_country=QQ", "player_country", "invalid_choice"),
        ("director=" + "&director=".join(str(n) for n in range(21)), "director", "max_length"),
        ("q=%00", "q", "null_characters_not_allowed"),
        ("currency=dollar", "currency", "invalid"),
    ],
)
def test_a_filter_that_makes_no_sense_is_refused_by_name(filters: str, parameter: str, code: str) -> None:
    response = Program().get(f"/listings/?{filters}")
    assert code_of(response) == "invalid"
    assert [(row["parameter"], row["code"]) for row in response.json()["errors"]] == [(parameter, code)]


def test_a_currency_we_have_no_rate_for() -> None:
    response = Program().get("/listings/?currency=XAU")
    assert (response.status_code, code_of(response)) == (422, "currency_not_offered")


@pytest.mark.usefixtures("rates")
def test_a_converted_price_says_its_rate_and_date() -> None:
    piece = a_piece(price="5.00")
    shown = Program().get(f"/listings/{piece.sku}/?currency=USD").json()
    quote = quote_for("USD")
    assert shown["price"] == {"amount": "5.00", "currency": "EUR"}
    assert shown["converted_price"] == {
        "amount": str(quote.convert(Decimal("5.00"))),
        "currency": "USD",
        "rate": f"{quote.rate.normalize():f}",
        "rate_date": str(quote.date),
    }
    assert Program().get(f"/listings/{piece.sku}/").json()["converted_price"] is None


@pytest.mark.usefixtures("rates", "shippable", "first_listing")
def test_the_first_listing_carries_every_fact_of_its_page(
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    program = Program()
    program.get("/listings/MOV-ACT-DRA-1001/")
    with django_assert_max_num_queries(12):
        shown = program.get("/listings/MOV-ACT-DRA-1001/?currency=USD&player_country=US").json()

    assert shown["availability"] == "available"
    assert shown["price"] == {"amount": "5.00", "currency": "EUR"}
    assert shown["points"] == 25
    assert shown["grade"]["code"] == "like_new"
    assert shown["grade"]["definition"]
    assert shown["stock"] == 1
    assert shown["photos"]
    assert shown["will_it_play"]["answer"] == "multi_region"
    edition = shown["edition"]
    assert edition["regions"][0]["code"] == "2"
    assert "Europe" in edition["regions"][0]["territories"]
    assert edition["video_standard"]["code"] == "PAL"
    assert edition["label"]["name"] == "Nouveaux Pictures"
    assert [track["language"]["code"] for track in edition["audio_tracks"]]
    (film,) = shown["films"]
    assert film["original_title"] == "Летят журавли"
    assert film["directors"][0]["name"] == "Mikhail Kalatozov"
    for part in ("titles", "texts", "credits", "companies", "awards", "releases", "box_office", "connections",
                 "external_ids", "links", "reviews", "programmes", "screenings", "source_works", "disagreements",
                 "keywords", "genres", "certificates"):  # fmt: skip
        assert film[part], part
    assert {text["language"]["code"] for text in film["texts"]} >= {"en", "el"}


def test_greek_is_spoken() -> None:
    piece = a_piece(an_edition_of(a_film("Ugetsu", greek_title="Ουγκέτσου")))
    english, greek = (Program(language=code).get(f"/listings/{piece.sku}/") for code in ("en", "el"))
    assert english.json()["title"] == "Ugetsu"
    assert greek.json()["title"] == "Ουγκέτσου"
    assert "/el/dvds/" in greek.json()["url"]
    assert greek.headers["Content-Language"] == "el"
    assert "Accept-Language" in greek.headers["Vary"]
    assert english.headers["ETag"] != greek.headers["ETag"]


def test_an_etag_saves_the_body_until_something_changes() -> None:
    piece = a_piece()
    first = Program().get(f"/listings/{piece.sku}/")
    etag = first.headers["ETag"]
    assert not etag.startswith("W/")
    again = Program().get(f"/listings/{piece.sku}/", If_None_Match=etag)
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["ETag"] == etag
    inventory.reserve(skus=[piece.sku], visitor=a_visitor())
    changed = Program().get(f"/listings/{piece.sku}/", If_None_Match=etag)
    assert changed.status_code == 200
    assert changed.json()["availability"] == "reserved"
    film = piece.edition.edition_films.get().film
    film.keywords = ["war"]
    film.save()
    assert Program().get(f"/listings/{piece.sku}/", If_None_Match=changed.headers["ETag"]).status_code == 200


def test_what_staff_alone_may_know_is_not_shown() -> None:
    piece = a_piece(shelf="SHELF-17")
    PurchaseRecord.objects.create(
        listing=piece, cost_eur=Decimal("0.73"), seller_kind="private", document="DOC-9", note="from a cellar"
    )
    inventory.reserve(skus=[piece.sku], visitor=a_visitor())
    until = Listing.objects.get(pk=piece.pk).reserved_until
    for path in (f"/listings/{piece.sku}/", "/listings/"):
        text = Program().get(path).content.decode()
        for secret in ("SHELF-17", "0.73", "DOC-9", "cellar", a_visitor().key, f"{until:%H:%M:%S}"):
            assert secret not in text


def test_drafts_and_unknown_pieces_are_not_there() -> None:
    draft = a_graded_draft()
    for sku in (draft.sku, "MOV-DRA-9999", "x" * 300):
        response = Program().get(f"/listings/{sku}/")
        assert (response.status_code, code_of(response)) == (404, "unknown_listing")
    assert Program().get(f"/editions/{draft.edition_id}/").status_code == 404


def test_a_withdrawn_piece_leaves_the_list() -> None:
    piece = a_piece()
    listings.withdraw(piece)
    assert skus(Program().get("/listings/?show=all")) == []
    assert code_of(Program().get(f"/listings/{piece.sku}/")) == "unknown_listing"


def test_reading_starts_no_session_and_sets_no_cookie() -> None:
    piece = a_piece()
    program = Program()
    with CaptureQueriesContext(connection) as queries:
        for path in ("/listings/", f"/listings/{piece.sku}/", "/films/", "/rates/"):
            response = program.get(path)
            assert response.status_code == 200
            assert not response.cookies
            assert "Cookie" not in response.headers.get("Vary", "")
            assert "public" in response.headers["Cache-Control"]
    assert all(query["sql"].lstrip("( ").startswith("SELECT") for query in queries)


def test_head_and_options_answer_too() -> None:
    piece = a_piece()
    client = Program().client
    head = client.head(f"/api/v1/listings/{piece.sku}/")
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["ETag"] == client.get(f"/api/v1/listings/{piece.sku}/").headers["ETag"]
    options = client.options("/api/v1/listings/")
    assert options.status_code == 204
    assert options.headers["Allow"] == "GET, HEAD, OPTIONS"
