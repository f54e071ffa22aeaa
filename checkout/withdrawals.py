"""A consumer's withdrawal from a contract: stated, confirmed, and carried out as far as that needs no hands.

Two steps, as article 11a of Directive 2011/83/EU (Directive (EU) 2023/2673) asks for: a statement, then its
confirmation, acknowledged at once on a durable medium with its content, date and time. Whether number and address
belong to an order is never said to whoever typed them; what matches nothing waits for staff.

What has not left the house is cancelled or taken out of its order and refunded at once. What has left is asked
back; `checkout.returns` settles it when it arrives.
"""

import re
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import partial
from typing import Any

from django.db import transaction
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from checkout import credits, inventory, orders, parcels, periods, return_tasks, settlement, shipping, tasks, vouchers
from checkout.errors import OrderMoveRefused, OrderNotFound, WithdrawalNotFound, WithdrawalRefused
from checkout.models import Order, OrderLine, OrderState, ReturnedPiece, Withdrawal
from checkout.money import convert, total
from shop.models import User

# Article 13(1): the money is given back within 14 days of the statement.
REFUND_DAYS = 14
UNCONFIRMED_DAYS = 7
BEFORE_SHIPPING = (OrderState.AWAITING_PAYMENT, OrderState.PAID, OrderState.PACKED)
AFTER_SHIPPING = (OrderState.SHIPPED, OrderState.DELIVERED)
OVER = (OrderState.CANCELLED, OrderState.EXPIRED, OrderState.RETURNED)
State = Withdrawal.State


# What the consumer does


def state(
    *,
    order_number: str,
    name: str,
    email: str,
    statement: str,
    language: str,
    order: Order | None = None,
    token: str | None = None,
) -> Withdrawal:
    """Write down that somebody wants to withdraw; nothing follows before it is confirmed.

    `statement` names the pieces, by SKU; empty means all. `order` where its own secret link led here. `token` came
    with the form: pressing its button again gives the same statement, or a new one where the words have changed.
    """
    words: dict[str, Any] = {
        "order": order,
        "order_number": order_number,
        "name": name,
        "email": email,
        "statement": statement,
        "language": language,
    }
    if token is None:
        return Withdrawal.objects.create(**words)
    found, is_new = Withdrawal.objects.get_or_create(token=token, defaults=words)
    is_same = all(getattr(found, field) == value for field, value in words.items())
    return found if is_new or is_same else Withdrawal.objects.create(**words)


def by_token(token: str) -> Withdrawal:
    """Raises WithdrawalNotFound."""
    found = Withdrawal.objects.filter(token=token).select_related("order").first()
    if found is None:
        raise WithdrawalNotFound
    return found


def confirm(token: str) -> Withdrawal:
    """Make the statement count from now on, once; the receipt and what follows are jobs of the same transaction."""
    with transaction.atomic(durable=True):
        # The order's row makes two statements about it wait for each other; it is locked first, as everywhere.
        order = _order_of(by_token(token))
        found = Withdrawal.objects.select_for_update(of=("self",)).get(token=token)
        if found.state != State.STATED:
            return found
        found.order = None if order is None or _has_open(order) else order
        if order is not None and found.order is None:
            found.note = _("Another withdrawal from %(order)s is open.") % {"order": order}
        found.state = State.CONFIRMED
        found.confirmed_at = timezone.now()
        found.save(update_fields=["order", "state", "confirmed_at", "note"])
        return_tasks.acknowledge_withdrawal.defer(withdrawal_id=found.pk)
        if found.order is not None:
            orders.log(found.order, "withdrawal_stated")
            return_tasks.carry_out_withdrawal.defer(withdrawal_id=found.pk)
    return found


def _order_of(found: Withdrawal) -> Order | None:
    """The order whose link led here, else the one with this number and email in whatever case; locked."""
    number = re.sub(r"\s", "", found.order_number).upper()
    known = found.order or Order.objects.placed().filter(number=number, email__iexact=found.email.strip()).first()
    return orders.lock(known.pk) if known is not None else None


