"""The decision table of docs/checkout.md, row by row and without gaps.

Every combination of what the provider says, where the order is and who has its piece is set up here, settled, and
looked at. Each must be described by exactly one row of the document, and each row must describe one at least.
"""

import itertools
import re
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.utils import timezone

from catalog.models import Listing
from checkout import credits, inventory, orders, payments, settlement
from checkout.errors import PaymentUnconfirmed
from checkout.gateways.base import GatewayUnreachable
from checkout.gateways.demo import DemoGateway
from checkout.models import DemoPayment, Order, OrderState, Payment, PaymentState, Refund, Reservation
from checkout.models.order import HOLDING_STATES
from shop.models import User
from tests.catalog.pieces import a_listed_piece
from tests.checkout.buyers import a_visitor, an_order
from tests.checkout.test_settlement import sound, with_bank

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("shippable")]

DOCUMENT = Path(settings.BASE_DIR) / "docs" / "checkout.md"
COLUMNS = ("says", "order", "piece", "attempt after", "order after", "piece after", "money")
ANSWERS = ("open", "declined", "voided", "expired", "authorised", "captured", "other amount", "no answer")
UNPAID = (OrderState.AWAITING_PAYMENT, OrderState.EXPIRED, OrderState.CANCELLED)
# Who has the piece, as far as each state of the order allows.
PIECES = {
    OrderState.AWAITING_PAYMENT: ("held", "lapsed", "taken"),
    OrderState.EXPIRED: ("free", "taken"),
    OrderState.CANCELLED: ("free", "taken"),
    **dict.fromkeys(HOLDING_STATES, ("sold to it",)),
    OrderState.RETURNED: ("came back",),
}


def table() -> list[dict[str, str]]:
    """The rows of the document's decision table."""
    section = DOCUMENT.read_text().partition("## What follows")[2].partition("\nBeside ")[0]
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in section.splitlines()
        if re.match(r"\|\s*[a-z]", line)
    ]
    return [dict(zip(COLUMNS, row, strict=True)) for row in rows]


def matches(cell: str, value: str) -> bool:
    return cell == "any" or value in [choice.strip() for choice in cell.split(",")]


def rows_for(says: str, order: str, piece: str) -> list[dict[str, str]]:
    given = (("says", says), ("order", order), ("piece", piece))
    return [row for row in table() if all(matches(row[column], value) for column, value in given)]


COMBINATIONS = [
    (says, state.value, piece)
    for says, (state, pieces) in itertools.product(ANSWERS, PIECES.items())
    for piece in pieces
]


def test_every_row_describes_a_combination() -> None:
    described = {id_of(row) for combination in COMBINATIONS for row in rows_for(*combination)}
    assert [row for row in table() if id_of(row) not in described] == []


def id_of(row: dict[str, str]) -> tuple[str, ...]:
    return tuple(row[column] for column in COLUMNS)


