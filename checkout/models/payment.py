"""Attempts to pay an order, and money given back."""

from decimal import Decimal
from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from checkout.models.order import Order
from checkout.vocabularies import Failure, PaymentMethod


class PaymentState(models.TextChoices):
    CREATED = "created", _("Created")
    ACTION_REQUIRED = "action_required", _("Waiting for the buyer")
    AUTHORISED = "authorised", _("Authorised")
    CAPTURING = "capturing", _("Being captured")
    CAPTURED = "captured", _("Captured")
    PART_REFUNDED = "part_refunded", _("Partly refunded")
    REFUNDED = "refunded", _("Refunded")
    FAILED = "failed", _("Failed")
    VOIDED = "voided", _("Voided")
    EXPIRED = "expired", _("Expired")


# Forward only; the database refuses all other moves (migration payment_states).
PAYMENT_MOVES: dict[PaymentState, tuple[PaymentState, ...]] = {
    PaymentState.CREATED: (
        PaymentState.ACTION_REQUIRED,
        PaymentState.AUTHORISED,
        PaymentState.FAILED,
        PaymentState.VOIDED,
        PaymentState.EXPIRED,
    ),
    PaymentState.ACTION_REQUIRED: (
        PaymentState.AUTHORISED,
        PaymentState.CAPTURED,
        PaymentState.FAILED,
        PaymentState.VOIDED,
        PaymentState.EXPIRED,
    ),
    PaymentState.AUTHORISED: (PaymentState.CAPTURING, PaymentState.VOIDED, PaymentState.FAILED),
    PaymentState.CAPTURING: (PaymentState.CAPTURED, PaymentState.VOIDED, PaymentState.FAILED),
    PaymentState.CAPTURED: (PaymentState.PART_REFUNDED, PaymentState.REFUNDED),
    PaymentState.PART_REFUNDED: (PaymentState.REFUNDED,),
    # A transfer may arrive after its attempt was given up: the money is here and has to be dealt with.
    PaymentState.EXPIRED: (PaymentState.CAPTURED,),
    PaymentState.VOIDED: (PaymentState.CAPTURED,),
    PaymentState.REFUNDED: (),
    PaymentState.FAILED: (),
}
OPEN_PAYMENT_STATES = (
    PaymentState.CREATED,
    PaymentState.ACTION_REQUIRED,
    PaymentState.AUTHORISED,
    PaymentState.CAPTURING,
)


class Payment(models.Model):
    """One attempt to pay an order, in the order's currency. `amount_minor` is what the provider is told."""

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="payments", verbose_name=_("order"))
    attempt = models.PositiveSmallIntegerField(_("attempt"))
    gateway = models.CharField(_("gateway"), max_length=20, choices=PaymentMethod.choices)
    state = models.CharField(_("state"), max_length=16, choices=PaymentState.choices, default=PaymentState.CREATED)
    currency = models.CharField(_("currency"), max_length=3)
    amount = models.DecimalField(_("amount"), max_digits=14, decimal_places=2)
    amount_minor = models.PositiveBigIntegerField(_("amount in minor units"))
    refunded_amount = models.DecimalField(_("refunded"), max_digits=14, decimal_places=2, default=Decimal(0))
    reference = models.CharField(_("provider's reference"), max_length=120, blank=True)
    intent_reference = models.CharField(_("provider's payment"), max_length=120, blank=True, db_index=True)
    fee_minor = models.BigIntegerField(_("fee in minor units"), null=True, blank=True)
    net_minor = models.BigIntegerField(_("net in minor units"), null=True, blank=True)
    settled_currency = models.CharField(_("settled in"), max_length=3, blank=True)
    balance_reference = models.CharField(_("balance transaction"), max_length=120, blank=True)
    pay_url = models.CharField(_("payment page"), max_length=500, blank=True)
    # Banks know more reasons than are listed; those are shown as they came.
    failure_code = models.CharField(_("failure"), max_length=60, choices=Failure.choices, blank=True)
    created_at = models.DateTimeField(_("started"), default=timezone.now)
    expires_at = models.DateTimeField(_("expires"), null=True, blank=True)
    authorised_at = models.DateTimeField(_("authorised"), null=True, blank=True)
    captured_at = models.DateTimeField(_("captured"), null=True, blank=True)
    closed_at = models.DateTimeField(_("closed"), null=True, blank=True)

    class Meta:
        verbose_name = _("payment")
        verbose_name_plural = _("payments")
        ordering: ClassVar = ["-id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["order", "attempt"], name="payment_attempt_once"),
            models.UniqueConstraint(
                fields=["order"],
                condition=Q(state__in=OPEN_PAYMENT_STATES),
                name="one_open_payment_per_order",
            ),
            models.UniqueConstraint(
                fields=["gateway", "reference"], condition=~Q(reference=""), name="payment_reference_once"
            ),
            models.CheckConstraint(
                # Nothing is asked for only where a gift voucher paid for all of it.
                condition=(Q(amount__gt=0) | Q(amount=0, gateway="covered"))
                & Q(refunded_amount__gte=0, refunded_amount__lte=F("amount")),
                name="payment_refunds_within_amount",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=(PaymentState.CAPTURED, PaymentState.PART_REFUNDED, PaymentState.REFUNDED))
                | Q(captured_at__isnull=False),
                name="payment_captured_has_time",
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["state", "created_at"],
                condition=Q(state__in=OPEN_PAYMENT_STATES),
                name="payment_open",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.order}/{self.attempt}"

    @property
    def key(self) -> str:
        """Base of the idempotency keys sent to the provider."""
        return f"pay-{self.pk}"

    @property
    def is_open(self) -> bool:
        return self.state in OPEN_PAYMENT_STATES


