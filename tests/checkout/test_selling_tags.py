"""Prices, notes, choices and the shipping estimate as catalogue templates show them."""

from collections.abc import Callable
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from django.http import HttpRequest
from django.template import RequestContext, Template
from django.test import RequestFactory
from django.utils.translation import override
from pytest_django import DjangoAssertNumQueries, Settings

from checkout import preferences, tariff
from tests.checkout.rates import load_newest

pytestmark = pytest.mark.django_db

Show = Callable[..., str]


@pytest.fixture
def show() -> Show:
    load_newest()
    tariff.load_example()

    def render(
        source: str, *, path: str = "/dvds/?q=a&page=2", context: dict[str, Any] | None = None, **cookies: str
    ) -> str:
        request: HttpRequest = RequestFactory().get(path)
        request.COOKIES.update(cookies)
        preferences.read(request)
        html = Template("{% load selling %}" + source).render(RequestContext(request, context or {}))
        return html.replace("\xa0", " ")

    return render


FIVE = {"amount": Decimal("5.00")}


def piece(weight_g: int | None = 100, packaging: str = "keepcase", price: str = "5.00") -> dict[str, Any]:
    return {
        "listing": SimpleNamespace(
            weight_g=weight_g,
            edition=SimpleNamespace(packaging=packaging),
            price=SimpleNamespace(amount=Decimal(price)),
        )
    }


@pytest.mark.parametrize(
    ("code", "english", "greek"),
    [
        ("EUR", "€5.00", "5,00 €"),
        ("USD", "$5.59", "5,59 $"),
        ("JPY", "¥878", "878 JP¥"),
        ("ISK", "ISK 680", "680 ISK"),
    ],
)
def test_a_price_in_the_visitors_currency_and_language(show: Show, code: str, english: str, greek: str) -> None:
    assert show("{% price amount %}", context=FIVE, currency=code) == english
    with override("el"):
        assert show("{% price amount %}", context=FIVE, currency=code) == greek


def test_a_price_inside_a_closed_include_is_the_visitors_too(show: Show) -> None:
    inner = Template("{% load selling %}{% price amount %}")
    assert (
        show("{% include inner with amount=amount only %}", context={**FIVE, "inner": inner}, currency="USD") == "$5.59"
    )


def test_the_note_names_euro_price_rate_date_and_bank(show: Show) -> None:
    note = show("{% price_note amount %}", context=FIVE, currency="USD")
    assert "€5.00 at the ECB rate of 30 October 2026 (1.1172). No surcharge: you pay exactly this." in note
    with override("el"):
        assert "30 Οκτωβρίου 2026 (1,1172)" in show("{% price_note amount %}", context=FIVE, currency="USD")


def test_the_note_in_euro_names_no_rate(show: Show) -> None:
    note = show("{% price_note amount %}", context=FIVE)
    assert "ECB" not in note
    assert "No surcharge" in note


def test_the_note_says_why_the_chosen_currency_is_missing(show: Show, settings: Settings) -> None:
    settings.RATES_MAX_AGE_DAYS = 5
    assert show("{% price amount %}", context=FIVE, currency="USD") == "€5.00"
    assert "no current rate for US Dollar" in show("{% price_note amount %}", context=FIVE, currency="USD")


def test_the_notice_says_whose_rates_and_who_converts(show: Show) -> None:
    notice = show("{% rate_notice %}")
    assert "the shop converts them itself" in notice
    assert "European Central Bank's reference rates of <b>30 October 2026</b>" in notice
    assert "without any surcharge" in notice


def test_the_currency_choice_stays_on_the_page(show: Show) -> None:
    form = show("{% currency_select %}", currency="USD")
    assert '<input type="hidden" name="next" value="/dvds/?q=a&amp;page=2">' in form
    assert '<option value="USD" selected>USD – US Dollar</option>' in form
    assert form.count("<option") == 30
    assert "csrf" not in form


def test_the_country_choice_marks_where_we_do_not_ship(show: Show) -> None:
    form = show("{% country_select %}", country="DE")
    assert '<option value="DE" selected>Germany</option>' in form
    assert '<option value="US">United States – not served</option>' in form


def test_the_estimate_for_germany_in_dollars(show: Show) -> None:
    text = show("{% shipping_estimate listing %}", context=piece(), country="DE", currency="USD")
    assert "<b>$9.94 to Germany</b>" in text
    assert "Registered post, tracked, 5–10 days." in text
    assert "A second disc ships in the same parcel for nothing." in text
    assert "Customs" not in text


def test_the_estimate_leads_to_the_choice_of_country_and_back(show: Show) -> None:
    assert 'href="/shipping/?next=/dvds/"' in show("{% shipping_estimate listing %}", context=piece())


def test_the_estimate_says_what_a_second_disc_adds(show: Show) -> None:
    text = show("{% shipping_estimate listing %}", context=piece(weight_g=200), country="DE")
    assert "A second disc in the same parcel adds €3.00." in text


def test_the_estimate_knows_a_weight_by_packaging(show: Show) -> None:
    text = show("{% shipping_estimate listing %}", context=piece(weight_g=None, packaging="boxset"), country="DE")
    assert "<b>€11.90 to Germany</b>" in text


def test_the_estimate_may_be_free(show: Show) -> None:
    text = show("{% shipping_estimate listing %}", context=piece(price="40.00"))
    assert "<b>Shipped free to Greece</b>" in text


def test_the_estimate_announces_customs(show: Show) -> None:
    assert "Customs may charge" in show("{% shipping_estimate listing %}", context=piece(), country="JP")


def test_the_estimate_says_why_not(show: Show) -> None:
    text = show("{% shipping_estimate listing %}", context=piece(), country="US")
    assert "<b>United States: no shipping</b>" in text
    assert "suspended" in text


def test_hot_tags_ask_the_database_nothing(show: Show, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    everything = (
        "{% price listing.price.amount %}{% price_note listing.price.amount %}{% shipping_estimate listing %}"
        "{% currency_select %}{% rate_notice %}"
    )
    # Great Britain first: whether we ship there depends on the shop's settings, kept for a minute.
    show(everything, context=piece(), currency="USD", country="GB")
    with django_assert_num_queries(0):
        show(everything, context=piece(), currency="USD", country="DE")
        show(everything, context=piece(), currency="USD", country="GB")
