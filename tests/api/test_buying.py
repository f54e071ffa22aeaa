"""A headless buyer: basket, order, payment; and what they are refused."""

from typing import Any

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from catalog.models import Listing
from checkout import invariants, settlement
from checkout.gateways import demo
from checkout.models import Order, OrderState, Payment, Reservation
from checkout.visitors import COOKIE
from shop.models import ApiKey, Scope, ShopSettings
from tests.api.program import API, BERLIN, Program, code_of
from tests.catalog.shelf import a_piece, a_sold_one

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("shippable", "rates")]


@pytest.fixture
def buyer(db: None) -> Program:
    return Program().open_basket()


def test_the_whole_purchase(buyer: Program) -> None:
    piece = a_piece(price="5.00")
    basket = buyer.reserve(piece.sku)
    assert basket.status_code == 200
    assert [line["sku"] for line in basket.json()["lines"]] == [piece.sku]
    assert Program().get(f"/listings/{piece.sku}/").json()["availability"] == "reserved"

    placed = buyer.place(currency="USD")
    assert placed.status_code == 201, placed.content
    order = placed.json()
    assert order["state"] == "awaiting_payment"
    assert order["currency"] == "USD"
    assert order["base"]["total"] == {"amount": "13.90", "currency": "EUR"}
    assert order["presentment"]["total"]["currency"] == "USD"
    assert order["shipping_address"]["city"] == "Berlin"

    paying = buyer.post(f"/orders/{order['token']}/pay/")
    assert paying.status_code == 200, paying.content
    assert paying.json()["amount"] == order["presentment"]["total"]
    assert paying.json()["pay_url"].startswith("http")
    payment = Payment.objects.get()
    demo.decide(payment.reference, "approve")
    settlement.refresh(payment)

    paid = buyer.get(f"/orders/{order['token']}/").json()
    assert paid["state"] == "paid"
    assert paid["payments"][0]["state"] == "captured"
    assert paid["payments"][0]["pay_url"] is None
    assert Program().get(f"/listings/{piece.sku}/").json()["availability"] == "sold"
    assert buyer.get("/basket/").json()["lines"] == []
    assert invariants.find_broken() == []


def test_a_new_basket_is_empty_and_costs_nothing() -> None:
    opened = Program().post("/basket/?currency=JPY").json()
    assert opened["lines"] == []
    assert opened["base"]["total"] == {"amount": "0.00", "currency": "EUR"}
    assert opened["presentment"]["total"] == {"amount": "0", "currency": "JPY"}


def test_a_bank_transfer_says_where_to(buyer: Program) -> None:
    settings = ShopSettings.current()
    settings.bank_iban = "GR1601101250000000012300695"
    settings.save()
    buyer.reserve(a_piece().sku)
    order = buyer.place(payment_method="bank_transfer").json()
    payment = buyer.post(f"/orders/{order['token']}/pay/").json()
    assert payment["payment_method"] == "bank_transfer"
    assert payment["transfer"]["iban"] == "GR1601101250000000012300695"
    assert payment["transfer"]["reference"] == order["number"]


def test_a_piece_somebody_else_holds_is_named_but_not_the_holder(buyer: Program) -> None:
    free, held = a_piece(), a_piece()
    Program().open_basket().reserve(held.sku)
    refused = buyer.reserve(free.sku, held.sku)
    assert (refused.status_code, code_of(refused)) == (409, "listing_unavailable")
    assert refused.json()["skus"] == [held.sku]
    assert buyer.get("/basket/").json()["lines"] == []
    assert Reservation.objects.get(listing=held).asked_at is not None


def test_a_sold_piece_and_an_unknown_one(buyer: Program) -> None:
    sold = a_sold_one()
    assert code_of(buyer.reserve(sold.sku)) == "listing_unavailable"
    unknown = buyer.reserve("MOV-DRA-9999")
    assert (unknown.status_code, code_of(unknown)) == (404, "unknown_listing")