def _has_open(order: Order) -> bool:
    return order.withdrawals.filter(state=State.CONFIRMED).exists()


def forget_unconfirmed() -> int:
    """Delete statements nobody confirmed: they hold names and addresses. Returns how many."""
    old = timezone.now() - timedelta(days=UNCONFIRMED_DAYS)
    return Withdrawal.objects.filter(state=State.STATED, stated_at__lt=old).delete()[0]


# Dates


def ends_at(order: Order) -> datetime | None:
    """When the right to withdraw from the order ends; None while the parcel has not arrived."""
    if order.delivered_at is None:
        return None
    last = periods.last_day(timezone.localdate(order.delivered_at))
    return timezone.make_aware(datetime.combine(last, time.max))


def is_in_time(found: Withdrawal) -> bool:
    """Whether it was confirmed before the period was over. What has not arrived can always be withdrawn from."""
    until = ends_at(found.order) if found.order is not None else None
    return until is None or (found.confirmed_at is not None and found.confirmed_at <= until)


def refund_due_on(found: Withdrawal) -> date | None:
    """By when the money has to be on its way back."""
    if found.confirmed_at is None:
        return None
    return timezone.localdate(found.confirmed_at) + timedelta(days=REFUND_DAYS)


# What follows


def lines_meant(found: Withdrawal, order: Order) -> list[OrderLine]:
    """The lines the statement is about: those whose SKU it names, all where it names nothing.

    Empty where it says something in words: then staff choose. Pieces that came back already are left out.
    """
    here = list(order.lines.filter(returned_at=None).order_by("position", "pk"))
    if not found.statement.strip():
        return here
    named = _skus_in(found.statement)
    return [line for line in here if line.sku in named]


def carry_out(withdrawal: Withdrawal, *, by: User | None = None, is_accepted: bool = False) -> None:
    """Do what follows from a confirmed withdrawal whose order is known. Doing it again changes nothing.

    It is left to staff when it is late (until `is_accepted`), names no piece we can read, or the order is disputed.
    Raises OrderMoveRefused where the order moved on meanwhile: try again.
    """
    found = Withdrawal.objects.select_related("order").get(pk=withdrawal.pk)
    order = found.order
    if found.state != State.CONFIRMED or order is None:
        return
    if order.state in OVER:
        _close(found, State.SETTLED)
        return
    lines = lines_meant(found, order)
    is_whole = len(lines) == order.lines.filter(returned_at=None).count()
    _note_in_time(found)
    if order.is_disputed or not (is_accepted or found.is_in_time) or not (lines or is_whole):
        return
    with translation.override(order.language):
        _act(found, order, lines, is_whole=is_whole, by=by)


def _act(found: Withdrawal, order: Order, lines: Sequence[OrderLine], *, is_whole: bool, by: User | None) -> None:
    """What is written down for the buyer to read is in their language."""
    if order.state in BEFORE_SHIPPING and is_whole:
        _cancel(found, order, by=by)
    elif order.state in (OrderState.PAID, OrderState.PACKED):
        _take_out(found, order, lines, by=by)
    elif order.state in AFTER_SHIPPING and not lines:
        _undo_vouchers(found, order, by=by)
    elif order.state in AFTER_SHIPPING:
        _ask_back(found, order, lines, by=by)


def _lock_while_open(found: Withdrawal, order: Order) -> Order:
    """The order, locked. Raises OrderMoveRefused where staff refused the statement meanwhile."""
    locked = orders.lock(order.pk)
    _require_open(found)
    return locked


def _require_open(found: Withdrawal) -> None:
    """What decides about the statement holds its order's row, as whoever asks here does."""
    if not Withdrawal.objects.filter(pk=found.pk, state=State.CONFIRMED).exists():
        raise OrderMoveRefused


