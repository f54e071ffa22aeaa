"""Every button of the site and every write of the API, pressed twice and eight times at once: one effect.

How to add a route. Write a function that makes what the button needs and returns the `Press`; give it a row in
WRITES under the route's URL name, or `Model deed` in DEEDS for a button of the staff site. That is all: the test
counts the rows of every table, the sums of every number, states, jobs and mails (`presses.effects_of`) for
one press, and wants the same of two presses, of eight at once, and, where the press queues a job, of one repeated
after the job could not be queued; each on freshly made rows. What is not in the database, such as a provider's
records, is counted by `also`.

A route that accepts a post and has no row, or a row whose route is gone, fails the test. NO_EFFECT is for
those that change nothing here, with the reason.
"""

import itertools
import json
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest
from django.contrib import admin
from django.db import DatabaseError, connections
from django.test import Client
from django.urls import URLPattern, reverse
from django.utils import timezone

from catalog.models import Film, Genre, Review
from checkout import invariants, rewards, settlement, tariff
from checkout.gateways import demo
from checkout.gateways.base import GatewayUnreachable
from checkout.models import BalanceDifference, Order, PointsAccount, RateSet, Refund, Reservation
from checkout.models.currency import RateSetStatus, RateSource
from shop import once
from shop.admin_base import ShopAdmin
from shop.api import idempotency
from shop.models import ShopSettings, User
from tests.admin.pages import fields_of
from tests.api.program import API, Program, code_of
from tests.catalog.pieces import a_graded_draft, a_listed_piece
from tests.checkout import storefront
from tests.checkout.presses import Press, effects_of, no_job_can_be_queued
from tests.checkout.rates import load_newest
from tests.checkout.savings_orders import a_coupon, a_voucher
from tests.shop.test_access import addresses, path_of

_numbers = itertools.count(1)


def no_more() -> Mapping[str, int]:
    return {}


@dataclass(frozen=True)
class Write:
    """How to press a route's button once; `also` counts effects outside the database."""

    press: Callable[[], Press]
    also: Callable[[], Mapping[str, int]] = no_more


# Pages


def a_placed_order(*, payment: str = "demo") -> tuple[Client, Order]:
    client = Client()
    return client, storefront.order(client, a_listed_piece(), payment=payment)


def a_paid_order() -> tuple[Client, Order]:
    client, placed = a_placed_order()
    storefront.decide(client, placed, "approve")
    return client, Order.objects.get(pk=placed.pk)


def press_reserve() -> Press:
    client = Client()
    storefront.reserve(client, a_listed_piece())
    return Press(client, reverse("checkout:reserve"), {"sku": a_listed_piece().sku})


def press_release() -> Press:
    client, piece = Client(), a_listed_piece()
    storefront.reserve(client, piece)
    return Press(client, reverse("checkout:release"), {"sku": piece.sku})


def press_address() -> Press:
    client = Client()
    storefront.reserve(client, a_listed_piece())
    client.get(reverse("checkout:address"))
    return Press(client, reverse("checkout:address"), storefront.GERMAN_ADDRESS)


def press_method() -> Press:
    client = Client()
    storefront.reserve(client, a_listed_piece())
    storefront.give_address(client)
    fields = {"shipping_method": "post_tracked", "payment_method": "demo"}
    return Press(client, reverse("checkout:method"), fields)


def press_order_button() -> Press:
    client = Client()
    return Press(client, reverse("checkout:review"), storefront.up_to_review(client, a_listed_piece()))


def press_coupon() -> Press:
    client = Client()
    storefront.up_to_review(client, a_listed_piece())
    coupon = a_coupon(f"TEN-{next(_numbers)}")
    return Press(client, reverse("checkout:savings"), {"part": "coupon", "code": coupon.code})


def press_order_voucher() -> Press:
    client = Client()
    return Press(client, reverse("checkout:order_voucher"), storefront.voucher_up_to_review(client))


def press_pay() -> Press:
    """Another way to pay than the one the order was placed with: the open attempt is closed, one is opened."""
    client, placed = a_placed_order()
    return Press(client, reverse("checkout:pay", args=[placed.token]), {"payment_method": "bank_transfer"})


def press_pay_again() -> Press:
    client, placed = a_placed_order()
    storefront.decide(client, placed, "decline")
    return Press(client, reverse("checkout:pay", args=[placed.token]), {"payment_method": "demo"})


def press_cancel() -> Press:
    client, placed = a_placed_order()
    return Press(client, reverse("checkout:cancel_order", args=[placed.token]))


def press_at_the_demo_bank() -> Press:
    client, placed = a_placed_order()
    return Press(client, storefront.demo_page(placed), {"decision": "approve"})


# The API


def _of(buyer: Program, path: str, fields: Any, key: str) -> Press:
    headers = {"Basket-Token": buyer.token, "Idempotency-Key": f"{key}-{next(_numbers)}"}
    return Press(buyer.client, API + path, fields, headers=headers, is_json=True)


