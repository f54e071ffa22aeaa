"""The checkout's pages: one decision each, nothing charged silently, the second click the first one's order."""

from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from checkout import invariants
from checkout.models import Order, OrderState, Payment
from checkout.views import checkout as views
from shop.models import ShopSettings, User
from tests.catalog.pieces import a_listed_piece
from tests.checkout.rates import load_newest
from tests.checkout.storefront import (
    GERMAN_ADDRESS,
    choose,
    decide,
    demo_page,
    give_address,
    order,
    reserve,
    shown_for_confirmation,
    text_of,
    up_to_review,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("shippable")]


def with_bank() -> None:
    ShopSettings(bank_iban="GR1601101250000000012300695").save()


# Address


@pytest.mark.parametrize("step", ["address", "method", "review"])
def test_without_a_basket_every_step_explains_itself(client: Client, step: str) -> None:
    answer = client.get(f"/checkout/{step}/")
    assert answer.status_code == 409
    assert "Your basket is empty" in text_of(answer)


def test_a_country_we_do_not_ship_to_is_said_before_the_address_is_asked(client: Client) -> None:
    reserve(client, a_listed_piece())
    client.post("/country/", {"country": "US"})
    answer = client.get("/checkout/address/")
    assert "suspended parcels" in text_of(answer)
    assert 'name="line1"' not in answer.content.decode()


def test_the_address_follows_the_country(client: Client) -> None:
    reserve(client, a_listed_piece())
    client.post("/country/", {"country": "CA"})
    page = client.get("/checkout/address/").content.decode()
    assert "Ontario" in page
    assert "Province" in page
    client.post("/country/", {"country": "DE"})
    page = client.get("/checkout/address/").content.decode()
    assert 'name="region"' not in page
    assert 'autocomplete="shipping postal-code"' in page


@pytest.mark.parametrize(
    ("field", "value", "error"),
    [
        ("email", "erika", "Enter a valid email address."),
        ("name", " ", "This field is required."),
        ("line1", "", "This field is required."),
        ("postcode", "1011", "This is not a postcode of Germany"),
        ("city", "", "This field is required."),
        ("phone", "call me", "This does not look like a phone number."),
        ("name", "Eri\0ka", "Null characters are not allowed."),
    ],
)
def test_an_error_stands_beside_its_field_and_the_rest_is_kept(
    client: Client, field: str, value: str, error: str
) -> None:
    reserve(client, a_listed_piece())
    answer = give_address(client, **{field: value})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert page.count('<ul class="errorlist"') == 1
    assert f'id="id_{field}_error"' in page
    assert error in text_of(answer)
    kept = "Torstraße 1" if field != "line1" else "Berlin"
    assert kept in page


def test_greek_names_and_streets_are_taken_as_they_are(client: Client) -> None:
    reserve(client, a_listed_piece())
    answer = give_address(
        client, country="GR", name="Ελένη  Παπαδοπούλου", line1="Πανεπιστημίου 10", postcode="106 71", city="Αθήνα"
    )
    assert answer.status_code == 302
    address = Order.objects.get().shipping_address
    assert address is not None
    assert (address.name, address.city, address.postcode) == ("Ελένη Παπαδοπούλου", "Αθήνα", "106 71")


@pytest.mark.parametrize("name", ["Nguyễn Văn Ánh", "Иван Петров", "Žižka Łukasz Ğül", "O’Neill 3º"])
def test_names_that_a_label_can_show_are_taken(client: Client, name: str) -> None:
    reserve(client, a_listed_piece())
    assert give_address(client, name=name).status_code == 302


@pytest.mark.parametrize("name", ["山田 花子", "홍길동", "שרה כהן", "Anna 山田"])
def test_a_name_that_no_label_can_show_is_asked_for_in_latin_letters(client: Client, name: str) -> None:
    reserve(client, a_listed_piece())
    answer = give_address(client, name=name)
    assert answer.status_code == 422
    assert "Please write this in Latin letters" in text_of(answer)
    assert name in text_of(answer) or name in answer.content.decode()


def test_a_phone_number_is_kept_with_its_country_code(client: Client) -> None:
    reserve(client, a_listed_piece())
    give_address(client, phone="030 901820")
    address = Order.objects.get().shipping_address
    assert address is not None
    assert address.phone == "+4930901820"


def test_a_postcode_we_do_not_ship_to_is_refused_beside_it(client: Client) -> None:
    reserve(client, a_listed_piece())
    british = {"country": "GB", "line1": "1 Donegall Square", "city": "Belfast"}
    answer = give_address(client, **british, postcode="EC1Y 8SY")
    assert answer.status_code == 422
    assert "id_postcode_error" in answer.content.decode()
    assert give_address(client, **british, postcode="bt1 5gs").status_code == 302
    assert "Registered post" in text_of(client.get("/checkout/method/"))


