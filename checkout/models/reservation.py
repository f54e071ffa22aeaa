"""The claim on a piece: one row, whether it is a basket, an unpaid order or a sale."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from catalog.models import Listing


class ReservationQuerySet(models.QuerySet["Reservation"]):
    def unreleased(self) -> "ReservationQuerySet":
        """Rows that hold their listing until somebody takes over or they are tidied away."""
        return self.filter(released_at__isnull=True)

    def live(self) -> "ReservationQuerySet":
        """Timed claims that have not lapsed: what a basket shows."""
        return self.unreleased().filter(until__gte=Now())


class Reservation(models.Model):
    """An exclusive claim on one listing. `until` empty means sold; `released_at` set means over.

    At most one unreleased row per listing: the unique index below is what keeps two people from
    getting the same piece, whatever the code around it does.
    """

    class Release(models.TextChoices):
        LAPSED = "lapsed", _("Time ran out")
        GIVEN_UP = "given_up", _("Given up by the visitor")
        ORDER_EXPIRED = "order_expired", _("Order was not paid in time")
        CANCELLED = "cancelled", _("Order cancelled")
        RETURNED = "returned", _("Piece returned")
        STAFF = "staff", _("Released by staff")

    listing = models.ForeignKey(
        Listing, on_delete=models.PROTECT, related_name="reservations", verbose_name=_("listing")
    )
    visitor_key = models.CharField(max_length=64, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="reservations",
        verbose_name=_("account"),
    )
    address_range = models.CharField(max_length=32, blank=True, editable=False)
    created_at = models.DateTimeField(_("reserved"), default=timezone.now)
    until = models.DateTimeField(_("until"), null=True, blank=True)
    extended_at = models.DateTimeField(_("extended for payment"), null=True, blank=True)
    asked_at = models.DateTimeField(_("somebody else asked"), null=True, blank=True)
    released_at = models.DateTimeField(_("released"), null=True, blank=True)
    release = models.CharField(_("why released"), max_length=16, choices=Release.choices, blank=True)

    objects = ReservationQuerySet.as_manager()

    class Meta:
        verbose_name = _("reservation")
        verbose_name_plural = _("reservations")
        ordering: ClassVar = ["-id"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["listing"], condition=Q(released_at__isnull=True), name="one_claim_per_listing"
            ),
            models.CheckConstraint(
                condition=(Q(released_at__isnull=True) & Q(release=""))
                | (Q(released_at__isnull=False) & ~Q(release="")),
                name="reservation_release_has_reason",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["visitor_key"], condition=Q(released_at__isnull=True), name="reservation_by_visitor"),
            models.Index(
                fields=["address_range"], condition=Q(released_at__isnull=True), name="reservation_by_address"
            ),
            models.Index(
                fields=["until"],
                condition=Q(released_at__isnull=True, until__isnull=False),
                name="reservation_lapsing",
            ),
            models.Index(fields=["listing", "visitor_key", "released_at"], name="reservation_pause"),
        ]

    def __str__(self) -> str:
        return f"{self.listing} → {self.until or 'sold'}"
