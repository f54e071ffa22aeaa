"""Coupons and gift vouchers for programs: tried on the basket, named when the order is placed."""

from decimal import Decimal
from typing import Any

import pytest

from checkout import invariants, vouchers
from checkout.attempts import WRONG_CODES
from checkout.models import CouponUse, Order
from tests.api.program import BERLIN, Program, code_of
from tests.catalog.pieces import a_listed_piece
from tests.checkout.rates import load_newest
from tests.checkout.savings_orders import a_coupon, a_voucher, an_unpaid_order

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("shippable")]


@pytest.fixture
def buyer() -> Program:
    """A program with one piece for €5.00 in its basket; shipping to Germany costs €8.90."""
    program = Program().open_basket()
    program.reserve(a_listed_piece().sku)
    return program


def tried(program: Program, currency: str = "EUR", **wishes: Any) -> Any:
    return program.post(f"/basket/savings/?country=DE&currency={currency}", wishes)


def place(program: Program, quote: dict[str, Any], **wishes: Any) -> Any:
    body = {
        "email": "erika@example.com",
        "shipping_address": BERLIN,
        "shipping_method": quote["shipping_method"],
        "payment_method": "demo",
        "expected_total": quote["presentment"]["total"],
    }
    return program.post("/orders/", body | wishes)


def test_a_basket_without_savings_says_so(buyer: Program) -> None:
    basket = buyer.get("/basket/?country=DE").json()
    assert basket["savings"] == {"coupon": None, "points": None, "shipping_discount": None, "gift_voucher": None}
    assert basket["due"] == basket["presentment"]["total"] == {"amount": "13.90", "currency": "EUR"}
    assert basket["base"]["discount"] == {"amount": "0.00", "currency": "EUR"}


def test_what_is_tried_is_what_is_placed(buyer: Program) -> None:
    a_coupon(percent=Decimal(20))
    voucher = a_voucher("10.00")
    wishes = {"coupon": "winter", "gift_voucher": voucher.code}
    quote = tried(buyer, **wishes).json()
    assert quote["savings"]["coupon"]["code"] == "WINTER"
    assert quote["savings"]["coupon"]["base"] == {"amount": "1.00", "currency": "EUR"}
    assert quote["savings"]["gift_voucher"]["code_end"] == voucher.code[-4:]
    assert quote["presentment"]["total"]["amount"] == "12.90"
    assert quote["due"]["amount"] == "2.90"
    assert not Order.objects.exists(), "nothing is stored"

    answer = place(buyer, quote, **wishes)
    assert answer.status_code == 201, answer.content
    order = answer.json()
    assert order["savings"] == quote["savings"]
    assert order["due"] == quote["due"]
    assert order["presentment"]["discount"]["amount"] == "1.00"
    assert voucher.code not in answer.content.decode()
    assert CouponUse.objects.count() == 1
    assert buyer.get(f"/orders/{order['token']}/").json()["due"]["amount"] == "2.90"
    assert invariants.find_broken() == []


def test_savings_are_converted(buyer: Program, rates: None) -> None:
    a_coupon(percent=Decimal(20))
    voucher = a_voucher("10.00")
    quote = tried(buyer, "JPY", coupon="WINTER", gift_voucher=voucher.code).json()
    assert "." not in quote["savings"]["coupon"]["presentment"]["amount"]
    order = place(buyer, quote, coupon="WINTER", gift_voucher=voucher.code).json()
    assert order["savings"] == quote["savings"]
    assert invariants.find_broken() == []


def test_a_code_is_recognised_in_either_field(buyer: Program) -> None:
    a_coupon(percent=Decimal(20))
    voucher = a_voucher("10.00")
    quote = tried(buyer, coupon=voucher.code, gift_voucher="WINTER").json()
    assert quote["due"]["amount"] == "2.90"
    assert place(buyer, quote, coupon=voucher.code, gift_voucher="WINTER").json()["due"]["amount"] == "2.90"


