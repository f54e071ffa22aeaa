"""Attempts to pay an order: opened, moved forward, closed and refunded. What they mean for the order is
decided in checkout.settlement."""

from datetime import datetime, timedelta
from decimal import Decimal

import structlog
from django.db import transaction
from django.db.models import Sum
from django.utils import timezone

from checkout.clock import database_now
from checkout.errors import OrderMoveRefused, PaymentMethodUnavailable, PaymentUnconfirmed
from checkout.gateways import offered
from checkout.gateways.base import (
    Gateway,
    GatewayUnreachable,
    ProviderPayment,
    ProviderRefund,
    ProviderStatus,
    RefundStatus,
)
from checkout.models import Dispute, Order, OrderEvent, Payment, PaymentState, Refund
from checkout.models.payment import OPEN_PAYMENT_STATES, PAYMENT_MOVES, REFUND_MOVES, RefundState
from checkout.money import to_minor_units
from shop.models import User

logger = structlog.get_logger(__name__)

# A provider's payment page closes before the reservation does, so a payment always finds its piece.
SESSION = timedelta(minutes=31)
# Money has come in, whatever has become of it since.
MONEY_STATES = (PaymentState.CAPTURED, PaymentState.PART_REFUNDED, PaymentState.REFUNDED)
_TIMES = {
    PaymentState.AUTHORISED: "authorised_at",
    PaymentState.CAPTURED: "captured_at",
    PaymentState.FAILED: "closed_at",
    PaymentState.VOIDED: "closed_at",
    PaymentState.EXPIRED: "closed_at",
}


def gateway_of(code: str, currency: str, amount: Decimal | None = None) -> Gateway:
    """The gateway a buyer chose. Raises PaymentMethodUnavailable when it is not offered for this much of this."""
    gateways = offered.for_currency(currency, amount)
    for gateway in gateways:
        if gateway.code == code:
            return gateway
    raise PaymentMethodUnavailable(offered=[gateway.code for gateway in gateways])


def gateway_for(order: Order, code: str) -> Gateway:
    """The gateway for an order's payment: the chosen one, or the one that asks for nothing where nothing is due.

    Raises PaymentMethodUnavailable.
    """
    return offered.by_code("covered") if order.due_amount == 0 else gateway_of(code, order.currency, order.due_amount)


def open_attempt(order: Order) -> Payment | None:
    """The one attempt of the order that is still open."""
    return order.payments.filter(state__in=OPEN_PAYMENT_STATES).first()


def begin(order: Order, gateway: Gateway) -> Payment:
    """Record the intent to pay, before the provider hears of it. The order's row must be locked."""
    last = order.payments.order_by("-attempt").first()
    return Payment.objects.create(
        order=order,
        attempt=(last.attempt if last else 0) + 1,
        gateway=gateway.code,
        currency=order.currency,
        amount=order.due_amount,
        amount_minor=to_minor_units(order.due_amount, order.currency),
        # What the provider's page closes by is counted from here, on the clock that claims are judged by.
        created_at=database_now(),
    )


def move(payment: Payment, state: PaymentState, *, failure_code: str = "") -> bool:
    """Move a locked payment forward; False when it is there already or past it. Never moves it back."""
    if state not in PAYMENT_MOVES[PaymentState(payment.state)]:
        return False
    payment.state = state
    fields = ["state"]
    if state in _TIMES:
        setattr(payment, _TIMES[state], timezone.now())
        fields.append(_TIMES[state])
    if failure_code:
        payment.failure_code = failure_code[:60]
        fields.append("failure_code")
    payment.save(update_fields=fields)
    return True


def create_at_provider(payment: Payment, *, return_url: str, until: datetime) -> Payment:
    """Open the attempt at its provider and store the answer. Call outside any transaction.

    Repeating it is safe: the provider knows the attempt by its key, and is told the same again. `until`: when
    the order's claim lapses. Raises PaymentUnconfirmed when the provider did not answer, and
    PaymentMethodUnavailable when it will not open this payment; the attempt has then failed.
    """
    gateway = offered.by_code(payment.gateway)
    expires_at = until if payment.gateway == "bank_transfer" else min(payment.created_at + SESSION, until)
    try:
        answer = gateway.create(payment, return_url=return_url, expires_at=expires_at)
    except GatewayUnreachable as error:
        raise PaymentUnconfirmed from error
    with transaction.atomic():
        payment = lock(payment.pk)
        is_refused = answer.status == ProviderStatus.DECLINED and not answer.reference
        if is_refused:
            move(payment, PaymentState.FAILED, failure_code=answer.failure_code)
        else:
            payment.reference = answer.reference
            payment.pay_url = answer.pay_url
            # The provider may keep its page open longer than the claim holds; the shop then closes it.
            payment.expires_at = answer.expires_at and min(answer.expires_at, until)
            payment.save(update_fields=["reference", "pay_url", "expires_at"])
            move(payment, PaymentState.ACTION_REQUIRED)
    if is_refused:
        raise PaymentMethodUnavailable
    return payment


