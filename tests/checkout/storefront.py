"""A purchase through the pages, step by step, with Django's test client as the browser."""

import re
from html import unescape
from typing import Any

from django.test import Client

from catalog.models import Listing
from checkout.models import DemoPayment, Order

GERMAN_ADDRESS = {
    "country": "DE",
    "email": "erika@example.com",
    "name": "Erika Mustermann",
    "line1": "Torstraße 1",
    "postcode": "10119",
    "city": "Berlin",
}


def text_of(response: Any) -> str:
    """What a page says, without its tags and with single spaces."""
    plain = re.sub(r"<[^>]+>", " ", response.content.decode())
    return " ".join(unescape(plain).split())


def reserve(client: Client, *pieces: Listing) -> Any:
    response: Any = None
    for piece in pieces:
        response = client.post("/basket/reserve/", {"sku": piece.sku})
    return response


def give_address(client: Client, **changes: str) -> Any:
    return client.post("/checkout/address/", GERMAN_ADDRESS | changes)


def choose(client: Client, *, shipping: str = "post_tracked", payment: str = "demo") -> Any:
    return client.post("/checkout/method/", {"shipping_method": shipping, "payment_method": payment})


def shown_for_confirmation(client: Client, path: str = "/checkout/review/") -> dict[str, str]:
    """The hidden fields beside the order button."""
    page = client.get(path).content.decode()
    return dict(re.findall(r'<input type="hidden" name="(token|total|currency|fingerprint)" value="([^"]*)"', page))


def up_to_review(client: Client, *pieces: Listing, payment: str = "demo") -> dict[str, str]:
    reserve(client, *pieces)
    give_address(client)
    choose(client, payment=payment)
    return shown_for_confirmation(client)


def order(client: Client, *pieces: Listing, payment: str = "demo") -> Order:
    """A placed order with its payment opened."""
    client.post("/checkout/review/", up_to_review(client, *pieces, payment=payment))
    return Order.objects.placed().latest("id")


def demo_page(placed: Order) -> str:
    """The address of the provider's page for the order's open payment."""
    payment = placed.payments.latest("attempt")
    return f"/checkout/demo/{DemoPayment.objects.get(reference=payment.reference).reference}/"


def decide(client: Client, placed: Order, decision: str) -> Any:
    """Decide at the provider and follow it back to the shop."""
    return client.post(demo_page(placed), {"decision": decision}, follow=True)


VOUCHER = {"amount": "20", "email": "erika@example.com", "recipient_email": "maria@example.com"}


def voucher_up_to_review(client: Client, *, payment: str = "demo", **changes: str) -> dict[str, str]:
    """What the button that orders a gift voucher sends."""
    wanted = VOUCHER | changes
    page = client.post("/vouchers/", wanted).content.decode()
    shown = dict(re.findall(r'<input type="hidden" name="(token|total|currency)" value="([^"]*)"', page))
    return wanted | shown | {"payment_method": payment}


def order_voucher(client: Client, *, payment: str = "demo", **changes: str) -> Order:
    """A placed order of a gift voucher with its payment opened."""
    client.post("/vouchers/order/", voucher_up_to_review(client, payment=payment, **changes))
    return Order.objects.placed().latest("id")
