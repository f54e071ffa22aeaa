"""Films and editions in the API."""

from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries

from tests.api.program import Program, code_of
from tests.catalog.shelf import a_film, a_piece, an_edition_of

pytestmark = pytest.mark.django_db


def titles(response: Any) -> list[str]:
    assert response.status_code == 200, response.content
    return [row["title"] for row in response.json()["results"]]


@pytest.fixture(autouse=True)
def films(db: None) -> None:
    a_film("The Cranes Are Flying", original_title="Летят журавли", languages=["ru"])
    ugetsu = a_film("Ugetsu", director="Kenji Mizoguchi", countries=["JP"], year=1953, genres=("FAN",))
    ugetsu.titles.create(text="Tales of the Pale Moon", kind="alternative", language="en")
    a_film("Ordet", director="Carl Theodor Dreyer", countries=["DK"], year=1955)


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ("", ["Ordet", "The Cranes Are Flying", "Ugetsu"]),
        ("q=pale moon", ["Ugetsu"]),
        ("q=журавли", ["The Cranes Are Flying"]),
        ("year=1955", ["Ordet"]),
        ("decade=1950&country=DK&country=JP", ["Ordet", "Ugetsu"]),
        ("language=ru", ["The Cranes Are Flying"]),
        ("genre=FAN", ["Ugetsu"]),
        ("director=0", []),
    ],
)
def test_films_are_found_by_what_they_are(filters: str, found: list[str]) -> None:
    assert titles(Program().get(f"/films/?{filters}")) == found


def test_films_are_found_by_their_director() -> None:
    film = Program().get("/films/?year=1955").json()["results"][0]
    assert film["directors"][0]["name"] == "Carl Theodor Dreyer"
    assert titles(Program().get(f"/films/?director={film['directors'][0]['id']}")) == ["Ordet"]


@pytest.mark.parametrize("filters", ["year=x", "year=1600", "country=x", "director=me", "colour=bw"])
def test_a_filter_that_makes_no_sense_is_refused(filters: str) -> None:
    assert code_of(Program().get(f"/films/?{filters}")) == "invalid"


def test_pages_go_forth_and_back(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    program = Program()
    with django_assert_num_queries(3):
        first = program.get("/films/?limit=2")
    second = program.client.get(first.json()["next"])
    assert (titles(first), titles(second)) == (["Ordet", "The Cranes Are Flying"], ["Ugetsu"])
    assert second.json()["next"] is None
    assert titles(program.client.get(second.json()["previous"])) == titles(first)


def test_a_film_is_read_in_few_queries(django_assert_max_num_queries: DjangoAssertNumQueries) -> None:
    film = Program().get("/films/?q=cranes").json()["results"][0]
    with django_assert_max_num_queries(3):
        shown = Program().get(f"/films/{film['id']}/")
    assert shown.json()["original_title"] == "Летят журавли"
    assert shown.json()["visitor_rating"] == {"average": None, "count": 0}
    assert Program().get(f"/films/{film['id']}/", If_None_Match=shown.headers["ETag"]).status_code == 304


def test_an_edition_is_read_with_its_tracks(django_assert_max_num_queries: DjangoAssertNumQueries) -> None:
    edition = an_edition_of(a_film("Mirror"), audio=("ru", "en"), subtitles=("el",), label="Ruscico")
    a_piece(edition)
    with django_assert_max_num_queries(3):
        shown = Program().get(f"/editions/{edition.pk}/").json()
    assert [track["language"]["code"] for track in shown["audio_tracks"]] == ["ru", "en"]
    assert [track["language"]["label"] for track in shown["subtitle_tracks"]] == ["Greek"]
    assert shown["label"]["name"] == "Ruscico"
    assert shown["film_ids"] == [row.film_id for row in edition.edition_films.all()]
    assert shown["is_barcode_invalid"] is False
