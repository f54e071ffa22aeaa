"""The buttons of the shop's pages."""

from django.test import Client
from django.urls import reverse

from catalog.models import Listing
from checkout import watches
from tests.catalog.pieces import a_listed_piece
from tests.checkout import storefront
from tests.checkout.buttons.parts import Write, a_placed_order, numbers
from tests.checkout.presses import Press
from tests.checkout.savings_orders import a_coupon


def press_reserve() -> Press:
    client = Client()
    storefront.reserve(client, a_listed_piece())
    return Press(client, reverse("checkout:reserve"), {"sku": a_listed_piece().sku})


def press_release() -> Press:
    client, piece = Client(), a_listed_piece()
    storefront.reserve(client, piece)
    return Press(client, reverse("checkout:release"), {"sku": piece.sku})


def press_address() -> Press:
    client = Client()
    storefront.reserve(client, a_listed_piece())
    client.get(reverse("checkout:address"))
    return Press(client, reverse("checkout:address"), storefront.GERMAN_ADDRESS)


def press_method() -> Press:
    client = Client()
    storefront.reserve(client, a_listed_piece())
    storefront.give_address(client)
    fields = {"shipping_method": "post_tracked", "payment_method": "demo"}
    return Press(client, reverse("checkout:method"), fields)


def press_order_button() -> Press:
    client = Client()
    return Press(client, reverse("checkout:review"), storefront.up_to_review(client, a_listed_piece()))


def press_coupon() -> Press:
    client = Client()
    storefront.up_to_review(client, a_listed_piece())
    coupon = a_coupon(f"TEN-{next(numbers)}")
    return Press(client, reverse("checkout:savings"), {"part": "coupon", "code": coupon.code})


def press_order_voucher() -> Press:
    client = Client()
    return Press(client, reverse("checkout:order_voucher"), storefront.voucher_up_to_review(client))


def press_pay() -> Press:
    """Another way to pay than the one the order was placed with: the open attempt is closed, one is opened."""
    client, placed = a_placed_order()
    return Press(client, reverse("checkout:pay", args=[placed.token]), {"payment_method": "bank_transfer"})


def press_pay_again() -> Press:
    client, placed = a_placed_order()
    storefront.decide(client, placed, "decline")
    return Press(client, reverse("checkout:pay", args=[placed.token]), {"payment_method": "demo"})


def press_cancel() -> Press:
    client, placed = a_placed_order()
    return Press(client, reverse("checkout:cancel_order", args=[placed.token]))


def press_at_the_demo_bank() -> Press:
    client, placed = a_placed_order()
    return Press(client, storefront.demo_page(placed), {"decision": "approve"})


def press_watch() -> Press:
    return Press(Client(), reverse("checkout:watch", args=[a_held_piece().sku]), {"email": "anna@example.com"})


def press_watching() -> Press:
    watch = watches.begin(a_held_piece(), email="anna@example.com", language="en")
    return Press(Client(), reverse("checkout:watching", args=[watch.token]))


def a_held_piece() -> Listing:
    piece = a_listed_piece()
    storefront.reserve(Client(), piece)
    return piece


PAGES: dict[str, Write] = {
    "checkout:reserve": Write(press_reserve),
    "checkout:release": Write(press_release),
    "checkout:watch": Write(press_watch),
    "checkout:watching": Write(press_watching),
    "checkout:address": Write(press_address),
    "checkout:method": Write(press_method),
    "checkout:review": Write(press_order_button),
    "checkout:savings": Write(press_coupon),
    "checkout:order_voucher": Write(press_order_voucher),
    "checkout:pay": Write(press_pay),
    "checkout:pay again": Write(press_pay_again),
    "checkout:cancel_order": Write(press_cancel),
    "checkout:demo_payment": Write(press_at_the_demo_bank),
}
