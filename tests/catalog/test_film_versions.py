"""What is rendered of a film is kept until one of the rows it shows changes, by whatever statement."""

from dataclasses import dataclass
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from catalog.film_facts import film_querysets
from catalog.models import (
    Award,
    AwardBody,
    Company,
    FactClaim,
    Film,
    Genre,
    Listing,
    Person,
    Programme,
    Review,
    Source,
    Venue,
)
from catalog.vocabularies import Rights
from shop.models import User
from tests.catalog.shelf import a_film, a_piece, an_edition_of

pytestmark = pytest.mark.django_db


@dataclass(frozen=True)
class Known:
    film: Film
    piece: Listing


@pytest.fixture
def known() -> Known:
    """A film with a row in every table that its page shows."""
    film = a_film(original_title="Летят журавли", runtime_min=95)
    sequel = a_film("A Sequel", director="Somebody Else", year=1999, countries=["FR"])
    source = Source.objects.create(code="critic", name="Critic")
    veronika = Person.objects.create(name="Tatyana Samoylova")
    veronika.names.create(name="Tatiana Samoilova")
    writer = Person.objects.create(name="Viktor Rozov")
    cinematographer = Person.objects.create(name="Sergei Urusevsky")
    film.titles.create(text="Als de kraanvogels overvliegen", language="nl", kind="translated")
    film.texts.create(kind="trivia", body="The camera was carried by hand.", source=source)
    film.source_works.create(title="Eternally Alive", kind="play", author=writer)
    film.credits.create(person=veronika, role="actor", character="Veronika", billing=1)
    film.companies.create(company=Company.objects.create(name="Mosfilm"), role="production")
    film.releases.create(date="1957-10-12", territory="SU", kind="premiere", note="at home")
    film.box_office.create(measure="admissions", territory="SU", value=28_300_000)
    film.connections.create(kind="references", other=sequel, note="a glance")
    film.external_ids.create(scheme="eidr_title", value="10.5240/1")
    film.external_ratings.create(rating_source="critic", value="8.3", scale="10", is_public=True)
    film.external_counts.create(kind="photos", value=41)
    film.links.create(kind="official", title="The studio’s page")
    film.images.create(kind="still", image="films/still.jpg", caption_en="On the stairs", rights=Rights.OWN)
    film.advisories.create(kind="War", level="mild", text="a bombed house")
    film.certificates.create(system="MPA", value="Not Rated")
    palme = Award.objects.create(body=AwardBody.objects.create(name="Cannes Film Festival"), name="Palme d’Or")
    film.award_results.create(award=palme, year=1958, result="won", note="the only one").recipients.add(cinematographer)
    for value in ("95", "97"):
        FactClaim.objects.create(film=film, fact="aspect", value=value, source=source)
    Review.objects.create(
        film=film, kind="essay", title="The stairs", body="Ours.", rights=Rights.OWN, moderation="approved"
    )
    film.visitor_ratings.create(user=User.objects.create(email="one@example.com"), value=7)
    programme = Programme.objects.create(slug="thaw", title_en="Russian Thaw")
    programme.programme_films.create(film=film)
    screening = film.screenings.create(
        programme=programme, venue=Venue.objects.create(name="Eye"), title_en="Opening night",
        restored_by=Company.objects.create(name="The restorers"),
    )  # fmt: skip
    screening.acts.create(name="Martin de Ruiter", role_en="piano")
    return Known(film, a_piece(an_edition_of(film)))


# Table, column, and which of its rows; the new value is then to be read on the page.
SHOWN = [
    ("film", "process", "id = {film}"),
    ("film", "title", "title = 'A Sequel'"),
    ("filmtitle", "text", "film_id = {film}"),
    ("filmtext", "body", "film_id = {film}"),
    ("sourcework", "title", "film_id = {film}"),
    ("credit", "character", "film_id = {film} AND role = 'actor'"),
    ("filmcompany", "note", "film_id = {film}"),
    ("filmrelease", "note", "film_id = {film}"),
    ("boxoffice", "value", "film_id = {film}"),
    ("filmconnection", "note", "film_id = {film}"),
    ("externalid", "value", "film_id = {film}"),
    ("externalrating", "votes", "film_id = {film}"),
    ("externalcount", "value", "film_id = {film}"),
    ("filmlink", "title", "film_id = {film}"),
    ("filmimage", "caption_en", "film_id = {film}"),
    ("advisory", "text", "film_id = {film}"),
    ("certificate", "value", "film_id = {film}"),
    ("awardresult", "note", "film_id = {film}"),
    ("award", "name", "name = 'Palme d’Or'"),
    ("awardbody", "name", "name = 'Cannes Film Festival'"),
    ("factclaim", "value", "film_id = {film} AND value = '97'"),
    ("review", "title", "film_id = {film}"),
    ("filmrating", "value", "film_id = {film}"),
    ("programme", "title_en", "slug = 'thaw'"),
    ("screening", "title_en", "film_id = {film}"),
    ("screeningact", "name", "true"),
    ("venue", "name", "true"),
    ("genre", "name_en", "code = 'WAR'"),
    ("person", "name", "name = 'Tatyana Samoylova'"),
    ("person", "name", "name = 'Viktor Rozov'"),
    ("person", "name", "name = 'Sergei Urusevsky'"),
    ("personname", "name", "true"),
    ("company", "name", "name = 'Mosfilm'"),
    ("company", "name", "name = 'The restorers'"),
    ("source", "name", "code = 'critic'"),
]
NUMBERS = {"filmrating": ("4", "4.0 / 10"), "boxoffice": ("918273", "918,273"), "externalcount": ("827364", "827,364")}
NUMBERS["externalrating"] = ("79", "79 votes")


