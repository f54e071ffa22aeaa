"""What a visitor chose, kept in two cookies: the currency of prices and the country parcels go to."""

from typing import Protocol, cast

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django_countries import countries

from checkout import currency
from checkout.currency import EURO, CurrencyNotOffered, CurrencyQuote
from checkout.money import BASE_CURRENCY, CURRENCIES

CURRENCY_COOKIE = "currency"
COUNTRY_COOKIE = "country"
DEFAULT_COUNTRY = "GR"
KEEP_SECONDS = 365 * 24 * 60 * 60


class VisitorRequest(Protocol):
    """A request after `PreferencesMiddleware`.

    `wanted_currency` was chosen; `currency` is that, or the euro while its rates are missing or too old.
    """

    wanted_currency: str
    currency: str
    country: str
    currency_quote: CurrencyQuote


def is_currency(code: str) -> bool:
    """Whether the shop knows the currency, whatever today's rates."""
    return code in CURRENCIES


def is_country(code: str) -> bool:
    """Whether there is such a country, whether we ship there or not."""
    return code in countries.countries


def read(request: HttpRequest) -> dict[str, str]:
    """Set the visitor's choices on the request; return wrong cookies with the values they should have."""
    visitor = cast(VisitorRequest, request)
    wrong = {}
    visitor.wanted_currency = request.COOKIES.get(CURRENCY_COOKIE, BASE_CURRENCY)
    if not is_currency(visitor.wanted_currency):
        visitor.wanted_currency = wrong[CURRENCY_COOKIE] = BASE_CURRENCY
    visitor.country = request.COOKIES.get(COUNTRY_COOKIE, DEFAULT_COUNTRY)
    if not is_country(visitor.country):
        visitor.country = wrong[COUNTRY_COOKIE] = DEFAULT_COUNTRY
    try:
        visitor.currency_quote = currency.quote_for(visitor.wanted_currency)
    except CurrencyNotOffered:
        visitor.currency_quote = EURO
    visitor.currency = visitor.currency_quote.currency
    return wrong


def remember(response: HttpResponse, cookie: str, value: str) -> None:
    """Keep a choice for a year."""
    response.set_cookie(
        cookie,
        value,
        max_age=KEEP_SECONDS,
        samesite="Lax",
        httponly=True,
        secure=settings.SESSION_COOKIE_SECURE,
    )
