"""Browse and search: facets, counts, order, pages, and what bad arguments get."""

from typing import Any

import pytest
from django.http import QueryDict
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from catalog.forms import read_query
from catalog.models import Listing, Person
from catalog.playback import Answer, Player, check, player_for_country
from catalog.search import ListingQuery, search
from catalog.search.postgres import FACET_LIMIT
from tests.catalog.shelf import a_film, a_piece, a_sold_one, an_edition_of

pytestmark = pytest.mark.django_db


def titles(response: Any) -> list[str]:
    return [card.title for card in response.context["cards"]]


def counts(response: Any, facet: str) -> dict[str, int]:
    found = next((row for row in response.context["facets"] if row.name == facet), None)
    return {option.code: option.count for option in found.options} if found else {}


@pytest.fixture
def shelf() -> None:
    """Three pieces: Soviet 1957, Greek 1975 and Greek 1986, with different grades, tracks and prices."""
    a_piece(an_edition_of(a_film(), label="Nouveaux Pictures"), price="5.00")
    players = a_film(
        "The Travelling Players", director="Theo Angelopoulos", year=1975, countries=["GR"], original_title="Ο θίασος"
    )
    a_piece(an_edition_of(players, audio=("el",), subtitles=("en", "fr")), price="12.00", grade="good")
    beekeeper = a_film(
        "The Beekeeper", director="Theo Angelopoulos", year=1986, countries=["GR", "FR"], genres=("DRA",)
    )
    a_piece(an_edition_of(beekeeper, audio=("el",), subtitles=(), regions=["1"], video_standard="NTSC"), price="9.50")


@pytest.mark.usefixtures("shelf")
def test_it_shows_all_on_offer_newest_first(client: Client) -> None:
    response = client.get("/dvds/")
    assert titles(response) == ["The Beekeeper", "The Travelling Players", "The Cranes Are Flying"]
    assert response.context["found"].total == 3


@pytest.mark.usefixtures("shelf")
def test_within_a_facet_any_value_matches_between_facets_all_must(client: Client) -> None:
    response = client.get("/dvds/", {"country": ["SU", "FR"]})
    assert set(titles(response)) == {"The Cranes Are Flying", "The Beekeeper"}
    response = client.get("/dvds/", {"country": ["SU", "FR"], "language": "el"})
    assert titles(response) == ["The Beekeeper"]


@pytest.mark.usefixtures("shelf")
def test_a_facet_counts_as_if_it_were_not_chosen_itself(client: Client) -> None:
    response = client.get("/dvds/", {"country": "SU"})
    assert counts(response, "country") == {"SU": 1, "GR": 2, "FR": 1}
    assert counts(response, "decade") == {}  # only one decade is left, which is no choice
    response = client.get("/dvds/", {"country": "GR"})
    assert counts(response, "decade") == {"1970": 1, "1980": 1}


@pytest.mark.usefixtures("shelf")
@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        ({"grade": "good"}, {"The Travelling Players"}),
        ({"language": "ru"}, {"The Cranes Are Flying"}),
        ({"subtitles": "fr"}, {"The Travelling Players"}),
        ({"decade": "1980"}, {"The Beekeeper"}),
        ({"genre": "WAR"}, {"The Cranes Are Flying", "The Travelling Players"}),
        ({"format": "dvd"}, {"The Cranes Are Flying", "The Travelling Players", "The Beekeeper"}),
        ({"region": "1"}, {"The Beekeeper"}),
        ({"standard": "NTSC"}, {"The Beekeeper"}),
        ({"plays": "mine"}, {"The Cranes Are Flying", "The Travelling Players"}),
        ({"plays": "multi"}, {"The Cranes Are Flying", "The Travelling Players", "The Beekeeper"}),
        ({"min": "9.50"}, {"The Travelling Players", "The Beekeeper"}),
        ({"max": "9,50"}, {"The Cranes Are Flying", "The Beekeeper"}),
    ],
)
def test_each_filter_finds_its_pieces(client: Client, arguments: dict[str, str], found: set[str]) -> None:
    response = client.get("/dvds/", arguments)
    assert set(titles(response)) == found
    assert response.context["ignored"] == []


