"""Bringing orders and payments together: start, authorise, capture, sell; or void, refund, free the pieces.

Both webhook and return page only *re-fetch* the provider's record and call `refresh`; whichever comes first
does the work and the other finds it done. No transaction is open while a provider is called. Steps may die
between any two lines: `checkout.unfinished` finds what was left and goes on.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal

import structlog
from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Now
from django.urls import reverse
from django.utils import translation

from checkout import credits, discounts, inventory, orders, paper_tasks, payments, rewards, tasks, vouchers
from checkout.clock import database_now
from checkout.errors import (
    ListingUnavailable,
    OrderMoveRefused,
    OrderNotPayable,
    PaymentMethodUnavailable,
    PaymentUnconfirmed,
)
from checkout.gateways.base import Gateway, ProviderPayment, ProviderStatus
from checkout.models import Order, OrderState, Payment, PaymentState, Refund, Reservation
from checkout.models.payment import OPEN_PAYMENT_STATES
from checkout.money import from_minor_units
from shop.models import ShopSettings, User

logger = structlog.get_logger(__name__)
# An attempt to pay by transfer whose money may still arrive.
TRANSFER_STATES = (*OPEN_PAYMENT_STATES, PaymentState.EXPIRED, PaymentState.VOIDED)


def start_payment(order: Order, *, gateway_code: str) -> Payment:
    """Open an attempt to pay and return it with the page where the buyer goes; again gives the same attempt.

    Raises PaymentMethodUnavailable, OrderNotPayable, ListingUnavailable (the time ran out and somebody else has
    a piece) and PaymentUnconfirmed (try again: the attempt is kept).
    """
    gateway = payments.gateway_for(order, gateway_code)
    current = payments.open_attempt(order)
    if current is not None and (current.gateway != gateway.code or _is_over(current)):
        close_attempt(current)
    with transaction.atomic(durable=True):
        order = orders.lock(order.pk)
        paid = order.payments.filter(state=PaymentState.CAPTURED).first()
        if order.is_paid and paid is not None:
            return paid
        if not order.is_payable:
            raise OrderNotPayable
        payment = payments.open_attempt(order)
        if payment is None:
            payment = _begin(order, gateway)
    if payment.reference:
        return payment
    return _open_at_provider(payment)


def _begin(order: Order, gateway: Gateway) -> Payment:
    """Prolong the order's claims and record the attempt; the order is locked."""
    # One extension an order, and one more where a transfer needs its days: starting payments again and again,
    # or changing the method to and fro, cannot keep a piece from others.
    is_first_transfer = gateway.code == "bank_transfer" and not order.payments.filter(gateway=gateway.code).exists()
    until = _hold_pieces(order, hold=_hold_for(gateway.code), once=not is_first_transfer)
    if until <= database_now():
        raise OrderNotPayable
    order.pay_by = until
    order.payment_method = gateway.code
    order.save(update_fields=["pay_by", "payment_method"])
    payment = payments.begin(order, gateway)
    orders.log(order, "payment_started", text=gateway.code)
    if gateway.code == "bank_transfer":
        tasks.send_order_mail.defer(order_id=order.pk, kind="awaiting_transfer")
    return payment


def _hold_pieces(order: Order, *, hold: timedelta, once: bool) -> datetime:
    """Keep the order's pieces for its payment; returns until when. Raises ListingUnavailable.

    An order without pieces buys vouchers: it holds nothing from anybody and may take its time.
    """
    listing_ids = list(order.lines.values_list("listing_id", flat=True))
    if not listing_ids:
        return database_now() + hold
    inventory.lock(listing_ids)
    lost = inventory.reclaim(order, hold=hold)
    if lost:
        raise ListingUnavailable(lost)
    inventory.extend(order, hold=hold, once=once)
    return min(row.until for row in Reservation.objects.filter(order_line__order=order) if row.until)


def _hold_for(gateway_code: str) -> timedelta:
    settings = ShopSettings.current()
    if gateway_code == "bank_transfer":
        return timedelta(days=settings.bank_transfer_days)
    return timedelta(minutes=settings.payment_reservation_minutes)


def _open_at_provider(payment: Payment) -> Payment:
    order = payment.order
    # In the order's language, whoever asks: a provider refuses the same key with another address.
    with translation.override(order.language):
        return_url = reverse("checkout:payment_return", kwargs={"token": order.token})
    return payments.create_at_provider(payment, return_url=return_url, until=order.pay_by or database_now())


