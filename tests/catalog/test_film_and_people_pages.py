"""Film, person and programme pages, grades, the front page, robots."""

import re

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from catalog.models import ConditionGrade, Programme
from shop.models import Page
from tests.catalog.pieces import a_draft
from tests.catalog.shelf import a_film, a_piece, a_sold_one, an_edition_of

pytestmark = pytest.mark.django_db


def test_a_film_page_compares_its_editions(client: Client) -> None:
    film = a_film()
    a_piece(an_edition_of(film, label="Criterion", regions=["1"]), price="12.00")
    a_piece(an_edition_of(film, label="Nouveaux Pictures"))
    response = client.get(film.get_absolute_url())
    assert [row.edition.label.name for row in response.context["editions"]] == ["Nouveaux Pictures", "Criterion"]


def test_a_film_page_asks_the_database_few_questions(
    client: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    film = a_film()
    for label in ("One", "Two", "Three"):
        a_piece(an_edition_of(film, label=label))
    url = film.get_absolute_url()
    with django_assert_max_num_queries(12):
        client.get(url)


def test_a_film_without_a_copy_has_a_page(client: Client) -> None:
    response = client.get(a_film().get_absolute_url())
    assert response.status_code == 200
    assert "No copy of this film" in response.text


def test_a_film_s_other_addresses_lead_to_its_own(client: Client) -> None:
    film = a_film()
    response = client.get(f"/films/{film.pk}/old/")
    assert response.status_code == 301
    assert response["Location"] == film.get_absolute_url()


@pytest.mark.parametrize(
    "path", ["/films/1/x/", "/people/1/x/", "/programmes/none/", f"/films/{10**30}/x/", f"/people/{10**30}/x/"]
)
def test_what_is_not_there_is_not_found(client: Client, path: str) -> None:
    assert client.get(path).status_code == 404


def test_a_person_is_shown_by_every_name_with_films_and_discs(client: Client) -> None:
    film = a_film()
    piece = a_piece(an_edition_of(film))
    person = film.directors[0]
    person.names.create(name="Михаил Калатозов", script="Cyrl", kind="original")
    response = client.get(person.get_absolute_url())
    assert "Михаил Калатозов" in response.text
    assert film.get_absolute_url() in response.text
    assert response.context["listings"] == [piece]
    assert client.get(f"/people/{person.pk}/x/")["Location"] == person.get_absolute_url()


def test_a_programme_shows_its_films_and_what_is_on_offer(client: Client) -> None:
    programme = Programme.objects.create(slug="thaw", title_en="Thaw", text_en="A short spring.")
    film = a_film()
    programme.programme_films.create(film=film)
    programme.programme_films.create(title="I Am Twenty", position=1)
    piece = a_piece(an_edition_of(film))
    assert "/programmes/thaw/" in client.get("/programmes/").text
    response = client.get("/programmes/thaw/")
    assert "A short spring." in response.text
    assert "I Am Twenty" in response.text
    assert response.context["listings"] == [piece]


def test_a_hidden_programme_is_not_found(client: Client) -> None:
    Programme.objects.create(slug="secret", title_en="Secret", is_public=False)
    assert client.get("/programmes/secret/").status_code == 404
    assert "Secret" not in client.get("/programmes/").text


def test_grades_are_defined(client: Client) -> None:
    ConditionGrade.objects.create(code="like_new", rank=5, definition_en="As if new.", disc_en="No mark.")
    text = client.get("/grades/").text
    assert "As if new." in text
    assert "No mark." in text


def test_the_front_page_has_one_cover_and_the_newest(client: Client) -> None:
    film = a_film()
    film.texts.create(kind="blurb", body="A girl, a boy, a war.")
    cover = a_piece(an_edition_of(film))
    newest = a_piece(an_edition_of(a_film("Persona")))
    a_sold_one(an_edition_of(a_film("Gone")))
    response = client.get("/")
    assert response.context["cover"] == cover
    assert response.context["newest"] == [newest]
    assert "A girl, a boy, a war." in response.text


def test_the_front_page_asks_the_database_few_questions(
    client: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(12):
        a_piece(an_edition_of(a_film(f"Film {number}")))
    with django_assert_max_num_queries(12):
        client.get("/")


def test_an_empty_shop_has_a_front_page(client: Client) -> None:
    assert "Nothing is on offer" in client.get("/").text


def test_an_editable_page_is_sanitised(client: Client) -> None:
    Page.objects.create(
        slug="privacy",
        title_en="Privacy",
        title_el="Απόρρητο",
        body_en="<h2>Yours</h2><script>x()</script>",
        body_el="<p>Σας</p>",
    )
    response = client.get("/pages/privacy/")
    assert "<h2>Yours</h2>" in response.text
    assert "x()" not in response.text
    assert "<p>Σας</p>" in client.get("/el/pages/privacy/").text
    assert client.get("/pages/none/").status_code == 404


def test_the_foot_of_every_page_links_the_editable_ones(client: Client) -> None:
    Page.objects.create(slug="terms", title_en="Terms", title_el="Όροι", body_en="x", body_el="x")
    Page.objects.create(slug="old", title_en="Old terms", title_el="x", body_en="x", body_el="x", in_footer=False)
    text = client.get("/").text
    assert 'href="/pages/terms/"' in text
    assert "Old terms" not in text


def test_robots_are_told_what_to_leave(client: Client) -> None:
    text = client.get("/robots.txt").text
    assert "Disallow: /el/basket/" in text
    assert re.search(r"Sitemap: https?://.+/sitemap.xml", text)


def test_the_sitemap_has_every_public_page_in_both_languages(client: Client) -> None:
    offered, sold = a_piece(an_edition_of(a_film())), a_sold_one(an_edition_of(a_film("Gone")))
    text = client.get("/sitemap.xml").text
    for piece in (offered, sold):
        assert f"{piece.get_absolute_url()}</loc>" in text
        assert f"/el{piece.get_absolute_url()}</loc>" in text
    assert 'hreflang="el"' in text
    assert 'hreflang="x-default"' in text


def test_the_sitemap_hides_drafts(client: Client) -> None:
    assert a_draft().sku not in client.get("/sitemap.xml").text
