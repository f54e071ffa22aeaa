"""A crowd that buys over HTTP while servers die under it, and a journal of what it was told.

Half of the buyers use the pages, half the API. A request whose answer was lost is sent again, as a browser's user
or a program would. What an answer acknowledged is written down with the time, apart from the shop's database.
"""

import random
import re
import secrets
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from html import unescape
from typing import Any
from urllib.parse import urlsplit

import httpx

from tests.races.shopper import ADDRESS

GIVE_UP_SECONDS = 90
# How a buyer who got as far as reserving goes on, and how often of a hundred times.
ENDINGS = {"pay": 62, "decline_then_pay": 6, "decline": 4, "walk_away": 7, "cancel": 7, "release": 7, "forget": 7}
_FIELD = re.compile(r'<input type="(?:hidden|radio)" name="(\w+)" value="([^"]*)"( checked)?')


@dataclass(frozen=True)
class Told:
    """One thing an answer acknowledged of an order."""

    what: str
    token: str
    at: float


@dataclass
class Journal:
    told: list[Told] = field(default_factory=list)
    skus: dict[str, list[str]] = field(default_factory=dict)
    outcomes: Counter[str] = field(default_factory=Counter)
    surprises: list[str] = field(default_factory=list)
    # Tokens of orders, and of baskets, that nobody comes back to.
    left: list[str] = field(default_factory=list)
    forgotten: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, what: str, token: str) -> None:
        self.told.append(Told(what, token, time.monotonic()))

    def count(self, outcome: str) -> None:
        with self.lock:
            self.outcomes[outcome] += 1

    def tokens(self, what: str) -> dict[str, float]:
        """When the orders' buyers were first told this."""
        return {row.token: row.at for row in reversed(self.told) if row.what == what}


class Lost(Exception):
    """The checkout led elsewhere: somebody was faster, or the time ran out."""


class Buyer:
    """One visitor with a cookie jar of their own, who asks whichever server answers."""

    def __init__(self, nodes: Sequence[str], journal: Journal, seed: int) -> None:
        # Each from a network of their own, as a proxy would say: guests of one network wait for each other.
        network = {"X-Forwarded-For": f"10.{seed // 256}.{seed % 256}.1"}
        self.nodes = nodes
        self.journal = journal
        self.random = random.Random(seed)
        self.client = httpx.Client(timeout=30, headers=network)
        self.key = secrets.token_urlsafe(32)

    def ask(self, method: str, path: str, **request: Any) -> httpx.Response:
        """The answer, however many servers die over it; 503 is "later"."""
        deadline = time.monotonic() + GIVE_UP_SECONDS
        while True:
            said = "no answer"
            try:
                response = self.client.request(method, self.random.choice(self.nodes) + path, **request)
            except httpx.TransportError:
                pass
            else:
                if response.status_code != 503:
                    if response.status_code >= 500:
                        self.journal.surprises.append(f"{response.status_code} {method} {path}")
                    return response
                if "Retry-After" not in response.headers:
                    self.journal.surprises.append(f"503 without Retry-After: {method} {path}")
                said = "503"
            if time.monotonic() > deadline:
                raise TimeoutError(f"{said} for {GIVE_UP_SECONDS} s: {method} {path}")
            time.sleep(self.random.uniform(0.05, 0.3))

    def buy(self, sku: str) -> str:
        """One checkout; how it ended."""
        if not self.reserve(sku):
            return "conflict"
        how = self.random.choices(list(ENDINGS), list(ENDINGS.values()))[0]
        if how == "forget":
            self.forget()
            return how
        if how == "release":
            self.release(sku)
            return how
        try:
            token, pay_url = self.place()
        except Lost:
            return "lost"
        if how == "cancel":
            self.cancel(token)
            return how
        return self.pay(token, pay_url, how)

    def forget(self) -> None:
        """Never come back to the basket: whoever comes next is somebody else."""
        self.journal.forgotten.append(self.client.cookies.get("basket") or self.key)
        self.client.cookies.clear()
        self.key = secrets.token_urlsafe(32)

    def pay(self, token: str, pay_url: str, how: str) -> str:
        if how == "walk_away":
            self.journal.left.append(token)
            return how
        if how.startswith("decline"):
            self.decide(token, pay_url, "decline")
            if how == "decline":
                self.journal.left.append(token)
                return how
            found = self.pay_again(token)
            if found is None:
                return "lost"
            pay_url = found
        self.decide(token, pay_url, "approve")
        order = self.ask("GET", f"/api/v1/orders/{token}/").json()
        if order["state"] == "paid":
            self.journal.note("paid", token)
        return str(order["state"])

    def decide(self, token: str, pay_url: str, decision: str) -> None:
        self.ask("POST", pay_url, data={"decision": decision})
        self.ask("GET", f"/checkout/return/{token}/")

    def learn(self, token: str) -> None:
        """The answer said that this order is placed: note it with its pieces."""
        self.journal.note("placed", token)
        order = self.ask("GET", f"/api/v1/orders/{token}/")
        if order.status_code != 200:
            self.journal.surprises.append(f"{order.status_code} for an order just placed")
            raise Lost
        self.journal.skus[token] = [line["sku"] for line in order.json()["lines"]]

    def reserve(self, sku: str) -> bool:
        raise NotImplementedError

    def release(self, sku: str) -> None:
        raise NotImplementedError

    def place(self) -> tuple[str, str]:
        """Order what the basket holds; the order's token and the provider's page. Raises Lost."""
        raise NotImplementedError

    def pay_again(self, token: str) -> str | None:
        raise NotImplementedError

    def cancel(self, token: str) -> None:
        raise NotImplementedError


