"""Which rate a price uses now, and what happens when rates grow old."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
import time_machine
from django.core.cache import cache
from pytest_django import DjangoAssertNumQueries, Settings

from checkout import currency
from checkout.currency import CurrencyNotOffered, CurrencyQuote
from tests.checkout.rates import load_newest

NEWEST = date(2026, 10, 30)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def bundled_rates(db: None, request: pytest.FixtureRequest) -> None:
    if "no_rates" not in request.fixturenames:
        load_newest()


@pytest.fixture
def no_rates() -> None:
    """A database before its first import."""


@pytest.mark.usefixtures("no_rates")
def test_before_the_first_import_there_is_the_euro() -> None:
    assert currency.current_rate_set() is None
    assert currency.missed_publication_days() is None
    assert currency.offered_currencies() == ["EUR"]
    with pytest.raises(CurrencyNotOffered):
        currency.quote_for("USD")


def at(days_after_newest: int) -> time_machine.travel:
    return time_machine.travel(datetime(2026, 10, 30, 12, tzinfo=UTC) + timedelta(days=days_after_newest))


def test_a_quote_names_rate_date_and_set() -> None:
    quote = currency.quote_for("USD")
    newest = currency.newest_accepted()
    assert newest is not None
    assert quote == CurrencyQuote("USD", Decimal("1.1172"), NEWEST, newest.pk)
    assert quote.convert(Decimal("5.00")) == Decimal("5.59")


def test_the_euro_needs_no_rates() -> None:
    cache.clear()
    quote = currency.quote_for("EUR")
    assert (quote.rate, quote.date, quote.rate_set_id) == (Decimal(1), None, None)
    assert quote.convert(Decimal("5.00")) == Decimal("5.00")


@pytest.mark.parametrize("code", ["XXX", "", "usd", "DEM"])
def test_an_unknown_currency_is_not_offered(code: str) -> None:
    with pytest.raises(CurrencyNotOffered):
        currency.quote_for(code)


def test_thirty_currencies_are_offered_the_euro_first() -> None:
    offered = currency.offered_currencies()
    assert len(offered) == 30
    assert offered[:3] == ["EUR", "AUD", "BRL"]


@pytest.mark.parametrize(("days", "is_offered"), [(0, True), (5, True), (6, False), (23, False)])
def test_a_real_shop_sells_in_euro_only_once_rates_are_over_five_days_old(
    settings: Settings, days: int, is_offered: bool
) -> None:
    settings.RATES_MAX_AGE_DAYS = 5
    with at(days):
        assert ("USD" in currency.offered_currencies()) is is_offered
        assert "EUR" in currency.offered_currencies()
        if is_offered:
            assert currency.quote_for("USD").date == NEWEST
        else:
            with pytest.raises(CurrencyNotOffered):
                currency.quote_for("USD")


def test_the_demo_keeps_showing_its_bundled_rates_with_their_date(settings: Settings) -> None:
    settings.RATES_MAX_AGE_DAYS = 0
    with at(400):
        assert currency.quote_for("USD").date == NEWEST


def test_age_is_counted_in_frankfurt(settings: Settings) -> None:
    settings.RATES_MAX_AGE_DAYS = 5
    before_midnight = datetime(2026, 11, 4, 22, 59, tzinfo=UTC)
    assert not currency.is_too_old(NEWEST, before_midnight)
    assert currency.is_too_old(NEWEST, before_midnight + timedelta(minutes=1))


def test_missed_publication_days() -> None:
    assert currency.missed_publication_days(datetime(2026, 11, 2, 16, 0, tzinfo=UTC)) == 0
    assert currency.missed_publication_days(datetime(2026, 11, 2, 17, 0, tzinfo=UTC)) == 1
    assert currency.missed_publication_days(datetime(2026, 11, 6, 17, 0, tzinfo=UTC)) == 5


def test_a_hot_page_asks_the_database_nothing(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    cache.clear()
    with django_assert_num_queries(2):
        currency.quote_for("USD")
    with django_assert_num_queries(0):
        currency.quote_for("USD")
        currency.offered_currencies()


def test_a_new_set_is_used_at_once() -> None:
    assert currency.quote_for("USD").rate == Decimal("1.1172")
    currency.load_history(b"Date,USD\n2026-11-02,1.2\n")
    assert currency.quote_for("USD").rate == Decimal("1.2")


def test_another_process_sees_a_new_set_within_a_minute(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    with time_machine.travel(datetime(2026, 11, 2, 12, tzinfo=UTC), tick=False) as clock:
        cache.clear()
        currency.quote_for("USD")
        clock.shift(59)
        with django_assert_num_queries(0):
            currency.quote_for("USD")
        clock.shift(2)
        with django_assert_num_queries(2):
            currency.quote_for("USD")
