"""Buyers for tests: visitors, their drafts and orders, through the same functions the pages call."""

from collections.abc import Sequence

from checkout import drafts, inventory, orders, settlement
from checkout.gateways import demo
from checkout.models import Order, Payment
from checkout.visitors import Visitor, key_of

BERLIN = {
    "name": "Erika Mustermann",
    "line1": "Torstraße 1",
    "city": "Berlin",
    "postcode": "10119",
    "country": "DE",
}


def a_visitor(name: str = "anna", **fields: object) -> Visitor:
    return Visitor(key=key_of(name), **fields)  # type: ignore[arg-type]


def a_draft_order(visitor: Visitor, *, address: dict[str, str] = BERLIN, method: str = "") -> Order:
    draft = drafts.start(visitor, language="en")
    drafts.set_address(draft, email="buyer@example.com", shipping=address)
    drafts.set_methods(draft, shipping_method=method, payment_method="demo")
    return drafts.start(visitor, language="en")


def an_order(
    visitor: Visitor, skus: Sequence[str], *, currency: str = "EUR", address: dict[str, str] = BERLIN
) -> Order:
    """A placed order, awaiting payment."""
    inventory.reserve(skus=skus, visitor=visitor)
    draft = a_draft_order(visitor, address=address)
    total = drafts.summary_of(draft, visitor, currency=currency).total_amount
    return orders.place(token=draft.token, visitor=visitor, currency=currency, shown_total=total)


def pay(order: Order, decision: str = "approve") -> Payment:
    """Pay with the demo provider, as the visitor decides there, and come back."""
    payment = settlement.start_payment(order, gateway_code="demo")
    demo.decide(payment.reference, decision)
    return settlement.refresh(payment)