def api_reserve() -> Press:
    return _of(Program().open_basket(), "/basket/reserve/", {"skus": [a_listed_piece().sku]}, "reserve")


def api_release() -> Press:
    buyer, piece = Program().open_basket(), a_listed_piece()
    buyer.reserve(piece.sku)
    return _of(buyer, "/basket/release/", {"sku": piece.sku}, "release")


def api_place() -> Press:
    buyer = Program().open_basket()
    buyer.reserve(a_listed_piece().sku)
    return _of(buyer, "/orders/", buyer.order_for(), "place")


def _placed_by_program() -> tuple[Program, str]:
    buyer = Program().open_basket()
    buyer.reserve(a_listed_piece().sku)
    return buyer, buyer.place().json()["token"]


def api_pay() -> Press:
    buyer, token = _placed_by_program()
    return _of(buyer, f"/orders/{token}/pay/", {}, "pay")


def api_cancel() -> Press:
    buyer, token = _placed_by_program()
    return _of(buyer, f"/orders/{token}/cancel/", {}, "cancel")


WRITES: dict[str, Write] = {
    "checkout:reserve": Write(press_reserve),
    "checkout:release": Write(press_release),
    "checkout:address": Write(press_address),
    "checkout:method": Write(press_method),
    "checkout:review": Write(press_order_button),
    "checkout:savings": Write(press_coupon),
    "checkout:order_voucher": Write(press_order_voucher),
    "checkout:pay": Write(press_pay),
    "checkout:pay again": Write(press_pay_again),
    "checkout:cancel_order": Write(press_cancel),
    "checkout:demo_payment": Write(press_at_the_demo_bank),
    "checkout_api:reserve": Write(api_reserve),
    "checkout_api:release": Write(api_release),
    "checkout_api:orders": Write(api_place),
    "checkout_api:pay": Write(api_pay),
    "checkout_api:cancel": Write(api_cancel),
}
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


# The staff site


def as_owner() -> Client:
    client = Client()
    user, _is_new = User.objects.get_or_create(
        email="owner@example.com", defaults={"is_staff": True, "is_superuser": True}
    )
    client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


def deed_of(row: Any, name: str, **answers: str) -> Press:
    """The button on the deed's own page, as it was shown."""
    address = f"admin:{row._meta.app_label}_{row._meta.model_name}_deed"
    return _with_token(as_owner(), reverse(address, args=[row.pk, name]), answers)


def _with_token(client: Client, path: str, fields: Mapping[str, Any]) -> Press:
    token = client.get(path).context["csrf_token"]
    return Press(client, path, {"csrfmiddlewaretoken": str(token), **fields})


def _moved(*deeds: str) -> Order:
    _client, placed = a_paid_order()
    for name in deeds:
        deed_of(placed, name).send()
    return placed


def deed_confirm_transfer() -> Press:
    return deed_of(a_placed_order(payment="bank_transfer")[1], "confirm-transfer")


def deed_refresh() -> Press:
    _client, placed = a_placed_order()
    payment = placed.payments.get()
    demo.decide(payment.reference, "approve")
    return deed_of(payment, "refresh")


def provider_does_not_answer(*args: Any, **fields: Any) -> None:
    raise GatewayUnreachable


def _a_refund_that_is_due(*, payment: str = "demo") -> Any:
    """Cancelled after it was paid, while the provider did not answer."""
    _client, placed = a_placed_order(payment=payment)
    if payment == "demo":
        demo.decide(placed.payments.get().reference, "approve")
        settlement.refresh(placed.payments.get())
    else:
        deed_of(placed, "confirm-transfer").send()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(settlement.credits, "pay_out", lambda credit: None)
        settlement.cancel(Order.objects.get(pk=placed.pk))
    return placed.payments.get().refunds.get()


def _a_refund_in(state: str) -> Refund:
    """One the provider has taken on, and not paid out."""
    due = _a_refund_that_is_due()
    for step in ("pending", state):
        Refund.objects.filter(pk=due.pk).exclude(state=step).update(state=step, reference=f"demo_{due.pk}")
    return Refund.objects.get(pk=due.pk)


def _a_difference() -> BalanceDifference:
    return BalanceDifference.objects.create(gateway="stripe", reference=f"txn_{next(_numbers)}", problem="unknown")


def _an_account() -> PointsAccount:
    return rewards.account_for(f"customer-{next(_numbers)}@example.com")


def _a_waiting_rate_set() -> RateSet:
    now = timezone.now()
    return RateSet.objects.create(
        date=now.date() - timedelta(days=next(_numbers)),
        source=RateSource.DAILY,
        sha256=f"{next(_numbers):064}",
        fetched_at=now,
        status=RateSetStatus.WAITING,
        reason="a jump",
    )