def test_giving_a_piece_back(buyer: Program) -> None:
    piece = a_piece()
    buyer.reserve(piece.sku)
    assert buyer.post("/basket/release/", {"sku": piece.sku}).json()["lines"] == []
    assert Listing.objects.get(pk=piece.pk).is_for_sale
    again = buyer.post("/basket/release/", {"sku": piece.sku})
    assert (again.status_code, code_of(again)) == (409, "not_reserved")


@pytest.mark.parametrize("token", ["", "short", "x" * 44])
def test_without_its_token_there_is_no_basket(token: str) -> None:
    program = Program()
    program.token = token
    for response in (program.get("/basket/"), program.reserve("X"), program.post("/orders/", {})):
        assert (response.status_code, code_of(response)) == (400, "basket_token_missing")


def test_the_cookie_of_the_shop_is_a_basket_for_its_own_pages() -> None:
    piece = a_piece()
    client = Client()
    client.cookies[COOKIE] = "c" * 43
    body = {"skus": [piece.sku]}
    headers = {"Idempotency-Key": "one", "Sec-Fetch-Site": "cross-site"}
    foreign = client.post(f"{API}/basket/reserve/", body, content_type="application/json", headers=headers)
    assert (foreign.status_code, code_of(foreign)) == (403, "foreign_post")
    headers["Sec-Fetch-Site"] = "same-origin"
    own = client.post(f"{API}/basket/reserve/", body, content_type="application/json", headers=headers)
    assert own.status_code == 200
    assert piece.sku in client.get("/basket/").content.decode()


def test_a_total_that_has_changed_is_shown_again_and_nothing_is_kept(buyer: Program) -> None:
    piece = a_piece(price="5.00")
    buyer.reserve(piece.sku)
    body = buyer.order_for()
    Listing.objects.filter(pk=piece.pk).update(price="6.00")
    refused = buyer.post("/orders/", body)
    assert (refused.status_code, code_of(refused)) == (409, "total_changed")
    assert refused.json()["total"] == {"amount": "14.90", "currency": "EUR"}
    assert not Order.objects.exists()
    assert buyer.post("/orders/", body | {"expected_total": refused.json()["total"]}).status_code == 201


def without(name: str) -> dict[str, Any]:
    return {key: value for key, value in BERLIN.items() if key != name}


@pytest.mark.parametrize(
    ("changes", "pointer", "code"),
    [
        ({"email": "nobody"}, "#/email", "invalid"),
        ({"email": None}, "#/email", "null"),
        ({"shipping_address": {**BERLIN, "postcode": "x"}}, "#/shipping_address/postcode", "invalid"),
        ({"shipping_address": without("city")}, "#/shipping_address/city", "required"),
        ({"shipping_address": without("country")}, "#/shipping_address/country", "required"),
        ({"shipping_address": {**BERLIN, "country": "QQ"}}, "#/shipping_address/country", "invalid_choice"),
        ({"shipping_address": {**BERLIN, "phone": "x"}}, "#/shipping_address/phone", "invalid"),
        ({"shipping_address": {**BERLIN, "city": "\u2028"}}, "#/shipping_address/city", "required"),
        ({"billing_address": {**BERLIN, "line1": ""}}, "#/billing_address/line1", "blank"),
        ({"expected_total": {"amount": 13.9, "currency": "EUR"}}, "#/expected_total/amount", "invalid"),
        ({"expected_total": {"amount": "1e3", "currency": "EUR"}}, "#/expected_total/amount", "invalid"),
        ({"expected_total": None}, "#/expected_total", "null"),
    ],
)
def test_a_mistake_in_the_body_is_pointed_at(buyer: Program, changes: Any, pointer: str, code: str) -> None:
    buyer.reserve(a_piece().sku)
    refused = buyer.place(**changes)
    assert (refused.status_code, code_of(refused)) == (400, "invalid")
    assert [(row["pointer"], row["code"]) for row in refused.json()["errors"]] == [(pointer, code)]


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"payment_method": "cash"}, 422, "payment_method_unavailable"),
        ({"shipping_method": "pigeon"}, 422, "shipping_method_unavailable"),
        ({"expected_total": {"amount": "5.00", "currency": "XAU"}}, 422, "currency_not_offered"),
    ],
)
def test_what_is_not_offered_is_refused(buyer: Program, changes: Any, status: int, code: str) -> None:
    buyer.reserve(a_piece().sku)
    refused = buyer.place(**changes)
    assert (refused.status_code, code_of(refused)) == (status, code)
    assert not Order.objects.exists()