def lock(payment_id: int) -> Payment:
    """The payment, locked until the end of the transaction."""
    return Payment.objects.select_for_update(of=("self",)).select_related("order").get(pk=payment_id)


def fetch(payment: Payment) -> ProviderPayment:
    """The provider's record now. Raises PaymentUnconfirmed; call outside any transaction."""
    try:
        return _keep_facts(payment, offered.by_code(payment.gateway).fetch(payment))
    except GatewayUnreachable as error:
        raise PaymentUnconfirmed from error


def _keep_facts(payment: Payment, answer: ProviderPayment) -> ProviderPayment:
    """Store what the provider says beside the state: its second reference, its fee and what is left."""
    facts: dict[str, str | int] = {}
    if answer.intent_reference:
        facts["intent_reference"] = answer.intent_reference
    if answer.balance is not None:
        facts["balance_reference"] = answer.balance.reference
        facts["settled_currency"] = answer.balance.currency
        facts["fee_minor"] = answer.balance.fee_minor
        facts["net_minor"] = answer.balance.net_minor
    changed = {name: value for name, value in facts.items() if getattr(payment, name) != value}
    if changed:
        Payment.objects.filter(pk=payment.pk).update(**changed)
        for name, value in changed.items():
            setattr(payment, name, value)
    return answer


def is_as_ordered(payment: Payment, answer: ProviderPayment) -> bool:
    """I6: the provider holds exactly what is due for the order, in its currency."""
    return answer.amount_minor == payment.amount_minor and answer.currency.upper() == payment.currency


def void_at_provider(payment: Payment) -> ProviderPayment:
    """Let authorised money go. Raises PaymentUnconfirmed; call outside any transaction."""
    try:
        return _keep_facts(payment, offered.by_code(payment.gateway).void(payment))
    except GatewayUnreachable as error:
        raise PaymentUnconfirmed from error


def capture_at_provider(payment: Payment) -> ProviderPayment:
    """Take authorised money. Raises PaymentUnconfirmed; call outside any transaction."""
    try:
        return _keep_facts(payment, offered.by_code(payment.gateway).capture(payment))
    except GatewayUnreachable as error:
        raise PaymentUnconfirmed from error


def decide_refund(payment: Payment, *, amount: Decimal, reason_key: str) -> Refund:
    """Record that money is to be given back, once for each reason. The payment must be locked."""
    refund, _created = Refund.objects.get_or_create(
        payment=payment,
        reason_key=reason_key,
        defaults={"amount": amount, "amount_minor": to_minor_units(amount, payment.currency)},
    )
    return refund


def decided(payment: Payment) -> Decimal:
    """What was decided to be given back of a payment, paid out or not yet."""
    return payment.refunds.aggregate(Sum("amount"))["amount__sum"] or Decimal(0)


def pay_out(refund: Refund) -> Refund:
    """Give decided money back through the provider; call outside any transaction. Repeating it is safe.

    A gateway without refunds leaves it due: staff send the money and confirm with `confirm_paid_out`. One that
    failed stays so until staff say `try_refund_again`. Raises PaymentUnconfirmed.
    """
    if refund.state != RefundState.DUE:
        return refund
    key = f"refund-{refund.payment_id}-{refund.reason_key}"
    if refund.tries:
        key = f"{key}-{refund.tries}"
    try:
        answer = offered.by_code(refund.payment.gateway).refund(
            refund.payment, amount_minor=refund.amount_minor, key=key
        )
    except GatewayUnreachable as error:
        raise PaymentUnconfirmed from error
    return note_refund(refund, answer) if answer is not None else refund


def refresh_refund(refund: Refund) -> Refund:
    """Ask the provider what became of a refund. Raises PaymentUnconfirmed; call outside any transaction."""
    refund = Refund.objects.select_related("payment").get(pk=refund.pk)
    if not refund.reference:
        return refund
    try:
        answer = offered.by_code(refund.payment.gateway).fetch_refund(refund.reference)
    except GatewayUnreachable as error:
        raise PaymentUnconfirmed from error
    return note_refund(refund, answer)


def try_refund_again(refund: Refund, *, by: User) -> Refund:
    """Ask the provider anew for a refund it failed, under a key of its own. Raises PaymentUnconfirmed."""
    with transaction.atomic():
        Order.objects.select_for_update(of=("self",)).get(pk=refund.payment.order_id)
        refund = Refund.objects.select_for_update(of=("self",)).select_related("payment").get(pk=refund.pk)
        if refund.state == RefundState.FAILED:
            refund.state = RefundState.DUE
            refund.tries += 1
            refund.reference = ""
            refund.save(update_fields=["state", "tries", "reference"])
            OrderEvent.objects.create(order_id=refund.payment.order_id, kind="refund_tried_again", actor=by)
    return pay_out(refund)


