"""Coupons: what they are worth in a basket, why they are refused, and how often they are used."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from catalog.models import Listing
from checkout import coupons, invariants
from checkout.currency import EURO, CurrencyQuote
from checkout.models import Coupon, CouponUse
from tests.catalog.pieces import a_listed_piece
from tests.checkout.savings_orders import a_coupon, an_unpaid_order

pytestmark = [pytest.mark.django_db]
NOON = datetime(2026, 3, 14, 10, 0, tzinfo=UTC)  # 12:00 in Athens


@dataclass
class Piece:
    """A piece of a basket as coupons see it."""

    listing: Any
    price_eur: Decimal


def basket(*prices: str, department: str = "MOV-ACT") -> list[Piece]:
    return [Piece(Listing(pk=-n, sku=f"{department}-{1000 + n}"), Decimal(price)) for n, price in enumerate(prices, 1)]


def shares(coupon: Coupon, *prices: str) -> list[str]:
    return [str(share) for share in coupons.shares(coupon, basket(*prices))]


def refusal(
    coupon: Coupon,
    lines: list[Piece] | None = None,
    *,
    email: str = "",
    now: Any = NOON,
    quote: CurrencyQuote = EURO,
) -> str:
    pieces = basket("30.00") if lines is None else lines
    return coupons.refusal_of(coupon, lines=pieces, email=email, quote=quote, now=now)


def uses(coupon: Coupon) -> int:
    """The coupon's count, which is also that of the uses not given back."""
    coupon.refresh_from_db()
    assert coupon.use_count == coupon.uses.filter(released_at=None).count()
    return coupon.use_count


def broken() -> list[str]:
    return [found.invariant.number for found in invariants.find_broken()]


# What it is worth


@pytest.mark.parametrize(
    ("percent", "prices", "expected"),
    [
        ("10", ["5.00"], ["0.50"]),
        ("10", ["5.19"], ["0.52"]),
        ("10", ["5.05", "5.05", "5.05"], ["0.51", "0.50", "0.51"]),
        ("33.33", ["9.99", "0.01"], ["3.33", "0.00"]),
        ("100", ["5.00", "7.77"], ["5.00", "7.77"]),
        ("0.01", ["5.00"], ["0.00"]),
    ],
)
def test_a_percentage_is_rounded_once_and_shared_out_to_the_cent(
    percent: str, prices: list[str], expected: list[str]
) -> None:
    assert shares(a_coupon(percent=Decimal(percent)), *prices) == expected


@pytest.mark.parametrize(
    ("amount", "prices", "expected"),
    [
        ("5.00", ["20.00"], ["5.00"]),
        ("1.00", ["5.00", "5.00", "5.00"], ["0.33", "0.34", "0.33"]),
        ("30.00", ["5.00", "7.77"], ["5.00", "7.77"]),
        ("12.77", ["5.00", "7.77"], ["5.00", "7.77"]),
        ("0.01", ["5.00", "5.00"], ["0.01", "0.00"]),
    ],
)
def test_an_amount_is_shared_out_to_the_cent_and_is_never_more_than_the_goods(
    amount: str, prices: list[str], expected: list[str]
) -> None:
    assert shares(a_coupon(kind=Coupon.Kind.AMOUNT, amount_eur=Decimal(amount)), *prices) == expected


def test_free_shipping_lowers_no_piece() -> None:
    assert shares(a_coupon(kind=Coupon.Kind.FREE_SHIPPING), "5.00", "7.00") == ["0", "0"]


cents = st.integers(1, 100_000).map(lambda number: Decimal(number) / 100)


@given(prices=st.lists(cents, min_size=1, max_size=8), percent=st.integers(1, 10_000))
def test_percent_shares_add_up_and_stay_below_the_price(prices: list[Decimal], percent: int) -> None:
    coupon = a_coupon(f"P{Coupon.objects.count()}-{percent}", percent=Decimal(percent) / 100)
    found = coupons.shares(coupon, basket(*map(str, prices)))
    assert abs(sum(found) - sum(prices) * coupon.percent / 100) <= Decimal("0.005")
    assert all(0 <= share <= price for share, price in zip(found, prices, strict=True))


@given(prices=st.lists(cents, min_size=1, max_size=8), amount=cents)
def test_amount_shares_add_up_and_stay_below_the_price(prices: list[Decimal], amount: Decimal) -> None:
    coupon = a_coupon(f"A{Coupon.objects.count()}-1", kind=Coupon.Kind.AMOUNT, amount_eur=amount)
    found = coupons.shares(coupon, basket(*map(str, prices)))
    assert sum(found) == min(amount, sum(prices))
    assert all(0 <= share <= price for share, price in zip(found, prices, strict=True))


def test_pieces_out_of_scope_keep_their_price() -> None:
    coupon = a_coupon(sku_prefixes=["MOV-ACT"], percent=Decimal(50))
    named = a_listed_piece()
    coupon.listings.add(named)
    lines = [*basket("10.00"), *basket("20.00", department="MOV-DRA"), Piece(named, Decimal("5.00"))]
    assert coupons.shares(coupon, lines) == [Decimal("5.00"), Decimal("0.00"), Decimal("2.50")]
    assert refusal(coupon, lines) == ""


# Why it is refused


def test_a_code_is_found_in_any_case_and_nothing_else_is() -> None:
    coupon = a_coupon("WINTER-26")
    assert coupons.find("  winter-26 ") == coupon
    for other in ("WINTER", "WINTER-26\0", "", "x" * 500, "ΧΕΙΜΏΝΑΣ", "WINTER 26"):
        assert coupons.find(other) is None


def test_a_coupon_switched_off_sounds_like_an_unknown_one() -> None:
    coupon = a_coupon(is_active=False)
    assert coupons.find(coupon.code) is None
    assert refusal(coupon) == coupons.unknown()