def _note_in_time(found: Withdrawal) -> None:
    if found.is_in_time is None:
        found.is_in_time = is_in_time(found)
        found.save(update_fields=["is_in_time"])


def _cancel(found: Withdrawal, order: Order, *, by: User | None) -> None:
    """Nothing has left: the whole order is cancelled, with all money and points."""
    if order.state == OrderState.PACKED and parcels.companions(order):
        orders.unpack(order, by=by, text=order.number)
    settlement.cancel(order, by=by, reason=_("Withdrawal"), check=partial(_require_open, found))
    _close(found, State.SETTLED)


def _take_out(found: Withdrawal, order: Order, lines: Sequence[OrderLine], *, by: User | None) -> None:
    """Some pieces leave an order that has not left the house; they are on offer again, the rest is sent."""
    with transaction.atomic(durable=True):
        parcels.lock(order)
        order = _lock_while_open(found, order)
        if order.state == OrderState.PACKED:
            orders.unpack(order, by=by, text=_("A piece is taken out."))
            order = orders.lock(order.pk)
        if order.state != OrderState.PAID:
            raise OrderMoveRefused
        left = credits.left_of(order)
        wanted = credits.fitting({line: left.lines[line] for line in lines}, left.in_all)
        freight = shipping_back(order, lines)
        credit = credits.decide(
            order,
            reason_key=f"withdrawal-{found.pk}",
            reason=_("Withdrawal"),
            lines={line: (money.eur, money.amount) for line, money in wanted.items()},
            shipping=(freight.eur, freight.amount),
            returned=lines,
            by=by,
        )
        OrderLine.objects.filter(pk__in=[line.pk for line in lines]).update(returned_at=timezone.now())
        inventory.put_back(lines)
        _close(found, State.SETTLED)
    credits.pay_out(credit)


def shipping_back(order: Order, lines: Sequence[OrderLine]) -> credits.Money:
    """What of the shipping is given back with these lines.

    With the last of them, what the order paid, up to the cheapest usual delivery (article 13(2)). Before that, what
    shipping would have been cheaper without them by today's tariff; nothing where the parcel is shared.
    """
    given = order.credits.filter(reason_key__startswith="withdrawal-")
    before = credits.Money(total(row.shipping_eur for row in given), total(row.shipping_amount for row in given))
    usual = credits.Money(order.standard_shipping_eur, order.standard_shipping_amount) - before
    most = credits.left_of(order).shipping.at_most(usual)
    rest = order.lines.filter(returned_at=None).exclude(pk__in=[line.pk for line in lines])
    if not rest:
        return most
    return _saved_without(order, list(rest)).at_most(most)


def _saved_without(order: Order, rest: Sequence[OrderLine]) -> credits.Money:
    address = order.shipping_address
    if address is None or parcels.companions(order):
        return credits.NOTHING
    offer = shipping.quote(
        address.country.code,
        [line.weight_g for line in rest],
        total(line.price_eur for line in rest),
        address.postcode,
    )
    option = offer.option(order.shipping_method)
    if option is None:
        return credits.NOTHING
    saved = max(order.shipping_eur - option.price_eur, Decimal(0))
    return credits.Money(saved, convert(saved, order.rate, order.currency))


def _ask_back(found: Withdrawal, order: Order, lines: Sequence[OrderLine], *, by: User | None) -> None:
    """The pieces are with the buyer, or on their way: ask for them."""
    with transaction.atomic(durable=True):
        order = _lock_while_open(found, order)
        orders.move(order, OrderState.WITHDRAWAL_REQUESTED, kind="withdrawal_requested", by=by)
        ReturnedPiece.objects.bulk_create(
            [ReturnedPiece(withdrawal=found, line=line) for line in lines], ignore_conflicts=True
        )
        tasks.send_order_mail.defer(order_id=order.pk, kind=f"withdrawal-{found.pk}")


