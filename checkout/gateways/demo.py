"""A provider to try the shop with: a local page where the visitor plays the bank.

It keeps its own records, as a real provider does, and knows no orders. It exists only while the demo
setting is on and no real keys are set; production settings refuse to start with the demo on.
"""

import secrets
from datetime import datetime
from decimal import Decimal
from typing import ClassVar

from django.conf import settings
from django.db import transaction
from django.urls import reverse

from checkout.clock import database_now
from checkout.gateways.base import GatewayUnreachable, ProviderPayment, ProviderRefund, ProviderStatus, RefundStatus
from checkout.models import DemoPayment, Payment
from checkout.vocabularies import PaymentMethod

_STATUS = {
    DemoPayment.Status.OPEN: ProviderStatus.OPEN,
    DemoPayment.Status.NEEDS_CONFIRMATION: ProviderStatus.OPEN,
    DemoPayment.Status.AUTHORISED: ProviderStatus.AUTHORISED,
    DemoPayment.Status.CAPTURED: ProviderStatus.CAPTURED,
    DemoPayment.Status.DECLINED: ProviderStatus.DECLINED,
    DemoPayment.Status.VOIDED: ProviderStatus.VOIDED,
    DemoPayment.Status.EXPIRED: ProviderStatus.EXPIRED,
}


class DemoGateway:
    code: ClassVar[str] = "demo"
    name = PaymentMethod.DEMO.label

    def is_offered(self, currency: str, amount: Decimal | None = None) -> bool:
        return bool(settings.DEMO) and not settings.STRIPE_SECRET_KEY

    def create(self, payment: Payment, *, return_url: str, expires_at: datetime) -> ProviderPayment:
        record, _created = DemoPayment.objects.get_or_create(
            idempotency_key=f"{payment.key}-create",
            defaults={
                "reference": f"demo_{secrets.token_urlsafe(16)}",
                "currency": payment.currency,
                "amount_minor": payment.amount_minor,
                "return_url": return_url,
                "expires_at": expires_at,
            },
        )
        return _answer(record)

    def fetch(self, payment: Payment) -> ProviderPayment:
        with transaction.atomic():
            return _answer(_lapse(_locked(payment)))

    def capture(self, payment: Payment) -> ProviderPayment:
        return _answer(_move(payment, {DemoPayment.Status.AUTHORISED}, DemoPayment.Status.CAPTURED))

    def void(self, payment: Payment) -> ProviderPayment:
        closable = {
            DemoPayment.Status.OPEN,
            DemoPayment.Status.NEEDS_CONFIRMATION,
            DemoPayment.Status.AUTHORISED,
        }
        return _answer(_move(payment, closable, DemoPayment.Status.VOIDED))

    def refund(self, payment: Payment, *, amount_minor: int, key: str) -> ProviderRefund:
        with transaction.atomic():
            record = _locked(payment)
            if key not in record.refund_keys:
                left = record.amount_minor - record.refunded_minor
                if record.status != DemoPayment.Status.CAPTURED or amount_minor > left:
                    raise GatewayUnreachable("the demo provider refuses the refund")
                record.refunded_minor += amount_minor
                record.refund_keys.append(key)
                record.save(update_fields=["refunded_minor", "refund_keys"])
        return self.fetch_refund(f"demo_{key}")

    def fetch_refund(self, reference: str) -> ProviderRefund:
        return ProviderRefund(reference=reference, status=RefundStatus.DONE)


def decide(reference: str, decision: str) -> DemoPayment:
    """Do what the visitor chose on the demo page: approve, challenge, decline or cancel.

    A decision on a payment that is no longer open changes nothing. Raises DemoPayment.DoesNotExist.
    """
    outcomes = {
        "approve": DemoPayment.Status.AUTHORISED,
        "challenge": DemoPayment.Status.NEEDS_CONFIRMATION,
        "decline": DemoPayment.Status.DECLINED,
        "cancel": DemoPayment.Status.VOIDED,
    }
    with transaction.atomic():
        record = _lapse(DemoPayment.objects.select_for_update().get(reference=reference))
        is_open = record.status in (DemoPayment.Status.OPEN, DemoPayment.Status.NEEDS_CONFIRMATION)
        if is_open and decision in outcomes:
            record.status = outcomes[decision]
            record.save(update_fields=["status"])
    return record


def _locked(payment: Payment) -> DemoPayment:
    record = DemoPayment.objects.select_for_update().filter(reference=payment.reference).first()
    if record is None:
        raise GatewayUnreachable("the demo provider does not know this payment")
    return record


def _lapse(record: DemoPayment) -> DemoPayment:
    """Close a record nobody decided on in time; the row must be locked."""
    undecided = record.status in (DemoPayment.Status.OPEN, DemoPayment.Status.NEEDS_CONFIRMATION)
    if undecided and record.expires_at < database_now():
        record.status = DemoPayment.Status.EXPIRED
        record.save(update_fields=["status"])
    return record


def _move(payment: Payment, sources: set[DemoPayment.Status], target: DemoPayment.Status) -> DemoPayment:
    with transaction.atomic():
        record = _lapse(_locked(payment))
        if record.status in sources:
            record.status = target
            record.save(update_fields=["status"])
    return record


def _answer(record: DemoPayment) -> ProviderPayment:
    return ProviderPayment(
        reference=record.reference,
        status=_STATUS[DemoPayment.Status(record.status)],
        currency=record.currency,
        amount_minor=record.amount_minor,
        pay_url=reverse("checkout:demo_payment", kwargs={"reference": record.reference}),
        expires_at=record.expires_at,
        failure_code="card_declined" if record.status == DemoPayment.Status.DECLINED else "",
    )