@pytest.mark.usefixtures("shelf")
def test_a_director_is_a_facet(client: Client) -> None:
    codes = counts(client.get("/dvds/"), "director")
    director = max(codes, key=lambda code: codes[code])
    assert set(titles(client.get("/dvds/", {"director": director}))) == {"The Travelling Players", "The Beekeeper"}


@pytest.mark.usefixtures("shelf")
@pytest.mark.parametrize(
    "text",
    ["Ο θίασος", "ο θιασος", "o thiasos", "travelling PLAYERS", "players travelling", "angelopoulos 1975"],
)
def test_search_finds_every_spelling(client: Client, text: str) -> None:
    response = client.get("/dvds/", {"q": text})
    assert titles(response) == ["The Travelling Players"]
    assert not response.context["found"].is_fuzzy


@pytest.mark.usefixtures("shelf")
@pytest.mark.parametrize("text", ["kalatosov", "kalatozow"])
def test_search_forgives_a_foreign_spelling_and_says_so(client: Client, text: str) -> None:
    response = client.get("/dvds/", {"q": text})
    assert titles(response) == ["The Cranes Are Flying"]
    assert "These come close" in response.text


@pytest.mark.usefixtures("shelf")
def test_search_finds_label_and_sku(client: Client) -> None:
    assert titles(client.get("/dvds/", {"q": "nouveaux"})) == ["The Cranes Are Flying"]
    sku = Listing.objects.get(price="9.50").sku
    assert titles(client.get("/dvds/", {"q": sku.lower()})) == ["The Beekeeper"]


def test_search_finds_a_barcode() -> None:
    piece = a_piece(an_edition_of(a_film(), barcode="5021866003306"))
    assert search(ListingQuery(text="5021866003306")).ids == [piece.pk]


@pytest.mark.usefixtures("shelf")
@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        ("price", ["The Cranes Are Flying", "The Beekeeper", "The Travelling Players"]),
        ("-price", ["The Travelling Players", "The Beekeeper", "The Cranes Are Flying"]),
        ("title", ["The Beekeeper", "The Cranes Are Flying", "The Travelling Players"]),
        ("year", ["The Cranes Are Flying", "The Travelling Players", "The Beekeeper"]),
        ("-year", ["The Beekeeper", "The Travelling Players", "The Cranes Are Flying"]),
    ],
)
def test_each_order_and_its_pages(sort: str, expected: list[str]) -> None:
    seen: list[int] = []
    cursor = None
    while True:
        page = search(ListingQuery(sort=sort, cursor=cursor, size=1))
        seen += page.ids
        cursor = page.next_cursor
        if cursor is None:
            break
    names = {row.pk: row.title for row in Listing.objects.all()}
    assert [names[pk] for pk in seen] == expected


def test_equal_prices_are_not_lost_between_pages() -> None:
    edition = an_edition_of(a_film())
    pieces = {a_piece(edition, price="7.00").pk for _ in range(5)}
    first = search(ListingQuery(sort="price", size=2))
    second = search(ListingQuery(sort="price", size=2, cursor=first.next_cursor))
    third = search(ListingQuery(sort="price", size=2, cursor=second.next_cursor))
    assert sorted(first.ids + second.ids + third.ids) == sorted(pieces)
    assert third.next_cursor is None


def test_a_page_leads_to_the_next(client: Client) -> None:
    edition = an_edition_of(a_film())
    for _ in range(26):
        a_piece(edition)
    first = client.get("/dvds/")
    assert len(first.context["cards"]) == 24
    second = client.get(first.context["next_url"])
    assert len(second.context["cards"]) == 2
    assert "Back to the first page" in second.text


def test_sold_pieces_are_an_archive_of_their_own(client: Client) -> None:
    a_piece(an_edition_of(a_film("On Offer")))
    a_sold_one(an_edition_of(a_film("Gone")))
    assert titles(client.get("/dvds/")) == ["On Offer"]
    response = client.get("/dvds/", {"show": "sold"})
    assert titles(response) == ["Gone"]
    assert "sold " in response.text
    assert set(titles(client.get("/dvds/", {"show": "all"}))) == {"On Offer", "Gone"}


