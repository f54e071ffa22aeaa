"""The stand-in itself: what it refuses, repeats, remembers and delivers. What Stripe does too is in tests/contract/."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import stripe

from tests.fakes.stripe import FakeStripe, Refusal
from tests.fakes.stripe.server import FakeStripeServer

LINE = {"quantity": 1, "price_data": {"currency": "eur", "unit_amount": 2500, "product_data": {"name": "A disc"}}}
SESSION: Any = {"mode": "payment", "success_url": "https://shop.example.com/", "line_items": [LINE]}


def client_of(fake: stripe.HTTPClient, **options: Any) -> stripe.StripeClient:
    return stripe.StripeClient("sk_test_fake", http_client=fake, max_network_retries=0, **options)


@pytest.fixture
def fake() -> FakeStripe:
    return FakeStripe()


@pytest.fixture
def client(fake: FakeStripe) -> stripe.StripeClient:
    return client_of(fake)


def line_in(currency: str, amount: int) -> Any:
    return {**LINE, "price_data": {"currency": currency, "unit_amount": amount, "product_data": {"name": "A disc"}}}


@pytest.mark.parametrize(
    ("changes", "param"),
    [
        ({"payment_method_types": ["card"]}, "payment_method_types"),
        ({"line_items": [{**LINE, "colour": "red"}]}, "line_items[0][colour]"),
        ({"mode": "gift"}, "mode"),
        ({"locale": "tlh"}, "locale"),
        ({"expires_at": "soon"}, "expires_at"),
        ({"adaptive_pricing": {"enabled": "perhaps"}}, "adaptive_pricing[enabled]"),
        ({"metadata": ["x"]}, "metadata"),
        ({"line_items": []}, "line_items"),
        ({"line_items": [line_in("isk", 150)]}, "line_items"),
        ({"line_items": [line_in("huf", 17499)]}, "line_items"),
        ({"line_items": [line_in("jpy", 500)], "allowed_payment_method_types": ["paypal"]}, "currency"),
        ({"line_items": [LINE, line_in("usd", 500)]}, "line_items"),
    ],
)
def test_it_refuses_what_stripe_would(client: stripe.StripeClient, changes: Any, param: str) -> None:
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.checkout.sessions.create(SESSION | changes)
    assert caught.value.param == param


def test_an_address_it_does_not_know_is_no_success(client: stripe.StripeClient) -> None:
    with pytest.raises(stripe.InvalidRequestError, match="Unrecognized"):
        client.v1.customers.create({"name": "x"})


@pytest.mark.parametrize("key", ["pk_test_x", "sk_live_x", "x"])
def test_it_takes_test_keys_only(fake: FakeStripe, key: str) -> None:
    with pytest.raises(stripe.AuthenticationError):
        stripe.StripeClient(key, http_client=fake).v1.events.list()


def test_only_what_can_be_expanded_is(client: stripe.StripeClient) -> None:
    session = client.v1.checkout.sessions.create(SESSION)
    with pytest.raises(stripe.InvalidRequestError, match="cannot be expanded"):
        client.v1.checkout.sessions.retrieve(session.id, {"expand": ["metadata"]})


def test_a_key_repeats_its_answer_until_it_is_forgotten(fake: FakeStripe, client: stripe.StripeClient) -> None:
    key: Any = {"idempotency_key": "k"}
    first = client.v1.checkout.sessions.create(SESSION, key)
    fake.expire(first.id)
    assert client.v1.checkout.sessions.create(SESSION, key).status == "open"
    assert len(fake.made("checkout.session")) == 1


def test_a_refusal_of_the_request_itself_does_not_spend_its_key(client: stripe.StripeClient) -> None:
    key: Any = {"idempotency_key": "k"}
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.checkout.sessions.create(SESSION | {"expires_at": 1}, key)
    assert client.v1.checkout.sessions.create(SESSION, key).status == "open"


def test_lists_are_cut_into_pages(client: stripe.StripeClient) -> None:
    made = [client.v1.checkout.sessions.create(SESSION).id for _ in range(5)]
    page = client.v1.checkout.sessions.list({"limit": 2})
    assert [row.id for row in page.data] == made[:2:-1]
    assert page.has_more
    assert [row.id for row in page.auto_paging_iter()] == made[::-1]
    before = client.v1.checkout.sessions.list({"ending_before": made[0], "limit": 2})
    assert [row.id for row in before.data] == [made[2], made[1]]
    for wrong in ({"limit": 101}, {"starting_after": "cs_nobody"}):
        with pytest.raises(stripe.InvalidRequestError):
            client.v1.checkout.sessions.list(wrong)  # type: ignore[arg-type]


def test_events_are_found_by_number_and_by_time(fake: FakeStripe, client: stripe.StripeClient) -> None:
    fake.pay(client.v1.checkout.sessions.create(SESSION).id)
    event = client.v1.events.list({"type": "checkout.session.completed"}).data[0]
    assert client.v1.events.retrieve(event.id).type == "checkout.session.completed"
    assert client.v1.events.list({"created": {"gt": fake.records.now()}}).data == []
    assert len(client.v1.events.list({"delivery_success": False}).data) == len(fake.events)
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.events.retrieve("evt_nobody")


def test_authorised_money_lapses_after_a_week(fake: FakeStripe, client: stripe.StripeClient) -> None:
    manual: Any = SESSION | {"payment_intent_data": {"capture_method": "manual"}}
    fake.pay(client.v1.checkout.sessions.create(manual).id)
    fake.advance(8 * 24 * 3600)
    (intent,) = fake.made("payment_intent")
    assert (intent["status"], intent["cancellation_reason"]) == ("canceled", "automatic")


def test_a_page_that_is_over_takes_no_money(fake: FakeStripe, client: stripe.StripeClient) -> None:
    session = client.v1.checkout.sessions.create(SESSION)
    fake.pay(session.id)
    with pytest.raises(Refusal):
        fake.pay(session.id)
    with pytest.raises(Refusal):
        fake.pay(client.v1.checkout.sessions.create(SESSION).id, method="paypal")


def test_a_refund_that_is_over_is_not_decided_again(fake: FakeStripe, client: stripe.StripeClient) -> None:
    fake.pay(client.v1.checkout.sessions.create(SESSION).id)
    refund = client.v1.refunds.create({"charge": fake.made("charge")[0]["id"], "amount": 100})
    fake.finish_refund(refund.id, "failed")
    with pytest.raises(ValueError, match="cannot become"):
        fake.finish_refund(refund.id, "succeeded")
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.refunds.create(
            {"payment_intent": client.v1.payment_intents.create({"amount": 99, "currency": "eur"}).id}
        )


def test_a_file_keeps_everything(tmp_path: Path) -> None:
    before = FakeStripe(state=tmp_path / "state.json")
    session = client_of(before).v1.checkout.sessions.create(SESSION, {"idempotency_key": "k"})
    before.pay(session.id)
    before.advance(100)
    after = FakeStripe(state=tmp_path / "state.json")
    assert after.session(session.id)["status"] == "complete"
    assert after.events == before.events
    assert client_of(after).v1.checkout.sessions.create(SESSION, {"idempotency_key": "k"}).id == session.id
    assert after.records.clock_offset == 100


@pytest.fixture
def server() -> Iterator[FakeStripeServer]:
    made = FakeStripeServer()
    thread = threading.Thread(target=made.serve_forever)
    thread.start()
    yield made
    made.shutdown()
    made.server_close()
    thread.join()


def test_the_process_shows_a_page_for_each_state(server: FakeStripeServer) -> None:
    client = client_of(stripe.RequestsClient(timeout=5), base_addresses={"api": server.url})
    session = client.v1.checkout.sessions.create(SESSION | {"cancel_url": "https://shop.example.com/?a=1&b=2"})
    page = httpx.get(session.url or "").text
    assert "25.00 EUR" in page
    assert "a=1&amp;b=2" in page
    server.fake.expire(session.id)
    assert "This payment is expired." in httpx.get(session.url or "").text
    assert httpx.get(f"{server.url}/pay/cs_nobody").status_code == 404
    assert httpx.get(f"{server.url}/nothing").status_code == 404


def test_the_process_is_steered_from_outside(server: FakeStripeServer) -> None:
    assert httpx.post(f"{server.url}/_fake/made", json={"kind": "refund"}).json() == []
    assert httpx.get(f"{server.url}/_fake/events").json() == []
    assert httpx.post(f"{server.url}/_fake/refund_next_as", json={"args": ["pending"]}).status_code == 200
    assert httpx.post(f"{server.url}/_fake/pay", json={"session_id": "cs_nobody"}).status_code == 400
    assert httpx.post(f"{server.url}/_fake/close").status_code == 404


def test_deliveries_come_more_than_once_and_again_when_refused(
    server: FakeStripeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.fakes.stripe import server as served

    answers = iter([500, 200, 200, 200])
    taken: list[bytes] = []

    def post(url: str, *, content: bytes, **_: Any) -> httpx.Response:
        taken.append(content)
        return httpx.Response(next(answers))

    monkeypatch.setattr(served, "DELIVERY_PAUSES", (0.01,))
    monkeypatch.setattr(served.httpx, "post", post)
    deliveries = served.Deliveries("http://127.0.0.1:9/", copies=2, delay_seconds=0.01)
    deliveries.start()
    deliveries.put(b"{}", "t=1,v1=x")
    for _ in range(100):
        if len(taken) == 3:
            break
        time.sleep(0.05)
    deliveries.stop()
    deliveries.join()
    assert taken == [b"{}"] * 3
