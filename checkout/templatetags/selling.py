"""What pages show of selling: prices in the visitor's currency, choices of currency and country, shipping."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any, cast

from babel.dates import format_date, format_datetime, format_time
from babel.numbers import format_decimal
from django import template
from django.db.models import prefetch_related_objects
from django.http import HttpRequest
from django.template import Context
from django.utils import timezone
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from catalog.models import AudioTrack, Listing, SubtitleTrack
from catalog.names import language_name
from checkout import currency, inventory, orders, shipping, tariff
from checkout.currency import CurrencyQuote
from checkout.gateways.base import Gateway
from checkout.money import BASE_CURRENCY, currency_name, format_amount
from checkout.preferences import VisitorRequest
from checkout.shipping import ShippingOption
from checkout.summary import Summary, points_of
from checkout.visitors import visitor_of
from shop.models import ShopSettings
from shop.page_texts import guarantee_period, tax_sentence

register = template.Library()

# From this age on the demo says that a real shop would not use such rates.
DAYS_UNTIL_RATES_LOOK_OLD = 5
_SELECTED = SafeString(" selected")
# A transfer has days: nobody counts those in minutes.
LONGEST_COUNTDOWN = timedelta(hours=2)


def _visitor(context: Context) -> VisitorRequest:
    # The attribute survives `{% include … only %}`, the variable does not.
    request: HttpRequest = context.get("request") or context.request  # type: ignore[attr-defined]
    return cast(VisitorRequest, request)


def _language() -> str:
    return get_language() or "en"


def _long_date(day: date) -> str:
    return format_date(day, "d MMMM y", locale=_language())


def _in(quote: CurrencyQuote, amount_eur: Decimal) -> str:
    return format_amount(quote.convert(amount_eur), quote.currency, _language())


@register.simple_tag(takes_context=True)
def price(context: Context, amount_eur: Decimal) -> str:
    """An EUR amount in the visitor's currency: `$5.59`."""
    return _in(_visitor(context).currency_quote, amount_eur)


@register.simple_tag(takes_context=True)
def price_with_euro(context: Context, amount_eur: Decimal) -> str:
    """An EUR amount in the visitor's currency, with the euro behind it when they differ: `$5.59 (€5.00)`."""
    quote = _visitor(context).currency_quote
    euro = format_amount(amount_eur, BASE_CURRENCY, _language())
    return euro if quote.currency == BASE_CURRENCY else f"{_in(quote, amount_eur)} ({euro})"


@register.inclusion_tag("selling/_price_note.html", takes_context=True)
def price_note(context: Context, amount_eur: Decimal) -> dict[str, Any]:
    """What the shown price is: the euro price, the rate, its date, and that nothing is added."""
    visitor = _visitor(context)
    quote = visitor.currency_quote
    return {
        "euro": format_amount(amount_eur, BASE_CURRENCY, _language()),
        "rate": format_decimal(quote.rate, format="#,##0.######", locale=_language()),
        "day": _long_date(quote.date) if quote.date else "",
        "missing_currency": _missing_currency(visitor),
    }


def _missing_currency(visitor: VisitorRequest) -> str:
    """The name of the currency the visitor chose and cannot have now; empty otherwise."""
    if visitor.wanted_currency == visitor.currency:
        return ""
    return currency_name(visitor.wanted_currency, _language())


@register.inclusion_tag("selling/_rate_notice.html", takes_context=True)
def rate_notice(context: Context) -> dict[str, Any]:
    """Which rates prices are converted at, whose they are, and who converts."""
    current = currency.current_rate_set()
    if current is None or currency.is_too_old(current.date):
        return {"day": "", "missing_currency": _missing_currency(_visitor(context))}
    age = (timezone.localdate() - current.date).days
    return {"day": _long_date(current.date), "is_old": age > DAYS_UNTIL_RATES_LOOK_OLD}