def _is_over(payment: Payment) -> bool:
    return payment.expires_at is not None and payment.expires_at <= database_now()


def refresh(payment: Payment) -> Payment:
    """Ask the provider how far a payment is and do what follows from it. Safe to call at any time, by anybody.

    Raises PaymentUnconfirmed when the provider does not answer; nothing is lost then.
    """
    payment = Payment.objects.select_related("order").get(pk=payment.pk)
    if not payment.is_open:
        return payment
    if not payment.reference:
        try:
            payment = _open_at_provider(payment)
        except PaymentMethodUnavailable:
            # It was never opened and never will be: there is nothing to ask about, and the attempt has failed.
            payment.refresh_from_db()
            return payment
    return _apply(payment, payments.fetch(payment))


def _apply(payment: Payment, answer: ProviderPayment) -> Payment:
    if answer.status in (ProviderStatus.AUTHORISED, ProviderStatus.CAPTURED) and not payments.is_as_ordered(
        payment, answer
    ):
        logger.error("payment_amount_differs", payment=payment.pk, answered=answer.amount_minor)
        return _let_go(payment, taken=answer if answer.status == ProviderStatus.CAPTURED else None)
    match answer.status:
        case ProviderStatus.AUTHORISED:
            return _capture(payment)
        case ProviderStatus.CAPTURED:
            return _complete(payment)
        case ProviderStatus.DECLINED:
            return _close(payment, PaymentState.FAILED, failure_code=answer.failure_code)
        case ProviderStatus.VOIDED:
            return _close(payment, PaymentState.VOIDED)
        case ProviderStatus.EXPIRED:
            return _close(payment, PaymentState.EXPIRED)
        case _:
            return payment


def _close(payment: Payment, state: PaymentState, *, failure_code: str = "") -> Payment:
    """End an attempt without money. The order keeps its pieces, and the buyer may try again at once."""
    with transaction.atomic(durable=True):
        order = orders.lock(payment.order_id)
        payment = payments.lock(payment.pk)
        was_capturing = payment.state == PaymentState.CAPTURING
        if payments.move(payment, state, failure_code=failure_code):
            orders.log(order, f"payment_{state}", text=failure_code)
            if was_capturing:
                _end_capture_hold(order)
    return payment


def _end_capture_hold(order: Order) -> None:
    """The money did not come after all: the pieces are held as long as before the capture, or not at all."""
    if order.is_payable and order.pay_by is not None:
        inventory.lock(order.lines.values_list("listing_id", flat=True))
        inventory.hold_until(order, until=order.pay_by)
    elif order.state == OrderState.EXPIRED:
        discounts.release(order)
        inventory.give_back(order, Reservation.Release.ORDER_EXPIRED)


def _capture(payment: Payment) -> Payment:
    """The money is reserved: make sure the pieces are still ours, then take it; else let it go."""
    with transaction.atomic(durable=True):
        order = orders.lock_with_leader(payment.order)
        payment = payments.lock(payment.pk)
        if not payment.is_open:
            return payment
        payments.move(payment, PaymentState.AUTHORISED)
        # A payment found already capturing was secured by whoever moved it there.
        is_secured = payment.state == PaymentState.CAPTURING or _secure_pieces(order)
        if is_secured:
            payments.move(payment, PaymentState.CAPTURING)
    if not is_secured:
        return _let_go(payment)
    answer = payments.capture_at_provider(payment)
    if answer.status == ProviderStatus.CAPTURED:
        # Perhaps by somebody else in this moment, and for another amount.
        return _apply(payment, answer)
    # Where the bank is still busy with it, money may come in yet: to be asked again.
    _require_closed(answer)
    # The provider let the authorisation lapse in the meantime: no money was taken.
    return _close(payment, PaymentState.VOIDED, failure_code="authorisation_lapsed")


def _secure_pieces(order: Order) -> bool:
    """Hold an order's pieces against everybody while its money is taken; False when one is lost.

    The order is locked, and so is the one it joined. A claim that lapsed is claimed again where the piece is free:
    the order is then late. So it is with what went back when the order expired: a coupon's use, points, voucher
    money, and shipping that the order it joined had paid.
    """
    if order.state not in (OrderState.AWAITING_PAYMENT, OrderState.EXPIRED):
        return False
    if order.state == OrderState.EXPIRED and not credits.can_pass_on(order):
        return False
    with transaction.atomic():
        is_whole = discounts.take(order)
        inventory.lock(order.lines.values_list("listing_id", flat=True))
        if not is_whole or inventory.reclaim(order, hold=inventory.CAPTURE_HOLD):
            transaction.set_rollback(True)
            return False
    inventory.extend(order, hold=inventory.CAPTURE_HOLD, once=False)
    return True