def _a_review() -> Review:
    film = Film.objects.create(title=f"A film {next(_numbers)}", sort_title="a film", year=1957)
    return Review.objects.create(
        film=film, kind="critic", author_name="Somebody", language="en", url="https://example.com/"
    )


def _a_basket_claim() -> Reservation:
    client, piece = Client(), a_listed_piece()
    storefront.reserve(client, piece)
    return Reservation.objects.unreleased().get(listing=piece)


DEEDS: dict[str, Write] = {
    "checkout.Order confirm-transfer": Write(deed_confirm_transfer),
    "checkout.Order pack": Write(lambda: deed_of(_moved(), "pack")),
    "checkout.Order ship": Write(lambda: deed_of(_moved("pack"), "ship", carrier="ELTA", tracking_number="RR1")),
    "checkout.Order deliver": Write(lambda: deed_of(_moved("pack", "ship"), "deliver")),
    "checkout.Order cancel": Write(lambda: deed_of(_moved(), "cancel", reason="by phone")),
    "checkout.Payment refresh": Write(deed_refresh),
    "checkout.Refund pay-out": Write(lambda: deed_of(_a_refund_that_is_due(), "pay-out")),
    "checkout.Refund paid-out": Write(
        lambda: deed_of(_a_refund_that_is_due(payment="bank_transfer"), "paid-out", reference="our transfer 7")
    ),
    "checkout.Refund ask": Write(lambda: deed_of(_a_refund_in("pending"), "ask")),
    "checkout.Refund try-again": Write(lambda: deed_of(_a_refund_in("failed"), "try-again")),
    "checkout.BalanceDifference settle": Write(lambda: deed_of(_a_difference(), "settle", note="sold at the fair")),
    "checkout.PointsAccount adjust": Write(lambda: deed_of(_an_account(), "adjust", points="50", reason="late parcel")),
    "checkout.Coupon duplicate": Write(lambda: deed_of(a_coupon(f"TEN-{next(_numbers)}"), "duplicate")),
    "checkout.GiftVoucher void": Write(lambda: deed_of(a_voucher(), "void", reason="a stolen card")),
    "checkout.GiftVoucher send-again": Write(
        lambda: deed_of(a_voucher(recipient_email="maria@example.com"), "send-again")
    ),
    "checkout.Reservation release": Write(lambda: deed_of(_a_basket_claim(), "release")),
    "checkout.RateSet accept": Write(lambda: deed_of(_a_waiting_rate_set(), "accept")),
    "checkout.RateSet reject": Write(lambda: deed_of(_a_waiting_rate_set(), "reject")),
    "catalog.Review approve": Write(lambda: deed_of(_a_review(), "approve")),
    "catalog.Review reject": Write(lambda: deed_of(_a_review(), "reject")),
    "catalog.Listing publish": Write(lambda: deed_of(a_graded_draft(), "publish")),
    "catalog.Listing price": Write(lambda: deed_of(a_listed_piece(), "price", price_eur="7.00")),
    "catalog.Listing duplicate": Write(lambda: deed_of(a_listed_piece(), "duplicate")),
    "catalog.Listing draft": Write(lambda: deed_of(a_listed_piece(), "draft")),
    "catalog.Listing withdraw": Write(lambda: deed_of(a_listed_piece(), "withdraw")),
}


def _form(path: str, **typed: str) -> Press:
    """The staff site's form as it was shown, with these fields typed."""
    client = as_owner()
    page = client.get(path)
    return Press(client, path, {**fields_of(page), "csrfmiddlewaretoken": str(page.context["csrf_token"]), **typed})


def add_film() -> Press:
    """Nothing about a film is unique: only the form itself can tell that it was sent before."""
    return _form(reverse("admin:catalog_film_add"), title="The Ascent", sort_title="ascent", year="1977")


def change_film() -> Press:
    """Saving a page adds the rows that were typed below it."""
    film = Film.objects.create(title="The Ascent", sort_title="ascent", year=1977)
    typed = {
        "titles-TOTAL_FORMS": "1",
        "titles-0-text": "Восхождение",
        "titles-0-script": "Cyrl",
        "titles-0-kind": "original",
    }
    return _form(reverse("admin:catalog_film_change", args=[film.pk]), **typed)


def delete_genre() -> Press:
    genre = Genre.objects.create(code="XYZ", name_en="Gone", name_el="Gone")
    return _form(reverse("admin:catalog_genre_delete", args=[genre.pk]), post="yes")


def pack_chosen() -> Press:
    client, chosen = as_owner(), {"action": "pack_chosen", "_selected_action": [str(_moved().pk)]}
    return Press(client, reverse("admin:checkout_order_changelist"), chosen)


# One row for each kind of page: all models share its code, which `test_staff_forms_are_all_of_one_kind` sees to.
STAFF_FORMS: dict[str, Write] = {
    "add": Write(add_film),
    "change": Write(change_film),
    "delete": Write(delete_genre),
    "changelist": Write(pack_chosen),
}
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
