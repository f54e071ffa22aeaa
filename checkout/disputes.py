"""Disputes: while the bank asks, and after it decided for the buyer, nothing leaves the house."""

import structlog
from django.db import transaction
from django.utils import timezone

from checkout import orders, payments
from checkout.gateways.stripe.enquiries import ProviderDispute
from checkout.models import Dispute, Payment

logger = structlog.get_logger(__name__)
# A dispute never opens again by an answer that was asked for earlier and came later.
_MOVES = {
    Dispute.State.OPEN: (Dispute.State.WON, Dispute.State.LOST),
    Dispute.State.LOST: (Dispute.State.WON,),
    Dispute.State.WON: (),
}


def note(found: ProviderDispute) -> str:
    """Keep a dispute as the provider has it now; freeze its order, or let it go on. Returns what was done."""
    payment = Payment.objects.filter(gateway="stripe", intent_reference=found.intent_reference).first()
    if payment is None or not found.intent_reference:
        logger.error("dispute_of_unknown_payment", dispute=found.reference)
        return "unknown payment"
    with transaction.atomic(durable=True):
        order = orders.lock(payment.order_id)
        payment = payments.lock(payment.pk)
        dispute, is_new = Dispute.objects.get_or_create(
            reference=found.reference,
            defaults={
                "payment": payment,
                "reason": found.reason[:60],
                "amount_minor": found.amount_minor,
                "opened_at": found.opened_at,
            },
        )
        if is_new:
            orders.log(order, "dispute_opened", text=found.reason)
            logger.error("dispute_opened", order=order.number, reason=found.reason)
        state = Dispute.State(found.status)
        if state in _MOVES[Dispute.State(dispute.state)]:
            dispute.state = state
            dispute.closed_at = timezone.now()
            dispute.save(update_fields=["state", "closed_at"])
            orders.log(order, f"dispute_{state}", text=found.reason)
        payments.follow_disputes(order, payment)
        # After a lost one the money is gone: staff cancel the order.
        holding = Dispute.objects.filter(payment__order=order).exclude(state=Dispute.State.WON)
        order.is_disputed = holding.exists()
        order.save(update_fields=["is_disputed"])
    return f"dispute {dispute.state}"
