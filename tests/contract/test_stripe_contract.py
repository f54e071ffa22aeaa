"""What the shop takes for granted about Stripe, asked of the stand-in, of localstripe, and of Stripe itself.

Run with STRIPE_TEST_KEY set, the last of them is asked too; money of a test account is moved then.
"""

import json
import time
from typing import Any
from uuid import uuid4

import httpx
import pytest
import stripe
from pytest_django import Settings

from checkout import payments, settlement
from checkout.gateways.stripe import connection
from checkout.gateways.stripe.webhooks import read_notice
from checkout.models import Payment, PaymentState
from tests.catalog.pieces import a_listed_piece
from tests.checkout.buyers import a_visitor, an_order
from tests.contract.accounts import SECRET, Account, receiver

SESSION: dict[str, Any] = {
    "mode": "payment",
    "ui_mode": "hosted_page",
    "success_url": "https://shop.example.com/",
    "adaptive_pricing": {"enabled": False},
    "allowed_payment_method_types": ["card"],
    "payment_intent_data": {"capture_method": "manual"},
    "line_items": [
        {
            "quantity": 1,
            "price_data": {"currency": "eur", "unit_amount": 2500, "product_data": {"name": "A disc"}},
        }
    ],
}


def test_money_is_set_aside_and_then_taken(account: Account) -> None:
    intent = account.authorised()
    assert (intent.status, intent.amount, intent.currency) == ("requires_capture", 2500, "eur")
    taken = account.client.v1.payment_intents.capture(intent.id)
    assert taken.status == "succeeded"
    assert account.client.v1.payment_intents.retrieve(intent.id).status == "succeeded"


def test_money_is_taken_once(account: Account) -> None:
    intent = account.captured()
    with pytest.raises(stripe.InvalidRequestError) as caught:
        account.client.v1.payment_intents.capture(intent.id)
    if account.is_complete:
        assert caught.value.code == "payment_intent_unexpected_state"


def test_money_set_aside_is_let_go(account: Account) -> None:
    intent = account.authorised()
    assert account.client.v1.payment_intents.cancel(intent.id).status == "canceled"
    with pytest.raises(stripe.InvalidRequestError):
        account.client.v1.payment_intents.cancel(intent.id)


def test_money_taken_cannot_be_let_go(account: Account) -> None:
    with pytest.raises(stripe.InvalidRequestError):
        account.client.v1.payment_intents.cancel(account.captured().id)


def test_money_let_go_cannot_be_taken(account: Account) -> None:
    account.need(sessions=True)
    intent = account.authorised()
    account.client.v1.payment_intents.cancel(intent.id)
    with pytest.raises(stripe.InvalidRequestError) as caught:
        account.client.v1.payment_intents.capture(intent.id)
    assert caught.value.code == "payment_intent_unexpected_state"


def test_a_declined_card_is_an_error_of_the_card(account: Account) -> None:
    with pytest.raises(stripe.CardError) as caught:
        account.authorised(method=account.declined)
    assert caught.value.code == "card_declined"


def test_money_goes_back_in_parts(account: Account) -> None:
    intent = account.captured()
    refunds = account.client.v1.refunds
    first = refunds.create({"payment_intent": intent.id, "amount": 1000, "metadata": {"key": "first"}})
    second = refunds.create({"payment_intent": intent.id, "amount": 1500})
    assert [row.amount for row in (first, second)] == [1000, 1500]
    assert {row.status for row in (first, second)} <= {"succeeded", "pending"}
    found = refunds.list({"payment_intent": intent.id})
    assert {row.id for row in found.data} == {first.id, second.id}
    kept = refunds.retrieve(first.id).metadata
    assert kept is not None
    assert kept.to_dict() == {"key": "first"}


def test_no_more_goes_back_than_came(account: Account) -> None:
    account.need(sessions=True)
    intent = account.captured()
    with pytest.raises(stripe.InvalidRequestError):
        account.client.v1.refunds.create({"payment_intent": intent.id, "amount": 2501})
    account.client.v1.refunds.create({"payment_intent": intent.id})
    with pytest.raises(stripe.InvalidRequestError) as caught:
        account.client.v1.refunds.create({"payment_intent": intent.id, "amount": 1})
    assert caught.value.code == "charge_already_refunded"


def test_a_capture_shows_its_fee(account: Account) -> None:
    account.need(sessions=True)
    intent = account.captured()
    for _ in range(20):
        found = account.client.v1.payment_intents.retrieve(intent.id, {"expand": ["latest_charge.balance_transaction"]})
        assert isinstance(found.latest_charge, stripe.Charge)
        entry = found.latest_charge.balance_transaction
        if entry is not None:
            break
        time.sleep(0.5)
    assert isinstance(entry, stripe.BalanceTransaction)
    assert entry.net == entry.amount - entry.fee
    assert entry.fee > 0


