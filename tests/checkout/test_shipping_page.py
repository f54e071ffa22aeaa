"""The public shipping page: generated from the tariff, for the visitor's country and currency."""

import re
from decimal import Decimal

import pytest
from django.core.cache import cache
from django.test import Client
from pytest_django import DjangoAssertNumQueries, Settings

from checkout import tariff
from checkout.models import ParcelSettings, ShippingRate
from tests.checkout.rates import load_newest

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def tariff_and_rates(db: None) -> None:
    tariff.load_example()
    load_newest()


def page(client: Client, path: str = "/shipping/", **cookies: str) -> str:
    client.cookies.load(cookies)
    answer = client.get(path)
    assert answer.status_code == 200
    return re.sub(r"\s+", " ", answer.content.decode())  # unbreakable spaces too


def test_it_starts_with_the_visitors_country(client: Client) -> None:
    text = page(client, country="DE")
    assert "To Germany" in text
    assert '<th scope="row">Registered post, tracked</th><td data-label="Price">€8.90</td>' in text
    assert '<option value="DE" selected>Germany</option>' in text


def test_choosing_a_country_leads_back_to_the_piece(client: Client) -> None:
    text = page(client, "/shipping/?next=/dvds/MOV-1/film/")
    assert '<input type="hidden" name="next" value="/dvds/MOV-1/film/">' in text
    assert '<a href="/dvds/MOV-1/film/">Back to the piece</a>' in text


def test_it_leads_to_no_other_site(client: Client) -> None:
    text = page(client, "/shipping/?next=https://evil.example/")
    assert "Back to the piece" not in text
    assert 'href="https://evil.example' not in text


def test_every_band_of_every_offered_method_is_on_it(client: Client) -> None:
    text = page(client)
    for band in ShippingRate.objects.filter(method__is_enabled=True):
        assert f"<td>€{band.price}" in text
    assert "Economy letter" not in text
    assert "+ €1.20 for each kilogram begun over 2 kg" in text
    assert "free from €40.00" in text
    assert "<b>Collect in Athens</b>: free" in text


def test_it_follows_a_change_of_the_tariff(client: Client) -> None:
    ShippingRate.objects.filter(zone__code="EU", method__code="post_tracked", over_g=100).update(price=Decimal("7.77"))
    cache.clear()
    assert "<td>€7.77</td>" in page(client, country="DE")


def test_prices_are_in_the_visitors_currency_with_the_euro_beside(client: Client) -> None:
    text = page(client, country="DE", currency="USD")
    assert ">$9.94 (€8.90)</td>" in text
    assert "reference rates of <b>30 October 2026</b>" in text


def test_one_more_disc_adds_nothing_and_the_page_shows_it(client: Client) -> None:
    text = page(client, country="DE")
    assert '<th scope="row">2</th><td>220 g</td><td>€8.90</td><td>nothing</td>' in text
    assert "2 parcels" in text


def test_customs_are_announced(client: Client) -> None:
    assert "pass customs" in page(client, country="NO")
    assert "pass customs" not in page(client, country="DE")


def test_a_country_we_do_not_ship_to_says_why_at_once(client: Client) -> None:
    text = page(client, country="US")
    assert "United States: we do not ship there." in text
    assert "suspended" in text


def test_it_lists_where_we_do_not_ship_and_why(client: Client) -> None:
    text = page(client, country="DE")
    assert "<dt>United Kingdom</dt><dd>Parcels to Great Britain need a UK VAT number" in text
    assert "<dt>United States</dt>" in text


def test_an_example_tariff_is_labelled_so(client: Client) -> None:
    assert "not a carrier" in page(client)
    ParcelSettings.objects.update(is_illustrative=False)
    cache.clear()
    assert "not a carrier" not in page(client)


def test_it_speaks_greek(client: Client) -> None:
    text = page(client, "/el/shipping/", country="DE")
    assert "Συστημένο ταχυδρομείο" in text
    assert "8,90 €" in text
    assert ">Γερμανία<" in text


def test_a_shop_with_old_rates_says_why_prices_are_in_euro(client: Client, settings: Settings) -> None:
    settings.RATES_MAX_AGE_DAYS = 5
    text = page(client, country="DE", currency="USD")
    assert "$" not in text
    assert "There is no current rate for US Dollar." in text
    assert text.count('<option value="EUR" selected>EUR – Euro</option>') == 1
    assert '<option value="USD"' not in text


def test_the_demo_says_that_its_rates_are_old(client: Client) -> None:
    assert "This demonstration uses the rates it came with" in page(client)


def test_a_hot_page_asks_the_database_nothing(
    client: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    page(client, country="DE", currency="USD")
    with django_assert_num_queries(0):
        page(client, country="FR", currency="GBP")


def test_an_empty_tariff_ships_nowhere(client: Client) -> None:
    ShippingRate.objects.all().delete()
    cache.clear()
    text = page(client, country="DE")
    assert "Germany: we do not ship there." in text


def test_it_rejects_post(client: Client) -> None:
    assert client.post("/shipping/").status_code == 405
