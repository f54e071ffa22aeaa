"""Accounts: registering by email, confirming the address, and no guessing of passwords."""

import re
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.core import mail as outbox
from django.test import Client

from shop.models import User
from tests.catalog.pieces import a_listed_piece
from tests.checkout.storefront import reserve, text_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("shippable")]
SECRET = "three-secret-words"


def sign_up(client: Client, email: str = "erika@example.com", *, language: str = "", **fields: str) -> Any:
    return client.post(f"{language}/account/signup/", {"email": email, "password1": SECRET, **fields})


def test_registering_takes_an_email_and_a_password_and_keeps_the_basket(client: Client) -> None:
    reserve(client, a_listed_piece())
    answer = sign_up(client, next="/checkout/address/")
    assert answer["Location"] == "/checkout/address/"
    assert User.objects.get().email == "erika@example.com"
    assert "erika@example.com" in client.get("/checkout/address/").content.decode()


def test_the_address_is_confirmed_by_the_link_in_the_mail(client: Client) -> None:
    sign_up(client)
    [message] = outbox.outbox
    assert message.to == ["erika@example.com"]
    assert message.body.rstrip().endswith("shop@example.com")
    assert "Please confirm your email address" in text_of(client.get("/account/orders/"))
    found = re.search(r"http://testserver(/account/confirm-email/\S+)", str(message.body))
    assert found is not None
    client.post(found[1])
    assert EmailAddress.objects.get().verified
    assert "Please confirm your email address" not in text_of(client.get("/account/orders/"))


def test_a_greek_account_gets_greek_mail(client: Client) -> None:
    sign_up(client, language="/el")
    assert "/el/account/confirm-email/" in outbox.outbox[0].body


@pytest.mark.parametrize("password", ["short", "password", "12345678", "erika@example.com"])
def test_weak_passwords_are_refused_beside_the_field(client: Client, password: str) -> None:
    answer = sign_up(client, password1=password)
    assert 'class="errorlist"' in answer.content.decode()
    assert not User.objects.exists()


def test_the_same_address_in_capitals_is_no_second_account(client: Client) -> None:
    sign_up(client)
    sign_up(Client(), "ERIKA@example.com")
    assert User.objects.count() == 1


def test_guessing_a_password_is_slowed_down(client: Client) -> None:
    User.objects.create_user("erika@example.com", SECRET)
    for number in range(12):
        client.post("/account/login/", {"login": "erika@example.com", "password": f"guess-{number}"})
    answer = client.post("/account/login/", {"login": "erika@example.com", "password": SECRET})
    assert answer.status_code in (200, 429)
    assert "_auth_user_id" not in client.session


@pytest.mark.parametrize("path", ["email", "password/change", "2fa", "logout"])
def test_the_pages_of_an_account_wear_the_shops_frame(client: Client, path: str) -> None:
    client.force_login(User.objects.create_user("erika@example.com", SECRET))
    answer = client.get(f"/account/{path}/")
    assert answer.status_code == 200
    assert 'class="account-nav"' in answer.content.decode()


def test_signing_in_is_not_left_to_another_site(client: Client) -> None:
    strict = Client(enforce_csrf_checks=True)
    User.objects.create_user("erika@example.com", SECRET)
    answer = strict.post("/account/login/", {"login": "erika@example.com", "password": SECRET})
    assert answer.status_code == 403


def test_a_short_password_is_refused_in_greek(client: Client) -> None:
    answer = client.post("/el/account/signup/", {"email": "eleni@example.com", "password1": "kourt7"})
    assert "Πολύ σύντομος: βάλτε τουλάχιστον 8 χαρακτήρες." in answer.text
    assert not User.objects.exists()
