"""Giving back: once for each reason, never more than was paid, money first and the rest to the voucher."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.core import mail as outbox
from django.db import IntegrityError, connection, transaction
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catalog.models import Listing
from checkout import credits, drafts, invariants, inventory, orders, payments, rewards, settlement, unfinished, vouchers
from checkout.credits import NOTHING, Money
from checkout.errors import CreditTooMuch, PaymentUnconfirmed
from checkout.gateways import demo
from checkout.models import Credit, CreditLine, GiftVoucher, Order, OrderLine, PointsEntry, Refund, Reservation
from checkout.money import CURRENCIES, round_amount
from shop.models import User
from tests.catalog.pieces import a_listed_piece
from tests.checkout.buyers import a_draft_order, a_visitor, an_order, pay
from tests.checkout.rates import load_newest
from tests.checkout.storefront import text_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("shippable")]
RunTasks = Callable[[], int]
ZERO = Decimal(0)


def a_paid_order(pieces: int = 2, **fields: Any) -> Order:
    placed = an_order(a_visitor(), [a_listed_piece().sku for _ in range(pieces)], **fields)
    pay(placed)
    return Order.objects.get(pk=placed.pk)


def pair(money: Money) -> tuple[Decimal, Decimal]:
    return money.eur, money.amount


def goodwill(placed: Order, line: OrderLine, amount: str, *, key: str = "goodwill-1") -> Credit:
    with transaction.atomic():
        order = orders.lock(placed.pk)
        left = credits.left_of(order).lines[line]
        paid = Money(line.paid_eur, line.paid_amount)
        money = credits.part(paid, left, Decimal(amount), order.currency)
        credit = credits.decide(order, reason_key=key, reason="A scratch", lines={line: pair(money)})
    credits.pay_out(credit)
    return credit


def given_back(placed: Order) -> Money:
    """Everything given back of an order: paid out, and back on the voucher."""
    rows = placed.credits.all()
    eur = sum((row.goods_eur + row.shipping_eur for row in rows), ZERO)
    return Money(eur, sum((row.money_amount + row.voucher_amount for row in rows), ZERO))


def paid_with_voucher(value: str, *, pieces: int = 2, currency: str = "EUR") -> Order:
    """An order of which a gift voucher pays as much as it holds."""
    staff = User.objects.create_user(f"issuer-{GiftVoucher.objects.count()}@example.com", is_staff=True)
    voucher = vouchers.issue_by_hand(GiftVoucher(amount_eur=Decimal(value)), note="For a test", by=staff)
    visitor = a_visitor()
    inventory.reserve(skus=[a_listed_piece().sku for _ in range(pieces)], visitor=visitor)
    draft = a_draft_order(visitor)
    Order.objects.filter(pk=draft.pk).update(voucher=voucher)
    draft = drafts.start(visitor, language="en")
    summary = drafts.summary_of(draft, visitor, currency=currency)
    order = orders.place(token=draft.token, visitor=visitor, currency=currency, shown_total=summary.total_amount)
    if order.due_amount:
        pay(order)
    else:
        settlement.refresh(settlement.start_payment(order, gateway_code="covered"))
    return Order.objects.get(pk=order.pk)


def test_part_of_a_piece_is_given_back_and_said(client: Client, run_tasks: RunTasks) -> None:
    placed = a_paid_order()
    run_tasks()
    outbox.outbox.clear()
    line = placed.lines.order_by("position")[0]
    credit = goodwill(placed, line, "1.50")
    run_tasks()
    placed.refresh_from_db()
    assert placed.refund_state == "part"
    assert Refund.objects.get().credit == credit
    assert Refund.objects.get().state == "done"
    message = next(message for message in outbox.outbox if message.subject == f"Money back for order {placed.number}")
    assert "We give you back €1.50." in message.body
    assert "A scratch" in message.body
    assert "€1.50 the way you paid." in message.body
    assert "8 reward points that these pieces earned are taken back." in message.body
    page = text_of(client.get(placed.get_absolute_url()))
    assert "Money back" in page
    assert "€1.50 : Paid out" in page.replace("€1.50:", "€1.50 :")


def test_points_follow_what_is_still_paid(run_tasks: RunTasks) -> None:
    placed = a_paid_order()
    line = placed.lines.order_by("position")[0]
    goodwill(placed, line, "1.50")
    kept = PointsEntry.objects.filter(order_line=line).values_list("points", flat=True)
    assert sum(kept) == rewards.points_for(Decimal("3.50"))


def test_a_reason_counts_once() -> None:
    placed = a_paid_order()
    line = placed.lines.order_by("position")[0]
    assert goodwill(placed, line, "1.00") == goodwill(placed, line, "2.00")
    assert Refund.objects.count() == 1


@pytest.mark.parametrize("amount", ["5.01", "0", "-1", "0.001"])
def test_more_than_was_paid_or_nothing_is_refused(amount: str) -> None:
    placed = a_paid_order()
    with pytest.raises(CreditTooMuch):
        goodwill(placed, placed.lines.order_by("position")[0], amount)
    assert not Credit.objects.exists()


def test_several_parts_are_within_what_was_paid() -> None:
    placed = a_paid_order()
    line = placed.lines.order_by("position")[0]
    goodwill(placed, line, "3.00")
    with pytest.raises(CreditTooMuch):
        goodwill(placed, line, "2.01", key="goodwill-2")
    goodwill(placed, line, "2.00", key="goodwill-2")


def test_shipping_beyond_what_was_paid_is_refused() -> None:
    placed = a_paid_order()
    more = (placed.shipping_eur + Decimal("0.01"), placed.shipping_amount + Decimal("0.01"))
    with pytest.raises(CreditTooMuch), transaction.atomic():
        credits.decide(orders.lock(placed.pk), reason_key="x", reason="", lines={}, shipping=more)


def test_another_order_s_line_is_refused() -> None:
    placed = a_paid_order()
    other = an_order(a_visitor("bob"), [a_listed_piece().sku]).lines.get()
    with pytest.raises(CreditTooMuch), transaction.atomic():
        credits.decide(orders.lock(placed.pk), reason_key="x", reason="", lines={other: (Decimal(1), Decimal(1))})


def test_the_database_refuses_what_the_code_would_let_through() -> None:
    placed = a_paid_order()
    line = placed.lines.order_by("position")[0]
    credit = goodwill(placed, line, "4.00")
    other = Credit.objects.create(order=placed, reason_key="forged")
    with pytest.raises(IntegrityError), transaction.atomic():
        CreditLine.objects.create(credit=other, line=line, amount_eur=Decimal("1.01"), amount=Decimal("1.01"))
    with pytest.raises(IntegrityError), transaction.atomic():
        CreditLine.objects.filter(credit=credit).update(amount=Decimal("1.00"))


def test_a_crash_before_the_payout_leaves_the_money_due_until_it_is_paid(monkeypatch: pytest.MonkeyPatch) -> None:
    placed = a_paid_order()
    line = placed.lines.order_by("position")[0]

    def die(refund: Refund) -> Refund:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(payments, "pay_out", die)
        with pytest.raises(KeyboardInterrupt):
            goodwill(placed, line, "2.00")
    assert Refund.objects.get().state == "due"
    unfinished.bring_forward()
    assert Refund.objects.get().state == "done"
    unfinished.bring_forward()
    record = placed.payments.get()
    assert record.refunded_amount == Decimal("2.00")


def test_a_silent_provider_postpones_the_payout(monkeypatch: pytest.MonkeyPatch) -> None:
    placed = a_paid_order()

    def silent(refund: Refund) -> Refund:
        raise PaymentUnconfirmed

    with monkeypatch.context() as patch:
        patch.setattr(payments, "pay_out", silent)
        goodwill(placed, placed.lines.order_by("position")[0], "2.00")
    assert Refund.objects.get().state == "due"


def test_cancelling_gives_back_what_parts_have_left() -> None:
    placed = a_paid_order()
    goodwill(placed, placed.lines.order_by("position")[0], "2.00")
    settlement.cancel(placed)
    placed.refresh_from_db()
    assert given_back(placed) == Money(placed.total_eur, placed.total_amount)
    assert placed.refund_state == "full"
    assert sum(PointsEntry.objects.filter(order=placed).values_list("points", flat=True)) == 0
    assert not invariants.find_broken()


def test_money_goes_first_and_the_rest_to_the_voucher() -> None:
    placed = paid_with_voucher("4.00")
    voucher = GiftVoucher.objects.get()
    assert voucher.balance_eur == 0
    first, second = placed.lines.order_by("position")
    goodwill(placed, first, "5.00")
    voucher.refresh_from_db()
    assert voucher.balance_eur == 0
    settlement.cancel(placed)
    placed.refresh_from_db()
    voucher.refresh_from_db()
    assert voucher.balance_eur == Decimal("4.00")
    assert sum(refund.amount for refund in Refund.objects.all()) == placed.due_amount
    assert placed.refund_state == "full"
    assert second.paid_eur == Decimal("5.00")


def test_what_a_voucher_paid_alone_goes_back_to_it_alone() -> None:
    placed = paid_with_voucher("100.00")
    assert placed.due_amount == 0
    line = placed.lines.order_by("position")[0]
    goodwill(placed, line, "2.00")
    placed.refresh_from_db()
    assert placed.refund_state == "part"
    assert not Refund.objects.exists()
    settlement.cancel(placed)
    placed.refresh_from_db()
    assert GiftVoucher.objects.get().balance_eur == Decimal("100.00")
    assert placed.refund_state == "full"


@pytest.mark.parametrize("currency", ["JPY", "USD", "HUF"])
@pytest.mark.parametrize("value", ["3.33", "100.00"])
def test_in_another_currency_the_voucher_gets_back_its_euros_exactly(currency: str, value: str) -> None:
    load_newest()
    placed = paid_with_voucher(value, currency=currency)
    line = placed.lines.order_by("position")[0]
    third = round_amount(line.paid_amount / 3, currency)
    goodwill(placed, line, str(third))
    settlement.cancel(placed)
    assert GiftVoucher.objects.get().balance_eur == Decimal(value)
    assert given_back(placed) == Money(placed.total_eur, placed.total_amount)


def test_a_deduction_is_the_same_in_both_currencies() -> None:
    paid = Money(Decimal("5.00"), Decimal(900))
    assert credits.without(paid, paid, Decimal("1.25"), "JPY") == Money(Decimal("3.75"), Decimal(675))
    assert credits.without(paid, paid, ZERO, "JPY") == paid
    assert credits.without(paid, paid, Decimal("9.00"), "JPY") == NOTHING


amounts = st.lists(st.tuples(st.integers(0, 3), st.integers(1, 120)), max_size=8)


@pytest.fixture
def newest_rates() -> None:
    load_newest()


@pytest.mark.usefixtures("newest_rates")
@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    currency=st.sampled_from(["EUR", "JPY", "USD", "HUF", "ISK", "PLN"]),
    steps=st.lists(st.tuples(st.integers(0, 3), st.integers(1, 120)), max_size=8),
    is_joined=st.booleans(),
)
def test_no_sequence_of_credits_gives_back_more_or_in_the_end_less_than_was_paid(
    currency: str, steps: list[tuple[int, int]], is_joined: bool
) -> None:
    placed = _a_sale(currency, is_joined=is_joined)
    lines = list(placed.lines.order_by("position"))
    for number, (index, percent) in enumerate(steps):
        _try_part(placed, lines, index, percent, key=f"part-{number}")
        assert given_back(placed).is_within(Money(placed.total_eur, placed.total_amount))
    credits.decide_all(orders.lock(placed.pk), reason_key="all")
    assert given_back(placed) == Money(placed.total_eur, placed.total_amount)
    refunds = Refund.objects.filter(payment__order=placed)
    assert sum(refund.amount for refund in refunds) == placed.total_amount
    for refund in refunds:
        assert refund.amount == round_amount(refund.amount, currency)


def _a_sale(currency: str, *, is_joined: bool) -> Order:
    """Three odd-priced pieces; joined, they cost less together than one by one."""
    if currency not in CURRENCIES:
        raise ValueError(currency)
    pieces = [a_listed_piece() for _ in range(3)]
    for piece, price in zip(pieces, ("5.01", "7.77", "19.99"), strict=True):
        Listing.objects.filter(pk=piece.pk).update(price=Decimal(price))
    visitor = a_visitor(f"sale-{Order.objects.count()}-{Reservation.objects.count()}")
    order = an_order(visitor, [piece.sku for piece in pieces], currency=currency)
    if is_joined:
        _make_cheaper(order)
        order.refresh_from_db()
    pay(order)
    return Order.objects.get(pk=order.pk)


def _make_cheaper(order: Order) -> None:
    """As if it had joined a parcel and made that free: no shipping, and a discount instead."""
    less_eur, less = Decimal("4.20"), round_amount(Decimal("4.20") * order.rate, order.currency)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        Order.objects.filter(pk=order.pk).update(
            shipping_eur=0,
            shipping_amount=0,
            shipping_discount_eur=less_eur,
            shipping_discount_amount=less,
            discount_eur=less_eur,
            discount_amount=less,
            total_eur=order.goods_eur - less_eur,
            total_amount=order.goods_amount - less,
        )
        cursor.execute("SET LOCAL session_replication_role = origin")


def _try_part(placed: Order, lines: list[OrderLine], index: int, percent: int, *, key: str) -> None:
    """A share of what was paid for a line, or for shipping; more than is left is refused."""
    order = orders.lock(placed.pk)
    left = credits.left_of(order)
    if index < len(lines):
        line = lines[index]
        paid, rest = Money(line.paid_eur, line.paid_amount), left.lines[line]
    else:
        paid, rest = credits.shipping_paid(order), left.shipping
    amount = round_amount(paid.amount * percent / 100, order.currency)
    try:
        with transaction.atomic():
            money = credits.part(paid, rest, amount, order.currency)
            of_line = {lines[index]: pair(money)} if index < len(lines) else {}
            shipping = (ZERO, ZERO) if index < len(lines) else pair(money)
            credits.decide(order, reason_key=key, reason="", lines=of_line, shipping=shipping)
    except CreditTooMuch:
        pass


def test_the_demo_bank_agrees() -> None:
    """What the shop says it gave back is what the provider gave back."""
    placed = a_paid_order()
    for number, line in enumerate(placed.lines.all()):
        goodwill(placed, line, "0.50", key=f"goodwill-{number}")
    record = demo.DemoPayment.objects.get()
    assert record.refunded_minor == 100
