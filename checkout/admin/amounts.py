"""Amounts as staff pages show them, in the language of the page."""

from decimal import Decimal

from django.utils.translation import get_language

from checkout.money import BASE_CURRENCY, format_amount


def amount_of(amount: Decimal, currency: str) -> str:
    """One amount with its currency."""
    return format_amount(amount, currency, get_language() or "en")


def in_both(amount: Decimal, amount_eur: Decimal, currency: str) -> str:
    """An amount in the order's currency and, where that is another, in euro."""
    base = amount_of(amount_eur, BASE_CURRENCY)
    return base if currency == BASE_CURRENCY else f"{amount_of(amount, currency)} ({base})"