class PageBuyer(Buyer):
    """Fills in the forms of the pages."""

    def reserve(self, sku: str) -> bool:
        return self.ask("POST", "/basket/reserve/", data={"sku": sku}).status_code == 302

    def release(self, sku: str) -> None:
        self.ask("POST", "/basket/release/", data={"sku": sku})

    def place(self) -> tuple[str, str]:
        self._step("/checkout/address/", ADDRESS, "/checkout/method/")
        self._step("/checkout/method/", self._fields("/checkout/method/"), "/checkout/review/")
        form = self._fields("/checkout/review/")
        if "token" not in form:
            raise Lost
        # Where the provider's page is; a second press after a lost answer leads there as well.
        pay_url = self._step("/checkout/review/", form, "/checkout/demo/")
        self.learn(form["token"])
        return form["token"], pay_url

    def pay_again(self, token: str) -> str | None:
        answer = self.ask("POST", f"/checkout/pay/{token}/", data={"payment_method": "demo"})
        place = urlsplit(answer.headers.get("Location", "")).path
        return place if place.startswith("/checkout/demo/") else None

    def cancel(self, token: str) -> None:
        if self.ask("POST", f"/orders/{token}/cancel/").status_code == 302:
            self.journal.note("cancelled", token)

    def _fields(self, path: str) -> dict[str, str]:
        """The hidden and chosen fields of the page's form."""
        found = _FIELD.findall(self.ask("GET", path).text.split("<main", 1)[-1])
        return {name: unescape(value) for name, value, checked in found if checked or name not in _CHOICES}

    def _step(self, path: str, form: dict[str, str], expected: str) -> str:
        place = urlsplit(self.ask("POST", path, data=form).headers.get("Location", "")).path
        if not place.startswith(expected):
            raise Lost
        return place


_CHOICES = ("shipping_method", "payment_method")


class ApiBuyer(Buyer):
    """A program: each step with a key of its own, repeated under the same key when the answer is lost."""

    def ask_once(self, path: str, body: dict[str, Any] | None = None) -> httpx.Response:
        while True:
            key = secrets.token_hex(16)
            for _ in range(4):
                headers = {"Idempotency-Key": key, "Basket-Token": self.key}
                answer = self.ask("POST", path, json=body, headers=headers)
                if answer.status_code != 409 or answer.json().get("code") != "idempotency_key_busy":
                    return answer
                # Held by a process that died: for a minute nobody can know. Each step is safe under a new key too.
                time.sleep(0.5)

    def reserve(self, sku: str) -> bool:
        return self.ask_once("/api/v1/basket/reserve/", {"skus": [sku]}).status_code == 200

    def release(self, sku: str) -> None:
        self.ask_once("/api/v1/basket/release/", {"sku": sku})

    def place(self) -> tuple[str, str]:
        basket = self.ask("GET", "/api/v1/basket/?country=DE", headers={"Basket-Token": self.key}).json()
        address = {name: value for name, value in ADDRESS.items() if name != "email"}
        body = {
            "email": ADDRESS["email"],
            "shipping_address": address,
            "shipping_method": basket["shipping_method"],
            "payment_method": "demo",
            "expected_total": basket["presentment"]["total"],
        }
        answer = self.ask_once("/api/v1/orders/", body)
        if answer.status_code != 201:
            raise Lost
        token: str = answer.json()["token"]
        self.learn(token)
        pay_url = self.pay_again(token)
        if pay_url is None:
            raise Lost
        return token, pay_url

    def pay_again(self, token: str) -> str | None:
        answer = self.ask_once(f"/api/v1/orders/{token}/pay/", {"payment_method": "demo"})
        if answer.status_code != 200:
            return None
        return urlsplit(answer.json()["pay_url"] or "").path or None

    def cancel(self, token: str) -> None:
        if self.ask_once(f"/api/v1/orders/{token}/cancel/").status_code == 200:
            self.journal.note("cancelled", token)


def shop_until(
    number: int, nodes: Sequence[str], journal: Journal, next_sku: Callable[[random.Random], str | None]
) -> None:
    """One buyer's evening: checkout after checkout until there is none left to make."""
    kind = PageBuyer if number % 2 else ApiBuyer
    buyer = kind(nodes, journal, seed=number)
    with buyer.client:
        while (sku := next_sku(buyer.random)) is not None:
            journal.count(buyer.buy(sku))
