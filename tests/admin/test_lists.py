"""Lists stay cheap however long they get, and find what staff type."""

from collections.abc import Callable
from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from catalog import listings
from catalog.models import Edition, Film, Listing, Person, Review, Venue
from tests.catalog.pieces import a_listed_piece, a_paid_order, an_edition

ROWS = 30
QUERIES_MAX = 15


def films() -> None:
    for number in range(ROWS):
        film = Film.objects.create(title=f"Film {number}", sort_title=f"Film {number}")
        film.credits.create(person=Person.objects.create(name=f"Director {number}"), role="director")


def editions() -> None:
    for number in range(ROWS):
        an_edition(title=f"Film {number}")


def pieces() -> None:
    for number in range(ROWS):
        listings.create(Listing(edition=an_edition(title=f"Film {number}"), price=Decimal(5)))


def people() -> None:
    for number in range(ROWS):
        Person.objects.create(name=f"Person {number}")


def reviews() -> None:
    for number in range(ROWS):
        Review.objects.create(film=Film.objects.create(title=f"Film {number}"), kind="critic", title="A review")


def screenings() -> None:
    venue = Venue.objects.create(name="Cinema")
    for number in range(ROWS):
        Film.objects.create(title=f"Film {number}").screenings.create(title_en="Screening", venue=venue)


def orders() -> None:
    for _number in range(ROWS):
        order = a_paid_order(a_listed_piece())
        order.addresses.create(kind="shipping", name="Anna", line1="1", city="Athens", country="GR")


LISTS: dict[str, Callable[[], None]] = {
    "catalog_film": films,
    "catalog_edition": editions,
    "catalog_listing": pieces,
    "catalog_person": people,
    "catalog_review": reviews,
    "catalog_screening": screenings,
    "checkout_order": orders,
    "checkout_reservation": orders,
}


@pytest.mark.parametrize("name", LISTS)
def test_thirty_rows_need_few_queries(
    name: str, owner: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    LISTS[name]()
    with django_assert_max_num_queries(QUERIES_MAX):
        answer = owner.get(reverse(f"admin:{name}_changelist"))

    assert len(answer.context["cl"].result_list) == ROWS


@pytest.mark.parametrize("page", ["/staff/", "/staff/catalog/film/missing-facts/"])
def test_overviews_need_few_queries(
    page: str, owner: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    pieces()
    with django_assert_max_num_queries(QUERIES_MAX + 5):
        owner.get(page)


def test_a_film_is_found_by_any_of_its_titles(owner: Client) -> None:
    film = Film.objects.create(title="The Cranes Are Flying", original_title="Летят журавли")
    film.titles.create(text="Quand passent les cigognes", kind="translated", language="fr")
    Film.objects.create(title="Something else")

    for text in ("cranes", "журавли", "cigognes"):
        found = owner.get(reverse("admin:catalog_film_changelist"), {"q": text}).context["cl"].result_list
        assert [row.pk for row in found] == [film.pk], text


def test_a_person_is_offered_by_another_spelling(owner: Client) -> None:
    person = Person.objects.create(name="Tatiana Samoilova")
    person.names.create(name="Tatyana Samojlova")

    answer = owner.get(
        reverse("admin:autocomplete"),
        {"term": "Samojlova", "app_label": "catalog", "model_name": "credit", "field_name": "person"},
    )

    assert [row["text"] for row in answer.json()["results"]] == ["Tatiana Samoilova"]


def test_an_edition_is_offered_by_its_film_and_named_after_it(owner: Client) -> None:
    an_edition()
    Edition.objects.create(title="Something else")

    answer = owner.get(
        reverse("admin:autocomplete"),
        {"term": "cranes", "app_label": "catalog", "model_name": "listing", "field_name": "edition"},
    )

    assert [row["text"] for row in answer.json()["results"]] == ["The Cranes Are Flying"]


def test_an_order_somebody_is_still_filling_in_is_not_listed(owner: Client) -> None:
    order = a_paid_order(a_listed_piece())
    type(order).objects.create(visitor_key="another")

    found = owner.get(reverse("admin:checkout_order_changelist")).context["cl"].result_list

    assert [row.pk for row in found] == [order.pk]


def test_a_row_below_its_parent_leads_to_its_own_page(owner: Client) -> None:
    film = Film.objects.create(title="The Cranes Are Flying")
    review = film.reviews.create(kind="customer", rights="own", body="Good")
    page = owner.get(reverse("admin:catalog_film_change", args=(film.pk,))).content.decode()
    assert f'href="{reverse("admin:catalog_review_change", args=(review.pk,))}"' in page
