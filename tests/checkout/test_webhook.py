"""What Stripe sends by itself: only signed and fresh, each event once, and then asked rather than believed."""

import json
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, connections
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import Settings

from checkout import invariants, provider_events, provider_tasks, settlement, tasks
from checkout.errors import PaymentUnconfirmed
from checkout.models import Order, OrderState, Payment, PaymentState, ProviderEvent
from checkout.views.stripe_webhook import MOST_BYTES
from tests.catalog.pieces import a_listed_piece
from tests.checkout.stripe_shop import WEBHOOK, deliver, deliver_all, start
from tests.checkout.test_stripe import opened, order_of
from tests.fakes.stripe import FakeStripe

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("shippable")]
RunTasks = Callable[[], int]


def an_event(**changes: Any) -> dict[str, Any]:
    event = {
        "id": "evt_1",
        "object": "event",
        "type": "checkout.session.completed",
        "created": int(time.time()),
        "livemode": False,
        "data": {"object": {"id": "cs_test_1", "object": "checkout.session"}},
    }
    return event | changes


def post(client: Client, body: bytes, signature: str) -> int:
    answer = client.post(WEBHOOK, body, content_type="application/json", HTTP_STRIPE_SIGNATURE=signature)
    return int(answer.status_code)


def test_a_signed_event_is_recorded_and_followed_in_one_transaction(client: Client, fake_stripe: FakeStripe) -> None:
    answer = deliver(client, fake_stripe, an_event())
    assert (answer.status_code, answer.content) == (200, b"")
    event = ProviderEvent.objects.get()
    assert (event.event_id, event.kind, event.object_id) == ("evt_1", "checkout.session.completed", "cs_test_1")
    assert event.processed_at is None