def test_free_shipping_is_shown_as_a_discount_on_shipping(buyer: Program) -> None:
    a_coupon(kind="free_shipping")
    quote = tried(buyer, coupon="WINTER").json()
    assert quote["savings"]["shipping_discount"]["base"]["amount"] == "8.90"
    assert quote["presentment"]["total"]["amount"] == "5.00"


def test_a_total_without_its_savings_is_not_the_total(buyer: Program) -> None:
    a_coupon(percent=Decimal(20))
    quote = tried(buyer, coupon="WINTER").json()
    answer = place(buyer, quote)
    assert code_of(answer) == "total_changed"
    assert not Order.objects.exists()


@pytest.mark.parametrize("field", ["coupon", "gift_voucher"])
def test_a_refused_code_is_named_with_its_field(buyer: Program, field: str) -> None:
    for ask in (lambda: tried(buyer, **{field: "NOTHING"}), lambda: place(buyer, tried(buyer).json(), **{field: "NO"})):
        answer = ask()
        assert answer.status_code == 422
        assert code_of(answer) == "code_refused"
        assert answer.json()["field"] == field
        assert "We do not know this code" in answer.json()["detail"]
    assert not Order.objects.exists()


def test_a_refusal_says_why_and_in_the_language_asked_for(buyer: Program) -> None:
    a_coupon(minimum_eur=Decimal(12))
    spent = a_voucher("5.00")
    vouchers.take(an_unpaid_order(voucher=spent, voucher_eur="5.00"))
    assert "€7.00 more" in tried(buyer, coupon="WINTER").json()["detail"]
    assert "Nothing is left" in tried(buyer, gift_voucher=spent.code).json()["detail"]
    buyer.standing["Accept-Language"] = "el"
    assert "7,00\xa0€" in tried(buyer, coupon="WINTER").json()["detail"]


def test_a_minimum_is_told_in_the_currency_asked_for(buyer: Program) -> None:
    load_newest()
    a_coupon(minimum_eur=Decimal(12))
    quote = tried(buyer, currency="USD").json()
    for answer in (tried(buyer, currency="USD", coupon="WINTER"), place(buyer, quote, coupon="WINTER")):
        assert "$7.82 (€7.00) more" in answer.json()["detail"]


def test_a_customers_limit_counts_the_email_given(buyer: Program) -> None:
    a_coupon()
    place(buyer, tried(buyer, coupon="WINTER").json(), coupon="WINTER")
    buyer.reserve(a_listed_piece().sku)
    assert tried(buyer, coupon="WINTER").status_code == 200
    answer = tried(buyer, coupon="WINTER", email="Erika@example.com")
    assert "as often as one customer may" in answer.json()["detail"]


def test_points_need_an_account(buyer: Program) -> None:
    for answer in (tried(buyer, points=100), place(buyer, tried(buyer).json(), points=100)):
        assert answer.status_code == 422
        assert code_of(answer) == "points_refused"
    assert not Order.objects.exists()


@pytest.mark.parametrize("wishes", [{"points": -1}, {"points": "many"}, {"coupon": "x" * 41}, {"coupon": 7.5}])
def test_what_is_no_wish_is_invalid(buyer: Program, wishes: dict[str, Any]) -> None:
    answer = tried(buyer, **wishes)
    assert answer.status_code in (400, 422)
    assert code_of(answer) in ("invalid", "code_refused")


def test_an_empty_basket_has_nothing_to_save_on() -> None:
    assert code_of(tried(Program().open_basket(), coupon="WINTER")) == "basket_empty"


def test_guessing_is_stopped(buyer: Program) -> None:
    a_coupon()
    for _ in range(WRONG_CODES.by_visitor):
        assert tried(buyer, coupon="NOTHING").status_code == 422
    answer = tried(buyer, coupon="WINTER")
    assert answer.status_code == 429
    assert code_of(answer) == "too_many_codes"
    assert answer.headers["Retry-After"]
