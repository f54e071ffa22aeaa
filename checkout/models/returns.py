"""What comes back after a sale: withdrawals, returned pieces, and what is credited for them."""

import secrets
from decimal import Decimal
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from catalog.vocabularies import Grade
from checkout.models.order import Order, OrderLine


def new_withdrawal_token() -> str:
    """256 random bits: the second step of a withdrawal is reached by its link alone."""
    return secrets.token_urlsafe(32)


class Withdrawal(models.Model):
    """A consumer's statement that they withdraw (Directive 2011/83/EU, articles 9, 11 and 11a).

    Written down in two steps: the statement, then its confirmation. It counts from `confirmed_at`, whether or not
    the order it names was found; one that was not found waits for staff.
    """

    class State(models.TextChoices):
        STATED = "stated", _("Stated, not confirmed")
        CONFIRMED = "confirmed", _("Confirmed")
        SETTLED = "settled", _("Settled")
        REFUSED = "refused", _("Refused")

    token = models.CharField(max_length=43, unique=True, default=new_withdrawal_token, editable=False)
    order = models.ForeignKey(
        Order, on_delete=models.PROTECT, null=True, blank=True, related_name="withdrawals", verbose_name=_("order")
    )
    order_number = models.CharField(_("order number as given"), max_length=40)
    name = models.CharField(_("name"), max_length=120)
    email = models.EmailField(_("email"))
    statement = models.TextField(_("statement"), max_length=2000, blank=True)
    language = models.CharField(_("language"), max_length=5, choices=settings.LANGUAGES, default="en")
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.STATED)
    stated_at = models.DateTimeField(_("stated"), default=timezone.now)
    confirmed_at = models.DateTimeField(_("confirmed"), null=True, blank=True)
    acknowledged_at = models.DateTimeField(_("receipt mailed"), null=True, blank=True)
    closed_at = models.DateTimeField(_("closed"), null=True, blank=True)
    is_in_time = models.BooleanField(_("within the period"), null=True, blank=True)
    note = models.CharField(_("note for staff"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("withdrawal")
        verbose_name_plural = _("withdrawals")
        ordering: ClassVar = ["-id"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["order"], condition=Q(state="confirmed"), name="one_open_withdrawal_per_order"
            ),
            models.CheckConstraint(
                condition=Q(state="stated") | Q(confirmed_at__isnull=False), name="withdrawal_confirmed_has_time"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.order_number} {self.stated_at:%Y-%m-%d}"


class ReturnedPiece(models.Model):
    """One piece on its way back: which line, what was found when it arrived, and what became of it."""

    withdrawal = models.ForeignKey(
        Withdrawal, on_delete=models.PROTECT, related_name="pieces", verbose_name=_("withdrawal")
    )
    line = models.ForeignKey(OrderLine, on_delete=models.PROTECT, related_name="returns", verbose_name=_("order line"))
    received_at = models.DateTimeField(_("arrived"), null=True, blank=True)
    received_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("received by"),
    )
    grade_found = models.CharField(_("grade found"), max_length=12, choices=Grade.choices, blank=True)
    deduction_eur = models.DecimalField(
        _("deduction for lost value (EUR)"), max_digits=8, decimal_places=2, default=Decimal(0)
    )
    note = models.CharField(_("note"), max_length=300, blank=True)
    regraded_at = models.DateTimeField(_("graded again"), null=True, blank=True)

    class Meta:
        verbose_name = _("returned piece")
        verbose_name_plural = _("returned pieces")
        ordering: ClassVar = ["id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["withdrawal", "line"], name="piece_once_per_withdrawal"),
            models.CheckConstraint(condition=Q(deduction_eur__gte=0), name="deduction_not_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.line.sku}"


class Credit(models.Model):
    """A decision to give back part of what an order cost: once for each reason, money and voucher together.

    `*_eur` and `*_amount` are the order's own amounts. `money_*` goes back by the payment, `voucher_*` to the gift
    voucher that paid. Rows are only added.
    """

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="credits", verbose_name=_("order"))
    reason_key = models.CharField(_("reason key"), max_length=60)
    reason = models.CharField(_("reason"), max_length=200, blank=True)
    goods_eur = models.DecimalField(_("goods (EUR)"), max_digits=10, decimal_places=2, default=Decimal(0))
    goods_amount = models.DecimalField(_("goods"), max_digits=14, decimal_places=2, default=Decimal(0))
    shipping_eur = models.DecimalField(_("shipping (EUR)"), max_digits=10, decimal_places=2, default=Decimal(0))
    shipping_amount = models.DecimalField(_("shipping"), max_digits=14, decimal_places=2, default=Decimal(0))
    money_amount = models.DecimalField(_("by the payment"), max_digits=14, decimal_places=2, default=Decimal(0))
    voucher_eur = models.DecimalField(_("to the voucher (EUR)"), max_digits=10, decimal_places=2, default=Decimal(0))
    voucher_amount = models.DecimalField(_("to the voucher"), max_digits=14, decimal_places=2, default=Decimal(0))
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("decided by"),
    )
    created_at = models.DateTimeField(_("decided"), default=timezone.now)

    class Meta:
        verbose_name = pgettext_lazy("money", "credit")
        verbose_name_plural = pgettext_lazy("money", "credits")
        ordering: ClassVar = ["-id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["order", "reason_key"], name="credit_once_per_reason"),
            models.CheckConstraint(
                condition=Q(goods_eur__gte=0, goods_amount__gte=0, shipping_eur__gte=0, shipping_amount__gte=0)
                & Q(money_amount__gte=0, voucher_eur__gte=0, voucher_amount__gte=0)
                & Q(goods_amount=F("money_amount") + F("voucher_amount") - F("shipping_amount")),
                name="credit_is_given_back_whole",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.order}: {self.goods_amount + self.shipping_amount}"


class CreditLine(models.Model):
    """What of a credit is for which piece."""

    credit = models.ForeignKey(
        Credit, on_delete=models.PROTECT, related_name="lines", verbose_name=pgettext_lazy("money", "credit")
    )
    line = models.ForeignKey(
        OrderLine, on_delete=models.PROTECT, related_name="credit_lines", verbose_name=_("order line")
    )
    amount_eur = models.DecimalField(_("amount (EUR)"), max_digits=8, decimal_places=2)
    amount = models.DecimalField(_("amount"), max_digits=12, decimal_places=2)

    class Meta:
        verbose_name = _("credited piece")
        verbose_name_plural = _("credited pieces")
        ordering: ClassVar = ["id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["credit", "line"], name="line_once_per_credit"),
            models.CheckConstraint(condition=Q(amount_eur__gte=0, amount__gte=0), name="credit_line_not_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.line.sku}: {self.amount}"
