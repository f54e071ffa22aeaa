"""Who may open what: every address of the site, asked by everybody it could be asked by.

A new address without a row here fails the test, as does one that lets the wrong person in.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from django.urls import NoReverseMatch, URLPattern, URLResolver, get_resolver, reverse

from checkout import tariff
from checkout.models import DemoPayment, Order
from shop.models import User
from tests.catalog.pieces import a_listed_piece
from tests.checkout.storefront import GERMAN_ADDRESS, order

PEOPLE = ("anonymous", "other customer", "guest with link", "staff without right")
OPEN, GONE, LOGIN, HOME = 200, 404, "login", "elsewhere"
# What GET answers: to everybody the same, or to each of PEOPLE in turn. Addresses that only take POST: 405.
PUBLIC: dict[str, Any] = {
    "healthz": OPEN,
    "readyz": OPEN,
    "staff_language": HOME,
    "api:schema": OPEN,
    "api:docs": OPEN,
    "catalog_api:films": OPEN,
    "catalog_api:film": GONE,
    "catalog_api:edition": GONE,
    "checkout_api:listings": OPEN,
    "checkout_api:listing": GONE,
    "checkout_api:rates": OPEN,
    "checkout_api:shipping_quote": 400,
    "stripe_webhook": 405,
    "robots": OPEN,
    "sitemap": OPEN,
    "home": OPEN,
    "catalog:browse": OPEN,
    "catalog:listing_short": GONE,
    "catalog:listing": GONE,
    "catalog:film": GONE,
    "catalog:person": GONE,
    "catalog:programmes": OPEN,
    "catalog:programme": GONE,
    "catalog:grades": OPEN,
    "catalog:playback_help": OPEN,
    "catalog:player": 405,
    "checkout:shipping": OPEN,
    "checkout:vouchers": OPEN,
    "checkout:currency": 405,
    "checkout:country": 405,
    "page": GONE,
    "^media/(?P<path>.+)$": GONE,
    "demo_mail": OPEN,  # in the demo alone
}
# About one buyer: the visitor of the basket, or whoever holds an order's link. Never kept by a cache.
PRIVATE: dict[str, Any] = {
    "checkout_api:basket": (400, 400, OPEN, 400),
    "checkout_api:reserve": 405,
    "checkout_api:release": 405,
    "checkout_api:savings": 405,
    "checkout_api:orders": 401,
    "checkout_api:order": (GONE, GONE, OPEN, GONE),
    "checkout_api:pay": 405,
    "checkout_api:cancel": 405,
    "checkout_api:pack": 405,
    "checkout_api:ship": 405,
    "checkout_api:deliver": 405,
    "checkout_api:refund": 405,
    "checkout_api:invoice": GONE,
    "checkout_api:credit_note": GONE,
    "checkout_api:customs": 401,
    "checkout:basket": OPEN,
    "checkout:reserve": 405,
    "checkout:release": 405,
    "checkout:watch": GONE,
    "checkout:watching": GONE,
    "checkout:start": HOME,
    "checkout:address": (409, 409, 409, 409),
    "checkout:method": (409, 409, 409, 409),
    "checkout:review": (409, 409, 409, 409),
    "checkout:savings": HOME,
    "checkout:order_voucher": HOME,
    "checkout:voucher_balance": HOME,
    "checkout:pay": (GONE, GONE, OPEN, GONE),
    "checkout:payment_return": (GONE, GONE, HOME, GONE),
    "checkout:demo_payment": (GONE, GONE, OPEN, GONE),
    "checkout:order": (GONE, GONE, OPEN, GONE),
    "checkout:cancel_order": 405,
    "checkout:invoice": GONE,  # until the job has issued it
    "checkout:credit_note": GONE,
    "checkout:account": HOME,
    "checkout:withdrawal": OPEN,
    "checkout:withdraw_order": (GONE, GONE, OPEN, GONE),
    "checkout:confirm_withdrawal": GONE,
    "checkout:join": 405,
    "checkout:sign_out": (HOME, OPEN, HOME, OPEN),
    "checkout:my_orders": (LOGIN, OPEN, LOGIN, OPEN),
    "account_login": (OPEN, HOME, OPEN, HOME),
    "account_logout": (HOME, OPEN, HOME, OPEN),
    "account_inactive": OPEN,
    "account_signup": (OPEN, HOME, OPEN, HOME),
    "account_reauthenticate": (LOGIN, 403, LOGIN, 403),
    "account_email": (LOGIN, OPEN, LOGIN, OPEN),
    "account_email_verification_sent": OPEN,
    "account_change_password": (LOGIN, HOME, LOGIN, HOME),
    "account_set_password": (LOGIN, OPEN, LOGIN, OPEN),
    "account_reset_password": OPEN,
    "account_confirm_login_code": (LOGIN, HOME, LOGIN, HOME),
    "account_confirm_email": OPEN,
    "account_reset_password_from_key_done": OPEN,
    "account_reset_password_from_key": OPEN,
    "account_reset_password_done": OPEN,
    "mfa_index": (LOGIN, OPEN, LOGIN, OPEN),
    "mfa_authenticate": (LOGIN, HOME, LOGIN, HOME),
    "mfa_reauthenticate": (LOGIN, 403, LOGIN, 403),
    "mfa_activate_totp": (LOGIN, HOME, LOGIN, HOME),
    "mfa_deactivate_totp": (LOGIN, GONE, LOGIN, GONE),
    "mfa_view_recovery_codes": (LOGIN, GONE, LOGIN, GONE),
    "mfa_generate_recovery_codes": (LOGIN, OPEN, LOGIN, OPEN),
    "mfa_download_recovery_codes": (LOGIN, GONE, LOGIN, GONE),
}
# Addresses of the staff site that anybody may open; all its others ask to sign in, or refuse.
STAFF_DOORS = {"admin:login", "admin:jsi18n", "admin:logout"}


def addresses(resolver: Any = None, namespace: str = "") -> Iterator[tuple[str, URLPattern]]:
    """Every address of the site: its full name, or its pattern where it has none."""
    for entry in (resolver or get_resolver()).url_patterns:
        if isinstance(entry, URLResolver):
            yield from addresses(entry, f"{namespace}{entry.namespace}:" if entry.namespace else namespace)
        else:
            yield f"{namespace}{entry.name or entry.pattern}", entry


def names(*, of_staff: bool) -> list[str]:
    return sorted({name for name, _entry in addresses() if name.startswith("admin:") is of_staff})


def path_of(name: str, keys: dict[str, str]) -> str:
    """The address of that name with these values; numbers and texts that belong to nothing for the others."""
    plain = {"healthz": "/healthz", "readyz": "/readyz", "^media/(?P<path>.+)$": "/media/nothing.jpg"}
    if name in plain:
        return plain[name]
    entry = next(entry for found, entry in addresses() if found == name)
    values: dict[str, Any] = {}
    for argument in entry.pattern.regex.groupindex:
        is_number = argument.endswith("_id") and argument in entry.pattern.converters
        values[argument] = keys.get(argument, 999_999 if is_number else "nothing")
    return reverse(name, kwargs=values)


@pytest.fixture
def people(db: None) -> dict[str, tuple[Client, dict[str, str]]]:
    """Each of PEOPLE with the keys they hold; the guest's order waits for its payment."""
    tariff.load_example()
    guest = Client()
    placed = order(guest, a_listed_piece())
    keys = {"token": placed.token, "reference": DemoPayment.objects.get().reference}
    customer, member = Client(), Client()
    for client, is_staff in ((customer, False), (member, True)):
        user = User.objects.create_user(f"{is_staff}@example.com", is_staff=is_staff)
        client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    return dict(zip(PEOPLE, ((Client(), {}), (customer, {}), (guest, keys), (member, {})), strict=True))