def test_when_the_job_cannot_be_enqueued_the_event_is_not_kept(
    client: Client, fake_stripe: FakeStripe, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(**arguments: Any) -> None:
        raise RuntimeError("no queue")

    monkeypatch.setattr(provider_tasks.process_provider_event, "defer", full)
    client.raise_request_exception = False
    assert deliver(client, fake_stripe, an_event()).status_code == 500
    assert not ProviderEvent.objects.exists()


@pytest.mark.parametrize(
    ("seconds", "status"),
    [(0, 200), (-299, 200), (-302, 400), (-86400, 400), (298, 200), (302, 400), (86400, 400)],
)
def test_a_delivery_may_be_five_minutes_old_or_ahead(
    client: Client, fake_stripe: FakeStripe, seconds: int, status: int
) -> None:
    assert post(client, *fake_stripe.signed(an_event(), at=time.time() + seconds)) == status
    assert ProviderEvent.objects.exists() is (status == 200)


@pytest.mark.parametrize(
    "signature",
    [
        "",
        "nonsense",
        "t=,v1=",
        "t=1,v1=abc",
        "v1=abc",
        "t=99999999999999999999999999,v1=abc",
        "t=1",
        "t=now,v1=ab",
        "\xe9=1,t=1,v1=\xe9",
        "," * 10_000,
    ],
)
def test_a_forged_signature_is_refused(client: Client, fake_stripe: FakeStripe, signature: str) -> None:
    assert post(client, json.dumps(an_event()).encode(), signature) == 400
    assert not ProviderEvent.objects.exists()


def test_a_signature_by_another_secret_is_refused(client: Client, fake_stripe: FakeStripe) -> None:
    assert post(client, *fake_stripe.signed(an_event(), secret="whsec_other")) == 400


def test_a_signature_without_the_header_is_refused(client: Client, fake_stripe: FakeStripe) -> None:
    assert client.post(WEBHOOK, b"{}", content_type="application/json").status_code == 400


def test_a_signature_belongs_to_its_body_alone(client: Client, fake_stripe: FakeStripe) -> None:
    body, signature = fake_stripe.signed(an_event())
    assert post(client, body.replace(b"evt_1", b"evt_2"), signature) == 400
    assert post(client, body + b" ", signature) == 400


def test_an_old_scheme_alone_is_refused_and_beside_the_new_one_passes(client: Client, fake_stripe: FakeStripe) -> None:
    body, signature = fake_stripe.signed(an_event())
    assert post(client, body, signature.replace("v1=", "v0=")) == 400
    assert post(client, body, f"{signature},v1=other,v0=old") == 200


@pytest.mark.parametrize(
    "text",
    [
        "",
        "null",
        "[]",
        "1",
        '"evt"',
        "{}",
        '{"livemode": false}',
        "{",
        "NaN",
        "[" * 100_000,
        json.dumps(an_event(id=None)),
        json.dumps(an_event(id="evt_\x00")),
        json.dumps(an_event(id="x" * 121)),
        json.dumps(an_event(type=7)),
        json.dumps(an_event(created="soon")),
        json.dumps(an_event(created=10**30)),
        json.dumps(an_event(data=None)),
        json.dumps(an_event(data={"object": 1})),
        json.dumps(an_event(data={"object": {"id": []}})),
        json.dumps(an_event(data={})),
    ],
)
def test_junk_is_refused_even_when_it_is_signed(client: Client, fake_stripe: FakeStripe, text: str) -> None:
    import stripe

    header = stripe.WebhookSignature.generate_signature_header(text, fake_stripe.secret, int(time.time()))
    assert post(client, text.encode(), header) == 400
    assert not ProviderEvent.objects.exists()


def test_a_body_in_no_encoding_is_refused(client: Client, fake_stripe: FakeStripe) -> None:
    _body, signature = fake_stripe.signed(an_event())
    assert post(client, b"\xff\xfe{}", signature) == 400


def test_a_huge_body_is_not_read(client: Client, fake_stripe: FakeStripe) -> None:
    body, signature = fake_stripe.signed(an_event(filler="x" * MOST_BYTES))
    assert post(client, body, signature) == 413
    body, signature = fake_stripe.signed(an_event(filler="x" * (MOST_BYTES - 1000)))
    assert post(client, body, signature) == 200


def test_an_event_of_the_other_mode_is_refused(client: Client, fake_stripe: FakeStripe, settings: Settings) -> None:
    assert deliver(client, fake_stripe, an_event(livemode=True)).status_code == 400
    settings.STRIPE_SECRET_KEY = "sk_live_x"
    assert deliver(client, fake_stripe, an_event()).status_code == 400
    assert deliver(client, fake_stripe, an_event(livemode=True)).status_code == 200


@pytest.mark.parametrize("method", ["get", "put", "delete", "patch", "head"])
def test_only_a_post_is_answered(client: Client, fake_stripe: FakeStripe, method: str) -> None:
    assert getattr(client, method)(WEBHOOK).status_code == 405


@pytest.mark.parametrize("setting", ["STRIPE_SECRET_KEY", "STRIPE_WEBHOOK_SECRET"])
def test_without_its_settings_there_is_no_such_page(
    client: Client, fake_stripe: FakeStripe, settings: Settings, setting: str
) -> None:
    setattr(settings, setting, "")
    assert deliver(client, fake_stripe, an_event()).status_code == 404


def test_another_site_may_post_here_and_no_language_is_put_before(client: Client, fake_stripe: FakeStripe) -> None:
    answer = deliver(client, fake_stripe, an_event(), HTTP_SEC_FETCH_SITE="cross-site", HTTP_ACCEPT_LANGUAGE="el")
    assert answer.status_code == 200
    assert client.post(f"/el{WEBHOOK}").status_code == 404


def test_a_kind_nobody_knows_is_recorded_and_ignored(
    client: Client, fake_stripe: FakeStripe, run_tasks: RunTasks
) -> None:
    assert deliver(client, fake_stripe, an_event(type="moon.eclipsed")).status_code == 200
    run_tasks()
    event = ProviderEvent.objects.get()
    assert event.outcome == "ignored"
    assert event.processed_at is not None
    assert [str(call) for call in fake_stripe.calls] == []


def test_events_in_any_order_and_number_end_in_one_sale(
    client: Client, fake_stripe: FakeStripe, run_tasks: RunTasks
) -> None:
    payment = opened()
    fake_stripe.pay(payment.reference, method="declined")
    fake_stripe.pay(payment.reference)
    for event in fake_stripe.shuffled(copies=3, seed=4):
        assert deliver(client, fake_stripe, event).status_code == 200
    run_tasks()
    for event in fake_stripe.shuffled(copies=2, seed=5):
        assert deliver(client, fake_stripe, event).status_code == 200
    run_tasks()
    payment.refresh_from_db()
    assert payment.state == PaymentState.CAPTURED
    assert Order.objects.get().state == OrderState.PAID
    assert len([call for call in fake_stripe.calls if str(call).endswith("capture")]) == 1
    assert ProviderEvent.objects.count() == len({event["id"] for event in fake_stripe.events})
    assert not ProviderEvent.objects.filter(processed_at=None).exists()
    assert invariants.find_broken() == []


@pytest.mark.parametrize("is_first", [True, False])
def test_the_webhook_before_the_buyer_or_after(
    client: Client, fake_stripe: FakeStripe, run_tasks: RunTasks, is_first: bool
) -> None:
    payment = opened()
    fake_stripe.pay(payment.reference)
    steps = [lambda: settlement.refresh(payment), lambda: (deliver_all(client, fake_stripe), run_tasks())]
    for step in steps if is_first else reversed(steps):
        step()
        assert Order.objects.get().state == OrderState.PAID
    assert len(fake_stripe.made("charge")) == 1


def test_the_payload_is_never_believed(client: Client, fake_stripe: FakeStripe, run_tasks: RunTasks) -> None:
    payment = opened()
    lie = an_event(data={"object": {"id": payment.reference, "status": "complete", "payment_status": "paid"}})
    assert deliver(client, fake_stripe, lie).status_code == 200
    run_tasks()
    payment.refresh_from_db()
    assert payment.state == PaymentState.ACTION_REQUIRED


def test_an_intents_event_finds_a_payment_that_never_heard_of_the_intent(
    client: Client, fake_stripe: FakeStripe, run_tasks: RunTasks
) -> None:
    payment = opened()
    fake_stripe.pay(payment.reference)
    event = next(row for row in fake_stripe.events if row["type"] == "payment_intent.amount_capturable_updated")
    deliver(client, fake_stripe, event)
    run_tasks()
    assert ProviderEvent.objects.get().outcome == "payment captured"


def test_an_intent_of_nobody_changes_nothing(client: Client, fake_stripe: FakeStripe, run_tasks: RunTasks) -> None:
    from checkout.gateways.stripe.connection import connect

    connect().v1.payment_intents.create({"amount": 500, "currency": "eur"})
    deliver_all(client, fake_stripe)
    made = an_event(id="evt_2", type="payment_intent.succeeded")
    made["data"] = {"object": {"id": fake_stripe.made("payment_intent")[0]["id"]}}
    deliver(client, fake_stripe, made)
    run_tasks()
    assert ProviderEvent.objects.get(event_id="evt_2").outcome == "unknown payment"


def test_an_authorisation_that_lapsed_is_told(client: Client, fake_stripe: FakeStripe, run_tasks: RunTasks) -> None:
    payment = start(order_of(a_listed_piece()))
    fake_stripe.pay(payment.reference)
    fake_stripe.lapse_authorisation(fake_stripe.made("payment_intent")[0]["id"])
    deliver_all(client, fake_stripe)
    run_tasks()
    payment.refresh_from_db()
    assert payment.state == PaymentState.VOIDED


def test_while_stripe_is_silent_the_event_waits(client: Client, fake_stripe: FakeStripe) -> None:
    payment = opened()
    fake_stripe.pay(payment.reference)
    deliver(client, fake_stripe, fake_stripe.events[-1])
    event = ProviderEvent.objects.get()
    fake_stripe.fail_next("unreachable", on="GET")
    with pytest.raises(PaymentUnconfirmed):
        provider_events.process(event)
    event.refresh_from_db()
    assert event.processed_at is None
    provider_tasks.process_provider_event(event_pk=event.pk)
    event.refresh_from_db()
    assert event.outcome == "payment captured"


def test_events_that_never_came_are_fetched(client: Client, fake_stripe: FakeStripe, run_tasks: RunTasks) -> None:
    payment = opened()
    fake_stripe.pay(payment.reference)
    deliver(client, fake_stripe, fake_stripe.events[0])
    missed = provider_events.fetch_missed()
    assert missed >= 1
    run_tasks()
    payment.refresh_from_db()
    assert payment.state == PaymentState.CAPTURED
    provider_events.fetch_missed()
    assert provider_events.fetch_missed() == 0


def test_fetching_begins_an_hour_before_the_last_event(fake_stripe: FakeStripe) -> None:
    last = ProviderEvent.objects.create(
        gateway="stripe", event_id="evt_old", kind="x", created_at=timezone.now() - timedelta(days=9)
    )
    provider_events.fetch_missed()
    (call,) = fake_stripe.calls
    assert int(call.form["created"]["gte"]) == int((last.created_at - timedelta(hours=1)).timestamp())
    assert len(call.form["types"]) <= 20


def test_more_events_than_a_page_holds_are_all_recorded(fake_stripe: FakeStripe) -> None:
    for _ in range(60):
        fake_stripe.pay(opened_session(fake_stripe), method="declined")
    assert provider_events.fetch_missed() == 60
    assert provider_events.fetch_missed() == 0


def opened_session(fake: FakeStripe) -> str:
    """A page somebody else opened in the same account."""
    from checkout.gateways.stripe.connection import connect

    line: Any = {
        "quantity": 1,
        "price_data": {"currency": "eur", "unit_amount": 500, "product_data": {"name": "x"}},
    }
    made = connect().v1.checkout.sessions.create({"mode": "payment", "success_url": "http://x", "line_items": [line]})
    return made.id


def test_refreshing_a_paid_payment_asks_nobody(fake_stripe: FakeStripe) -> None:
    payment = opened()
    fake_stripe.pay(payment.reference)
    settlement.refresh(payment)
    before = len(fake_stripe.calls)
    settlement.refresh(Payment.objects.get())
    assert len(fake_stripe.calls) == before


@pytest.mark.django_db(transaction=True)
def test_eight_deliveries_at_once_make_one_event_and_one_job(fake_stripe: FakeStripe) -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM procrastinate_jobs")
    body, signature = fake_stripe.signed(an_event())
    start = threading.Barrier(8)

    def send(_number: int) -> int:
        try:
            start.wait(timeout=30)
            return post(Client(), body, signature)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(send, range(8))) == [200] * 8
    assert ProviderEvent.objects.count() == 1
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM procrastinate_jobs WHERE task_name = 'process_provider_event'")
        assert cursor.fetchone() == (1,)


