"""A shop that takes payments through the stand-in for Stripe."""

from typing import Any

import pytest
import stripe
from django.conf import LazySettings
from django.test import Client

from checkout import settlement
from checkout.gateways.stripe import connection
from checkout.models import Order, Payment
from tests.fakes.stripe import FakeStripe

WEBHOOK = "/stripe/webhook/"


def connect(monkeypatch: pytest.MonkeyPatch, settings: LazySettings) -> FakeStripe:
    """From now on the shop's own gateway speaks to a fresh stand-in."""
    fake = FakeStripe()
    settings.STRIPE_SECRET_KEY = "sk_test_fake"
    settings.STRIPE_WEBHOOK_SECRET = fake.secret
    client = stripe.StripeClient(
        "sk_test_fake", stripe_version=connection.API_VERSION, http_client=fake, max_network_retries=0
    )
    monkeypatch.setattr(connection, "_client", lambda key, base: client)
    return fake


def start(order: Order) -> Payment:
    """An attempt to pay by Stripe whose page is open."""
    return settlement.start_payment(order, gateway_code="stripe")


def deliver(client: Client, fake: FakeStripe, event: dict[str, Any], **headers: str) -> Any:
    """Send one event to the shop, signed."""
    body, signature = fake.signed(event)
    sent = {"HTTP_STRIPE_SIGNATURE": signature, **headers}
    return client.post(WEBHOOK, body, content_type="application/json", **sent)


def deliver_all(client: Client, fake: FakeStripe) -> None:
    """Send everything that happened so far."""
    for event in fake.events:
        assert deliver(client, fake, event).status_code == 200