def test_what_happened_can_be_listed(account: Account) -> None:
    account.need(sessions=True)
    since = int(time.time()) - 60
    intent = account.captured()
    for _ in range(20):
        found = account.client.v1.events.list(
            {"created": {"gte": since}, "types": ["payment_intent.succeeded"], "limit": 100}
        )
        if intent.id in {event.data.object["id"] for event in found.data}:
            return
        time.sleep(0.5)
    pytest.fail("the event was not listed")


@pytest.mark.parametrize(
    ("changes", "param"),
    [
        ({"payment_method_types": ["card"]}, "payment_method_types"),
        ({"adaptive_pricing": {"enabled": False, "rate": 1}}, "adaptive_pricing[rate]"),
        ({"expires_at": 60}, "expires_at"),
    ],
)
def test_a_session_is_refused_for_what_stripe_does_not_take(
    account: Account, changes: dict[str, Any], param: str
) -> None:
    account.need(sessions=True)
    wanted: Any = SESSION | changes
    if "expires_at" in changes:
        wanted["expires_at"] = int(time.time()) + changes["expires_at"]
    with pytest.raises(stripe.InvalidRequestError) as caught:
        account.client.v1.checkout.sessions.create(wanted)
    assert caught.value.param == param


def test_a_session_is_closed_once(account: Account) -> None:
    account.need(sessions=True)
    wanted: Any = SESSION
    session = account.client.v1.checkout.sessions.create(wanted)
    assert (session.status, session.amount_total, session.payment_intent) == ("open", 2500, None)
    assert session.url
    assert account.client.v1.checkout.sessions.expire(session.id).status == "expired"
    with pytest.raises(stripe.InvalidRequestError):
        account.client.v1.checkout.sessions.expire(session.id)


def test_a_key_is_answered_alike_and_refused_for_anything_else(account: Account) -> None:
    account.need(sessions=True)
    key = {"idempotency_key": f"contract-{uuid4()}"}
    wanted: Any = SESSION
    other: Any = SESSION | {"client_reference_id": "another"}
    sessions = account.client.v1.checkout.sessions
    assert sessions.create(wanted, key).id == sessions.create(wanted, key).id  # type: ignore[arg-type]
    with pytest.raises(stripe.IdempotencyError):
        sessions.create(other, key)  # type: ignore[arg-type]


@pytest.mark.django_db
def test_the_gateway_opens_finds_and_closes_a_page(
    account: Account, shippable: None, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    account.need(sessions=True)
    settings.STRIPE_SECRET_KEY = "sk_test_contract"
    monkeypatch.setattr(connection, "_client", lambda key, base: account.client)
    order = an_order(a_visitor(str(uuid4())), [a_listed_piece().sku])
    # Keys are remembered for a day over there, and a test database begins at 1 every time.
    monkeypatch.setattr(Payment, "key", f"pay-contract-{uuid4()}")
    payment = settlement.start_payment(order, gateway_code="stripe")
    assert payment.pay_url
    assert settlement.refresh(payment).state == PaymentState.ACTION_REQUIRED
    assert payments.is_as_ordered(payment, payments.fetch(payment))
    assert settlement.close_attempt(payment).state == PaymentState.VOIDED


def test_a_webhook_is_signed_as_the_shop_expects(account: Account, settings: Settings) -> None:
    settings.STRIPE_SECRET_KEY = "sk_test_contract"
    settings.STRIPE_WEBHOOK_SECRET = SECRET
    if account.name == "Stripe":
        pytest.skip("Stripe cannot reach this machine")
    fake: Any = account.client._requestor._get_http_client()
    with receiver() as (address, arrived):
        if account.is_complete:
            fake.secret = SECRET
            fake.webhook = lambda body, signature: arrived.append((body, signature))
        else:
            base = account.client._requestor._options.base_addresses["api"]
            registered = httpx.post(f"{base}/_config/webhooks/shop", json={"url": address, "secret": SECRET})
            assert registered.status_code == 200
        intent = account.captured()
        for _ in range(100):
            # What earlier cases caused may still be arriving.
            notices = [read_notice(body, signature) for body, signature in list(arrived)]
            if ("payment_intent.succeeded", intent.id) in {(notice.kind, notice.object_id) for notice in notices}:
                break
            time.sleep(0.1)
        else:
            pytest.fail("the event did not arrive")
    assert json.loads(arrived[0][0])["object"] == "event"