def test_the_invoice_may_go_elsewhere(client: Client) -> None:
    reserve(client, a_listed_piece())
    billing = {
        "is_billed_elsewhere": "on",
        "billing_country": "FR",
        "billing-name": "Cinémathèque",
        "billing-line1": "51 rue de Bercy",
        "billing-postcode": "75012",
        "billing-city": "Paris",
    }
    assert give_address(client, **{**billing, "billing-postcode": "Paris"}).status_code == 422
    assert give_address(client, **billing).status_code == 302
    draft = Order.objects.get()
    assert draft.billing_address is not None
    assert draft.billing_address.country == "FR"
    assert "51 rue de Bercy" in client.get("/checkout/address/").content.decode()
    give_address(client)
    draft = Order.objects.get()
    assert draft.billing_address == draft.shipping_address


def test_who_is_signed_in_need_not_type_their_email(client: Client) -> None:
    client.force_login(User.objects.create_user("member@example.com", "secret-words-here"))
    reserve(client, a_listed_piece())
    page = client.get("/checkout/address/").content.decode()
    assert 'value="member@example.com"' in page
    assert "/account/login/" not in page


def test_who_is_signed_in_need_not_type_their_address_again(client: Client) -> None:
    client.force_login(User.objects.create_user("member@example.com", "secret-words-here"))
    order(client, a_listed_piece())
    reserve(client, a_listed_piece())
    assert "Torstraße 1" in client.get("/checkout/address/").content.decode()
    # In another country the form asks for other things.
    client.post("/country/", {"country": "FR"})
    assert "Torstraße 1" not in client.get("/checkout/address/").content.decode()
    client.post("/country/", {"country": "DE"})
    for stranger in (Client(), client):
        stranger.force_login(User.objects.get_or_create(email="other@example.com")[0])
        reserve(stranger, a_listed_piece())
        stranger.post("/country/", {"country": "DE"})
        assert "Torstraße 1" not in stranger.get("/checkout/address/").content.decode()


def test_signing_in_keeps_the_basket(client: Client) -> None:
    User.objects.create_user("member@example.com", "secret-words-here")
    reserve(client, a_listed_piece())
    answer = client.post(
        "/account/login/?next=/checkout/address/",
        {"login": "member@example.com", "password": "secret-words-here"},
    )
    assert answer["Location"] == "/checkout/address/"
    assert client.get("/checkout/address/").status_code == 200
    order_of_member = order(client)
    assert order_of_member.user is not None


# Method


def test_method_without_an_address_asks_for_the_address(client: Client) -> None:
    reserve(client, a_listed_piece())
    assert client.get("/checkout/method/")["Location"] == "/checkout/address/"
    assert client.get("/checkout/review/")["Location"] == "/checkout/address/"


@pytest.mark.parametrize("choice", [{"shipping": "drone"}, {"payment": "gold"}, {"shipping": ""}, {"payment": ""}])
def test_only_what_is_offered_can_be_chosen(client: Client, choice: dict[str, str]) -> None:
    reserve(client, a_listed_piece())
    give_address(client)
    answer = choose(client, **choice)
    assert answer.status_code == 422
    assert client.get("/checkout/review/")["Location"] == "/checkout/method/"


def test_bank_transfer_is_offered_in_euro_only(client: Client) -> None:
    with_bank()
    load_newest()
    reserve(client, a_listed_piece())
    give_address(client)
    assert 'value="bank_transfer"' in client.get("/checkout/method/").content.decode()
    client.post("/currency/", {"currency": "USD"})
    answer = client.get("/checkout/method/")
    assert 'value="bank_transfer"' not in answer.content.decode()
    assert "when you choose the euro" in text_of(answer)


def test_another_currency_after_choosing_a_transfer_asks_again_how_to_pay(client: Client) -> None:
    with_bank()
    load_newest()
    shown = up_to_review(client, a_listed_piece(), payment="bank_transfer")
    client.post("/currency/", {"currency": "USD"})
    assert client.post("/checkout/review/", shown)["Location"] == "/checkout/method/"
    assert Order.objects.get().state == OrderState.DRAFT


# Review


def test_the_button_says_that_it_obliges_to_pay(client: Client) -> None:
    """Directive 2011/83/EU, article 8(2)."""
    up_to_review(client, a_listed_piece())
    answer = client.get("/checkout/review/")
    page = text_of(answer)
    assert "Order with obligation to pay" in page
    assert "withdraw from this purchase within 14 days" in page
    assert "€5.00" in page
    assert "€13.90" in page
    assert "Torstraße 1" in page
    assert "10119 Berlin" in page
    assert "You earn 25 reward points" in page


