"""What Stripe charges at least and in which steps. Written down apart from the shop's own table, to catch its errors.

https://docs.stripe.com/currencies
"""

import re

from tests.fakes.stripe.refusals import Refusal

WITHOUT_DECIMALS = frozenset(
    ["bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga", "pyg", "rwf", "vnd", "vuv", "xaf", "xof", "xpf"]
)
# Charged with two decimals that must be zero.
WHOLE_UNITS = frozenset({"isk", "ugx"})
# Charged with three decimals of which the last must be zero.
THREE_DECIMALS = frozenset({"bhd", "jod", "kwd", "omr", "tnd"})
MINIMUM = {
    "aed": 200, "aud": 50, "bgn": 100, "brl": 50, "cad": 50, "chf": 50, "czk": 1500, "dkk": 250, "eur": 50,
    "gbp": 30, "hkd": 400, "huf": 17500, "inr": 50, "jpy": 50, "mxn": 1000, "myr": 200, "nok": 300, "nzd": 50,
    "pln": 200, "ron": 200, "sek": 300, "sgd": 50, "thb": 1000, "usd": 50,
}  # fmt: skip
PAYPAL = frozenset(["aud", "cad", "chf", "czk", "dkk", "eur", "gbp", "hkd", "nok", "nzd", "pln", "sek", "sgd", "usd"])


def checked(amount: object, currency: str, *, param: str = "amount") -> int:
    """The amount in Stripe's minor units. Raises Refusal for one it would not charge."""
    if not re.fullmatch(r"[a-z]{3}", currency):
        raise Refusal(400, f"Invalid currency: {currency}.", code="invalid_currency", param="currency")
    if not re.fullmatch(r"\d+", str(amount)):
        raise Refusal(400, f"Invalid integer: {amount}", code="parameter_invalid_integer", param=param)
    minor = int(str(amount))
    if minor < MINIMUM.get(currency, 1):
        raise Refusal(400, "Amount must be no less than the minimum.", code="amount_too_small", param=param)
    if minor > 99_999_999:
        raise Refusal(400, "Amount must be no more than 99999999.", code="amount_too_large", param=param)
    if (currency in WHOLE_UNITS and minor % 100) or (currency in THREE_DECIMALS and minor % 10):
        raise Refusal(400, "Amount has decimals that this currency lacks.", code="invalid_amount", param=param)
    return minor


def settled_eur_minor(minor: int, currency: str) -> int:
    """What arrives in the account in euro cents, at a rate of one to one: the fake knows no markets."""
    if currency in WITHOUT_DECIMALS:
        return minor * 100
    return minor // 10 if currency in THREE_DECIMALS else minor


def fee_minor(settled_minor: int) -> int:
    """1.5 % and 25 cents, the fee for European cards."""
    return -(-settled_minor * 15 // 1000) + 25
