"""Rates and shipping in the API."""

import pytest
from pytest_django import DjangoAssertNumQueries

from checkout import currency
from tests.api.program import Program, code_of
from tests.catalog.shelf import a_piece

pytestmark = pytest.mark.django_db


@pytest.mark.usefixtures("rates")
def test_the_rates_in_use_with_their_date_and_source(django_assert_max_num_queries: DjangoAssertNumQueries) -> None:
    current = currency.current_rate_set()
    assert current is not None
    with django_assert_max_num_queries(3):
        shown = Program().get("/rates/").json()
    assert shown["base"] == "EUR"
    assert shown["date"] == current.date.isoformat()
    assert shown["source"] == "bundled"
    assert shown["offered"] == currency.offered_currencies()
    by_code = {row["currency"]: row for row in shown["rates"]}
    assert by_code["USD"]["rate"] == f"{current.rates['USD'].normalize():f}"
    assert by_code["USD"]["name"] == "US Dollar"


def test_without_rates_the_euro_is_offered_alone() -> None:
    shown = Program().get("/rates/").json()
    assert (shown["date"], shown["rates"], shown["offered"]) == (None, [], ["EUR"])


@pytest.mark.usefixtures("rates", "shippable")
def test_a_quote_for_pieces_and_for_their_weights_agree() -> None:
    piece = a_piece(weight_g=100)
    by_sku = Program().get(f"/shipping/quote/?country=DE&sku={piece.sku}&currency=USD").json()
    by_weight = Program().get("/shipping/quote/?country=DE&weight_g=100&goods_eur=5.00&currency=USD").json()
    assert by_sku == by_weight
    (option,) = by_sku["options"]
    assert option["price"] == {"amount": "8.90", "currency": "EUR"}
    assert option["converted_price"]["currency"] == "USD"
    assert option["parcels_g"] == [120]
    assert by_sku["refused"] is None


@pytest.mark.usefixtures("shippable")
def test_a_country_we_do_not_ship_to_says_why() -> None:
    shown = Program().get("/shipping/quote/?country=KP&weight_g=100").json()
    assert shown["refused"]["code"] == "country_not_served"
    assert shown["refused"]["reason"]
    assert shown["options"] == []


@pytest.mark.parametrize(
    ("arguments", "parameter"),
    [
        ("weight_g=100", "country"),
        ("country=de&weight_g=100", "country"),
        ("country=QQ&weight_g=100", "country"),
        ("country=DE", "sku"),
        ("country=DE&sku=A&weight_g=1", "sku"),
        ("country=DE&weight_g=0", "weight_g"),
        ("country=DE&weight_g=x", "weight_g"),
        ("country=DE&weight_g=1&goods_eur=-1", "goods_eur"),
        ("country=DE&sku=A&sku=A", "sku"),
    ],
)
def test_a_question_that_makes_no_sense_is_refused_by_name(arguments: str, parameter: str) -> None:
    response = Program().get(f"/shipping/quote/?{arguments}")
    assert code_of(response) == "invalid"
    assert {row["parameter"] for row in response.json()["errors"]} == {parameter}


def test_an_unknown_piece_is_named() -> None:
    response = Program().get("/shipping/quote/?country=DE&sku=MOV-DRA-9999")
    assert code_of(response) == "unknown_listing"
    assert response.json()["skus"] == ["MOV-DRA-9999"]
