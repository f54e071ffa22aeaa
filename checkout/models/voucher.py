"""Gift vouchers: bought in an order, worth euros, spent in parts."""

import secrets
from decimal import Decimal
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from checkout.models.order import Order

# No letters or digits that are read for one another; 16 of 32 are 80 bits.
CODE_ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"


def new_code() -> str:
    """A voucher's code, which is money to whoever has it: unguessable, in groups of four to be typed."""
    letters = "".join(secrets.choice(CODE_ALPHABET) for _i in range(16))
    return "-".join(letters[start : start + 4] for start in range(0, 16, 4))


class GiftVoucher(models.Model):
    """A voucher and what is left of it. It can be spent from `issued_at` on, which is when it was paid.

    `balance_eur` is kept by a trigger on the entries and can never be negative: two buyers who spend the same
    voucher wait for each other on this row.
    """

    code = models.CharField(_("code"), max_length=19, unique=True, default=new_code, editable=False)
    order = models.ForeignKey(
        Order,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="bought_vouchers",
        verbose_name=_("bought in"),
    )
    amount_eur = models.DecimalField(_("value (EUR)"), max_digits=8, decimal_places=2)
    balance_eur = models.DecimalField(
        _("left (EUR)"), max_digits=8, decimal_places=2, default=Decimal(0), editable=False
    )
    recipient_name = models.CharField(_("for"), max_length=120, blank=True)
    recipient_email = models.EmailField(_("mailed to"), blank=True)
    sender_name = models.CharField(_("from"), max_length=120, blank=True)
    message = models.CharField(_("message"), max_length=500, blank=True)
    language = models.CharField(_("language"), max_length=5, choices=settings.LANGUAGES, default="en")
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)
    issued_at = models.DateTimeField(_("issued"), null=True, blank=True, editable=False)
    mailed_at = models.DateTimeField(_("mailed"), null=True, blank=True, editable=False)
    expires_on = models.DateField(_("valid until"), null=True, blank=True)
    voided_at = models.DateTimeField(_("voided"), null=True, blank=True, editable=False)
    note = models.CharField(_("note for staff"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("gift voucher")
        verbose_name_plural = _("gift vouchers")
        ordering: ClassVar = ["-id"]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(amount_eur__gt=0), name="voucher_has_value"),
            models.CheckConstraint(condition=Q(balance_eur__gte=0), name="voucher_balance_not_negative"),
        ]

    def __str__(self) -> str:
        # The code itself is money; lists and logs show its end.
        return f"…{self.code[-4:]}"


class VoucherEntry(models.Model):
    """One line of a voucher's ledger (EUR). Never changed or deleted (trigger); the balance is their sum."""

    class Kind(models.TextChoices):
        ISSUE = "issue", _("Issued")
        REDEEM = "redeem", _("Spent")
        RELEASE = "release", _("Given back, order not completed")
        REFUND = "refund", _("Refunded")
        VOID = "void", _("Voided")
        ADJUST = "adjust", _("Adjusted")
        EXPIRE = "expire", _("Expired")

    voucher = models.ForeignKey(
        GiftVoucher, on_delete=models.PROTECT, related_name="entries", verbose_name=_("gift voucher")
    )
    kind = models.CharField(_("kind"), max_length=8, choices=Kind.choices)
    amount_eur = models.DecimalField(_("amount (EUR)"), max_digits=8, decimal_places=2)
    key = models.CharField(_("key"), max_length=80, unique=True)
    order = models.ForeignKey(
        Order, on_delete=models.PROTECT, null=True, blank=True, related_name="voucher_entries", verbose_name=_("order")
    )
    note = models.CharField(_("reason"), max_length=200, blank=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("by"),
    )
    created_at = models.DateTimeField(_("at"), default=timezone.now)

    class Meta:
        verbose_name = _("voucher entry")
        verbose_name_plural = _("voucher entries")
        ordering: ClassVar = ["-id"]
        constraints: ClassVar = [
            models.CheckConstraint(condition=~Q(amount_eur=0), name="voucher_entry_moves_money"),
        ]

    def __str__(self) -> str:
        return f"{self.amount_eur:+} {self.get_kind_display()}"