def test_a_usable_coupon_is_not_refused() -> None:
    start, end = NOON, NOON + timedelta(days=1)
    assert refusal(a_coupon(starts_at=start, ends_at=end, limit=1, minimum_eur=Decimal(30))) == ""


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"starts_at": NOON + timedelta(seconds=1)}, "This coupon can be used from 14 March 2026, 12:00."),
        ({"ends_at": NOON}, "This coupon could be used until 14 March 2026, 12:00."),
        ({"limit": 0}, "This coupon has been used up."),
        ({"sku_prefixes": ["MOV-DRA"]}, "This coupon is for other pieces than those in your basket."),
        ({"minimum_eur": "31.50"}, "This coupon needs goods for €31.50; €1.50 more is missing."),
        (
            {"minimum_eur": "31.50", "sku_prefixes": ["MOV-ACT"]},
            "This coupon needs €31.50 of the pieces it is for; €1.50 more is missing.",
        ),
    ],
)
def test_a_refusal_says_why(fields: dict[str, Any], expected: str) -> None:
    coupon = a_coupon(**fields)
    coupon.refresh_from_db()
    assert refusal(coupon) == expected


def test_a_minimum_is_told_in_the_buyers_currency_and_in_euro() -> None:
    coupon = a_coupon(minimum_eur=Decimal("31.50"))
    dollars = CurrencyQuote("USD", Decimal("1.1172"), NOON.date(), None)
    assert refusal(coupon, quote=dollars) == (
        "This coupon needs goods for $35.19 (€31.50); $1.68 (€1.50) more is missing."
    )
    with translation.override("el"):
        assert "35,19\xa0$ (31,50\xa0€)" in refusal(coupon, quote=dollars)


def test_a_refusal_speaks_greek() -> None:
    coupon = a_coupon(minimum_eur=Decimal("31.50"), ends_at=NOON)
    with translation.override("el"):
        assert "14 Μαρτίου 2026" in refusal(coupon)
        assert "31,50\xa0€" in refusal(coupon, now=NOON - timedelta(days=1))


def test_the_minimum_counts_only_what_the_coupon_is_for() -> None:
    coupon = a_coupon(sku_prefixes=["MOV-ACT"], minimum_eur=Decimal(10))
    assert "€5.00 more" in refusal(coupon, [*basket("5.00"), *basket("20.00", department="MOV-DRA")])


def test_a_customer_is_told_that_they_have_used_it() -> None:
    coupon = a_coupon()
    coupons.take(an_unpaid_order(coupon=coupon, email="Anna@Example.com"))
    assert "as one customer may" in refusal(coupon, email="anna@example.COM")
    assert refusal(coupon, email="other@example.com") == ""
    assert refusal(coupon) == ""
    Coupon.objects.update(limit_per_customer=None)
    coupon.refresh_from_db()
    assert refusal(coupon, email="anna@example.com") == ""


# How often it is used


def test_a_use_is_counted_once_an_order_and_given_back_once() -> None:
    coupon = a_coupon(limit=1)
    order = an_unpaid_order(coupon=coupon)
    assert coupons.take(order)
    assert coupons.take(order)
    assert uses(coupon) == 1
    coupons.release(order)
    coupons.release(order)
    assert uses(coupon) == 0
    assert coupons.take(order), "a payment that comes late takes it again"
    assert uses(coupon) == 1
    assert CouponUse.objects.count() == 1


def test_an_order_without_a_coupon_takes_and_gives_back_nothing() -> None:
    order = an_unpaid_order()
    assert coupons.take(order)
    coupons.release(order)
    assert not CouponUse.objects.exists()


def test_the_limit_in_all_holds() -> None:
    coupon = a_coupon(limit=2)
    taken = [coupons.take(an_unpaid_order(coupon=coupon, email=f"{n}@example.com")) for n in range(3)]
    assert taken == [True, True, False]
    assert uses(coupon) == 2


def test_the_limit_a_customer_holds_whatever_the_case_of_the_address() -> None:
    coupon = a_coupon(limit_per_customer=2)
    orders = [an_unpaid_order(coupon=coupon, email=email) for email in ("a@x.gr", "A@x.gr", "a@X.gr", "b@x.gr")]
    assert [coupons.take(order) for order in orders] == [True, True, False, True]
    coupons.release(orders[0])
    assert coupons.take(orders[2]), "the slot that was given back is free"
    assert sorted(coupon.uses.filter(email="a@x.gr", released_at=None).values_list("slot", flat=True)) == [0, 1]
    assert uses(coupon) == 3


def test_without_a_limit_a_customer_uses_it_again_and_again() -> None:
    coupon = a_coupon(limit_per_customer=None)
    assert all(coupons.take(an_unpaid_order(coupon=coupon)) for _n in range(5))
    assert uses(coupon) == 5


def test_the_database_refuses_what_writes_past_the_module() -> None:
    coupon = a_coupon(limit=1)
    coupons.take(an_unpaid_order(coupon=coupon))
    with pytest.raises(IntegrityError, match="coupon_uses_within_limit"), transaction.atomic():
        Coupon.objects.update(use_count=2)
    with pytest.raises(IntegrityError, match="coupon_slot_once_per_customer"), transaction.atomic():
        CouponUse.objects.create(coupon=coupon, order=an_unpaid_order(), email="buyer@example.com", slot=0)


def test_the_invariants_see_a_count_that_is_wrong() -> None:
    coupon = a_coupon()
    assert coupons.take(an_unpaid_order(coupon=coupon))
    assert "I12" not in broken()
    Coupon.objects.update(use_count=0)
    assert "I12" in broken()
