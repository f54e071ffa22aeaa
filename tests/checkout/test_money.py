"""Conversion, rounding, minor units and the way amounts are shown."""

import re
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checkout.money import (
    CURRENCIES,
    convert,
    currency_name,
    format_amount,
    from_minor_units,
    round_amount,
    to_minor_units,
    total,
)

ROOT = Path(__file__).resolve().parent.parent.parent
NBSP = "\xa0"

codes = st.sampled_from(sorted(CURRENCIES))
amounts = st.decimals("-99999999.99", "99999999.99", places=2)
rates = st.decimals("0.000001", "99999.999999", places=6)


def test_table_holds_the_euro_and_every_currency_of_the_feed() -> None:
    assert len(CURRENCIES) == 30
    assert [code for code, facts in CURRENCIES.items() if not facts.is_in_ecb_feed] == ["EUR"]


@pytest.mark.parametrize(
    ("amount_eur", "rate", "currency", "expected"),
    [
        ("5.00", "1.1172", "USD", "5.59"),  # 5.586: the first listing
        ("8.90", "1.1172", "USD", "9.94"),
        ("5.00", "175.68", "JPY", "878"),
        ("5.00", "136", "ISK", "680"),
        ("0.01", "136", "ISK", "1"),
        ("5.00", "1491.76", "KRW", "7459"),
        ("5.00", "20275.17", "IDR", "101375.85"),
        ("5.00", "0.8338", "GBP", "4.17"),
        ("0.01", "0.5", "GBP", "0.01"),  # exactly half goes up
        (
            "-0.01",
            "0.5",
            "GBP",
            "-0.01",
        ),  # and away from zero, so a refund equals its charge
        ("0.01", "0.49", "GBP", "0.00"),
        ("-0.01", "0.49", "GBP", "0.00"),
        ("0.10", "0.25", "CHF", "0.03"),  # banker's rounding would say 0.02
        ("0.00", "1.1172", "USD", "0.00"),
        ("3.00", "0.5", "JPY", "2"),
    ],
)
def test_it_converts_half_up(amount_eur: str, rate: str, currency: str, expected: str) -> None:
    assert str(convert(Decimal(amount_eur), Decimal(rate), currency)) == expected


def test_parts_are_rounded_before_they_are_summed() -> None:
    parts = [Decimal("5.00")] * 3
    assert total(convert(part, Decimal("1.1172"), "USD") for part in parts) == Decimal("16.77")
    assert convert(total(parts), Decimal("1.1172"), "USD") == Decimal("16.76")


@given(amount=amounts, rate=rates, currency=codes)
def test_conversion_is_within_half_a_step_and_chargeable(amount: Decimal, rate: Decimal, currency: str) -> None:
    result = convert(amount, rate, currency)
    assert abs(result - amount * rate) <= CURRENCIES[currency].charge_step / 2
    assert from_minor_units(to_minor_units(result, currency), currency) == result
    assert convert(-amount, rate, currency) == -result


@given(first=amounts, second=amounts, rate=rates, currency=codes)
def test_conversion_keeps_the_order_of_prices(first: Decimal, second: Decimal, rate: Decimal, currency: str) -> None:
    low, high = sorted([first, second])
    assert convert(low, rate, currency) <= convert(high, rate, currency)


@given(amount=st.decimals("-1000000", "1000000", places=8), currency=codes)
def test_rounding_twice_changes_nothing(amount: Decimal, currency: str) -> None:
    once = round_amount(amount, currency)
    assert round_amount(once, currency) == once
    assert -once.as_tuple().exponent == CURRENCIES[currency].decimals  # type: ignore[operator]


@given(
    amount=st.decimals("0", "999999.99", places=2),
    currency=codes,
    language=st.sampled_from(["en", "el"]),
)
def test_shown_digits_are_the_charged_digits(amount: Decimal, currency: str, language: str) -> None:
    charged = round_amount(amount, currency)
    text = format_amount(charged, currency, language)
    group, point = (",", ".") if language == "en" else (".", ",")
    digits = re.sub(r"[^\d.,]", "", text).replace(group, "").replace(point, ".")
    assert Decimal(digits) == charged


@given(parts=st.lists(amounts, max_size=40))
def test_total_does_not_depend_on_order(parts: list[Decimal]) -> None:
    assert total(parts) == total(reversed(parts)) == sum(parts, Decimal(0))


