"""Customs declarations and packing slips: what goes into a parcel, for the customs and for who packs it."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from checkout import customs, packing_slips
from checkout.errors import NoCustomsNeeded
from checkout.models import Order
from shop import staff
from shop.models import ApiKey, Scope, ShopSettings
from tests.admin.conftest import as_member
from tests.api.program import Program
from tests.checkout.pdfs import text_of_pdf
from tests.checkout.sold import Sold, bring_back, sell

__all__ = ["as_member"]
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("shippable")]


def abroad(*pieces: Sold, territory: str = "GB", disc_format: str = "DVD-9", **fields: Any) -> Order:
    order = sell(*pieces, country="CH", shipping="9.00", **fields)
    for line in order.lines.select_related("listing__edition"):
        edition = line.listing.edition
        edition.territory, edition.disc_format = territory, disc_format
        edition.save()
    Order.objects.filter(pk=order.pk).update(has_customs=True)
    return Order.objects.get(pk=order.pk)


def test_a_declaration_says_what_is_inside() -> None:
    declared = customs.declare(abroad(Sold("12.00", points="2.00"), Sold("8.00")))
    assert (declared.form, declared.category, declared.currency) == ("CN22", "sale_of_goods", "EUR")
    (item,) = declared.items
    assert item == customs.Item("Film on DVD, second-hand", 2, 200, Decimal("18.00"), "8523.49", "GB")
    assert (declared.weight_g, declared.value, declared.postage) == (250, Decimal("18.00"), Decimal("9.00"))


def test_the_weight_of_the_whole_parcel_is_called_gross() -> None:
    form = text_of_pdf(customs.pdf_of(customs.declare(abroad(Sold(), Sold()))))
    assert "0.200 kg" in form
    assert "Gross · Brut 0.250 kg" in form


def test_values_are_in_the_currency_of_the_order() -> None:
    declared = customs.declare(abroad(Sold("10.00"), currency="CHF", rate="0.93"))
    assert (declared.currency, declared.value, declared.value_eur) == ("CHF", Decimal("9.30"), Decimal("10.00"))


@pytest.mark.parametrize(("price", "form"), [("339.00", "CN22"), ("339.01", "CN23")])
def test_above_300_sdr_the_fuller_form_is_needed(price: str, form: str) -> None:
    assert Decimal("339.00") == customs.CN22_LIMIT_EUR
    declared = customs.declare(abroad(Sold(price)))
    assert declared.form == form
    assert form in text_of_pdf(customs.pdf_of(declared))


def test_what_was_returned_is_not_declared() -> None:
    order = abroad(Sold("12.00"), Sold("8.00"))
    bring_back(order, order.lines.get(price_eur=8))
    assert customs.declare(order).value == Decimal("12.00")


def test_an_unknown_origin_is_left_open() -> None:
    (item,) = customs.declare(abroad(Sold(), territory="", disc_format="")).items
    assert item.origin == ""


def test_inside_the_union_there_is_none() -> None:
    with pytest.raises(NoCustomsNeeded):
        customs.declare(sell(Sold()))


def test_the_form_is_in_english_and_french_whatever_the_language() -> None:
    ShopSettings(seller_address="Ermou 1").save()
    text = text_of_pdf(customs.pdf_of(customs.declare(abroad(Sold(), disc_format="BD-50", language="el"))))
    for shown in (
        "Customs declaration · Déclaration en douane", "Film on Blu-ray disc, second-hand", "8523.49", "United Kingdom",
        "0.100 kg", "€10.00", "Sale of goods",
    ):  # fmt: skip
        assert shown in text


def test_orders_that_travel_together_are_declared_together() -> None:
    first = abroad(Sold("12.00"))
    second = abroad(Sold("8.00"), currency="CHF", rate="0.93", joins=first)
    for order in (first, second):
        declared = customs.declare(order)
        assert [row.pk for row in declared.orders] == [first.pk, second.pk]
        assert (declared.currency, declared.value) == ("EUR", Decimal("20.00"))
        slip = packing_slips.content_of(order)
        assert [len(part["lines"]) for part in slip["orders"]] == [1, 1]
        assert first.number in slip["title"]
        assert second.number in slip["title"]


def test_the_data_is_for_keys_that_may_see_customers() -> None:
    order = abroad(Sold("12.00"))
    path = f"/orders/{order.token}/customs/"
    assert Program().get(path).status_code == 401
    for scopes, status in (([Scope.ORDERS_READ], 403), ([Scope.CUSTOMERS_PII], 403)):
        assert Program(key=ApiKey.issue(name="x", scopes=scopes)[1]).get(path).status_code == status
    program = Program(key=ApiKey.issue(name="x", scopes=[Scope.ORDERS_READ, Scope.CUSTOMERS_PII])[1])
    body = program.get(path).json()
    assert body["form"] == "CN22"
    assert body["items"][0] == {
        "description": "Film on DVD, second-hand", "quantity": 1, "weight_g": 100,
        "value": {"amount": "12.00", "currency": "EUR"}, "hs_code": "8523.49", "origin": "GB",
    }  # fmt: skip
    assert body["recipient"]["country"] == "CH"
    assert program.get(f"/orders/{sell(Sold()).token}/customs/").json()["code"] == "no_customs_needed"


def test_the_packing_slip_says_where_the_pieces_stand_and_names_no_price() -> None:
    order = sell(Sold("12.34", title="Летят журавли"), shipping="8.90")
    listing = order.lines.get().listing
    listing.shelf = "B-17"
    listing.save()
    text = text_of_pdf(packing_slips.pdf_of(order))
    for shown in ("Packing slip", "B-17", listing.sku, "Летят журавли", "Like New", "Erika Mustermann", "250 g"):
        assert shown in text
    for price in ("12.34", "8.90", "€", "2.00"):
        assert price not in text


@pytest.mark.parametrize(("group", "status"), [(staff.OWNER, 200), (staff.CATALOGUER, 403), (staff.ORDER_DESK, 200)])
def test_who_packs_may_print(as_member: Callable[[str], Client], group: str, status: int) -> None:
    order = abroad(Sold())
    client = as_member(group)
    for paper in ("packing-slip", "customs"):
        assert client.get(f"/staff/checkout/paper/orders/{order.pk}/{paper}/").status_code == status
