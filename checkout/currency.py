"""Rate sets: importing the ECB's reference rates, and which rate a price uses now."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from pathlib import Path

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from checkout import target_calendar
from checkout.errors import CheckoutError
from checkout.gateways import ecb
from checkout.models.currency import Rate, RateSet, RateSetStatus, RateSource
from checkout.money import BASE_CURRENCY, CURRENCIES, convert
from checkout.process_cache import Kept

BUNDLED_HISTORY = Path(__file__).resolve().parent.parent / "fixtures" / "ecb_history.csv"
MAJOR_CURRENCIES = frozenset({"USD", "GBP", "JPY", "CHF", "AUD", "CAD", "CNY", "SEK", "NOK", "DKK", "PLN", "CZK"})
LARGEST_JUMP = Decimal("0.20")


class CurrencyNotOffered(CheckoutError):
    """The currency is unknown, or its rates are missing or too old."""

    code = "currency_not_offered"
    status = 422
    message = _("Prices are not available in this currency at present.")


class DecisionNotPossible(CheckoutError):
    """The rate set is not waiting, or another set of its source and date is already accepted."""

    code = "rate_set_not_waiting"
    status = 409
    message = _("This rate set is not waiting for a decision, or its date already has rates.")


@dataclass(frozen=True, slots=True)
class CurrencyQuote:
    """How many units of a currency one euro is, with where that comes from. The euro needs no rate set."""

    currency: str
    rate: Decimal
    date: date | None
    rate_set_id: int | None

    def convert(self, amount_eur: Decimal) -> Decimal:
        """Return the EUR amount in this currency, rounded once."""
        return convert(amount_eur, self.rate, self.currency)


@dataclass(frozen=True, slots=True)
class CurrentRates:
    """The newest accepted rate set, as pages use it."""

    rate_set_id: int
    date: date
    rates: Mapping[str, Decimal]


class Outcome(StrEnum):
    """What became of a fetched document."""

    UNCHANGED = "unchanged"
    ACCEPTED = "accepted"
    WAITING = "waiting"


EURO = CurrencyQuote(currency=BASE_CURRENCY, rate=Decimal(1), date=None, rate_set_id=None)


# Which rate a price uses


def _load_current() -> CurrentRates | None:
    newest = newest_accepted()
    if newest is None:
        return None
    rates = dict(newest.rates.values_list("currency", "rate"))
    return CurrentRates(rate_set_id=newest.pk, date=newest.date, rates=rates)


_current = Kept("current-rates", _load_current)


def newest_accepted() -> RateSet | None:
    """Return the accepted rate set of the newest date, from the database."""
    return RateSet.objects.accepted().order_by("-date", "-id").first()


def current_rate_set() -> CurrentRates | None:
    """Return the rates in use, or None before the first import. Costs no query while nothing has changed."""
    return _current.get()


def is_too_old(day: date, now: datetime | None = None) -> bool:
    """Whether rates of that day are older than RATES_MAX_AGE_DAYS calendar days; 0 there means no limit."""
    limit: int = settings.RATES_MAX_AGE_DAYS
    today = (now or timezone.now()).astimezone(target_calendar.FRANKFURT).date()
    return limit > 0 and (today - day).days > limit


def offered_currencies() -> list[str]:
    """Return the currencies prices can be shown and charged in now: the euro first, then by code."""
    current = current_rate_set()
    if current is None or is_too_old(current.date):
        return [BASE_CURRENCY]
    return [BASE_CURRENCY, *sorted(current.rates.keys() & CURRENCIES.keys())]


def quote_for(currency: str) -> CurrencyQuote:
    """Return the rate that a price in this currency uses now. Raises CurrencyNotOffered."""
    if currency == BASE_CURRENCY:
        return EURO
    current = current_rate_set()
    if current is None or currency not in CURRENCIES or currency not in current.rates or is_too_old(current.date):
        raise CurrencyNotOffered
    return CurrencyQuote(currency, current.rates[currency], current.date, current.rate_set_id)


def missed_publication_days(now: datetime | None = None) -> int | None:
    """Return how many publication days passed without an accepted set; None before the first set."""
    newest = newest_accepted()
    return None if newest is None else target_calendar.missed_days(newest.date, now or timezone.now())


# Importing


def fetch_daily(*, transport: ecb.Transport | None = None) -> Outcome:
    """Fetch the ECB's daily feed and store its rate set, accepted or waiting for staff.

    Raises FeedError when the feed cannot be used; then nothing is stored and the rates in use stay.
    """
    last = RateSet.objects.filter(source=RateSource.DAILY).order_by("-id").first()
    document = ecb.fetch(
        settings.ECB_FEED_URL,
        etag=last.etag if last else "",
        last_modified=last.last_modified if last else "",
        transport=transport,
    )
    if document is None:
        return Outcome.UNCHANGED
    return store_daily(document)


def store_daily(document: ecb.Document) -> Outcome:
    """Store the rate set of a daily feed document. Raises FeedError when its content cannot be used."""
    day = ecb.read_daily(document.body)
    try:
        outcome = _store_daily(document, day)
    except IntegrityError:  # another worker stored the same document a moment ago
        return Outcome.UNCHANGED
    if outcome is Outcome.ACCEPTED:
        _current.changed()
    return outcome


@transaction.atomic(durable=True)
def _store_daily(document: ecb.Document, day: ecb.DatedRates) -> Outcome:
    now = timezone.now()
    if day.date > now.astimezone(target_calendar.FRANKFURT).date():
        raise ecb.FeedError("date_in_future", day.date.isoformat())
    if RateSet.objects.filter(source=RateSource.DAILY, date=day.date, sha256=document.sha256).exists():
        return Outcome.UNCHANGED
    newest = newest_accepted()
    if newest is not None and day.date < newest.date:
        raise ecb.FeedError("older_than_newest", f"{day.date} before {newest.date}")
    known = dict(newest.rates.values_list("currency", "rate")) if newest else {}
    if newest is not None and day.date == newest.date:
        if day.rates == known and not day.unusable:
            return Outcome.UNCHANGED
        # Orders may already name that date's rates: what the date means must not change any more.
        raise ecb.FeedError("differs_from_accepted", day.date.isoformat())
    doubts = find_doubts(day, known)
    rate_set = RateSet.objects.create(
        date=day.date,
        source=RateSource.DAILY,
        sha256=document.sha256,
        etag=document.etag,
        last_modified=document.last_modified,
        fetched_at=now,
        status=RateSetStatus.WAITING if doubts else RateSetStatus.ACCEPTED,
        reason="\n".join(doubts),
    )
    _add_rates(rate_set, day.rates)
    return Outcome.WAITING if doubts else Outcome.ACCEPTED


def find_doubts(day: ecb.DatedRates, known: Mapping[str, Decimal]) -> list[str]:
    """Return the reasons, one a line, why a person should look at these rates before prices use them."""
    missing = sorted(MAJOR_CURRENCIES - day.rates.keys() - day.unusable.keys())
    doubts = [f"{currency}: missing" for currency in missing]
    doubts += [f"{currency}: {text!r} is not a rate; left out" for currency, text in sorted(day.unusable.items())]
    doubts += [
        f"{currency}: {known[currency]:f} → {rate:f}, more than {LARGEST_JUMP:.0%}"
        for currency, rate in sorted(day.rates.items())
        if currency in known and abs(rate - known[currency]) > LARGEST_JUMP * known[currency]
    ]
    return doubts


def _add_rates(rate_set: RateSet, rates: Mapping[str, Decimal]) -> None:
    Rate.objects.bulk_create(
        Rate(rate_set=rate_set, currency=currency, rate=rate) for currency, rate in sorted(rates.items())
    )


def load_history(body: bytes, *, source: RateSource = RateSource.HISTORY) -> int:
    """Store the ECB's history (CSV or zip) for dates that have no rates; return how many sets were added.

    Raises FeedError; then nothing is stored.
    """
    days = ecb.read_history(body)
    added = _store_history(days, hashlib.sha256(body).hexdigest(), source)
    if added:
        _current.changed()
    return added


def load_bundled_history() -> int:
    """Store the history shipped with the shop; return how many sets were added. Needs no network."""
    return load_history(BUNDLED_HISTORY.read_bytes(), source=RateSource.BUNDLED)


@transaction.atomic(durable=True)
def _store_history(days: list[ecb.DatedRates], sha256: str, source: RateSource) -> int:
    now = timezone.now()
    if days and days[-1].date > now.astimezone(target_calendar.FRANKFURT).date():
        raise ecb.FeedError("date_in_future", days[-1].date.isoformat())
    known = set(RateSet.objects.accepted().values_list("date", flat=True))
    new = [day for day in days if day.date not in known]
    for day in new:
        if day.unusable:
            raise ecb.FeedError("wrong_format", f"{day.date}: {', '.join(sorted(day.unusable))}")
    rate_sets = RateSet.objects.bulk_create(
        RateSet(date=day.date, source=source, sha256=sha256, fetched_at=now, status=RateSetStatus.ACCEPTED)
        for day in new
    )
    Rate.objects.bulk_create(
        (
            Rate(rate_set=rate_set, currency=currency, rate=rate)
            for rate_set, day in zip(rate_sets, new, strict=True)
            for currency, rate in sorted(day.rates.items())
        ),
        batch_size=5000,
    )
    return len(new)


# Deciding


def accept(rate_set: RateSet) -> None:
    """Let prices use a waiting rate set. Raises DecisionNotPossible."""
    _decide(rate_set.pk, RateSetStatus.ACCEPTED)
    _current.changed()


def reject(rate_set: RateSet) -> None:
    """Put a waiting rate set aside for good. Raises DecisionNotPossible."""
    _decide(rate_set.pk, RateSetStatus.REJECTED)


def _decide(rate_set_id: int, status: RateSetStatus) -> None:
    try:
        with transaction.atomic(durable=True):
            waiting = RateSet.objects.waiting().filter(pk=rate_set_id)
            if not waiting.update(status=status, decided_at=timezone.now()):
                raise DecisionNotPossible
    except IntegrityError as error:
        raise DecisionNotPossible from error
