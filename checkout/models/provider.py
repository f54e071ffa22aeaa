"""What a payment provider tells beside its answers: events, disputes, and books that differ from ours."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from checkout.models.payment import Payment
from checkout.vocabularies import BalanceProblem, DisputeReason


class ProviderEvent(models.Model):
    """One event of a provider, kept once by its id. Only which object it is about is kept, never its content."""

    gateway = models.CharField(_("gateway"), max_length=20)
    event_id = models.CharField(_("event"), max_length=120)
    kind = models.CharField(_("what"), max_length=80)
    object_id = models.CharField(_("object"), max_length=120, blank=True)
    created_at = models.DateTimeField(_("made"))
    received_at = models.DateTimeField(_("received"), default=timezone.now)
    processed_at = models.DateTimeField(_("dealt with"), null=True, blank=True)
    outcome = models.CharField(_("outcome"), max_length=120, blank=True)

    class Meta:
        verbose_name = _("provider event")
        verbose_name_plural = _("provider events")
        ordering: ClassVar = ["-id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["gateway", "event_id"], name="provider_event_once"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["received_at"], condition=Q(processed_at__isnull=True), name="provider_event_waiting"),
            models.Index(fields=["object_id"], name="provider_event_object"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.event_id}"


class Dispute(models.Model):
    """A payment the buyer disputes at their bank; while it is open nothing is packed or shipped."""

    class State(models.TextChoices):
        OPEN = "open", _("Open")
        WON = "won", _("Won")
        LOST = "lost", _("Lost")

    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="disputes", verbose_name=_("payment"))
    reference = models.CharField(_("provider's reference"), max_length=120, unique=True)
    state = models.CharField(_("state"), max_length=4, choices=State.choices, default=State.OPEN)
    reason = models.CharField(_("reason"), max_length=60, choices=DisputeReason.choices, blank=True)
    amount_minor = models.PositiveBigIntegerField(_("amount in minor units"))
    opened_at = models.DateTimeField(_("opened"), default=timezone.now)
    closed_at = models.DateTimeField(_("closed"), null=True, blank=True)

    class Meta:
        verbose_name = _("dispute")
        verbose_name_plural = _("disputes")
        ordering: ClassVar = ["-id"]

    def __str__(self) -> str:
        return self.reference


class BalanceDifference(models.Model):
    """Money at the provider that the shop's books do not show, or the reverse; staff find out and settle it."""

    gateway = models.CharField(_("gateway"), max_length=20)
    reference = models.CharField(_("provider's reference"), max_length=120)
    problem = models.CharField(_("what differs"), max_length=40, choices=BalanceProblem.choices)
    text = models.CharField(_("details"), max_length=300, blank=True)
    found_at = models.DateTimeField(_("found"), default=timezone.now)
    settled_at = models.DateTimeField(_("settled"), null=True, blank=True)
    settled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("settled by"),
    )
    note = models.CharField(_("note"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("balance difference")
        verbose_name_plural = _("balance differences")
        ordering: ClassVar = ["-id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["gateway", "reference", "problem"], name="balance_difference_once"),
        ]

    def __str__(self) -> str:
        return f"{self.get_problem_display()} {self.reference}"