@pytest.mark.parametrize(("table", "column", "where"), SHOWN)
@pytest.mark.parametrize("page", ["film", "piece"])
def test_a_changed_row_changes_the_page_at_once(
    client: Client, known: Known, table: str, column: str, where: str, page: str
) -> None:
    url = getattr(known, page).get_absolute_url()
    value, shown = NUMBERS.get(table, ("Changed just now", "Changed just now"))
    assert shown not in client.get(url).text
    rows = where.format(film=known.film.pk)
    execute(f"UPDATE catalog_{table} SET {column} = %s WHERE {rows}", value)  # noqa: S608 - names above
    assert shown in client.get(url).text


@pytest.mark.parametrize(
    ("table", "where", "shown"),
    [
        ("film_genres", "film_id = {film}", "Genre WAR"),
        ("awardresult_recipients", "true", "Sergei Urusevsky"),
        ("personname", "true", "Tatiana Samoilova"),
        ("screeningact", "true", "Martin de Ruiter"),
        ("programmefilm", "film_id = {film}", "Russian Thaw"),
        ("filmtext", "film_id = {film}", "carried by hand"),
        ("filmrating", "film_id = {film}", "7.0 / 10"),
    ],
)
def test_a_deleted_row_leaves_the_page_at_once(
    client: Client, known: Known, table: str, where: str, shown: str
) -> None:
    url = known.film.get_absolute_url()
    assert shown in client.get(url).text
    execute(f"DELETE FROM catalog_{table} WHERE {where.format(film=known.film.pk)}")  # noqa: S608 - names above
    assert shown not in client.get(url).text


def test_an_added_row_is_on_the_page_at_once(client: Client, known: Known) -> None:
    url = known.film.get_absolute_url()
    client.get(url)
    known.film.genres.add(Genre.objects.create(code="ROM", name_en="Romance", name_el="Ρομαντική"))
    assert "Romance" in client.get(url).text


def test_a_row_moved_to_another_film_changes_both() -> None:
    one, other, third = a_film("One"), a_film("Other"), a_film("Third")
    text = one.texts.create(kind="trivia", body="x")
    before = versions()
    execute("UPDATE catalog_filmtext SET film_id = %s WHERE id = %s", other.pk, text.pk)
    after = versions()
    assert {pk for pk in before if before[pk] != after[pk]} == {one.pk, other.pk}
    assert third.pk in before


def test_a_version_is_never_used_twice() -> None:
    film = a_film()
    seen = set()
    for year in range(1950, 1960):
        Film.objects.filter(pk=film.pk).update(year=year)
        seen.add(versions()[film.pk])
    film.save()  # with the old version in memory
    seen.add(versions()[film.pk])
    assert len(seen) == 11


def tables_of_a_film() -> list[str]:
    return sorted({queryset.model._meta.db_table for queryset in film_querysets(Film.objects.all()).values()})


@pytest.mark.parametrize("table", tables_of_a_film())
def test_every_table_read_for_a_film_changes_its_version(table: str) -> None:
    assert execute(
        "SELECT tgname FROM pg_trigger WHERE tgrelid = %s::regclass AND tgname LIKE 'film\\_version%%'",
        table,
    )


@pytest.mark.parametrize("page", ["film", "piece"])
@pytest.mark.parametrize("prefix", ["", "/el"])
def test_a_page_from_kept_fragments_equals_one_made_anew(client: Client, known: Known, page: str, prefix: str) -> None:
    url = prefix + getattr(known, page).get_absolute_url()
    client.get(getattr(known, page).get_absolute_url())
    client.get("/el" + getattr(known, page).get_absolute_url())
    kept = client.get(url).text
    cache.clear()
    assert client.get(url).text == kept
    assert ("Βραβεία" in kept) == bool(prefix)


def test_kept_fragments_ask_the_database_for_no_fact(
    client: Client, known: Known, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    url = known.piece.get_absolute_url()
    client.get(url)
    with django_assert_max_num_queries(4) as asked:
        response = client.get(url)
    assert "carried by hand" in response.text
    assert not [query for query in asked.captured_queries if "catalog_filmtext" in query["sql"]]


def test_another_visitor_sees_the_same_facts_and_his_own_prices(client: Client, known: Known) -> None:
    url = known.piece.get_absolute_url()
    client.get(url)
    client.cookies["player"] = "GR"
    client.cookies["currency"] = "USD"
    client.get(url)
    assert "carried by hand" in Client().get(url).text
    assert "€5.00" in Client().get(url).text


def versions() -> dict[int, int]:
    return dict(Film.objects.values_list("pk", "version"))


def execute(sql: str, *arguments: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, arguments)
        return cursor.fetchall() if cursor.description else []
