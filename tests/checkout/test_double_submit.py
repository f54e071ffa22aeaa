"""Every button of the site and every write of the API, pressed twice and eight times at once: one effect.

How to add a route. Write a function that makes what the button needs and returns the `Press`; give it a row in
`tests/checkout/buttons` under the route's URL name, or `Model deed` for a button of the staff site. That is all:
the test counts the rows of every table, the sums of every number, states, jobs and mails (`presses.effects_of`)
for one press, and wants the same of two presses, of eight at once, and, where the press queues a job, of one
repeated after the job could not be queued; each on freshly made rows. What is not in the database, such as a
provider's records, is counted by `also`.

A route that accepts a post and has no row, or a row whose route is gone, fails the test. NO_EFFECT is for
those that change nothing here, with the reason.
"""

import json
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
from django.contrib import admin
from django.db import DatabaseError, connections
from django.test import Client
from django.urls import URLPattern

from checkout import invariants, tariff
from shop import once
from shop.admin_base import ShopAdmin
from shop.api import idempotency
from shop.models import ShopSettings
from tests.api.program import code_of
from tests.checkout.buttons.after_sale import AFTER_SALE, AFTER_SALE_DEEDS, API_AFTER_SALE
from tests.checkout.buttons.api import API_WRITES
from tests.checkout.buttons.pages import PAGES
from tests.checkout.buttons.staff import STAFF_DEEDS, STAFF_FORMS, add_film
from tests.checkout.presses import Press, effects_of, no_job_can_be_queued
from tests.checkout.rates import load_newest
from tests.shop.test_access import addresses, path_of

WRITES = PAGES | API_WRITES | AFTER_SALE | API_AFTER_SALE
DEEDS = STAFF_DEEDS | AFTER_SALE_DEEDS
_COOKIE = "sets a cookie and nothing else"
_LEADS_ON = "leads on to another address, whatever the method"
NO_EFFECT: dict[str, str] = {
    "^media/(?P<path>.+)$": "a file, whatever the method",
    "checkout:my_orders": "asks to sign in first, and then takes no post",
    "catalog:player": _COOKIE,
    "checkout:currency": _COOKIE,
    "checkout:country": _COOKIE,
    "staff_language": _COOKIE,
    "checkout:vouchers": "shows once more what is about to be ordered",
    "checkout:voucher_balance": "tells what is left; only wrong codes are counted",
    "checkout:start": _LEADS_ON,
    "checkout:account": _LEADS_ON,
    "checkout:sign_out": "ends the browser's session, which can end once",
    "stripe_webhook": "takes what Stripe signed, once by the event's id: test_webhook.py sends it eight times at once",
    "checkout_api:savings": "tells what the basket would come to; only wrong codes are counted",
    "checkout_api:basket": "makes up a token; nothing is stored until something is reserved with it",
}
# Accounts and their second factors are allauth's: it rotates what a form may do once (login codes, keys of
# password mails) and limits how often; an account exists once by its unique address.
OF_ALLAUTH = ("account_", "mfa_")
# Pages of packages, which staff hardly ever need: their rows are unique by constraint, or jobs that may run twice.
OF_PACKAGES = {"account.EmailAddress", "mfa.Authenticator", "procrastinate.ProcrastinateJob"}
_SETS_WHAT_WAS_TYPED = "sets the password that was typed, which is the same the second time"
STAFF_NO_EFFECT = {
    "admin:login": "opens the browser's session",
    "admin:logout": "ends it",
    "admin:password_change": _SETS_WHAT_WAS_TYPED,
    "admin:auth_user_password_change": _SETS_WHAT_WAS_TYPED,
    "admin:index": "a page to read",
    "admin:app_list": "a page to read",
    "admin:jsi18n": "a script",
    "admin:autocomplete": "a search",
    "admin:search": "a search",
    "admin:missing_facts": "a page to read",
    "admin:password_change_done": "a page to read",
    "admin:view_on_site": _LEADS_ON,
    "admin:(?P<url>.*)$": _LEADS_ON,
    "admin:<path:object_id>/": _LEADS_ON,
    "admin:catalog_listing_preview": "a page to read",
    "admin:checkout_books": "a page to read",
    "admin:checkout_customs_form": "a page to read",
    "admin:checkout_packing_slip": "a page to read",
    "admin:checkout_paper_pdf": "a page to read",
}

ALL = WRITES | DEEDS | {f"form {kind}": write for kind, write in STAFF_FORMS.items()}
OF_API = sorted(name for name in WRITES if "_api:" in name)


@pytest.fixture
def shop(transactional_db: None) -> None:
    """A shop that ships, takes transfers, and lets one network hold as much as the tests need."""
    tariff.load_example()
    load_newest()
    settings = ShopSettings.current()
    settings.bank_iban = "GR1601101250000000012300695"
    settings.reservations_per_address = settings.reservations_per_visitor = 1000
    settings.save()


