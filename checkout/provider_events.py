"""Events a provider sends: each recorded once, and followed by asking the provider what is true now.

An event only says where to look. So they may come twice, late, in any order or never, and the end is the same.
"""

from datetime import timedelta

import structlog
from django.db import transaction
from django.utils import timezone

from checkout import disputes, payments, provider_tasks, settlement
from checkout.errors import PaymentUnconfirmed
from checkout.gateways.base import GatewayUnreachable
from checkout.gateways.stripe import enquiries
from checkout.gateways.stripe.webhooks import ProviderNotice
from checkout.models import Payment, ProviderEvent, Refund

logger = structlog.get_logger(__name__)
STRIPE = "stripe"
# What the shop acts upon; everything else is recorded and left. Stripe lists at most twenty kinds at once.
KINDS = [
    "checkout.session.completed",
    "checkout.session.expired",
    "checkout.session.async_payment_succeeded",
    "checkout.session.async_payment_failed",
    "payment_intent.amount_capturable_updated",
    "payment_intent.canceled",
    "payment_intent.payment_failed",
    "payment_intent.succeeded",
    "charge.captured",
    "charge.updated",
    "refund.created",
    "refund.updated",
    "refund.failed",
    "charge.dispute.created",
    "charge.dispute.updated",
    "charge.dispute.closed",
    "charge.dispute.funds_withdrawn",
    "charge.dispute.funds_reinstated",
]
# How far back events are asked for again: they are made a moment before they can be listed.
OVERLAP = timedelta(hours=1)
# Where there is nothing to begin from. Stripe keeps events for thirty days.
FIRST_LOOK = timedelta(days=3)
# Longer than Stripe lists an event, else it would come again, and than the 120 days in which most payments can be
# disputed: https://docs.stripe.com/disputes/how-disputes-work
KEPT = timedelta(days=180)
BATCH = 1000


def record(notice: ProviderNotice) -> bool:
    """Keep an event and enqueue what follows, in one transaction; False when it was here before."""
    with transaction.atomic(durable=True):
        event, is_new = ProviderEvent.objects.get_or_create(
            gateway=STRIPE,
            event_id=notice.event_id,
            defaults={
                "kind": notice.kind[:80],
                "object_id": notice.object_id,
                "created_at": notice.created_at,
            },
        )
        if is_new:
            provider_tasks.process_provider_event.defer(event_pk=event.pk)
    return is_new


def process(event: ProviderEvent) -> ProviderEvent:
    """Do what follows from an event, and note it. Raises PaymentUnconfirmed; call outside any transaction."""
    if event.processed_at is None:
        try:
            event.outcome = _follow(event.kind, event.object_id)[:120]
        except GatewayUnreachable as error:
            raise PaymentUnconfirmed from error
        event.processed_at = timezone.now()
        event.save(update_fields=["outcome", "processed_at"])
    return event


def _follow(kind: str, object_id: str) -> str:
    if kind not in KINDS:
        return "ignored"
    if kind.startswith("charge.dispute."):
        return disputes.note(enquiries.dispute(object_id))
    if kind.startswith("refund."):
        refund = Refund.objects.filter(reference=object_id, payment__gateway=STRIPE).first()
        # One whose answer was lost is found when it is paid out again; one made in the dashboard, by the nightly
        # comparison.
        return f"refund {payments.refresh_refund(refund).state}" if refund else "unknown refund"
    payment = _payment_of(kind, object_id)
    if payment is None:
        return "unknown payment"
    if kind.startswith("charge."):
        payments.fetch(payment)
        return "fee noted"
    return f"payment {settlement.refresh(payment).state}"


def _payment_of(kind: str, object_id: str) -> Payment | None:
    known = Payment.objects.filter(gateway=STRIPE)
    if kind.startswith("checkout.session."):
        return known.filter(reference=object_id).first()
    intent = enquiries.intent_of_charge(object_id) if kind.startswith("charge.") else object_id
    found = known.filter(intent_reference=intent).first() if intent else None
    if found is None and intent and not kind.startswith("charge."):
        # Its page was never asked about since it was paid.
        number = enquiries.payment_of_intent(intent)
        found = known.filter(pk=number).first() if number is not None else None
    return found


def fetch_missed() -> int:
    """Record the events that were never delivered, and put unfinished ones back to work; says how many.

    Raises GatewayUnreachable.
    """
    last = ProviderEvent.objects.filter(gateway=STRIPE).order_by("-created_at").first()
    since = last.created_at - OVERLAP if last else timezone.now() - FIRST_LOOK
    # All of them before the first is kept, the oldest first: whatever interrupts it, the next run begins early enough.
    missed = list(enquiries.events_since(since, kinds=KINDS))
    count = sum(record(notice) for notice in reversed(missed))
    if count:
        logger.warning("provider_events_missed", count=count)
    return count


def forget_old() -> int:
    """Delete events that were dealt with long ago: they lead to who paid what. Returns how many.

    In batches, each a transaction of its own, so that no great delete holds others up.
    """
    old = ProviderEvent.objects.filter(processed_at__lt=timezone.now() - KEPT).order_by("pk")
    count = 0
    while batch := list(old.values_list("pk", flat=True)[:BATCH]):
        count += ProviderEvent.objects.filter(pk__in=batch).delete()[0]
    return count