@register.inclusion_tag("selling/_currency_select.html", takes_context=True)
def currency_select(context: Context) -> dict[str, Any]:
    """A form that shows prices in another currency and stays on the page."""
    visitor = _visitor(context)
    return {
        "options": _currency_options(tuple(currency.offered_currencies()), visitor.currency, _language()),
        "next": cast(HttpRequest, visitor).get_full_path(),
    }


@lru_cache(maxsize=128)
def _currency_options(codes: tuple[str, ...], chosen: str, language: str) -> SafeString:
    """The options of the choice of currency, kept because every page has them."""
    return format_html_join(
        "",
        '<option value="{}"{}>{} – {}</option>',
        ((code, _SELECTED if code == chosen else "", code, currency_name(code, language)) for code in codes),
    )


@register.inclusion_tag("selling/_country_select.html", takes_context=True)
def country_select(context: Context, back: str = "") -> dict[str, Any]:
    """A form that quotes shipping to another country and stays on the page, or goes back to another."""
    visitor = _visitor(context)
    return {
        "choices": shipping.country_choices(),
        "chosen": visitor.country,
        "next": back or cast(HttpRequest, visitor).get_full_path(),
    }


@register.inclusion_tag("selling/_shipping_estimate.html", takes_context=True)
def shipping_estimate(context: Context, listing: Listing) -> dict[str, Any]:
    """What shipping this piece to the visitor's country costs, and what a second disc would add."""
    visitor = _visitor(context)
    weight_g = listing.weight_g or tariff.default_weight_g(listing.edition.packaging)
    goods_eur: Decimal = listing.price.amount
    offer = shipping.quote(visitor.country, [weight_g], goods_eur)
    second_adds = shipping.marginal(
        visitor.country, [weight_g], goods_eur, extra_weight_g=tariff.current().parcel.default_piece_weight_g
    )
    return {
        "country": tariff.country_name(visitor.country, _language()),
        "offer": offer,
        "option": offer.default,
        "price": _in(visitor.currency_quote, offer.default.price_eur) if offer.default else "",
        "adds_nothing": second_adds is not None and second_adds <= 0,
        "second_adds": _in(visitor.currency_quote, second_adds) if second_adds and second_adds > 0 else "",
        "next": cast(HttpRequest, visitor).path,
        "request": visitor,
    }


@register.filter
def delivery_days(option: ShippingOption) -> str:
    """How long a parcel takes: `5–10 days`; empty where the buyer collects it."""
    if option.days_min is None or option.days_max is None:
        return ""
    if option.days_min == option.days_max:
        return ngettext("%(days)d day", "%(days)d days", option.days_max) % {"days": option.days_max}
    return _("%(least)d–%(most)d days") % {"least": option.days_min, "most": option.days_max}


@register.filter
def iban(number: str) -> str:
    """An account number in groups of four, as banks print it."""
    bare = number.replace(" ", "")
    return " ".join(bare[start : start + 4] for start in range(0, len(bare), 4))


@register.filter
def weight(grams: int) -> str:
    """A weight as people say it: `250 g`, `2 kg`."""
    if grams < 1000:
        return f"{grams}\xa0g"
    return format_decimal(Decimal(grams) / 1000, format="#,##0.###", locale=_language()) + "\xa0kg"


@register.simple_tag
def amount(value: Decimal, in_currency: str) -> str:
    """An amount that is in its currency already, such as a part of an order: `$5.59`."""
    return format_amount(value, in_currency, _language())


@register.simple_tag
def exchange_rate(rate: Decimal) -> str:
    """How many units of a currency one euro is, with every digit that was used."""
    return format_decimal(rate, format="#,##0.######", locale=_language())


@register.filter
def long_date(day: date) -> str:
    """A date with its month in words."""
    return _long_date(day)


@register.filter
def moment(at: datetime) -> str:
    """A point in time as people say it, in the shop's time zone."""
    return format_datetime(timezone.localtime(at), "d MMMM y, HH:mm", locale=_language())


