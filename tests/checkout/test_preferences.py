"""Choosing a currency and a country: kept in cookies, corrected when unknown, and never leaving the page."""

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from pytest_django import DjangoAssertNumQueries, Settings

from checkout import currency
from shop.middleware_preferences import PreferencesMiddleware
from tests.checkout.rates import load_newest

pytestmark = pytest.mark.django_db


def through_middleware(cookies: dict[str, str]) -> tuple[HttpRequest, HttpResponse]:
    request = RequestFactory().get("/")
    request.COOKIES.update(cookies)
    return request, PreferencesMiddleware(lambda _request: HttpResponse())(request)


def test_without_cookies_it_is_the_euro_and_greece(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    with django_assert_num_queries(0):
        request, response = through_middleware({})
    assert (request.currency, request.country) == ("EUR", "GR")
    assert not response.cookies


def test_choices_are_read_from_cookies() -> None:
    load_newest()
    request, response = through_middleware({"currency": "USD", "country": "DE"})
    assert (request.currency, request.country) == ("USD", "DE")
    assert request.currency_quote == currency.quote_for("USD")
    assert not response.cookies


@pytest.mark.parametrize("code", ["XXX", "usd", "", "<script>", "EUR'--", "x" * 5000])
def test_an_unknown_currency_is_the_euro_and_its_cookie_corrected(code: str) -> None:
    request, response = through_middleware({"currency": code})
    assert request.currency == "EUR"
    assert response.cookies["currency"].value == "EUR"


@pytest.mark.parametrize("code", ["ZZ", "de", "", "Germany", "EU"])
def test_an_unknown_country_is_greece_and_its_cookie_corrected(code: str) -> None:
    request, response = through_middleware({"country": code})
    assert request.country == "GR"
    assert response.cookies["country"].value == "GR"


def test_kosovo_is_a_country() -> None:
    request, response = through_middleware({"country": "XK"})
    assert request.country == "XK"
    assert not response.cookies


def test_a_known_currency_without_rates_is_remembered_for_better_days() -> None:
    request, response = through_middleware({"currency": "USD"})
    assert (request.currency, request.wanted_currency) == ("EUR", "USD")
    assert not response.cookies


def test_choosing_a_currency_stays_on_the_page(client: Client) -> None:
    answer = client.post("/currency/", {"currency": "USD", "next": "/dvds/?q=cranes&page=2"})
    assert (answer.status_code, answer["Location"]) == (302, "/dvds/?q=cranes&page=2")
    cookie = answer.cookies["currency"]
    assert cookie.value == "USD"
    assert (cookie["samesite"], cookie["httponly"], cookie["path"]) == ("Lax", True, "/")


def test_choosing_a_country_stays_on_the_page(client: Client) -> None:
    answer = client.post("/el/country/", {"country": "DE", "next": "/el/shipping/"})
    assert (answer.status_code, answer["Location"]) == (302, "/el/shipping/")
    assert answer.cookies["country"].value == "DE"


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example",
        "javascript:alert(1)",
        "",
        "http:evil.example",
    ],
)
def test_it_goes_nowhere_else(client: Client, target: str) -> None:
    assert client.post("/currency/", {"currency": "USD", "next": target})["Location"] == "/"
    assert client.post("/country/", {"country": "DE", "next": target})["Location"] == "/shipping/"


def test_unknown_choices_become_the_default(client: Client) -> None:
    assert client.post("/currency/", {"currency": "XXX"}).cookies["currency"].value == "EUR"
    assert client.post("/country/", {"country": "ZZ"}).cookies["country"].value == "GR"


def test_a_choice_heals_a_broken_cookie(client: Client) -> None:
    client.cookies["currency"] = "XXX"
    assert client.post("/currency/", {"currency": "USD"}).cookies["currency"].value == "USD"


def test_it_rejects_get(client: Client) -> None:
    assert client.get("/currency/").status_code == 405
    assert client.get("/country/").status_code == 405


def test_it_rejects_posts_from_other_sites(client: Client) -> None:
    answer = client.post("/currency/", {"currency": "USD"}, headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403
    assert "currency" not in answer.cookies


def test_cookies_are_secure_where_the_shop_is(client: Client, settings: Settings) -> None:
    settings.SESSION_COOKIE_SECURE = True
    assert client.post("/currency/", {"currency": "USD"}).cookies["currency"]["secure"]


@pytest.mark.parametrize("path", ["/", "/el/dvds/", "/shipping/"])
def test_no_shared_cache_may_mix_visitors(client, path):
    answer = client.get(path)
    assert answer["Cache-Control"] == "private, no-cache"
    assert not answer.cookies