def answer_class(response: Any) -> Any:
    if response.status_code not in (301, 302):
        return response.status_code
    return LOGIN if "/login/" in response["Location"] else HOME


def test_every_address_has_a_row() -> None:
    assert set(names(of_staff=False)) == set(PUBLIC) | set(PRIVATE)


def test_everybody_gets_what_is_theirs(people: dict[str, tuple[Client, dict[str, str]]]) -> None:
    wrong = {}
    for name, expected in (PUBLIC | PRIVATE).items():
        row = expected if isinstance(expected, tuple) else (expected,) * len(PEOPLE)
        got = tuple(answer_class(client.get(path_of(name, keys))) for client, keys in people.values())
        if got != row:
            wrong[name] = got
    assert wrong == {}


def test_private_pages_are_kept_by_no_cache(people: dict[str, tuple[Client, dict[str, str]]]) -> None:
    kept = set()
    for name in PRIVATE:
        for client, keys in people.values():
            response = client.get(path_of(name, keys))
            if response.status_code == 200 and "no-store" not in response.get("Cache-Control", ""):
                kept.add(name)
    assert kept == set()


def test_nothing_of_an_order_is_shown_without_its_link(people: dict[str, tuple[Client, dict[str, str]]]) -> None:
    placed = Order.objects.get()
    secrets = (placed.token, placed.number, GERMAN_ADDRESS["email"], GERMAN_ADDRESS["line1"])
    for person in ("anonymous", "other customer", "staff without right"):
        client, _keys = people[person]
        for name in (PUBLIC | PRIVATE).keys() - {"demo_mail"}:  # there the demo shows everybody everything
            response = client.get(path_of(name, {}))
            page = b"".join(response) if response.streaming else response.content
            assert not [secret for secret in secrets if secret.encode() in page], (person, name)


def test_the_staff_site_is_closed_to_all_without_a_right(people: dict[str, tuple[Client, dict[str, str]]]) -> None:
    for name in names(of_staff=True):
        if name in STAFF_DOORS:
            continue
        try:
            path = path_of(name, {})
        except NoReverseMatch:
            path = "/staff/nothing/"
        for person in ("anonymous", "other customer", "guest with link"):
            response = people[person][0].get(path)
            assert answer_class(response) in (LOGIN, GONE), (person, name, response.status_code)
