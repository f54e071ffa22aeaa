"""The accounts the contract is checked against: the stand-in, localstripe, and Stripe itself."""

import _socket
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import httpx
import pytest
import stripe

from checkout.gateways.stripe.connection import API_VERSION, TIMEOUT_SECONDS
from tests.fakes.stripe import FakeStripe

NO_KEY = "STRIPE_TEST_KEY is not set; with a test key these cases are asked of Stripe itself"
SECRET = "whsec_contract"


@dataclass
class Account:
    """One account and what of Stripe it knows."""

    name: str
    client: stripe.StripeClient
    declined: str = "pm_card_visa_chargeDeclined"
    # localstripe has neither Checkout Sessions nor idempotency keys, and lets more through.
    is_complete: bool = True
    of_intents: dict[str, Any] = field(default_factory=lambda: {"allowed_payment_method_types": ["card"]})

    def authorised(self, amount: int = 2500, method: str = "pm_card_visa") -> stripe.PaymentIntent:
        """A payment whose money is set aside."""
        wanted: Any = {
            "amount": amount,
            "currency": "eur",
            "capture_method": "manual",
            "payment_method": method,
            "confirm": True,
            **self.of_intents,
        }
        return self.client.v1.payment_intents.create(wanted)

    def captured(self, amount: int = 2500) -> stripe.PaymentIntent:
        return self.client.v1.payment_intents.capture(self.authorised(amount).id)

    def need(self, *, sessions: bool = False) -> None:
        """Skip what this account does not have."""
        if sessions and not self.is_complete:
            pytest.skip(f"{self.name} knows only payment intents, refunds and webhooks")


def _client(key: str, http_client: stripe.HTTPClient, base: str = stripe.DEFAULT_API_BASE) -> stripe.StripeClient:
    return stripe.StripeClient(
        key,
        stripe_version=API_VERSION,
        http_client=http_client,
        base_addresses={"api": base},
        max_network_retries=0,
    )


@contextmanager
def the_fake() -> Iterator[Account]:
    yield Account("the stand-in", _client("sk_test_fake", FakeStripe()))


@contextmanager
def stripe_itself() -> Iterator[Account]:
    key = os.environ.get("STRIPE_TEST_KEY", "")
    if not key:
        pytest.skip(NO_KEY)
    assert key.startswith(("sk_test_", "rk_test_")), "never a live key"
    with pytest.MonkeyPatch.context() as patch:
        # The world is closed to all other tests.
        for name in ("connect", "connect_ex"):
            patch.setattr(socket.socket, name, getattr(_socket.socket, name))
        yield Account("Stripe", _client(key, stripe.RequestsClient(timeout=TIMEOUT_SECONDS)))


@contextmanager
def localstripe() -> Iterator[Account]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    program = Path(__file__).with_name("localstripe_process.py")
    process = subprocess.Popen([sys.executable, str(program), str(port)], stderr=subprocess.DEVNULL)
    base = f"http://127.0.0.1:{port}"
    try:
        _wait_for(base)
        client = _client("sk_test_local", stripe.RequestsClient(timeout=TIMEOUT_SECONDS), base)
        yield Account("localstripe", client, "pm_card_chargeCustomerFail", is_complete=False, of_intents={})
    finally:
        process.terminate()
        process.wait(timeout=10)


def _wait_for(base: str) -> None:
    for _ in range(100):
        try:
            httpx.get(base, timeout=1)
        except httpx.HTTPError:
            time.sleep(0.1)
        else:
            return
    raise TimeoutError("localstripe did not start")


@contextmanager
def receiver() -> Iterator[tuple[str, list[tuple[bytes, str]]]]:
    """An address for webhooks, and what arrived there as (body, signature)."""
    arrived: list[tuple[bytes, str]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            arrived.append((body, self.headers["Stripe-Signature"]))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Silent."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/", arrived
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


ACCOUNTS = {"fake": the_fake, "localstripe": localstripe, "stripe": stripe_itself}
