"""One Idempotency-Key, one effect: repeated, changed, while running, after a crash, and in parallel."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import httpx
import pytest
import time_machine
from django.utils import timezone

from checkout import invariants, inventory, settlement
from checkout.errors import PaymentUnconfirmed
from checkout.models import Order, Payment, Reservation
from shop.api import idempotency
from shop.models import IdempotencyRecord
from tests.api.program import API, Program, code_of
from tests.catalog.shelf import a_piece

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("shippable", "rates")]


@pytest.fixture
def buyer(db: None) -> Program:
    return Program().open_basket()


@pytest.fixture
def token(buyer: Program) -> str:
    """The token of an order that waits for its payment."""
    buyer.reserve(a_piece().sku)
    return str(buyer.place().json()["token"])


@pytest.mark.parametrize("key", ["", " ", "with space", "ключ", "x" * 256])
def test_a_key_is_needed(buyer: Program, key: str) -> None:
    response = buyer.client.post(
        f"{API}/basket/reserve/",
        {"skus": [a_piece().sku]},
        content_type="application/json",
        headers={"Basket-Token": buyer.token, "Idempotency-Key": key.encode().decode("latin-1")},
    )
    assert (response.status_code, code_of(response)) == (400, "idempotency_key_missing")
    assert not Reservation.objects.exists()


def test_the_same_request_again_gets_the_same_answer(buyer: Program) -> None:
    piece = a_piece()
    first, again = buyer.reserve(piece.sku, key="one"), buyer.reserve(piece.sku, key="one")
    assert again.content == first.content
    assert again.status_code == first.status_code
    assert again.headers["Idempotent-Replayed"] == "true"
    assert "Idempotent-Replayed" not in first.headers


def test_placing_twice_makes_one_order(buyer: Program) -> None:
    buyer.reserve(a_piece().sku)
    body = buyer.order_for()
    first, again = buyer.post("/orders/", body, key="one"), buyer.post("/orders/", body, key="one")
    assert first.status_code == again.status_code == 201
    assert first.content == again.content
    assert Order.objects.count() == 1


def test_paying_and_cancelling_twice_have_one_effect(buyer: Program, token: str) -> None:
    for action in ("pay", "cancel"):
        first, again = (buyer.post(f"/orders/{token}/{action}/", key=action) for _time in range(2))
        assert first.status_code == 200
        assert first.content == again.content
        assert again.headers["Idempotent-Replayed"] == "true"
    assert Payment.objects.count() == 1


@pytest.mark.parametrize("change", ["body", "path"])
def test_a_key_used_for_something_else_is_refused(buyer: Program, change: str) -> None:
    mine, other = a_piece(), a_piece()
    buyer.reserve(mine.sku, key="one")
    if change == "body":
        response = buyer.reserve(other.sku, key="one")
    else:
        response = buyer.post("/basket/release/", {"sku": mine.sku}, key="one")
    assert (response.status_code, code_of(response)) == (422, "idempotency_key_reused")
    assert [row.listing_id for row in Reservation.objects.live()] == [mine.pk]


def test_the_same_key_of_another_buyer_is_another_key(buyer: Program) -> None:
    mine, theirs = a_piece(), a_piece()
    assert buyer.reserve(mine.sku, key="one").status_code == 200
    assert Program().open_basket().reserve(theirs.sku, key="one").status_code == 200


def test_a_refusal_is_an_answer_too(buyer: Program) -> None:
    piece = a_piece()
    holder = Program().open_basket()
    holder.reserve(piece.sku)
    refused = buyer.reserve(piece.sku, key="one")
    assert code_of(refused) == "listing_unavailable"
    holder.post("/basket/release/", {"sku": piece.sku})
    again = buyer.reserve(piece.sku, key="one")
    assert again.content == refused.content
    assert again.headers["Content-Type"] == "application/problem+json"
    assert buyer.reserve(piece.sku, key="two").status_code == 200


def test_what_may_pass_by_itself_is_not_kept(buyer: Program, token: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*args: Any, **kwargs: Any) -> None:
        raise PaymentUnconfirmed

    with monkeypatch.context() as patch:
        patch.setattr(settlement, "start_payment", away)
        refused = buyer.post(f"/orders/{token}/pay/", key="one")
    assert (refused.status_code, code_of(refused)) == (503, "payment_unconfirmed")
    assert int(refused.headers["Retry-After"]) > 0
    assert buyer.post(f"/orders/{token}/pay/", key="one").status_code == 200


def test_a_crash_leaves_neither_effect_nor_key(buyer: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    piece = a_piece()
    whole = inventory.reserve

    def half(**arguments: Any) -> None:
        whole(**arguments)
        raise ZeroDivisionError

    buyer.client.raise_request_exception = False
    with monkeypatch.context() as patch:
        patch.setattr(inventory, "reserve", half)
        assert buyer.reserve(piece.sku, key="one").status_code == 500
    assert not Reservation.objects.exists()
    assert not IdempotencyRecord.objects.exists()
    assert buyer.reserve(piece.sku, key="one").status_code == 200


def claimed_by_a_run_that_died(buyer: Program, token: str, *, ago: timedelta) -> None:
    buyer.post(f"/orders/{token}/pay/", key="one")
    IdempotencyRecord.objects.filter(key="one").update(status=None, answer=b"", started_at=timezone.now() - ago)


def test_while_it_is_being_worked_on_the_answer_is_come_back(buyer: Program, token: str) -> None:
    claimed_by_a_run_that_died(buyer, token, ago=timedelta(seconds=5))
    response = buyer.post(f"/orders/{token}/pay/", key="one")
    assert (response.status_code, code_of(response)) == (409, "idempotency_key_busy")
    assert int(response.headers["Retry-After"]) > 0


def test_a_run_that_died_is_taken_over_without_a_second_effect(buyer: Program, token: str) -> None:
    claimed_by_a_run_that_died(buyer, token, ago=idempotency.TAKEN_OVER_AFTER + timedelta(seconds=1))
    response = buyer.post(f"/orders/{token}/pay/", key="one")
    assert response.status_code == 200
    assert Payment.objects.count() == 1
    assert buyer.post(f"/orders/{token}/pay/", key="one").headers["Idempotent-Replayed"] == "true"


def test_keys_are_forgotten_after_a_day(buyer: Program) -> None:
    buyer.reserve(a_piece().sku, key="one")
    assert idempotency.forget_old() == 0
    with time_machine.travel(timezone.now() + idempotency.KEPT_FOR + timedelta(minutes=1)):
        assert idempotency.forget_old() == 1
    assert not IdempotencyRecord.objects.exists()


PARALLEL = 8


def all_at_once(url: str, path: str, body: Any, headers: dict[str, str]) -> list[httpx.Response]:
    """The same post by so many threads at the same moment."""
    start = threading.Barrier(PARALLEL)

    def run(_number: int) -> httpx.Response:
        with httpx.Client(base_url=url + API, timeout=60, headers=headers) as client:
            client.get("/rates/")
            start.wait(timeout=30)
            return client.post(path, json=body)

    with ThreadPoolExecutor(PARALLEL) as pool:
        return list(pool.map(run, range(PARALLEL)))


@pytest.mark.races
@pytest.mark.django_db(transaction=True)
def test_the_same_key_in_parallel_has_one_effect(live_server: Any, buyer: Program) -> None:
    piece = a_piece()
    headers = {"Basket-Token": buyer.token, "Idempotency-Key": "one"}
    reserved = all_at_once(live_server.url, "/basket/reserve/", {"skus": [piece.sku]}, headers)
    check_one_effect(reserved, 200)
    assert Reservation.objects.count() == 1

    placed = all_at_once(live_server.url, "/orders/", buyer.order_for(), headers | {"Idempotency-Key": "two"})
    check_one_effect(placed, 201)
    order = Order.objects.get()

    paid = all_at_once(live_server.url, f"/orders/{order.token}/pay/", {}, {"Idempotency-Key": "three"})
    check_one_effect(paid, 200)
    assert Payment.objects.count() == 1

    cancelled = all_at_once(live_server.url, f"/orders/{order.token}/cancel/", {}, {"Idempotency-Key": "four"})
    check_one_effect(cancelled, 200)
    assert Order.objects.get().events.filter(kind="cancelled").count() == 1
    assert invariants.find_broken() == []


def check_one_effect(answers: list[httpx.Response], status: int) -> None:
    """One answer is the effect's; all others repeat it or say that it is being worked on."""
    effects = [row for row in answers if row.status_code == status and "Idempotent-Replayed" not in row.headers]
    assert len(effects) == 1, [(row.status_code, row.text[:200]) for row in answers]
    for answer in answers:
        if answer.status_code == status:
            assert answer.content == effects[0].content
        else:
            assert answer.status_code == 409
            assert answer.json()["code"] == "idempotency_key_busy"