@pytest.mark.races
@pytest.mark.parametrize("name", sorted(ALL))
def test_pressed_twice_or_eight_times_at_once_is_pressed_once(shop: None, name: str) -> None:
    write = ALL[name]
    # The first of all may load what is made once for the shop, such as a counter's row.
    write.press().send()

    def effects(times: Callable[[Press], Any]) -> Any:
        press = write.press()
        return effects_of(lambda: check_no_failure(times(press)), write.also)

    single = effects(lambda press: [press.send()])
    assert single, "pressing this changed nothing, so the test proves nothing"
    assert effects(lambda press: [press.send(), press.send()]) == single
    assert effects(lambda press: press.send_at_once()) == single
    if any(effect.startswith("job ") for effect in single):
        assert effects(after_its_job_could_not_be_queued) == single
    assert invariants.find_broken() == []


def after_its_job_could_not_be_queued(press: Press) -> list[Any]:
    """Where the job and its cause are one transaction, the cause is undone with it and the press can be repeated."""
    with no_job_can_be_queued(), pytest.raises(DatabaseError, match="no job can be queued"):
        press.send()
    return [press.send()]


def check_no_failure(answers: Any) -> None:
    assert [answer.status_code for answer in answers if answer.status_code >= 500] == []


UNSAFE = ("post", "put", "patch", "delete")


def accepts(name: str, entry: URLPattern, method: str) -> bool:
    """Whether an address takes this method: a view of the API by its class, a page by its answer."""
    api_view = getattr(entry.callback, "cls", None)
    if api_view is not None:
        return hasattr(api_view, method)
    return getattr(Client(), method)(path_of(name, {})).status_code != 405


def test_every_write_of_the_site_is_listed(db: None) -> None:
    accepting = {
        name
        for name, entry in addresses()
        if not name.startswith(("admin:", *OF_ALLAUTH)) and any(accepts(name, entry, method) for method in UNSAFE)
    }
    assert accepting == {name.split(" ")[0] for name in WRITES} | set(NO_EFFECT)


def test_every_deed_of_the_staff_site_is_listed() -> None:
    deeds = {
        f"{model._meta.label} {deed.name}"
        for model, page in admin.site._registry.items()
        for deed in getattr(page, "deeds", ())
    }
    assert deeds == set(DEEDS)


def test_staff_forms_are_all_of_one_kind() -> None:
    """What the rows in STAFF_FORMS prove holds for every model: its page is a ShopAdmin and has no other addresses."""
    labels = {model._meta.label for model, page in admin.site._registry.items() if not isinstance(page, ShopAdmin)}
    assert labels == OF_PACKAGES
    own = {f"{model._meta.app_label}_{model._meta.model_name}" for model in admin.site._registry}
    kinds = {*STAFF_FORMS, "deed", "history", "simple_history"}
    usual = {f"admin:{model}_{kind}" for model in own for kind in kinds}
    others = {name for name, _entry in addresses() if name.startswith("admin:")} - usual
    assert others == set(STAFF_NO_EFFECT)


def test_the_harness_sees_a_double_effect(shop: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: without the memory of what was sent, the second press of a form makes a second film."""
    monkeypatch.setattr(once, "_press", lambda request: None)
    press = add_film()
    twice = effects_of(lambda: [press.send(), press.send()])
    assert twice["catalog.Film"] == 2


@pytest.mark.parametrize("name", OF_API)
def test_the_api_asks_for_a_key_before_it_does_anything(shop: None, name: str) -> None:
    press = WRITES[name].press()
    answers: list[Any] = []
    assert effects_of(lambda: answers.append(press.without("Idempotency-Key").send())) == {}
    assert (answers[0].status_code, code_of(answers[0])) == (400, "idempotency_key_missing")


@pytest.mark.parametrize("name", OF_API)
def test_a_key_of_another_request_is_refused_and_does_nothing(shop: None, name: str) -> None:
    press = WRITES[name].press()
    press.send()
    other = replace(press, fields=json.dumps(press.fields) + " ")
    answers: list[Any] = []
    assert effects_of(lambda: answers.append(other.send())) == {}
    assert (answers[0].status_code, code_of(answers[0])) == (422, "idempotency_key_reused")


@contextmanager
def the_same_request_running(press: Press, patch: pytest.MonkeyPatch) -> Iterator[None]:
    """While the block runs, another thread has begun this request and cannot go on."""
    began, go_on, run = threading.Event(), threading.Event(), idempotency._run

    def slow(effect: idempotency.Effect) -> Any:
        began.set()
        go_on.wait(timeout=30)
        return run(effect)

    def send() -> Any:
        try:
            return press.send(client=Client())
        finally:
            connections.close_all()

    patch.setattr(idempotency, "_run", slow)
    with ThreadPoolExecutor(1) as thread:
        first = thread.submit(send)
        try:
            assert began.wait(timeout=30)
            yield
        finally:
            go_on.set()
    assert first.result().status_code < 300


@pytest.mark.parametrize("name", OF_API)
def test_a_key_that_is_being_worked_on_is_answered_come_back(
    shop: None, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    press = WRITES[name].press()
    answers: list[Any] = []
    with the_same_request_running(press, monkeypatch):
        assert effects_of(lambda: answers.append(press.send())) == {}
    assert (answers[0].status_code, code_of(answers[0])) == (409, "idempotency_key_busy")
    assert int(answers[0].headers["Retry-After"]) > 0
    assert press.send().headers["Idempotent-Replayed"] == "true"