class RefundState(models.TextChoices):
    DUE = "due", _("To be paid out")
    PENDING = "pending", _("On its way")
    DONE = "done", _("Paid out")
    FAILED = "failed", _("Failed")


# A bank can send money back days after the provider paid it out; staff then try again or send it another way.
REFUND_MOVES: dict[RefundState, tuple[RefundState, ...]] = {
    RefundState.DUE: (RefundState.PENDING, RefundState.DONE, RefundState.FAILED),
    RefundState.PENDING: (RefundState.DONE, RefundState.FAILED),
    RefundState.DONE: (RefundState.FAILED,),
    RefundState.FAILED: (RefundState.DUE, RefundState.DONE),
}


class Refund(models.Model):
    """Money given back for a payment; one per reason key, so no retry pays twice.

    `tries` counts how often staff asked for it again after the provider had failed it.
    """

    State = RefundState

    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="refunds", verbose_name=_("payment"))
    reason_key = models.CharField(_("reason key"), max_length=80)
    amount = models.DecimalField(_("amount"), max_digits=14, decimal_places=2)
    amount_minor = models.PositiveBigIntegerField(_("amount in minor units"))
    state = models.CharField(_("state"), max_length=8, choices=RefundState.choices, default=RefundState.DUE)
    tries = models.PositiveSmallIntegerField(_("tried again"), default=0)
    credit = models.ForeignKey(
        "checkout.Credit",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="refunds",
        verbose_name=pgettext_lazy("money", "credit"),
    )
    reference = models.CharField(_("provider's reference"), max_length=120, blank=True)
    created_at = models.DateTimeField(_("decided"), default=timezone.now)
    done_at = models.DateTimeField(_("paid out"), null=True, blank=True)

    class Meta:
        verbose_name = _("refund")
        verbose_name_plural = _("refunds")
        ordering: ClassVar = ["-id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["payment", "reason_key"], name="refund_once_per_reason"),
            models.CheckConstraint(condition=Q(amount__gt=0), name="refund_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.payment}: {self.amount}"


class DemoPayment(models.Model):
    """What the demo provider remembers of a payment; stands in for a provider's own records."""

    class Status(models.TextChoices):
        OPEN = "open", _("Open")
        NEEDS_CONFIRMATION = "needs_confirmation", _("Needs 3-D Secure")
        AUTHORISED = "authorised", _("Authorised")
        CAPTURED = "captured", _("Captured")
        DECLINED = "declined", _("Declined")
        VOIDED = "voided", _("Voided")
        EXPIRED = "expired", _("Expired")

    reference = models.CharField(max_length=40, unique=True)
    idempotency_key = models.CharField(max_length=60, unique=True)
    currency = models.CharField(max_length=3)
    amount_minor = models.PositiveBigIntegerField()
    refunded_minor = models.PositiveBigIntegerField(default=0)
    refund_keys = ArrayField(models.CharField(max_length=120), default=list, blank=True)
    status = models.CharField(max_length=20, choices=Status.choices, default=Status.OPEN)
    return_url = models.CharField(max_length=300)
    expires_at = models.DateTimeField()
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = _("demo payment")
        verbose_name_plural = _("demo payments")
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(refunded_minor__lte=F("amount_minor")), name="demo_refunds_within_amount"
            )
        ]

    def __str__(self) -> str:
        return self.reference