def _complete(payment: Payment, *, by: User | None = None) -> Payment:
    """The money is here: sell the pieces and mark the order paid, with mail and points in the same transaction.

    Where the pieces are gone or the order is paid already, the money goes back, once.
    """
    refund = None
    with transaction.atomic(durable=True):
        order = orders.lock_with_leader(payment.order)
        payment = payments.lock(payment.pk)
        was_waiting = order.state == OrderState.AWAITING_PAYMENT
        if not payments.move(payment, PaymentState.CAPTURED) and not _pass_through(payment):
            return payment
        if _secure_pieces(order):
            order.is_late = not was_waiting or bool(order.pay_by and order.pay_by < database_now())
            order.payment_method = payment.gateway
            order.save(update_fields=["is_late", "payment_method"])
            _sell(order, by=by)
        else:
            refund = _owe_back(order, payment)
    if refund is not None:
        _pay_out(refund)
    return payment


def _sell(order: Order, *, by: User | None) -> None:
    """Everything a paid order brings about, in the transaction that makes it paid."""
    inventory.sell(order)
    orders.move(order, OrderState.PAID, kind="paid", by=by)
    rewards.commit(order)
    rewards.earn(order)
    paper_tasks.issue_invoice.defer(order_id=order.pk)
    if vouchers.issue(order):
        # They travel by mail, which says that they are paid as well.
        orders.move(order, OrderState.DELIVERED, kind="vouchers_mailed", by=by)
    else:
        tasks.send_order_mail.defer(order_id=order.pk, kind="paid")


def _owe_back(order: Order, payment: Payment, *, amount: Decimal | None = None) -> Refund | None:
    """Decide that captured money goes back, once for each attempt, and tell the buyer. Both rows are locked.

    All of it, unless the provider took another `amount`. None where a voucher had paid for everything.
    """
    was_waiting = order.is_payable
    _end_unpaid(order)
    if not payment.amount:
        if was_waiting:
            tasks.send_order_mail.defer(order_id=order.pk, kind="expired")
        return None
    amount = payment.amount if amount is None else amount
    refund = payments.decide_refund(payment, amount=amount, reason_key=f"refund-auto-{payment.attempt}")
    tasks.send_order_mail.defer(order_id=order.pk, kind="payment_returned")
    return refund


def _pay_out(refund: Refund) -> None:
    """Give decided money back now; where the provider does not answer, the task goes on trying."""
    try:
        payments.pay_out(refund)
    except PaymentUnconfirmed:
        logger.warning("refund_postponed", refund=refund.pk)


def _pass_through(payment: Payment) -> bool:
    """Walk a payment the provider has captured already through the states in between."""
    for state in (PaymentState.ACTION_REQUIRED, PaymentState.AUTHORISED, PaymentState.CAPTURING):
        payments.move(payment, state)
    return payments.move(payment, PaymentState.CAPTURED)


def _let_go(payment: Payment, *, taken: ProviderPayment | None = None) -> Payment:
    """Give back money that must not be kept; tell the buyer. Called outside any transaction.

    `taken`: what the provider says where it has captured already, another amount than was ordered.
    """
    if taken is not None:
        with transaction.atomic(durable=True):
            order = orders.lock(payment.order_id)
            payment = payments.lock(payment.pk)
            _pass_through(payment)
            refund = _owe_back(order, payment, amount=_at_most_ordered(payment, taken))
        if refund is not None:
            _pay_out(refund)
        return payment
    answer = payments.void_at_provider(payment)
    if answer.status == ProviderStatus.CAPTURED:
        # Another process found the pieces free a moment later and took the money: it has to be dealt with.
        return _apply(payment, answer)
    _require_closed(answer)
    with transaction.atomic(durable=True):
        order = orders.lock(payment.order_id)
        payment = payments.lock(payment.pk)
        if payments.move(payment, PaymentState.VOIDED, failure_code="piece_gone"):
            orders.log(order, "payment_voided", text="piece_gone")
            _end_unpaid(order)
            if not order.is_paid:
                tasks.send_order_mail.defer(order_id=order.pk, kind="payment_returned")
    return payment