def test_the_order_freezes_what_was_shown(client: Client) -> None:
    load_newest()
    client.post("/currency/", {"currency": "USD"})
    placed = order(client, a_listed_piece(), a_listed_piece())
    assert placed.state == OrderState.AWAITING_PAYMENT
    assert (placed.currency, placed.rate) == ("USD", Decimal("1.1172"))
    assert placed.goods_amount == 2 * Decimal("5.59")
    assert placed.total_amount == placed.goods_amount + placed.shipping_amount
    assert placed.rate_set is not None
    assert invariants.find_broken() == []


def test_the_second_click_gives_the_same_order_and_the_same_payment(client: Client) -> None:
    shown = up_to_review(client, a_listed_piece())
    first = client.post("/checkout/review/", shown)
    second = client.post("/checkout/review/", shown)
    assert first["Location"] == second["Location"]
    assert Order.objects.count() == Payment.objects.count() == 1


def test_a_second_tab_of_the_same_review_gives_the_same_order(client: Client) -> None:
    one = up_to_review(client, a_listed_piece())
    other = shown_for_confirmation(client)
    client.post("/checkout/review/", one)
    client.post("/checkout/review/", other)
    assert Order.objects.placed().count() == 1


def test_back_after_paying_leads_to_the_order(client: Client) -> None:
    shown = up_to_review(client, a_listed_piece())
    client.post("/checkout/review/", shown)
    placed = Order.objects.get()
    decide(client, placed, "approve")
    assert client.post("/checkout/review/", shown)["Location"] == placed.get_absolute_url()
    assert Payment.objects.count() == 1


def test_a_changed_price_is_shown_again_with_the_old_one_struck_out(client: Client) -> None:
    piece = a_listed_piece()
    shown = up_to_review(client, piece)
    type(piece).objects.filter(pk=piece.pk).update(price=Decimal("7.00"))
    answer = client.post("/checkout/review/", shown)
    page = answer.content.decode()
    assert answer.status_code == 409
    assert "The total has changed" in page
    assert "<del>€13.90</del> <ins>€15.90</ins>" in page
    assert Order.objects.get().state == OrderState.DRAFT
    assert client.post("/checkout/review/", shown_for_confirmation(client)).status_code == 302


def test_a_piece_that_came_along_meanwhile_is_shown_before_it_is_bought(client: Client) -> None:
    shown = up_to_review(client, a_listed_piece())
    reserve(client, a_listed_piece())
    assert client.post("/checkout/review/", shown).status_code == 409
    assert not Order.objects.placed().exists()


def test_a_currency_changed_in_another_tab_asks_again(client: Client) -> None:
    load_newest()
    shown = up_to_review(client, a_listed_piece())
    client.post("/currency/", {"currency": "USD"})
    answer = client.post("/checkout/review/", shown)
    assert answer.status_code == 409
    assert "<del>€13.90</del>" in answer.content.decode()


@pytest.mark.parametrize(
    "changes",
    [
        {"total": "0.01"},
        {"total": "NaN"},
        {"total": ""},
        {"token": "x" * 43},
        {"fingerprint": "0" * 32},
        {"currency": "ZZZ"},
    ],
)
def test_a_tampered_form_buys_nothing_for_another_total(client: Client, changes: dict[str, str]) -> None:
    shown = up_to_review(client, a_listed_piece())
    answer = client.post("/checkout/review/", shown | changes)
    assert answer.status_code in (302, 409)
    for placed in Order.objects.placed():
        assert placed.total_amount == Decimal("13.90")


def test_nobody_places_another_visitors_draft(client: Client) -> None:
    shown = up_to_review(client, a_listed_piece())
    stranger = Client()
    reserve(stranger, a_listed_piece())
    assert stranger.post("/checkout/review/", shown)["Location"] == "/checkout/address/"
    assert not Order.objects.placed().exists()


@pytest.mark.parametrize("path", ["/checkout/address/", "/checkout/method/", "/checkout/review/"])
def test_another_site_cannot_post_a_step(client: Client, path: str) -> None:
    up_to_review(client, a_listed_piece())
    assert client.post(path, GERMAN_ADDRESS, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403


@pytest.mark.parametrize("path", ["/checkout/address/", "/checkout/method/", "/checkout/review/"])
def test_no_step_is_stored_by_a_cache(client: Client, path: str) -> None:
    up_to_review(client, a_listed_piece())
    assert client.get(path)["Cache-Control"] == "no-store"


def test_a_click_that_the_first_one_overtakes_gives_the_same_order(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without scripts two quick clicks are two requests at once, and the browser shows the second's answer."""
    shown = up_to_review(client, a_listed_piece())
    twin = Client()
    twin.cookies = client.cookies
    look = views.missing_step

    def overtaken(*args: Any) -> Any:
        monkeypatch.setattr(views, "missing_step", look)
        twin.post("/checkout/review/", shown)
        return look(*args)

    monkeypatch.setattr(views, "missing_step", overtaken)
    answer = client.post("/checkout/review/", shown)
    assert answer["Location"] == demo_page(Order.objects.placed().get())