# Forgotten in the end


def an_event_of(event_id: str, *, processed_days_ago: float | None) -> ProviderEvent:
    now = timezone.now()
    return ProviderEvent.objects.create(
        gateway="stripe",
        event_id=event_id,
        kind="charge.updated",
        created_at=now - timedelta(days=400),
        received_at=now - timedelta(days=400),
        processed_at=None if processed_days_ago is None else now - timedelta(days=processed_days_ago),
    )


def test_events_dealt_with_long_ago_are_deleted_every_night(monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(5):
        an_event_of(f"evt_old_{number}", processed_days_ago=180.1)
    an_event_of("evt_young", processed_days_ago=179.9)
    an_event_of("evt_waiting", processed_days_ago=None)
    monkeypatch.setattr(provider_events, "BATCH", 2)

    with CaptureQueriesContext(connection) as queries:
        tasks.nightly(timestamp=0)

    assert set(ProviderEvent.objects.values_list("event_id", flat=True)) == {"evt_young", "evt_waiting"}
    deletions = [query for query in queries if query["sql"].startswith('DELETE FROM "checkout_providerevent"')]
    assert len(deletions) == 3


def test_no_event_is_deleted_that_its_provider_still_lists() -> None:
    assert timedelta(days=30) + provider_events.OVERLAP < provider_events.KEPT
