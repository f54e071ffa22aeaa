"""Invoices and credit notes: numbered without gaps, frozen when issued."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from checkout.models.order import Order
from checkout.models.returns import Credit


class PaperCounter(models.Model):
    """The last number given in a series and year. Its row is locked until the paper that got it is stored."""

    series = models.CharField(_("series"), max_length=8)
    year = models.PositiveSmallIntegerField(_("year"))
    last_number = models.PositiveIntegerField(_("last number"), default=0)

    class Meta:
        verbose_name = _("number series")
        verbose_name_plural = _("number series")
        constraints: ClassVar = [models.UniqueConstraint(fields=["series", "year"], name="paper_counter_once")]

    def __str__(self) -> str:
        return f"{self.series}-{self.year}"


class Paper(models.Model):
    """An invoice or a credit note. `content` holds everything that is printed, so it prints the same for ever.

    Rows are only added (trigger), and a number follows its predecessor (trigger).
    """

    class Kind(models.TextChoices):
        INVOICE = "invoice", _("Invoice")
        CREDIT_NOTE = "credit_note", _("Credit note")

    kind = models.CharField(_("kind"), max_length=12, choices=Kind.choices)
    series = models.CharField(_("series"), max_length=8)
    year = models.PositiveSmallIntegerField(_("year"))
    number = models.PositiveIntegerField(_("number"))
    label = models.CharField(_("number as printed"), max_length=24, unique=True)
    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="papers", verbose_name=_("order"))
    credit = models.OneToOneField(
        Credit,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="paper",
        verbose_name=pgettext_lazy("money", "credit"),
    )
    issued_at = models.DateTimeField(_("issued"), default=timezone.now)
    language = models.CharField(_("language"), max_length=5, choices=settings.LANGUAGES)
    currency = models.CharField(_("currency"), max_length=3)
    total_eur = models.DecimalField(_("total (EUR)"), max_digits=10, decimal_places=2)
    total_amount = models.DecimalField(_("total"), max_digits=14, decimal_places=2)
    content = models.JSONField(_("content"), default=dict)

    class Meta:
        verbose_name = _("paper")
        verbose_name_plural = _("papers")
        ordering: ClassVar = ["-issued_at", "-id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["series", "year", "number"], name="paper_number_once"),
            models.UniqueConstraint(fields=["order"], condition=Q(kind="invoice"), name="one_invoice_per_order"),
            models.CheckConstraint(
                condition=Q(kind="invoice", credit__isnull=True) | Q(kind="credit_note", credit__isnull=False),
                name="credit_note_has_its_credit",
            ),
            models.CheckConstraint(condition=Q(number__gte=1), name="paper_numbers_start_at_1"),
        ]

    def __str__(self) -> str:
        return self.label