def _at_most_ordered(payment: Payment, taken: ProviderPayment) -> Decimal:
    """What can be given back of it here: a provider refuses more than it took, the books more than was asked for.

    What it took beyond that, or in another currency, the nightly comparison brings before staff.
    """
    if taken.currency.upper() != payment.currency:
        return payment.amount
    return min(from_minor_units(taken.amount_minor, payment.currency), payment.amount)


def _end_unpaid(order: Order) -> None:
    """Expire a locked order that cannot be paid any more; one that is paid by another attempt stays."""
    if order.state == OrderState.AWAITING_PAYMENT:
        discounts.release(order)
        inventory.give_back(order, Reservation.Release.ORDER_EXPIRED)
        orders.move(order, OrderState.EXPIRED, kind="expired")


def close_attempt(payment: Payment) -> Payment:
    """End an open attempt, unless the provider says it went through: then it counts.

    Never frees anything while the provider says authorised or captured. Raises PaymentUnconfirmed.
    """
    payment = refresh(payment)
    if not payment.is_open:
        return payment
    answer = payments.void_at_provider(payment)
    if answer.status in (ProviderStatus.AUTHORISED, ProviderStatus.CAPTURED):
        return _apply(payment, answer)
    _require_closed(answer)
    return _close(payment, PaymentState.EXPIRED if _is_over(payment) else PaymentState.VOIDED)


def _require_closed(answer: ProviderPayment) -> None:
    """Nothing is given up here while money could still come in there. Raises PaymentUnconfirmed."""
    if answer.status not in (ProviderStatus.VOIDED, ProviderStatus.EXPIRED, ProviderStatus.DECLINED):
        raise PaymentUnconfirmed


def confirm_transfer(order: Order, *, by: User) -> Payment:
    """Staff saw the transfer on the account statement. Raises OrderMoveRefused without a transfer to confirm.

    A transfer may arrive after its attempt was given up: the buyer changed the method, cancelled, or was late.
    Then it pays the order if nothing else has and the pieces are to be had, else it is owed back.
    """
    transfers = order.payments.filter(gateway="bank_transfer")
    payment = transfers.filter(state__in=TRANSFER_STATES).order_by("-attempt").first()
    # One that came in was confirmed already: confirming again must not invent a second one to send back.
    if payment is None or transfers.filter(state__in=payments.MONEY_STATES).exists():
        raise OrderMoveRefused
    return _complete(payment, by=by)


def expire(order: Order) -> Order:
    """End an order whose time to pay is over and free its pieces, unless its payment went through after all.

    Raises PaymentUnconfirmed while the provider cannot say.
    """
    attempt = payments.open_attempt(order)
    if attempt is not None:
        close_attempt(attempt)
    with transaction.atomic(durable=True):
        order = orders.lock(order.pk)
        is_over = overdue().filter(pk=order.pk).exists()
        if order.is_payable and is_over and payments.open_attempt(order) is None:
            _end_unpaid(order)
            tasks.send_order_mail.defer(order_id=order.pk, kind="expired")
    return order


def cancel(
    order: Order, *, by: User | None = None, reason: str = "", check: Callable[[], object] | None = None
) -> Order:
    """Cancel an order that has not left the house: free or take back its pieces and return the money in full.

    `check` is called with the order locked, and raises where it is not to be cancelled any more.
    Raises OrderMoveRefused once it is shipped, PaymentUnconfirmed while the provider cannot say.
    """
    attempt = payments.open_attempt(order)
    if attempt is not None:
        close_attempt(attempt)
    with transaction.atomic(durable=True):
        order = orders.lock(order.pk)
        if check is not None:
            check()
        was_paid = order.is_paid
        orders.move(order, OrderState.CANCELLED, kind="cancelled", by=by, text=reason)
        credit = None
        if was_paid:
            # The mail about the cancellation says what goes back.
            credit = credits.decide_all(order, reason_key="cancelled", reason=reason, by=by, tell=False)
        else:
            discounts.release(order)
        inventory.give_back(order, Reservation.Release.CANCELLED)
        tasks.send_order_mail.defer(order_id=order.pk, kind="cancelled")
    if credit is not None:
        credits.pay_out(credit)
    return order


def overdue() -> QuerySet[Order]:
    """Unpaid orders whose time is over, by the database's clock: the one their claims lapse by."""
    return Order.objects.filter(state=OrderState.AWAITING_PAYMENT, pay_by__lt=Now())