def _undo_vouchers(found: Withdrawal, order: Order, *, by: User | None) -> None:
    """Gift vouchers alone: nothing to send back, all money returns, as long as none of them is spent."""
    with transaction.atomic(durable=True):
        order = _lock_while_open(found, order)
        if not vouchers.void_bought(order, by=by):
            found.note = _("A voucher of this order is spent.")
            found.save(update_fields=["note"])
            return
        credit = credits.decide_all(order, reason_key=f"withdrawal-{found.pk}", reason=_("Withdrawal"), by=by)
        orders.move(order, OrderState.WITHDRAWAL_REQUESTED, kind="withdrawal_requested", by=by)
        orders.move(order, OrderState.RETURNED, kind="returned", by=by)
        _close(found, State.SETTLED)
    credits.pay_out(credit)


# What staff do


def match(withdrawal: Withdrawal, *, order_number: str, skus: str = "", by: User) -> None:
    """Say which order, and which pieces of it, a statement is about. Raises OrderNotFound, WithdrawalRefused."""
    with transaction.atomic(durable=True):
        order = Order.objects.placed().filter(number=order_number.strip().upper()).first()
        if order is None:
            raise OrderNotFound
        order = orders.lock(order.pk)
        found = Withdrawal.objects.select_for_update(of=("self",)).get(pk=withdrawal.pk)
        others = order.withdrawals.filter(state=State.CONFIRMED).exclude(pk=found.pk)
        if found.state != State.CONFIRMED or found.pieces.exists() or others.exists():
            raise WithdrawalRefused
        _require_known(skus.strip() or found.statement, order, is_exact=bool(skus.strip()))
        # The consumer's own words stay with the order where staff put SKUs in their place.
        orders.log(order, "withdrawal_stated", by=by, text=found.statement)
        found.order = order
        found.note = ""
        found.statement = skus.strip() or found.statement
        found.save(update_fields=["order", "note", "statement"])
        # In case the process dies right here: doing it again changes nothing.
        return_tasks.carry_out_withdrawal.defer(withdrawal_id=found.pk)
    carry_out(found, by=by)


def _require_known(text: str, order: Order, *, is_exact: bool) -> None:
    """Raises WithdrawalRefused where the text names no piece of the order or, `is_exact`, anything besides."""
    here = set(order.lines.filter(returned_at=None).values_list("sku", flat=True))
    named = _skus_in(text)
    if here and text.strip() and (not named & here or (is_exact and named - here)):
        raise WithdrawalRefused(_("Please give SKUs of this order: %(skus)s.") % {"skus": ", ".join(sorted(here))})


def _skus_in(text: str) -> set[str]:
    return set(re.findall(r"[A-Z0-9-]+", text.upper()))


def accept_late(withdrawal: Withdrawal, *, by: User) -> None:
    """Go on with a withdrawal that came after its time."""
    carry_out(withdrawal, by=by, is_accepted=True)


def refuse(withdrawal: Withdrawal, *, reason: str, by: User) -> None:
    """Close a withdrawal without effect and write why; the order is as delivered as before.

    Raises WithdrawalRefused once a piece of it has arrived or it is closed.
    """
    with transaction.atomic(durable=True):
        order = orders.lock(withdrawal.order_id) if withdrawal.order_id else None
        found = Withdrawal.objects.select_for_update(of=("self",)).get(pk=withdrawal.pk)
        if found.state != State.CONFIRMED or found.pieces.filter(received_at__isnull=False).exists():
            raise WithdrawalRefused
        if order is not None and order.state == OrderState.WITHDRAWAL_REQUESTED:
            orders.move(order, OrderState.DELIVERED, kind="withdrawal_refused", by=by, text=reason)
        _close(found, State.REFUSED, note=reason)
        return_tasks.refuse_withdrawal.defer(withdrawal_id=found.pk)


def _close(found: Withdrawal, state: Withdrawal.State, *, note: str = "") -> None:
    found.state = state
    found.closed_at = timezone.now()
    found.note = note[:300] or found.note
    found.save(update_fields=["state", "closed_at", "note"])
