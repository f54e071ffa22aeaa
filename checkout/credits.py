"""Giving back part or all of what an order cost: decided here and nowhere else, once for each reason.

A credit says for which pieces and how much of the shipping; the money part becomes refunds of the payment, the
rest returns to the gift voucher that paid. Deciding joins the caller's transaction; paying out comes after it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

import structlog
from django.db import transaction
from django.db.models import Sum
from django.utils import translation
from django.utils.translation import gettext as _

from checkout import orders, paper_tasks, parcels, payments, rewards, tasks, vouchers
from checkout.errors import CreditTooMuch, PaymentUnconfirmed
from checkout.models import Credit, CreditLine, Order, OrderLine, OrderState, Payment, PaymentState, Refund
from checkout.money import BASE_CURRENCY, convert, round_amount, total
from shop.models import User

logger = structlog.get_logger(__name__)
ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Money:
    """One sum twice: in euro and in the order's currency."""

    eur: Decimal = ZERO
    amount: Decimal = ZERO

    def __add__(self, other: "Money") -> "Money":
        return Money(self.eur + other.eur, self.amount + other.amount)

    def __sub__(self, other: "Money") -> "Money":
        return Money(self.eur - other.eur, self.amount - other.amount)

    def __bool__(self) -> bool:
        return bool(self.eur or self.amount)

    def at_most(self, other: "Money") -> "Money":
        """The smaller one in each currency, never below zero."""
        return Money(max(min(self.eur, other.eur), ZERO), max(min(self.amount, other.amount), ZERO))

    def is_within(self, other: "Money") -> bool:
        return ZERO <= self.eur <= other.eur and ZERO <= self.amount <= other.amount


NOTHING = Money()


@dataclass(frozen=True, slots=True)
class Left:
    """What can still be given back of an order: by line, of the shipping, of bought vouchers, and in all.

    Shipping that is the discount of an order which joined the parcel came back with that one already.
    """

    lines: Mapping[OrderLine, Money]
    shipping: Money
    other: Money
    in_all: Money


def left_of(order: Order) -> Left:
    """What was paid and not given back yet. In all may be less than its parts: a joined parcel made it cheaper."""
    given = order.credits.aggregate(Sum("goods_eur"), Sum("goods_amount"), Sum("shipping_eur"), Sum("shipping_amount"))
    goods = Money(given["goods_eur__sum"] or ZERO, given["goods_amount__sum"] or ZERO)
    shipping = Money(given["shipping_eur__sum"] or ZERO, given["shipping_amount__sum"] or ZERO)
    by_line = {
        row["line"]: Money(row["amount_eur__sum"], row["amount__sum"])
        for row in CreditLine.objects.filter(credit__order=order)
        .values("line")
        .annotate(Sum("amount_eur"), Sum("amount"))
        .order_by()
    }
    lines = {
        line: Money(line.paid_eur, line.paid_amount) - by_line.get(line.pk, NOTHING)
        for line in order.lines.order_by("position", "pk")
    }
    other = Money(order.vouchers_eur + order.tax_eur, order.vouchers_amount + order.tax_amount)
    for_lines = sum(by_line.values(), NOTHING)
    in_all = Money(order.total_eur, order.total_amount) - goods - shipping
    passed_on_eur = parcels.passed_on_eur(order)
    passed_on = Money(passed_on_eur, convert(passed_on_eur, order.rate, order.currency))
    return Left(
        lines=lines,
        shipping=(shipping_paid(order) - shipping - passed_on).at_most(in_all),
        other=other - (goods - for_lines),
        in_all=in_all,
    )


def shipping_paid(order: Order) -> Money:
    """What the order really paid for shipping."""
    return Money(
        max(order.shipping_eur - order.shipping_discount_eur, ZERO),
        max(order.shipping_amount - order.shipping_discount_amount, ZERO),
    )


def part(paid: Money, left: Money, amount: Decimal, currency: str) -> Money:
    """An amount (in the order's currency) out of what was paid for something, with its share in euro.

    The shares of several parts always add up to the whole. Raises CreditTooMuch for more than is left, for
    nothing, and for what the currency cannot express.
    """
    if amount <= 0 or amount > left.amount or round_amount(amount, currency) != amount:
        raise CreditTooMuch
    given = paid.amount - left.amount + amount
    share = round_amount(paid.eur * given / paid.amount, BASE_CURRENCY)
    return Money(min(max(share - (paid.eur - left.eur), ZERO), left.eur), amount)


def without(left: Money, paid: Money, deduction_eur: Decimal, currency: str) -> Money:
    """What is left to give back for a piece less a deduction (EUR), never below zero."""
    if not deduction_eur:
        return left
    if deduction_eur >= left.eur:
        return NOTHING
    kept = Money(deduction_eur, round_amount(paid.amount * deduction_eur / paid.eur, currency))
    return (left - kept).at_most(left)


