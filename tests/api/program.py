"""A program that talks to the API, through Django's test client."""

import itertools
from typing import Any

from django.test import Client

API = "/api/v1"
BERLIN = {
    "name": "Erika Mustermann",
    "line1": "Torstraße 1",
    "city": "Berlin",
    "postcode": "10119",
    "country": "DE",
}
_keys = itertools.count(1)


class Program:
    """One client: its basket once opened, its API key when it has one, and its language."""

    def __init__(self, *, key: str = "", language: str = "") -> None:
        self.client = Client()
        self.token = ""
        self.standing = {"Authorization": f"Bearer {key}"} if key else {}
        if language:
            self.standing["Accept-Language"] = language

    def get(self, path: str, **headers: str) -> Any:
        return self.client.get(API + path, headers=self._headers(headers))

    def post(self, path: str, body: Any = None, *, key: str = "", **headers: str) -> Any:
        """A post under a new Idempotency-Key, or under the given one."""
        headers = {"Idempotency-Key": key or f"key-{next(_keys)}", **headers}
        return self.client.post(API + path, body or {}, content_type="application/json", headers=self._headers(headers))

    def _headers(self, headers: dict[str, str]) -> dict[str, str]:
        basket = {"Basket-Token": self.token} if self.token else {}
        return {**self.standing, **basket, **{name.replace("_", "-"): value for name, value in headers.items()}}

    def open_basket(self) -> "Program":
        self.token = self.post("/basket/").json()["token"]
        return self

    def reserve(self, *skus: str, key: str = "") -> Any:
        return self.post("/basket/reserve/", {"skus": skus}, key=key)

    def order_for(self, *, currency: str = "EUR", **changes: Any) -> dict[str, Any]:
        """What places an order for the basket at the price it says."""
        basket = self.get(f"/basket/?country=DE&currency={currency}").json()
        return {
            "email": "erika@example.com",
            "shipping_address": BERLIN,
            "shipping_method": basket["shipping_method"],
            "payment_method": "demo",
            "expected_total": basket["presentment"]["total"],
            **changes,
        }

    def place(self, *, key: str = "", **changes: Any) -> Any:
        return self.post("/orders/", self.order_for(**changes), key=key)


def code_of(response: Any) -> str:
    """The code of a problem document; asserts that it is one and whole."""
    assert response.headers["Content-Type"] == "application/problem+json", response.content
    problem = response.json()
    assert problem["status"] == response.status_code
    assert problem["type"].endswith(f"#{problem['code']}")
    assert problem["title"]
    assert problem["request_id"] == response.headers["X-Request-ID"]
    return str(problem["code"])