def is_sent_by_hand(refund: Refund) -> bool:
    """Whether staff send it: a transfer, or what the provider could not give back.

    Not while a bank may still take it back for the buyer: it would come twice.
    """
    if refund.payment.gateway == "bank_transfer":
        return refund.state != RefundState.DONE
    is_disputed = refund.payment.disputes.filter(state=Dispute.State.OPEN).exists()
    return refund.state == RefundState.FAILED and not is_disputed


def confirm_paid_out(refund: Refund, *, reference: str) -> Refund:
    """Note that staff have sent refunded money themselves.

    Raises OrderMoveRefused for one that is the provider's to send, such as since another try: it would come twice.
    """
    return note_refund(refund, ProviderRefund(reference=reference, status=RefundStatus.DONE), is_by_hand=True)


def note_refund(refund: Refund, answer: ProviderRefund, *, is_by_hand: bool = False) -> Refund:
    """Move a refund to where its provider says it is, forward only, and count anew what was given back.

    One that failed is staff's to look at: the money is still owed, until they try again or send it by hand.
    """
    state = RefundState(answer.status)
    with transaction.atomic():
        # The order first, as everywhere: it is written below, and a cancellation may be waiting for the payment.
        order = Order.objects.select_for_update(of=("self",)).get(pk=refund.payment.order_id)
        payment = lock(refund.payment_id)
        refund = Refund.objects.select_for_update(of=("self",)).select_related("payment").get(pk=refund.pk)
        if is_by_hand and refund.state != RefundState.DONE and not is_sent_by_hand(refund):
            raise OrderMoveRefused
        # What is said of another try than the last is old.
        is_old = bool(refund.reference and answer.reference and refund.reference != answer.reference)
        if (is_old and not is_by_hand) or state not in REFUND_MOVES[RefundState(refund.state)]:
            return refund
        refund.state = state
        refund.reference = answer.reference[:120] or refund.reference
        refund.done_at = timezone.now() if state == RefundState.DONE else None
        refund.save(update_fields=["state", "reference", "done_at"])
        follow_disputes(order, payment)
        refund.refresh_from_db()
        if refund.state == RefundState.FAILED:
            logger.error("refund_failed", refund=refund.pk, order=order.number, code=answer.failure_code)
            OrderEvent.objects.create(order=order, kind="refund_failed", text=answer.failure_code[:300])
    return refund


def follow_disputes(order: Order, payment: Payment) -> None:
    """Count what a bank took back for the buyer as given back, as far as it was owed; both rows are locked.

    A provider refuses to refund what was charged back. Only what it has refused is counted: what it gave back in
    the same moment was no chargeback. Where the shop wins in the end after all, it owes that money again.
    """
    for dispute in payment.disputes.all():
        counted = payment.refunds.filter(reference=dispute.reference, state=RefundState.DONE)
        if dispute.state != Dispute.State.LOST:
            counted.update(state=RefundState.FAILED, done_at=None)
            continue
        left = dispute.amount_minor - sum(counted.values_list("amount_minor", flat=True))
        for refund in payment.refunds.filter(state=RefundState.FAILED).order_by("pk"):
            if refund.amount_minor <= left:
                left -= refund.amount_minor
                refund.state = RefundState.DONE
                refund.reference = dispute.reference
                refund.done_at = timezone.now()
                refund.save(update_fields=["state", "reference", "done_at"])
                OrderEvent.objects.create(order=order, kind="refund_by_dispute", text=dispute.reference)
    _count_refunds(order, payment)


def _count_refunds(order: Order, payment: Payment) -> None:
    """What is now refunded of a payment and its order, both locked. A payment's state never goes back."""
    done = payment.refunds.filter(state=RefundState.DONE).aggregate(Sum("amount"))["amount__sum"] or Decimal(0)
    payment.refunded_amount = done
    payment.save(update_fields=["refunded_amount"])
    if done:
        move(payment, PaymentState.REFUNDED if done >= payment.amount else PaymentState.PART_REFUNDED)
    order.refund_state = refund_state_of(order)
    order.save(update_fields=["refund_state"])


def refund_state_of(order: Order) -> Order.Refund:
    """How much of what the order costs was given back, by the payment or to the gift voucher that paid.

    Money that came twice and went back once is no refund.
    """
    money = order.payments.filter(state__in=MONEY_STATES).aggregate(Sum("amount"), Sum("refunded_amount"))
    kept = (money["amount__sum"] or Decimal(0)) - (money["refunded_amount__sum"] or Decimal(0))
    if order.paid_at is not None:
        returned = order.credits.aggregate(Sum("voucher_amount"))["voucher_amount__sum"] or Decimal(0)
        kept += order.voucher_amount - returned
    if kept >= order.total_amount:
        return Order.Refund.NONE
    return Order.Refund.PART if kept > 0 else Order.Refund.FULL
