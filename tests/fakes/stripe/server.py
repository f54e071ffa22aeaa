"""The fake as a process of its own: the API, the payment page, and webhooks sent to the shop."""

import heapq
import json
import random
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx

from tests.fakes.stripe import pages
from tests.fakes.stripe.fake import SECRET, FakeStripe, LostReply
from tests.fakes.stripe.refusals import Refusal

# What a test in another process may ask for: POST /_fake/<name> with the arguments as JSON.
CONTROLS = frozenset(
    {
        "advance",
        "answer_challenge",
        "close_dispute",
        "delay_balance",
        "dispute",
        "expire",
        "fail_next",
        "finish_refund",
        "forget_faults",
        "lapse_authorisation",
        "made",
        "move_money",
        "pay",
        "refund_next_as",
        "settle_balance",
    }
)
# Stripe goes on for three days; a demo has forgotten by then.
DELIVERY_PAUSES = (0.5, 1, 2, 5, 10, 30, 60)


class Deliveries(threading.Thread):
    """Sends webhooks, again when the shop does not take them; may duplicate, delay and reorder."""

    def __init__(self, url: str, *, copies: int = 1, delay_seconds: float = 0.0) -> None:
        super().__init__(daemon=True, name="webhooks")
        self.url = url
        self.copies = copies
        self.delay_seconds = delay_seconds
        self._waiting: list[tuple[float, int, int, bytes, str]] = []
        self._count = 0
        self._changed = threading.Condition()
        self._is_over = False

    def put(self, body: bytes, signature: str) -> None:
        """Deliver soon: each copy after a time of its own, up to the delay."""
        for _ in range(self.copies):
            self._plan(random.uniform(0, self.delay_seconds), 0, body, signature)

    def _plan(self, pause: float, tries: int, body: bytes, signature: str) -> None:
        with self._changed:
            self._count += 1
            heapq.heappush(self._waiting, (time.monotonic() + pause, self._count, tries, body, signature))
            self._changed.notify()

    def run(self) -> None:
        while True:
            with self._changed:
                while not self._is_over and (not self._waiting or self._waiting[0][0] > time.monotonic()):
                    pause = self._waiting[0][0] - time.monotonic() if self._waiting else None
                    self._changed.wait(pause)
                if self._is_over:
                    return
                _due, _count, tries, body, signature = heapq.heappop(self._waiting)
            if not self._send(body, signature) and tries < len(DELIVERY_PAUSES):
                self._plan(DELIVERY_PAUSES[tries], tries + 1, body, signature)

    def stop(self) -> None:
        """Forget what was not delivered."""
        with self._changed:
            self._is_over = True
            self._changed.notify()

    def _send(self, body: bytes, signature: str) -> bool:
        headers = {"Content-Type": "application/json", "Stripe-Signature": signature}
        try:
            return httpx.post(self.url, content=body, headers=headers, timeout=10).is_success
        except httpx.HTTPError:
            return False


class Handler(BaseHTTPRequestHandler):
    """One request: to the API, the payment page, or the controls of tests."""

    protocol_version = "HTTP/1.1"
    server: "FakeStripeServer"

    def do_GET(self) -> None:
        self._route("")

    def do_POST(self) -> None:
        self._route(self.rfile.read(int(self.headers.get("Content-Length", 0))).decode())

    def _route(self, body: str) -> None:
        path = urlsplit(self.path).path
        if path.startswith("/v1/"):
            self._api(body)
        elif path.startswith("/pay/"):
            self._pay(path.removeprefix("/pay/"), body)
        elif path.startswith("/_fake/"):
            self._control(path.removeprefix("/_fake/"), body)
        else:
            self._send(404, b"nothing here", "text/plain")

    def _api(self, body: str) -> None:
        try:
            content, status, headers = self.server.fake.answer(self.command, self.path, dict(self.headers), body)
        except (LostReply, ConnectionError):
            # Closed without an answer: the shop cannot know what happened.
            self.close_connection = True
            self.connection.close()
            return
        self._send(status, content, "application/json", **headers)

    def _pay(self, session_id: str, body: str) -> None:
        fake = self.server.fake
        problem = ""
        try:
            if method := parse_qs(body).get("method", [""])[0]:
                before = fake.session(session_id)
                if method in ("confirm", "refuse"):
                    fake.answer_challenge(session_id, is_confirmed=method == "confirm")
                elif before["status"] == "open":
                    fake.pay(session_id, method=method)
                problem = "The payment was declined. Try another way."
            session = fake.session(session_id)
        except Refusal as refusal:
            self._send(refusal.status, str(refusal).encode(), "text/plain")
            return
        if session["status"] == "complete" and self.command == "POST":
            self._send(303, b"", "text/plain", Location=session["success_url"])
        elif session["status"] != "open":
            self._page(pages.closed_page(session))
        elif fake.is_challenged(session_id):
            self._page(pages.challenge_page())
        else:
            self._page(pages.payment_page(session, problem=problem))

    def _control(self, name: str, body: str) -> None:
        if name == "events":
            answer: Any = self.server.fake.events
        elif name in CONTROLS:
            wanted = json.loads(body or "{}")
            try:
                answer = getattr(self.server.fake, name)(*wanted.pop("args", []), **wanted)
            except (Refusal, KeyError, TypeError, ValueError) as error:
                self._send(400, str(error).encode(), "text/plain")
                return
        else:
            self._send(404, b"no such control", "text/plain")
            return
        self._send(200, json.dumps(answer).encode(), "application/json")

    def _page(self, text: str) -> None:
        self._send(200, text.encode(), "text/html; charset=utf-8")

    def _send(self, status: int, content: bytes, content_type: str, **headers: str) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": content_type, "Content-Length": str(len(content)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Silent: whoever wants to know asks for the calls."""


class FakeStripeServer(ThreadingHTTPServer):
    """Listens on this machine only. `port` 0 takes a free one; `webhook` is the shop's address for events."""

    daemon_threads = True

    def __init__(
        self,
        *,
        port: int = 0,
        webhook: str = "",
        secret: str = SECRET,
        state: Path | None = None,
        copies: int = 1,
        delay_seconds: float = 0.0,
    ) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        self.fake = FakeStripe(secret=secret, pages=self.url, state=state)
        self.deliveries = Deliveries(webhook, copies=copies, delay_seconds=delay_seconds) if webhook else None
        if self.deliveries is not None:
            self.fake.webhook = self.deliveries.put
            self.deliveries.start()

    def server_close(self) -> None:
        if self.deliveries is not None:
            self.deliveries.stop()
        super().server_close()
