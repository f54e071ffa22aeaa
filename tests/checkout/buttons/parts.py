"""What the rows of the double-submit table are made of: orders to press buttons on, and staff to press them."""

import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.test import Client
from django.urls import reverse

from checkout.models import Order
from shop.models import User
from tests.admin.pages import fields_of
from tests.catalog.pieces import a_listed_piece
from tests.checkout import storefront
from tests.checkout.presses import Press

numbers = itertools.count(1)


def no_more() -> Mapping[str, int]:
    return {}


@dataclass(frozen=True)
class Write:
    """How to press a route's button once; `also` counts effects outside the database."""

    press: Callable[[], Press]
    also: Callable[[], Mapping[str, int]] = no_more


def a_placed_order(*, payment: str = "demo") -> tuple[Client, Order]:
    client = Client()
    return client, storefront.order(client, a_listed_piece(), payment=payment)


def a_paid_order() -> tuple[Client, Order]:
    client, placed = a_placed_order()
    storefront.decide(client, placed, "approve")
    return client, Order.objects.get(pk=placed.pk)


def as_owner() -> Client:
    client = Client()
    user, _is_new = User.objects.get_or_create(
        email="owner@example.com", defaults={"is_staff": True, "is_superuser": True}
    )
    client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


def deed_of(row: Any, name: str, **answers: str) -> Press:
    """The button on the deed's own page, as it was shown."""
    address = f"admin:{row._meta.app_label}_{row._meta.model_name}_deed"
    return as_shown(as_owner(), reverse(address, args=[row.pk, name]), answers)


def as_shown(client: Client, path: str, fields: Mapping[str, Any]) -> Press:
    token = client.get(path).context["csrf_token"]
    return Press(client, path, {"csrfmiddlewaretoken": str(token), **fields})


def moved(*deeds: str) -> Order:
    _client, placed = a_paid_order()
    for name in deeds:
        deed_of(placed, name).send()
    return placed


def filled_in(path: str, **typed: str) -> Press:
    """The staff site's form as it was shown, with these fields typed."""
    client = as_owner()
    page = client.get(path)
    return Press(client, path, {**fields_of(page), "csrfmiddlewaretoken": str(page.context["csrf_token"]), **typed})


def shown(client: Client, path: str, **typed: Any) -> Press:
    """The form of a page of the shop as it was shown, with these fields typed."""
    return Press(client, path, {**fields_of(client.get(path)), **typed})