@register.filter
def clock_time(at: datetime) -> str:
    """The time of day, in the shop's time zone."""
    return format_time(timezone.localtime(at), "HH:mm", locale=_language())


@register.inclusion_tag("selling/_reserve_box.html", takes_context=True)
def reserve_box(context: Context, listing: Listing) -> dict[str, Any]:
    """What a visitor can do about a piece now: reserve it, go on with it, or learn that somebody else has it."""
    visitor = visitor_of(cast(HttpRequest, _visitor(context)))
    claim = None
    if visitor is not None and not listing.is_for_sale:
        claim = inventory.own_claim(listing, visitor)
    return {
        "listing": listing,
        "claim": claim,
        "order": claim.order_line.order if claim and hasattr(claim, "order_line") else None,
        "minutes": ShopSettings.current().reservation_minutes,
    }


@register.inclusion_tag("selling/_basket_badge.html", takes_context=True)
def basket_badge(context: Context) -> dict[str, Any]:
    """The link to the basket, with how many pieces are in it and when the first lapses."""
    count, until = inventory.count_live(visitor_of(cast(HttpRequest, _visitor(context))))
    return {"count": count, "until": until}


@register.inclusion_tag("selling/_points_line.html")
def points_line(listing: Listing) -> dict[str, Any]:
    """The reward points a piece earns and what they are worth."""
    settings = ShopSettings.current()
    return {"points": points_of(listing), "points_for_one_euro": settings.points_for_one_euro}


@register.inclusion_tag("selling/_countdown.html")
def countdown(until: datetime) -> dict[str, Any]:
    """Until when something is held: the time without scripts, minutes and seconds with them; a date when it is days."""
    return {"until": until, "is_long": until - timezone.now() > LONGEST_COUNTDOWN}


@register.inclusion_tag("selling/_consumer_rights.html")
def consumer_rights() -> dict[str, Any]:
    """What a price contains and what the law gives the buyer (Directive 2011/83/EU, article 6(1)(e), (h), (l))."""
    shop = ShopSettings.current()
    return {
        "tax_sentence": tax_sentence(shop),
        "withdrawal_days": shop.withdrawal_days,
        "guarantee_period": guarantee_period(shop),
    }


@register.simple_tag
def price_contains() -> str:
    """Which tax a price contains, in a sentence; under the margin scheme no VAT is named."""
    return tax_sentence(ShopSettings.current())


@register.simple_tag
def guarantee_in_words() -> str:
    """How long the legal guarantee lasts: `2 years`."""
    return guarantee_period(ShopSettings.current())


@register.inclusion_tag("checkout/_pieces.html", takes_context=True)
def pieces_in_full(context: Context, summary: Summary) -> dict[str, Any]:
    """The pieces about to be bought, with the main characteristics of each copy (2011/83/EU, article 8(2))."""
    prefetch_related_objects(
        [line.listing for line in summary.lines],
        "defects",
        "edition__audio_tracks",
        "edition__subtitle_tracks",
    )
    return {"lines": summary.lines, "currency": summary.currency, "request": _visitor(context)}


@register.filter
def languages_of(tracks: Iterable[AudioTrack | SubtitleTrack]) -> str:
    """The languages of some tracks, each once: a commentary need not say English again."""
    return ", ".join(dict.fromkeys(language_name(track.language) for track in tracks))


@register.filter
def in_a_line(listing: Listing) -> str:
    """Which copy it is: format, region, standard, label, grade."""
    return orders.describe(listing)


@register.inclusion_tag("checkout/_before_ordering.html")
def before_ordering(summary: Summary, gateway: Gateway) -> dict[str, Any]:
    """What a buyer has to be told right before the button that orders."""
    shop = ShopSettings.current()
    return {
        "shop": shop,
        "summary": summary,
        "gateway": gateway,
        "days": delivery_days(summary.option) if summary.option else "",
        "tax_sentence": tax_sentence(shop),
        "guarantee_period": guarantee_period(shop),
    }