def test_an_empty_basket_cannot_be_ordered(buyer: Program) -> None:
    piece = a_piece()
    buyer.reserve(piece.sku)
    body = buyer.order_for()
    buyer.post("/basket/release/", {"sku": piece.sku})
    assert code_of(buyer.post("/orders/", body)) == "basket_empty"


def test_cancelling_frees_the_piece_until_it_is_paid(buyer: Program) -> None:
    piece = a_piece()
    buyer.reserve(piece.sku)
    token = buyer.place().json()["token"]
    cancelled = buyer.post(f"/orders/{token}/cancel/")
    assert cancelled.json()["state"] == "cancelled"
    assert Listing.objects.get(pk=piece.pk).is_for_sale
    assert code_of(buyer.post(f"/orders/{token}/pay/")) == "order_not_payable"


def test_a_paid_order_cannot_be_cancelled_here(buyer: Program) -> None:
    buyer.reserve(a_piece().sku)
    token = buyer.place().json()["token"]
    buyer.post(f"/orders/{token}/pay/")
    payment = Payment.objects.get()
    demo.decide(payment.reference, "approve")
    settlement.refresh(payment)
    refused = buyer.post(f"/orders/{token}/cancel/")
    assert (refused.status_code, code_of(refused)) == (409, "order_move_refused")
    assert Order.objects.get().state == OrderState.PAID


@pytest.mark.parametrize("token", ["x", "x" * 43])
def test_a_token_that_is_none_finds_no_order(token: str) -> None:
    assert code_of(Program().get(f"/orders/{token}/")) == "order_not_found"
    assert code_of(Program().post(f"/orders/{token}/pay/")) == "order_not_found"


def test_an_order_is_nobodys_to_cache(buyer: Program) -> None:
    buyer.reserve(a_piece().sku)
    token = buyer.place().json()["token"]
    assert "no-store" in buyer.get(f"/orders/{token}/").headers["Cache-Control"]
    assert "no-store" in buyer.get("/basket/").headers["Cache-Control"]


def test_keys_list_orders_and_see_buyers_only_with_that_scope(
    buyer: Program, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for _number in range(3):
        buyer.reserve(a_piece().sku)
        buyer.place()
    _key, blind = ApiKey.issue(name="stock", scopes=[Scope.ORDERS_READ])
    _key, seeing = ApiKey.issue(name="desk", scopes=[Scope.ORDERS_READ, Scope.CUSTOMERS_PII])
    with django_assert_max_num_queries(8):
        first = Program(key=blind).get("/orders/?limit=2&state=awaiting_payment")
    assert len(first.json()["results"]) == 2
    text = first.content.decode()
    for private in ("erika@example.com", "Mustermann", "Torstra", Order.objects.latest("pk").token):
        assert private not in text
    second = Program(key=blind).client.get(first.json()["next"], headers={"Authorization": f"Bearer {blind}"})
    assert len(second.json()["results"]) == 1
    assert Program(key=seeing).get("/orders/").json()["results"][0]["email"] == "erika@example.com"
    assert Program(key=blind).get("/orders/?state=paid").json()["results"] == []
    assert code_of(Program(key=blind).get("/orders/?state=draft")) == "invalid"


def test_a_basket_is_read_in_few_queries(buyer: Program, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    pieces = [a_piece().sku for _number in range(4)]
    buyer.reserve(*pieces)
    buyer.get("/basket/?country=DE&currency=USD")
    with django_assert_num_queries(4):
        basket = buyer.get("/basket/?country=DE&currency=USD").json()
    assert len(basket["lines"]) == 4
