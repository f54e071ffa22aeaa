"""Stripe's objects in the words of the shop."""

from datetime import UTC, datetime

import stripe
from stripe.checkout import Session

from checkout.gateways.base import BalanceEntry, ProviderPayment, ProviderRefund, ProviderStatus, RefundStatus

# The session's intent in full, with what the capture did to the balance.
WITH_INTENT = ["payment_intent.latest_charge.balance_transaction"]
WITH_BALANCE = ["latest_charge.balance_transaction"]
_REFUNDS = {
    "succeeded": RefundStatus.DONE,
    "pending": RefundStatus.PENDING,
    "requires_action": RefundStatus.PENDING,
    "failed": RefundStatus.FAILED,
    "canceled": RefundStatus.FAILED,
}


def payment_answer(session: Session, intent: stripe.PaymentIntent | None = None) -> ProviderPayment:
    """A session with its intent as one record; `intent` where it is fresher than the session's own."""
    intent = intent or _expanded_intent(session)
    status = status_of(session.status or "", intent)
    amount = session.amount_total or 0
    currency = session.currency or ""
    if intent is not None:
        amount = intent.amount_received if status == ProviderStatus.CAPTURED else intent.amount
        currency = intent.currency
    return ProviderPayment(
        reference=session.id,
        status=status,
        currency=currency.upper(),
        amount_minor=amount,
        pay_url=session.url or "",
        expires_at=datetime.fromtimestamp(session.expires_at, UTC),
        failure_code=_failure_of(intent) if status == ProviderStatus.DECLINED else "",
        intent_reference=intent.id if intent is not None else "",
        balance=_balance_of(intent) if intent is not None else None,
    )


def _expanded_intent(session: Session) -> stripe.PaymentIntent | None:
    intent = session.payment_intent
    if isinstance(intent, str):
        raise TypeError("the session's intent was not expanded")
    return intent


def status_of(session_status: str, intent: stripe.PaymentIntent | None) -> ProviderStatus:
    """Money first, whatever the session says; then whether the page is still open.

    A declined card leaves the page open and the buyer free to try another: that is no end.
    """
    if intent is not None and intent.status == "requires_capture":
        return ProviderStatus.AUTHORISED
    if intent is not None and intent.status == "succeeded":
        return ProviderStatus.CAPTURED
    if session_status == "expired":
        return ProviderStatus.EXPIRED
    if session_status == "complete" and intent is not None:
        if intent.status == "canceled":
            return ProviderStatus.VOIDED
        if intent.status == "requires_payment_method":
            return ProviderStatus.DECLINED
    return ProviderStatus.OPEN


def _failure_of(intent: stripe.PaymentIntent | None) -> str:
    error = intent.last_payment_error if intent is not None else None
    return str((error and (error.decline_code or error.code)) or "declined")


def _balance_of(intent: stripe.PaymentIntent) -> BalanceEntry | None:
    """What the capture brought; Stripe sometimes writes it a moment later."""
    charge = intent.latest_charge
    if not isinstance(charge, stripe.Charge) or not charge.captured:
        return None
    entry = charge.balance_transaction
    if not isinstance(entry, stripe.BalanceTransaction):
        return None
    return BalanceEntry(reference=entry.id, currency=entry.currency.upper(), fee_minor=entry.fee, net_minor=entry.net)


def refund_answer(refund: stripe.Refund) -> ProviderRefund:
    """A refund as the shop keeps it."""
    return ProviderRefund(
        reference=refund.id,
        status=_REFUNDS[refund.status or "pending"],
        failure_code=getattr(refund, "failure_reason", None) or "",
    )