@pytest.mark.usefixtures("shelf")
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("grade", "splendid"),
        ("country", "Soviet Union"),
        ("country", "ZZZZ"),
        ("genre", "XXX"),
        ("director", "-1"),
        ("director", "99999999999999999999999"),
        ("decade", "195"),
        ("plays", "theirs"),
        ("sort", "random"),
        ("show", "everything"),
        ("min", "cheap"),
        ("max", "NaN"),
        ("min", "-5"),
        ("after", "nonsense"),
        ("after", "2026-13-99~1"),
        ("after", "~"),
    ],
)
def test_what_is_not_understood_is_left_out_and_said(client: Client, name: str, value: str) -> None:
    response = client.get("/dvds/", {name: value})
    assert response.status_code == 200
    assert len(titles(response)) == 3
    assert "left them out" in response.text


@pytest.mark.usefixtures("shelf")
@pytest.mark.parametrize("text", ["%", "_", "'", '"; drop', "\x00", "()", "ж" * 500, "🕊"])
def test_odd_search_text_does_no_harm(client: Client, text: str) -> None:
    assert client.get("/dvds/", {"q": text}).status_code == 200


def test_nothing_found_is_a_designed_page(client: Client) -> None:
    response = client.get("/dvds/", {"q": "zzzz"})
    assert response.status_code == 200
    assert "No disc matches all of this." in response.text


@pytest.mark.usefixtures("shelf")
def test_a_chip_takes_its_filter_away(client: Client) -> None:
    response = client.get("/dvds/", {"country": ["GR", "FR"], "q": "theo"})
    chips = {chip.label: chip.url for chip in response.context["chips"]}
    assert set(chips) == {"Greece", "France", "“theo”"}
    assert chips["Greece"] == "/dvds/?q=theo&country=FR" or chips["Greece"] == "/dvds/?country=FR&q=theo"


def test_a_film_in_a_language_is_read_in_the_page_s(client: Client) -> None:
    a_piece(an_edition_of(a_film(greek_title="Όταν περνούν οι γερανοί")))
    assert titles(client.get("/el/dvds/")) == ["Όταν περνούν οι γερανοί"]


def test_long_facets_are_cut_but_keep_the_chosen() -> None:
    for number in range(FACET_LIMIT + 2):
        a_piece(an_edition_of(a_film(f"Film {number}", director=f"Director {number}")))
    plain = search(ListingQuery())
    assert len(plain.facets["director"]) == FACET_LIMIT
    shown = {value.code for value in plain.facets["director"]}
    hidden = next(str(pk) for pk in Person.objects.values_list("pk", flat=True) if str(pk) not in shown)
    chosen = search(ListingQuery(chosen={"director": (hidden,)}))
    assert hidden in {value.code for value in chosen.facets["director"]}


PLAYERS = [
    player_for_country("GR"),
    player_for_country("US"),
    player_for_country("JP"),
    Player(region="2", bluray_region="B", is_multi_region=True),
    Player(region="1", bluray_region="A", accepts_pal=False, has_bluray=False, has_uhd=False),
]


@pytest.mark.parametrize("player", PLAYERS)
def test_the_filter_agrees_with_the_answer_on_the_page(player: Player) -> None:
    film = a_film()
    for regions in ([], ["0"], ["1"], ["2"], ["1", "2"], ["ALL"]):
        for standard in ("", "PAL", "NTSC"):
            for rce in (False, True):
                a_piece(an_edition_of(film, regions=regions, video_standard=standard, rce=rce))
    for regions in ([], ["A"], ["B"], ["ABC"]):
        a_piece(an_edition_of(film, disc_format="BD-50", bluray_regions=regions, regions=[], video_standard="HD"))
    a_piece(an_edition_of(film, disc_format="UHD-66", regions=[], video_standard="HD"))
    expected = {
        row.pk for row in Listing.objects.select_related("edition") if check(row.edition, player).answer == Answer.YES
    }
    found = search(ListingQuery(chosen={"plays": ("mine",)}, player=player, size=200))
    assert set(found.ids) == expected
    assert expected


@pytest.mark.usefixtures("shelf")
def test_it_asks_the_database_few_questions(
    client: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_max_num_queries(15):
        client.get("/dvds/", {"country": ["GR", "SU"], "plays": "mine", "q": "the"})


def test_it_starts_no_session(client: Client) -> None:
    response = client.get("/dvds/")
    assert not response.cookies


def test_an_address_is_read_once() -> None:
    read = read_query(QueryDict("grade=good&grade=good"), player=player_for_country("GR"))
    assert read.query.chosen == {"grade": ("good",)}