def decide(
    order: Order,
    *,
    reason_key: str,
    reason: str,
    lines: Mapping[OrderLine, tuple[Decimal, Decimal]],
    shipping: tuple[Decimal, Decimal] = (ZERO, ZERO),
    other: tuple[Decimal, Decimal] = (ZERO, ZERO),
    returned: Iterable[OrderLine] = (),
    by: User | None = None,
    tell: bool = True,
    is_all: bool = False,
) -> Credit:
    """Decide to give back so much (EUR, order's currency) for these lines and for shipping, once for the reason.

    In the caller's transaction, with the order locked and no listing locked yet. `other` is for gift vouchers
    bought. Points redeemed for the `returned` lines are given back; points earned on what is no longer paid are
    taken back, `is_all` of them where the order is over. `tell` mails the buyer. Pay out with `pay_out` afterwards.
    Raises CreditTooMuch for more than is left of a line, of the shipping or of the order.
    """
    known = Credit.objects.filter(order=order, reason_key=reason_key).first()
    if known is not None:
        return known
    wanted = {line: Money(*given) for line, given in lines.items()}
    freight, rest = Money(*shipping), Money(*other)
    _check(order, wanted, freight, rest)
    goods = sum(wanted.values(), rest)
    credit = _store(order, goods, freight, reason_key=reason_key, reason=reason, by=by)
    CreditLine.objects.bulk_create(
        CreditLine(credit=credit, line=line, amount_eur=money.eur, amount=money.amount)
        for line, money in wanted.items()
        if money
    )
    if credit.voucher_eur:
        vouchers.refund(order, credit.voucher_eur, key=f"credit-{credit.pk}")
        order.refund_state = payments.refund_state_of(order)
        order.save(update_fields=["refund_state"])
    rewards.reverse(order, reason=reason, credit=None if is_all else credit)
    back = sorted(returned, key=lambda line: line.pk)
    if back:
        rewards.give_back(order, lines=back, reason=reason)
    orders.log(order, "credited", by=by, text=f"{credit.goods_amount + credit.shipping_amount} {order.currency}")
    paper_tasks.issue_credit_note.defer(credit_id=credit.pk)
    if tell:
        tasks.send_order_mail.defer(order_id=order.pk, kind=f"credited-{credit.pk}")
    return credit


def decide_all(order: Order, *, reason_key: str, reason: str = "", by: User | None = None, tell: bool = True) -> Credit:
    """Decide to give back whatever is left of a paid order, points included. Rules as for `decide`."""
    left = left_of(order)
    lines = fitting(left.lines, left.in_all - left.shipping - left.other)
    return decide(
        order,
        reason_key=reason_key,
        reason=reason,
        lines={line: (money.eur, money.amount) for line, money in lines.items()},
        shipping=(left.shipping.eur, left.shipping.amount),
        other=(left.other.eur, left.other.amount),
        returned=[line for line in left.lines if line.returned_at is None],
        by=by,
        tell=tell,
        is_all=True,
    )


def give_part(
    order: Order,
    *,
    lines: Mapping[str, Decimal],
    shipping: Decimal,
    reason: str,
    reason_key: str = "",
    by: User | None = None,
) -> Credit:
    """Give back amounts, in the order's currency, on lines (by SKU) and on shipping, and pay them out.

    Staff's or a program's decision, such as goodwill for a scratch; the pieces stay where they are. Without a key
    of its own each call is another credit. Raises CreditTooMuch, also for nothing and for an unknown SKU.
    """
    with transaction.atomic(durable=True):
        order = orders.lock(order.pk)
        left = left_of(order)
        known = {line.sku: line for line in left.lines}
        if order.paid_at is None or set(lines) - set(known) or not (lines or shipping):
            raise CreditTooMuch
        of_lines = {}
        for sku, amount in lines.items():
            line = known[sku]
            money = part(Money(line.paid_eur, line.paid_amount), left.lines[line], amount, order.currency)
            of_lines[line] = (money.eur, money.amount)
        freight = part(shipping_paid(order), left.shipping, shipping, order.currency) if shipping else NOTHING
        credit = decide(
            order,
            reason_key=reason_key or f"staff-{order.credits.count() + 1}",
            reason=reason,
            lines=of_lines,
            shipping=(freight.eur, freight.amount),
            by=by,
        )
    pay_out(credit)
    return credit


def can_pass_on(joined: Order) -> bool:
    """Whether an order that expired may be paid after all: what it was to save on the parcel was not given back since.

    Both orders are locked.
    """
    if joined.joins is None or joined.shipping_eur or not joined.shipping_discount_eur:
        return True
    return left_of(joined.joins).shipping.eur >= joined.shipping_discount_eur