@pytest.mark.parametrize(("says", "state", "piece"), COMBINATIONS, ids=map(" ".join, COMBINATIONS))
def test_what_follows_is_what_the_table_says(
    says: str, state: str, piece: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = rows_for(says, state, piece)
    assert len(rows) == 1, f"{len(rows)} rows describe {says}, {state}, {piece}"
    attempt = an_attempt(state, piece)
    let_the_provider_say(says, attempt, monkeypatch)

    try:
        settlement.refresh(attempt)
    except PaymentUnconfirmed:
        assert says == "no answer"

    found = what_is(attempt, piece)
    before = {"order after": state, "piece after": piece}
    expected = {column: before.get(column, cell) if cell == "as before" else cell for column, cell in rows[0].items()}
    assert {column: found[column] for column in found if not matches(expected[column], found[column])} == {}
    if says != "no answer":
        # A second look at the same record changes nothing, and everything that must be true is.
        settlement.refresh(attempt)
        assert what_is(attempt, piece) == found
    if says not in ("open", "no answer"):
        assert sound()


def an_attempt(state: str, piece: str) -> Payment:
    """An open attempt of the demo provider at an order in that state."""
    order = an_order(a_visitor("anna"), [a_listed_piece().sku])
    attempt = settlement.start_payment(order, gateway_code="demo")
    order.refresh_from_db()
    if state in HOLDING_STATES or state == OrderState.RETURNED:
        pay_otherwise(order, state)
    elif state == OrderState.AWAITING_PAYMENT:
        if piece != "held":
            lapse(order)
    else:
        inventory.give_back(order, Reservation.Release.ORDER_EXPIRED)
        orders.move(order, OrderState(state), kind=state)
    if piece == "taken":
        inventory.reserve(skus=[order.lines.get().sku], visitor=a_visitor("rival"))
    return attempt


def pay_otherwise(order: Order, state: str) -> None:
    """Another attempt, a transfer staff have seen, paid the order first; then it went its way."""
    with_bank()
    other = Payment.objects.create(
        order=order,
        attempt=9,
        gateway="bank_transfer",
        state=PaymentState.VOIDED,
        currency=order.currency,
        amount=order.total_amount,
        amount_minor=1,
    )
    settlement._complete(other)
    order.refresh_from_db()
    staff = User.objects.create_user("staff@example.com", is_staff=True)
    way: dict[str, list[str]] = {
        "paid": [],
        "packed": ["packed"],
        "shipped": ["packed", "shipped"],
        "delivered": ["packed", "shipped", "delivered"],
        "withdrawal_requested": ["packed", "shipped", "withdrawal_requested"],
        "returned": ["packed", "shipped", "withdrawal_requested"],
    }
    for step in way[state]:
        orders.move(order, OrderState(step), kind=step, by=staff)
    if state == "returned":
        come_back(order)


def come_back(order: Order) -> None:
    credits.decide_all(order, reason_key="returned")
    line = order.lines.get()
    Reservation.objects.filter(order_line=line).update(released_at=timezone.now(), release=Reservation.Release.RETURNED)
    Listing.objects.filter(pk=line.listing_id).update(state="returned")
    line.returned_at = timezone.now()
    line.save(update_fields=["returned_at"])
    orders.move(order, OrderState.RETURNED, kind="returned")


def lapse(order: Order) -> None:
    past = timezone.now() - timedelta(minutes=1)
    Reservation.objects.filter(order_line__order=order).update(until=past)
    Listing.objects.filter(order_lines__order=order).update(reserved_until=past)
    Order.objects.filter(pk=order.pk).update(pay_by=past)


def let_the_provider_say(says: str, attempt: Payment, monkeypatch: pytest.MonkeyPatch) -> None:
    record = DemoPayment.objects.filter(reference=attempt.reference)
    if says == "no answer":

        def unreachable(*args: object, **kwargs: object) -> None:
            raise GatewayUnreachable("silence")

        monkeypatch.setattr(DemoGateway, "fetch", unreachable)
    elif says == "other amount":
        record.update(status="authorised", amount_minor=1)
    else:
        record.update(status=says)


def what_is(attempt: Payment, piece: str) -> dict[str, str]:
    """The columns of the table, as they are now."""
    attempt.refresh_from_db()
    order = Order.objects.get(pk=attempt.order_id)
    record = DemoPayment.objects.get(reference=attempt.reference)
    listing = Listing.objects.get(order_lines__order=order)
    claim = Reservation.objects.filter(listing=listing, released_at__isnull=True).first()
    is_own = claim is not None and claim == order.lines.get().reservation
    if claim is None:
        whose = "free" if listing.state == "listed" else "came back"
    elif not is_own:
        whose = "taken"
    elif claim.until is None:
        whose = "sold to it"
    else:
        whose = "held" if claim.until > timezone.now() else "lapsed"
    taken = record.amount_minor if record.status == "captured" else 0
    refunded = sum(row.amount_minor for row in Refund.objects.filter(payment=attempt))
    if record.status == "authorised":
        money = "reserved"
    elif not taken:
        money = "none"
    else:
        money = "given back" if refunded and record.refunded_minor == refunded else "kept"
    return {
        "attempt after": attempt.state,
        "order after": f"{order.state}+late" if order.is_late else order.state,
        "piece after": whose,
        "money": money,
    }


def test_unpaid_orders_and_payments_open_to_them_are_all_in_the_table() -> None:
    assert {state for state in OrderState if state != OrderState.DRAFT} == {OrderState(state) for state in PIECES}
    assert set(payments.OPEN_PAYMENT_STATES) < set(PaymentState)