@pytest.mark.parametrize(
    ("amount", "currency", "units"),
    [
        ("5.59", "USD", 559),
        ("878", "JPY", 878),
        (
            "680",
            "ISK",
            68000,
        ),  # the provider counts ISK in hundredths that are always 00
        ("7459", "KRW", 7459),
        ("366.33", "HUF", 36633),
        ("-5.59", "USD", -559),
    ],
)
def test_minor_units_both_ways(amount: str, currency: str, units: int) -> None:
    assert to_minor_units(Decimal(amount), currency) == units
    assert from_minor_units(units, currency) == Decimal(amount)


@pytest.mark.parametrize(("amount", "currency"), [("5.595", "USD"), ("680.5", "ISK"), ("0.5", "JPY")])
def test_what_cannot_be_charged_has_no_minor_units_and_is_not_shown(amount: str, currency: str) -> None:
    with pytest.raises(ValueError, match="exactly"):
        to_minor_units(Decimal(amount), currency)
    with pytest.raises(ValueError, match="exactly"):
        format_amount(Decimal(amount), currency, "en")


def test_half_a_krona_of_minor_units_is_refused() -> None:
    with pytest.raises(ValueError, match="68050"):
        from_minor_units(68050, "ISK")


@pytest.mark.parametrize("amount", ["NaN", "sNaN", "Infinity", "-Infinity"])
def test_amounts_must_be_finite(amount: str) -> None:
    with pytest.raises(ValueError, match="not an amount"):
        round_amount(Decimal(amount), "EUR")


@pytest.mark.parametrize("rate", ["0", "-1.1", "NaN", "Infinity"])
def test_rates_must_be_finite_and_above_zero(rate: str) -> None:
    with pytest.raises(ValueError, match="not an exchange rate"):
        convert(Decimal("5.00"), Decimal(rate), "USD")


def test_floats_are_not_money() -> None:
    with pytest.raises(TypeError):
        round_amount(5.0, "EUR")  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        convert(Decimal(5), 1.1172, "USD")  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        total([Decimal(1), 0.1])  # type: ignore[list-item]


def test_an_unknown_currency_has_no_amounts() -> None:
    with pytest.raises(KeyError):
        convert(Decimal(5), Decimal(1), "XXX")


@pytest.mark.parametrize(
    ("amount", "currency", "english", "greek"),
    [
        ("5.00", "EUR", "€5.00", f"5,00{NBSP}€"),
        ("1234.50", "EUR", "€1,234.50", f"1.234,50{NBSP}€"),
        ("5.59", "USD", "$5.59", f"5,59{NBSP}$"),
        ("680", "ISK", f"ISK{NBSP}680", f"680{NBSP}ISK"),
        ("878", "JPY", "¥878", f"878{NBSP}JP¥"),
        ("7459", "KRW", "₩7,459", f"7.459{NBSP}₩"),
        ("4.60", "CHF", f"CHF{NBSP}4.60", f"4,60{NBSP}CHF"),
        ("7.95", "AUD", "A$7.95", f"7,95{NBSP}A$"),
        ("-5.59", "USD", "-$5.59", f"-5,59{NBSP}$"),
    ],
)
def test_amounts_are_written_as_the_language_does(amount: str, currency: str, english: str, greek: str) -> None:
    assert format_amount(Decimal(amount), currency, "en") == english
    assert format_amount(Decimal(amount), currency, "el") == greek


def test_currencies_have_names_in_both_languages() -> None:
    assert currency_name("USD", "en") == "US Dollar"
    assert currency_name("USD", "el") == "Δολάριο ΗΠΑ"


def test_only_the_money_module_rounds() -> None:
    decimals = re.compile(r"\bquantize\(|\bROUND_[A-Z]")
    anything = re.compile(r"\bquantize\(|\bROUND_[A-Z]|(?<!\w)round\(")
    # The catalogue rounds pixels and statistics; in selling every number may be money.
    sources = [(path, anything) for path in (ROOT / "checkout").rglob("*.py")]
    sources += [(path, decimals) for path in (ROOT / "catalog").rglob("*.py")]
    assert len(sources) > 50
    found = {str(path.relative_to(ROOT)) for path, rounds in sources if rounds.search(path.read_text(encoding="utf-8"))}
    assert found == {"checkout/money.py"}
