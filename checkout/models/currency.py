"""Rate sets: the euro reference rates of one date, written once and never changed."""

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _


class RateSource(models.TextChoices):
    """Where a rate set came from; all of it is the European Central Bank's."""

    DAILY = "ecb_daily", _("ECB daily feed")
    HISTORY = "ecb_history", _("ECB history file")
    BUNDLED = "bundled", _("History shipped with the shop")


class RateSetStatus(models.TextChoices):
    ACCEPTED = "accepted", _("Accepted")
    WAITING = "waiting", _("Waiting for staff")
    REJECTED = "rejected", _("Rejected")


class RateSets(models.QuerySet["RateSet"]):
    def accepted(self) -> "RateSets":
        return self.filter(status=RateSetStatus.ACCEPTED)

    def waiting(self) -> "RateSets":
        return self.filter(status=RateSetStatus.WAITING)


class RateSet(models.Model):
    """The reference rates that the European Central Bank published for one date.

    `sha256` is that of the document it was read from; `etag` and `last_modified` are what the feed's server
    said of that document, kept for the next conditional request.
    """

    date = models.DateField(_("date"))
    source = models.CharField(_("source"), max_length=12, choices=RateSource.choices)
    sha256 = models.CharField("SHA-256", max_length=64)
    etag = models.CharField("ETag", max_length=200, blank=True)
    last_modified = models.CharField("Last-Modified", max_length=60, blank=True)
    fetched_at = models.DateTimeField(_("fetched"))
    status = models.CharField(_("status"), max_length=8, choices=RateSetStatus.choices)
    reason = models.TextField(_("reason"), blank=True, help_text=_("Why the set waits for a decision."))
    decided_at = models.DateTimeField(_("decided"), null=True, blank=True)

    objects: ClassVar[RateSets] = RateSets.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("rate set")
        verbose_name_plural = _("rate sets")
        ordering: ClassVar = ["-date", "-id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["source", "date", "sha256"], name="rate_set_document_read_once"),
            models.UniqueConstraint(
                fields=["source", "date"],
                condition=models.Q(status="accepted"),
                name="rate_set_one_accepted_per_date",
            ),
            models.CheckConstraint(condition=models.Q(status__in=RateSetStatus.values), name="rate_set_status_known"),
            models.CheckConstraint(
                condition=~models.Q(status="waiting") | ~models.Q(reason=""),
                name="rate_set_waits_for_a_reason",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.date:%Y-%m-%d}"


class Rate(models.Model):
    """How many units of a currency one euro was worth."""

    rate_set = models.ForeignKey(RateSet, on_delete=models.PROTECT, related_name="rates", verbose_name=_("rate set"))
    currency = models.CharField(_("currency"), max_length=3)
    rate = models.DecimalField(_("rate"), max_digits=18, decimal_places=6)

    class Meta:
        verbose_name = _("rate")
        verbose_name_plural = _("rates")
        ordering: ClassVar = ["currency"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["rate_set", "currency"], name="rate_once_per_set"),
            # PostgreSQL sorts NaN above every number, so the upper bound is what keeps it (and infinity) out.
            models.CheckConstraint(
                condition=models.Q(rate__gt=0, rate__lt=10**12), name="rate_is_finite_and_above_zero"
            ),
            models.CheckConstraint(
                condition=models.Q(currency__regex="^[A-Z]{3}$") & ~models.Q(currency="EUR"),
                name="rate_is_of_a_foreign_currency",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.currency} {self.rate}"
