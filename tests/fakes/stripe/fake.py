"""The fake itself: the SDK's HTTP client on one side, what buyers, banks and the network do on the other."""

import json
import random
import re
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal
from urllib.parse import urlsplit

import stripe

from tests.fakes.stripe import parameters
from tests.fakes.stripe.afterwards import Disputes, Refunds
from tests.fakes.stripe.intents import Intents
from tests.fakes.stripe.records import Json, Records, public
from tests.fakes.stripe.refusals import Refusal
from tests.fakes.stripe.sessions import Sessions

# Signs the webhooks; the shop is told the same one.
SECRET = "whsec_fake"
Fault = Literal["unreachable", "lost_reply", "error", "kept_error", "rate_limited", "slow"]
Answer = tuple[bytes, int, Mapping[str, str]]


class LostReply(Exception):
    """The work is done and nobody is told. A server closes the connection without a word."""


@dataclass(slots=True)
class Call:
    """One request as it came in."""

    method: str
    path: str
    form: Json
    key: str

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


@dataclass(slots=True)
class PlannedFault:
    fault: Fault
    on: str
    seconds: float


class FakeStripe(stripe.HTTPClient):
    """See the package for what tests may call."""

    name: ClassVar[str] = "fake"

    def __init__(
        self,
        *,
        secret: str = SECRET,
        pages: str = "https://checkout.fake-stripe.test",
        state: Path | None = None,
    ) -> None:
        super().__init__()
        self.secret = secret
        self.records = Records(state)
        self.calls: list[Call] = []
        # Called with (body, signature) for every event, outside the lock. None: tests deliver as they like.
        self.webhook: Callable[[bytes, str], None] | None = None
        self._intents = Intents(self.records)
        self._sessions = Sessions(self.records, self._intents, pages)
        self._refunds = Refunds(self.records, self._intents)
        self._disputes = Disputes(self.records, self._intents)
        self._faults: list[PlannedFault] = []
        self._lock = threading.RLock()
        self._told = len(self.records.events)

    # What the SDK calls.

    def request(
        self, method: str, url: str, headers: Mapping[str, str] | None, post_data: Any = None, **_: object
    ) -> Answer:
        try:
            return self.answer(method.upper(), url, headers or {}, post_data or "")
        except LostReply as error:
            raise stripe.APIConnectionError("the reply was lost", should_retry=True) from error
        except ConnectionError as error:
            raise stripe.APIConnectionError("connection refused", should_retry=True) from error

    def close(self) -> None:
        """Nothing is held open."""

    def answer(self, method: str, url: str, headers: Mapping[str, str], form: str) -> Answer:
        """One request. Raises ConnectionError when it never arrived and LostReply when its answer did not."""
        parts = urlsplit(url)
        names = {name.lower(): value for name, value in headers.items()}
        text = form if method == "POST" else parts.query
        call = Call(method, parts.path, parameters.decode(text), names.get("idempotency-key", ""))
        fault = self._take_fault(str(call))
        if fault and fault.fault == "slow":
            time.sleep(fault.seconds)
        if fault and fault.fault == "unreachable":
            raise ConnectionError
        try:
            with self._lock:
                body, status, extra = self._answer(call, text, names, fault.fault if fault else None)
        finally:
            self._tell()
        if fault and fault.fault == "lost_reply":
            raise LostReply
        return json.dumps(body).encode(), status, {"Request-Id": f"req_{len(self.calls)}", **extra}

    def _answer(
        self, call: Call, text: str, headers: Mapping[str, str], fault: Fault | None
    ) -> tuple[Json, int, Mapping[str, str]]:
        self.calls.append(call)
        if fault == "rate_limited":
            return _error("rate_limit_error", "Too many requests"), 429, {}
        if fault == "error":
            return _error("api_error", "Something went wrong on our end."), 500, {}
        key = call.key if call.method == "POST" else ""
        kept = self.records.answers.get(key) if key else None
        if kept is not None:
            if (kept["call"], kept["text"]) != (str(call), text):
                message = "Keys for idempotent requests can only be used with the same parameters as the first time."
                return _error("idempotency_error", message), 400, {}
            return kept["body"], kept["status"], {"Idempotent-Replayed": "true"}
        is_kept = True
        try:
            _check_headers(headers)
            read = parameters.read(call.method, call.path, text)
            self._lapse()
            body, status = self._do(call, read), 200
        except Refusal as refusal:
            body, status = refusal.body, refusal.status
            is_kept = refusal.is_kept
        if fault == "kept_error":
            body, status, is_kept = _error("api_error", "Something went wrong on our end."), 500, True
        if key and is_kept:
            self.records.answers[key] = {"call": str(call), "text": text, "body": body, "status": status}
        if call.method == "POST":
            self.records.save()
        return body, status, {}

    def _do(self, call: Call, read: Json) -> Json:
        paths = read.pop("expand", [])
        answer = self._list(call, read) if call.method == "GET" else None
        if answer is None:
            answer = self._one(call, read)
        return self.records.expand(answer, paths)

    def _list(self, call: Call, read: Json) -> Json | None:
        kind = {
            "/v1/checkout/sessions": "checkout.session",
            "/v1/payment_intents": "payment_intent",
            "/v1/charges": "charge",
            "/v1/refunds": "refund",
            "/v1/disputes": "dispute",
            "/v1/balance_transactions": "balance_transaction",
        }.get(call.path)
        if call.path == "/v1/events":
            return self.records.page_of(reversed(self.records.events), read, url=call.path)
        return self.records.page_of(self.records.of_kind(kind), read, url=call.path) if kind else None

    def _one(self, call: Call, read: Json) -> Json:
        _v1, *parts = call.path.strip("/").split("/")
        if parts[0] == "checkout":
            parts = parts[1:]
        noun, id, verb = [*parts, "", ""][:3]
        if noun == "events":
            return self._event(id)
        if not id:
            create = {
                "sessions": self._sessions.create,
                "payment_intents": self._intents.create,
                "refunds": self._refunds.create,
            }[noun]
            return create(read)
        kind = "checkout.session" if noun == "sessions" else noun.removesuffix("s")
        found = self.records.find(id, kind)
        match verb:
            case "expire":
                return self._sessions.expire(found)
            case "confirm":
                return self._intents.confirm(found, read)
            case "capture":
                return self._intents.capture(found, read)
            case "cancel":
                return self._intents.cancel(found, read)
        return found

    def _event(self, id: str) -> Json:
        for event in self.records.events:
            if event["id"] == id:
                return event
        raise Refusal(404, f"No such event: '{id}'", code="resource_missing", param="id")

    def _lapse(self) -> None:
        self._sessions.lapse()
        self._intents.lapse()

    # What buyers do.

    def pay(self, session_id: str, *, method: str = "card") -> Json:
        """A buyer pays on the hosted page: card, declined, insufficient_funds, challenge (which waits for
        `answer_challenge`), challenge_failed or paypal. Returns the session."""
        return self._act(lambda: self._sessions.pay(self._session(session_id), method=method))

    def answer_challenge(self, session_id: str, *, is_confirmed: bool = True) -> Json:
        """The buyer answers 3-D Secure."""
        return self._act(lambda: self._sessions.answer_challenge(self._session(session_id), is_confirmed=is_confirmed))

    def is_challenged(self, session_id: str) -> bool:
        """Whether the session waits for the buyer's bank."""
        with self._lock:
            return self._sessions.is_challenged(self._session(session_id))

    def session(self, session_id: str) -> Json:
        """The session, with what the hosted page shows. Raises Refusal."""
        with self._lock:
            self._lapse()
            found = self._session(session_id)
            return {**public(found), "line_items": found["_lines"]}

    def dispute(self, intent_id: str, *, reason: str = "fraudulent") -> Json:
        """The buyer disputes a captured payment."""
        return self._act(lambda: self._disputes.open(self.records.find(intent_id, "payment_intent"), reason=reason))

    # What time and banks do.

    def advance(self, seconds: float) -> None:
        """Let the provider's clock run ahead: sessions expire, authorisations lapse."""

        def run() -> Json:
            self.records.clock_offset += seconds
            self._lapse()
            return {}

        self._act(run)

    def expire(self, session_id: str) -> Json:
        """The session's time is over."""
        return self._act(lambda: self._sessions.expire(self._session(session_id)))

    def lapse_authorisation(self, intent_id: str) -> Json:
        """The bank lets go of authorised money."""
        return self._act(lambda: self._intents.end(self.records.find(intent_id, "payment_intent"), reason="automatic"))

    def close_dispute(self, dispute_id: str, *, is_won: bool) -> Json:
        """The bank decides a dispute."""
        return self._act(lambda: self._disputes.close(self.records.find(dispute_id, "dispute"), is_won=is_won))

    def refund_next_as(self, *states: str) -> None:
        """What becomes of the next refunds: pending, failed, canceled; else succeeded."""
        with self._lock:
            self._refunds.next_states.extend(states)

    def finish_refund(self, refund_id: str, state: str = "succeeded") -> Json:
        """A pending refund arrives, or one that arrived comes back: succeeded, failed or canceled."""
        return self._act(lambda: self._refunds.finish(self.records.find(refund_id, "refund"), state))

    def delay_balance(self) -> None:
        """From now on captures show no balance transaction until `settle_balance`."""
        self._intents.is_balance_late = True

    def settle_balance(self) -> None:
        """Write the balance transactions that are still missing."""

        def run() -> Json:
            self._intents.is_balance_late = False
            for charge in self.records.of_kind("charge"):
                self._intents.settle(charge)
            return {}

        self._act(run)

    def move_money(self, source: str, *, amount: int, kind: str = "adjustment") -> Json:
        """A line on the account's balance that no call of the shop made, in euro cents."""
        return self._act(lambda: self._intents.move_balance(kind, source, amount, "eur"))

    # What the network does.

    def fail_next(self, fault: Fault, *, on: str = "", times: int = 1, seconds: float = 0.0) -> None:
        """Let the next requests go wrong whose "METHOD /path" matches the pattern `on`.

        unreachable: never arrives. lost_reply: done, but nobody is told. error: 500, nothing done. kept_error:
        done, then 500, and the same 500 for its key ever after. rate_limited: 429. slow: answered `seconds` late.
        """
        with self._lock:
            self._faults += [PlannedFault(fault, on, seconds) for _ in range(times)]

    def forget_faults(self) -> None:
        """Let everything go well again."""
        with self._lock:
            self._faults.clear()

    def _take_fault(self, call: str) -> PlannedFault | None:
        with self._lock:
            for index, planned in enumerate(self._faults):
                if re.search(planned.on, call):
                    return self._faults.pop(index)
        return None

    # Webhooks.

    @property
    def events(self) -> list[Json]:
        """Everything that happened, oldest first."""
        with self._lock:
            return list(self.records.events)

    def signed(self, event: Json, *, at: float | None = None, secret: str | None = None) -> tuple[bytes, str]:
        """The body and the Stripe-Signature header by which an event is delivered."""
        body = json.dumps(event)
        # The machine's clock, not the fake's: the shop compares with its own.
        moment = int(time.time() if at is None else at)
        header = stripe.WebhookSignature.generate_signature_header(body, secret or self.secret, moment)
        return body.encode(), header

    def shuffled(self, *, copies: int = 1, seed: int = 0) -> list[Json]:
        """All events so many times over, in an order no network would be ashamed of."""
        found = self.events * copies
        random.Random(seed).shuffle(found)
        return found

    def made(self, kind: str) -> list[Json]:
        """Objects of one kind, oldest first: checkout.session, payment_intent, charge, refund, dispute…"""
        with self._lock:
            return [public(row) for row in reversed(self.records.of_kind(kind))]

    def _session(self, session_id: str) -> Json:
        return self.records.find(session_id, "checkout.session")

    def _act(self, deed: Callable[[], Json]) -> Json:
        with self._lock:
            self._lapse()
            done = public(deed())
            self.records.save()
        self._tell()
        return done

    def _tell(self) -> None:
        with self._lock:
            fresh = self.records.events[self._told :]
            self._told = len(self.records.events)
        if self.webhook is not None:
            for event in fresh:
                self.webhook(*self.signed(event))


def _error(kind: str, message: str) -> Json:
    return {"error": {"type": kind, "message": message}}


def _check_headers(headers: Mapping[str, str]) -> None:
    scheme, _space, key = headers.get("authorization", "").partition(" ")
    if scheme != "Bearer" or not key.startswith(("sk_test_", "rk_test_")):
        raise Refusal(401, "Invalid API Key provided.", code="api_key_invalid")
    if headers.get("stripe-version") is None:
        raise Refusal(400, "The version of the API must be stated.", param="Stripe-Version")