def return_passed_on(joined: Order) -> None:
    """Give a closed order the shipping back that it had passed on to one that joined it and is over since, once.

    What came back without its discount would be lost between the two. After a withdrawal it is given back up to the
    cheapest usual delivery, as with any last piece.
    """
    assert joined.joins_id is not None
    with transaction.atomic(durable=True):
        leader = orders.lock(joined.joins_id)
        reason_key = f"{parcels.PASSED_ON}{joined.pk}"
        if leader.credits.filter(reason_key=reason_key).exists():
            return
        saved_eur = joined.shipping_discount_eur
        freight = left_of(leader).shipping.at_most(Money(saved_eur, convert(saved_eur, leader.rate, leader.currency)))
        if leader.state == OrderState.RETURNED:
            given = leader.credits.aggregate(Sum("shipping_eur"), Sum("shipping_amount"))
            before = Money(given["shipping_eur__sum"] or ZERO, given["shipping_amount__sum"] or ZERO)
            freight = freight.at_most(Money(leader.standard_shipping_eur, leader.standard_shipping_amount) - before)
        if not freight:
            return
        with translation.override(leader.language):
            reason = _("Shipping")
        credit = decide(leader, reason_key=reason_key, reason=reason, lines={}, shipping=(freight.eur, freight.amount))
    pay_out(credit)


def fitting(lines: Mapping[OrderLine, Money], room: Money) -> dict[OrderLine, Money]:
    """The lines' money, cut where the order as a whole cost less than its lines: a joined parcel made it cheaper."""
    fitted = {}
    for line, money in lines.items():
        fitted[line] = money.at_most(room)
        room -= fitted[line]
    return fitted


def pay_out(credit: Credit) -> None:
    """Send the credit's money now, outside any transaction; where the provider does not answer it stays due.

    Whatever goes wrong here is no failure of the decision, which is made: whoever were told so would decide again.
    """
    for refund in credit.refunds.filter(state=Refund.State.DUE).select_related("payment__order"):
        try:
            payments.pay_out(refund)
        except PaymentUnconfirmed:
            logger.warning("refund_postponed", refund=refund.pk)
        except Exception:
            logger.exception("refund_postponed", refund=refund.pk)


def _check(order: Order, lines: Mapping[OrderLine, Money], shipping: Money, other: Money) -> None:
    left = left_of(order)
    is_within = (
        all(money.is_within(left.lines.get(line, NOTHING)) for line, money in lines.items())
        and shipping.is_within(left.shipping)
        and other.is_within(left.other)
        and sum(lines.values(), shipping + other).is_within(left.in_all)
    )
    if not is_within:
        raise CreditTooMuch


def _store(order: Order, goods: Money, shipping: Money, *, reason_key: str, reason: str, by: User | None) -> Credit:
    """Keep the credit with its refunds: money first, as much as the payment still holds, the rest to the voucher."""
    wanted = goods.amount + shipping.amount
    parts: list[tuple[Payment, Decimal]] = []
    for payment in _holding_money(order):
        share = min(payment.amount - payments.decided(payment), wanted - total(amount for _row, amount in parts))
        if share > 0:
            parts.append((payment, share))
    money = total(amount for _row, amount in parts)
    voucher = _to_voucher(order, wanted - money)
    credit = Credit.objects.create(
        order=order,
        reason_key=reason_key,
        reason=reason[:200],
        goods_eur=goods.eur,
        goods_amount=goods.amount,
        shipping_eur=shipping.eur,
        shipping_amount=shipping.amount,
        money_amount=money,
        voucher_eur=voucher.eur,
        voucher_amount=voucher.amount,
        decided_by=by,
    )
    for payment, amount in parts:
        refund = payments.decide_refund(payment, amount=amount, reason_key=reason_key)
        refund.credit = credit
        refund.save(update_fields=["credit"])
    return credit


def _holding_money(order: Order) -> list[Payment]:
    states = (PaymentState.CAPTURED, PaymentState.PART_REFUNDED)
    return list(order.payments.filter(state__in=states).select_for_update(of=("self",)).order_by("pk"))


def _to_voucher(order: Order, amount: Decimal) -> Money:
    """What goes back to the voucher, in euro such that all parts together are exactly what it paid."""
    if not amount:
        return NOTHING
    given = order.credits.aggregate(Sum("voucher_eur"), Sum("voucher_amount"))
    before = Money(given["voucher_eur__sum"] or ZERO, given["voucher_amount__sum"] or ZERO)
    paid = Money(order.voucher_eur, order.voucher_amount)
    return part(paid, paid - before, amount, order.currency)
