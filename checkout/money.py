"""Amounts of money: conversion, the one place that rounds, minor units, and how amounts are shown.

Amounts are `Decimal`. Minor units are what the payment provider counts in; they come from the shop's own
table because the provider's idea of them differs from ISO 4217 (ISK and the currencies without cents).
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Context, Decimal
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType

from babel import Locale
from babel.numbers import (
    NumberPattern,
    get_currency_name,
    get_currency_symbol,
    parse_pattern,
)

BASE_CURRENCY = "EUR"
_TABLE = Path(__file__).resolve().parent.parent / "fixtures" / "currencies.json"
# Wide enough that an amount (12 digits) times a rate (18 digits) is exact before it is rounded once.
_EXACT = Context(prec=60, rounding=ROUND_HALF_UP)


@dataclass(frozen=True, slots=True)
class Currency:
    """What one currency can express and what the payment provider expects of it.

    `minor_factor`: minor units in one unit; `charge_step`: smallest difference between amounts, in units;
    `minimum_minor`: smallest charge in minor units, None when the provider states none.
    """

    code: str
    decimals: int
    minor_factor: int
    charge_step: Decimal
    minimum_minor: int | None
    has_paypal: bool
    is_in_ecb_feed: bool


def _read_table(path: Path) -> Mapping[str, Currency]:
    return MappingProxyType(
        {
            code: Currency(
                code=code,
                decimals=facts["display_decimals"],
                minor_factor=facts["stripe_factor"],
                charge_step=Decimal(facts["charge_step_minor"]) / facts["stripe_factor"],
                minimum_minor=facts["stripe_min_minor"],
                has_paypal=facts["paypal_via_stripe"],
                is_in_ecb_feed=facts["in_ecb_feed"],
            )
            for code, facts in json.loads(path.read_text(encoding="utf-8")).items()
        }
    )


CURRENCIES: Mapping[str, Currency] = _read_table(_TABLE)


def round_amount(amount: Decimal, currency: str) -> Decimal:
    """Return the amount rounded half up (away from zero) to what the currency can charge.

    The only rounding of money in the project. TypeError for anything but a Decimal, ValueError for NaN.
    """
    _require_decimal(amount)
    if not amount.is_finite():
        raise ValueError(f"not an amount of money: {amount}")
    facts = CURRENCIES[currency]
    steps = _EXACT.quantize(_EXACT.divide(amount, facts.charge_step), Decimal(1))
    rounded = _EXACT.quantize(_EXACT.multiply(steps, facts.charge_step), Decimal(1).scaleb(-facts.decimals))
    return rounded if rounded else abs(rounded)  # no minus sign before zero


def _require_decimal(value: object) -> None:
    # Templates, JSON and fixtures are not type-checked, and a float that slips in is wrong by a cent one day.
    if not isinstance(value, Decimal):
        raise TypeError(f"money is a Decimal, not {type(value).__name__}")


def convert(amount_eur: Decimal, rate: Decimal, currency: str) -> Decimal:
    """Return an EUR amount in the currency, at so many of its units to the euro, rounded once.

    Convert each part (line, shipping, discount) and add the results; converting a sum gives another amount.
    """
    _require_decimal(amount_eur)
    _require_decimal(rate)
    if not rate.is_finite() or rate <= 0:
        raise ValueError(f"not an exchange rate: {rate}")
    return round_amount(_EXACT.multiply(amount_eur, rate), currency)


def total(amounts: Iterable[Decimal]) -> Decimal:
    """Return the exact sum of amounts of one currency; zero for none."""
    result = Decimal(0)
    for amount in amounts:
        _require_decimal(amount)
        result = _EXACT.add(result, amount)
    return result


def contained_tax(gross: Decimal, rate_percent: Decimal, currency: str = BASE_CURRENCY) -> Decimal:
    """Return the tax contained in a gross amount at so many percent, rounded once: gross × rate / (100 + rate)."""
    _require_decimal(gross)
    _require_decimal(rate_percent)
    if not rate_percent.is_finite() or rate_percent < 0:
        raise ValueError(f"not a rate of tax: {rate_percent}")
    return round_amount(
        _EXACT.divide(_EXACT.multiply(gross, rate_percent), _EXACT.add(rate_percent, Decimal(100))), currency
    )


def apportion(amount: Decimal, weights: Sequence[Decimal], currency: str = BASE_CURRENCY) -> list[Decimal]:
    """Return the amount's shares in proportion to the weights, each rounded; they add up to the amount exactly.

    Equal shares when every weight is zero; ValueError for a weight below zero, or an amount but no weight.
    """
    if any(weight < 0 for weight in weights) or (amount and not weights):
        raise ValueError("an amount is shared out by weights that are not negative")
    whole = total(weights)
    if not whole:
        weights = [Decimal(1)] * len(weights)
        whole = Decimal(len(weights))
    shares = []
    weighed = given = Decimal(0)
    for weight in weights:
        # What is due up to here less what was given before: no cent is lost to rounding, and none is invented.
        weighed = _EXACT.add(weighed, weight)
        due = round_amount(_EXACT.divide(_EXACT.multiply(amount, weighed), whole), currency)
        shares.append(_EXACT.subtract(due, given))
        given = due
    return shares


def whole_points(points: Decimal) -> int:
    """Return reward points rounded down to whole ones; ValueError for a negative or non-finite number."""
    if not points.is_finite() or points < 0:
        raise ValueError(f"not a number of points: {points}")
    return int(points)


def to_minor_units(amount: Decimal, currency: str) -> int:
    """Return the payment provider's minor units; ValueError when the currency cannot charge exactly that."""
    if round_amount(amount, currency) != amount:
        raise ValueError(f"{amount} {currency} cannot be charged exactly")
    return int(_EXACT.multiply(amount, Decimal(CURRENCIES[currency].minor_factor)))


def from_minor_units(units: int, currency: str) -> Decimal:
    """Return the amount of so many of the payment provider's minor units; inverse of `to_minor_units`."""
    amount = Decimal(units) / CURRENCIES[currency].minor_factor
    rounded = round_amount(amount, currency)
    if rounded != amount:
        raise ValueError(f"{units} minor units is no chargeable amount of {currency}")
    return rounded


def format_amount(amount: Decimal, currency: str, language: str) -> str:
    """Return the amount as people write it in that language: `€5.00`, `5,00 €`, `ISK 680`.

    Shows exactly what is charged and never rounds: ValueError for an amount the currency cannot charge.
    """
    if round_amount(amount, currency) != amount:
        raise ValueError(f"{amount} {currency} cannot be charged exactly")
    text: str = _pattern(currency, language).apply(amount, language, currency=currency, currency_digits=False)
    return text


@lru_cache(maxsize=256)
def _pattern(currency: str, language: str) -> NumberPattern:
    # The decimals are the shop's, not CLDR's: the text must show every digit that is charged and no other.
    text = Locale.parse(language).currency_formats["standard"].pattern
    if get_currency_symbol(currency, locale=language)[-1].isalpha():
        text = text.replace(
            "¤#", "¤\xa0#"
        )  # CLDR's currency spacing, which Babel leaves out: `CHF 5.00`, not `CHF5.00`
    pattern = parse_pattern(text)
    decimals = CURRENCIES[currency].decimals
    pattern.frac_prec = (decimals, decimals)
    return pattern


@lru_cache(maxsize=512)
def currency_name(currency: str, language: str) -> str:
    """Return the currency's name in that language: `US Dollar`."""
    return get_currency_name(currency, locale=language)
