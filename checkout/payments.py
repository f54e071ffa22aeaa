"""Attempts to pay an order: opened, moved forward, closed and refunded. What they mean for the order is
decided in checkout.settlement."""

from datetime import datetime, timedelta
from decimal import Decimal

from django.db import transaction
from django.db.models import Sum
from django.utils import timezone

from checkout.errors import PaymentMethodUnavailable, PaymentUnconfirmed
from checkout.gateways import offered
from checkout.gateways.base import Gateway, GatewayUnreachable, ProviderPayment
from checkout.models import Order, Payment, PaymentState, Refund
from checkout.models.payment import OPEN_PAYMENT_STATES, PAYMENT_MOVES
from checkout.money import to_minor_units

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


def gateway_of(code: str, currency: str) -> Gateway:
    """The gateway a buyer chose. Raises PaymentMethodUnavailable when it is not offered in the currency."""
    for gateway in offered.for_currency(currency):
        if gateway.code == code:
            return gateway
    raise PaymentMethodUnavailable(offered=[gateway.code for gateway in offered.for_currency(currency)])


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
        amount=order.total_amount,
        amount_minor=to_minor_units(order.total_amount, order.currency),
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

    Repeating it is safe: the provider knows the attempt by its key. `until`: when the order's claim lapses.
    Raises PaymentUnconfirmed when the provider did not answer.
    """
    gateway = offered.by_code(payment.gateway)
    expires_at = until if payment.gateway == "bank_transfer" else min(timezone.now() + SESSION, until)
    try:
        answer = gateway.create(payment, return_url=return_url, expires_at=expires_at)
    except GatewayUnreachable as error:
        raise PaymentUnconfirmed from error
    with transaction.atomic():
        payment = lock(payment.pk)
        payment.reference = answer.reference
        payment.pay_url = answer.pay_url
        payment.expires_at = answer.expires_at
        payment.save(update_fields=["reference", "pay_url", "expires_at"])
        move(payment, PaymentState.ACTION_REQUIRED)
    return payment


def lock(payment_id: int) -> Payment:
    """The payment, locked until the end of the transaction."""
    return Payment.objects.select_for_update(of=("self",)).select_related("order").get(pk=payment_id)


def fetch(payment: Payment) -> ProviderPayment:
    """The provider's record now. Raises PaymentUnconfirmed; call outside any transaction."""
    try:
        return offered.by_code(payment.gateway).fetch(payment)
    except GatewayUnreachable as error:
        raise PaymentUnconfirmed from error


def is_as_ordered(payment: Payment, answer: ProviderPayment) -> bool:
    """I6: the provider holds exactly the order's total, in its currency."""
    return answer.amount_minor == payment.amount_minor and answer.currency.upper() == payment.currency


def void_at_provider(payment: Payment) -> ProviderPayment:
    """Let authorised money go. Raises PaymentUnconfirmed; call outside any transaction."""
    try:
        return offered.by_code(payment.gateway).void(payment)
    except GatewayUnreachable as error:
        raise PaymentUnconfirmed from error


def capture_at_provider(payment: Payment) -> ProviderPayment:
    """Take authorised money. Raises PaymentUnconfirmed; call outside any transaction."""
    try:
        return offered.by_code(payment.gateway).capture(payment)
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

    A gateway without refunds leaves it due: staff send the money and confirm with `confirm_paid_out`.
    """
    if refund.state == Refund.State.DONE:
        return refund
    gateway = offered.by_code(refund.payment.gateway)
    try:
        reference = gateway.refund(
            refund.payment,
            amount_minor=refund.amount_minor,
            key=f"refund-{refund.payment_id}-{refund.reason_key}",
        )
    except GatewayUnreachable as error:
        raise PaymentUnconfirmed from error
    return confirm_paid_out(refund, reference=reference) if reference else refund


def confirm_paid_out(refund: Refund, *, reference: str) -> Refund:
    """Note that refunded money has left, and what is now refunded of the payment and the order."""
    with transaction.atomic():
        # The order first, as everywhere: it is written below, and a cancellation may be waiting for the payment.
        order = Order.objects.select_for_update(of=("self",)).get(pk=refund.payment.order_id)
        payment = lock(refund.payment_id)
        refund = Refund.objects.select_for_update().get(pk=refund.pk)
        if refund.state == Refund.State.DONE:
            return refund
        refund.state = Refund.State.DONE
        refund.reference = reference[:120]
        refund.done_at = timezone.now()
        refund.save(update_fields=["state", "reference", "done_at"])
        done = payment.refunds.filter(state=Refund.State.DONE).aggregate(Sum("amount"))["amount__sum"] or Decimal(0)
        payment.refunded_amount = done
        payment.save(update_fields=["refunded_amount"])
        move(payment, PaymentState.REFUNDED if done >= payment.amount else PaymentState.PART_REFUNDED)
        order.refund_state = _refund_state_of(order)
        order.save(update_fields=["refund_state"])
    return refund


def _refund_state_of(order: Order) -> Order.Refund:
    """How much of what the order costs was given back; money that came twice and went back once is no refund."""
    money = order.payments.filter(state__in=MONEY_STATES).aggregate(Sum("amount"), Sum("refunded_amount"))
    kept = (money["amount__sum"] or Decimal(0)) - (money["refunded_amount__sum"] or Decimal(0))
    if kept >= order.total_amount:
        return Order.Refund.NONE
    return Order.Refund.PART if kept > 0 else Order.Refund.FULL
