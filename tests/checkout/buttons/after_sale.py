"""The buttons of what comes after the sale: withdrawals and returns, money given back, parcels moved along by keys."""

from datetime import timedelta
from typing import Any

from django.test import Client
from django.urls import reverse
from django.utils import timezone

from checkout import returns, withdrawals
from checkout.models import Order, ReturnedPiece, Withdrawal
from shop.models import ApiKey, Scope, User
from tests.api.program import API
from tests.catalog.pieces import a_listed_piece
from tests.checkout import storefront
from tests.checkout.buttons.parts import Write, a_paid_order, deed_of, moved, numbers, shown
from tests.checkout.presses import Press

# Pages


def press_withdraw() -> Press:
    words = {"name": "Erika", "order_number": f"AC-{next(numbers)}", "email": "erika@example.com"}
    return shown(Client(), reverse("checkout:withdrawal"), **words)


def press_withdraw_order() -> Press:
    client, placed = a_paid_order()
    return shown(client, reverse("checkout:withdraw_order", args=[placed.token]))


def press_confirm_withdrawal() -> Press:
    stated = press_withdraw_order()
    stated.send()
    return Press(stated.client, reverse("checkout:confirm_withdrawal", args=[Withdrawal.objects.latest("pk").token]))


def press_join() -> Press:
    """A second basket whose order may travel with the first one's."""
    client, _placed = a_paid_order()
    storefront.reserve(client, a_listed_piece())
    storefront.give_address(client)
    return Press(client, reverse("checkout:join"), {"join": "yes"})


AFTER_SALE: dict[str, Write] = {
    "checkout:withdrawal": Write(press_withdraw),
    "checkout:withdraw_order": Write(press_withdraw_order),
    "checkout:confirm_withdrawal": Write(press_confirm_withdrawal),
    "checkout:join": Write(press_join),
}


# Programs with a key


def by_key(scope: Scope, placed: Order, move: str, **fields: Any) -> Press:
    _key, secret = ApiKey.issue(name=f"desk {next(numbers)}", scopes=[scope])
    headers = {"Authorization": f"Bearer {secret}", "Idempotency-Key": f"{move}-{next(numbers)}"}
    return Press(Client(), f"{API}/orders/{placed.token}/{move}/", fields, headers=headers, is_json=True)


def api_refund() -> Press:
    placed = moved("pack", "ship")
    lines = [{"sku": placed.lines.get().sku, "amount": "1.00"}]
    return by_key(Scope.ORDERS_REFUND, placed, "refund", reason="A scratch", lines=lines)


API_AFTER_SALE: dict[str, Write] = {
    "checkout_api:pack": Write(lambda: by_key(Scope.ORDERS_WRITE, moved(), "pack")),
    "checkout_api:ship": Write(
        lambda: by_key(Scope.ORDERS_WRITE, moved("pack"), "ship", carrier="ELTA", tracking_number="RR1")
    ),
    "checkout_api:deliver": Write(lambda: by_key(Scope.ORDERS_WRITE, moved("pack", "ship"), "deliver")),
    "checkout_api:refund": Write(api_refund),
}


# The staff site


def a_withdrawal(placed: Order, *, order_number: str = "") -> Withdrawal:
    """Stated and confirmed; `order_number` in place of the order's link."""
    found = withdrawals.state(
        order=None if order_number else placed,
        order_number=order_number or str(placed.number),
        name="Erika",
        email=placed.email,
        statement="",
        language="en",
    )
    return withdrawals.confirm(found.token)


def one_asked_back() -> Withdrawal:
    found = a_withdrawal(moved("pack", "ship", "deliver"))
    withdrawals.carry_out(found)
    return found


def one_too_late() -> Withdrawal:
    placed = moved("pack", "ship", "deliver")
    Order.objects.filter(pk=placed.pk).update(delivered_at=timezone.now() - timedelta(days=60))
    found = a_withdrawal(placed)
    withdrawals.carry_out(found)
    return found


def one_received() -> Withdrawal:
    found = one_asked_back()
    returns.receive(found.pieces.get(), grade_found="good", by=User.objects.get(email="owner@example.com"))
    return found


def a_settled_piece() -> ReturnedPiece:
    found = one_received()
    returns.settle(found, by=User.objects.get(email="owner@example.com"))
    return found.pieces.get()


def deed_give_back() -> Press:
    placed = moved("pack", "ship")
    part = placed.lines.get().sku
    return deed_of(placed, "give-back", part=part, amount="1.00", reason="A scratch")


def deed_match() -> Press:
    placed = moved("pack", "ship", "deliver")
    found = a_withdrawal(placed, order_number="the one of last week")
    return deed_of(found, "match", order_number=str(placed.number))


AFTER_SALE_DEEDS: dict[str, Write] = {
    "checkout.Order give-back": Write(deed_give_back),
    "checkout.Order unpack": Write(lambda: deed_of(moved("pack"), "unpack")),
    "checkout.Withdrawal match": Write(deed_match),
    "checkout.Withdrawal accept": Write(lambda: deed_of(one_too_late(), "accept")),
    "checkout.Withdrawal settle": Write(lambda: deed_of(one_received(), "settle")),
    "checkout.Withdrawal refuse": Write(lambda: deed_of(one_too_late(), "refuse", reason="too late")),
    "checkout.ReturnedPiece receive": Write(
        lambda: deed_of(one_asked_back().pieces.get(), "receive", grade_found="good", deduction_eur="0")
    ),
    "checkout.ReturnedPiece regrade": Write(lambda: deed_of(a_settled_piece(), "regrade")),
}
