"""Coupons and who has used them."""

from decimal import Decimal
from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from catalog.models import Listing
from checkout.models.order import Order

CODE_PATTERN = r"^[A-Z0-9][A-Z0-9-]{2,31}$"


class Coupon(models.Model):
    """A code that lowers the price of goods or shipping. `use_count` is what the limit is held against.

    `use_count` counts uses by orders that are not expired or cancelled; it is raised and lowered only together
    with the rows of `CouponUse`, under the coupon's row lock.
    """

    class Kind(models.TextChoices):
        PERCENT = "percent", _("Percent off the goods")
        AMOUNT = "amount", _("Amount off the goods (EUR)")
        FREE_SHIPPING = "free_shipping", _("Free shipping")

    code = models.CharField(
        _("code"),
        max_length=32,
        unique=True,
        validators=[RegexValidator(CODE_PATTERN)],
        help_text=_("Capital letters, digits and hyphens; buyers may type it in any case."),
    )
    kind = models.CharField(_("kind"), max_length=14, choices=Kind.choices)
    percent = models.DecimalField(
        _("percent"),
        max_digits=5,
        decimal_places=2,
        null=True,
        blank=True,
        validators=[MinValueValidator(Decimal("0.01")), MaxValueValidator(Decimal(100))],
    )
    amount_eur = models.DecimalField(
        _("amount (EUR)"),
        max_digits=8,
        decimal_places=2,
        null=True,
        blank=True,
        validators=[MinValueValidator(Decimal("0.01"))],
    )
    minimum_eur = models.DecimalField(
        _("goods from (EUR)"), max_digits=8, decimal_places=2, default=Decimal(0), validators=[MinValueValidator(0)]
    )
    starts_at = models.DateTimeField(_("valid from"), null=True, blank=True)
    ends_at = models.DateTimeField(_("valid until"), null=True, blank=True)
    limit = models.PositiveIntegerField(_("uses in all"), null=True, blank=True, help_text=_("Empty: no limit."))
    limit_per_customer = models.PositiveSmallIntegerField(
        _("uses a customer"), null=True, blank=True, default=1, help_text=_("Empty: no limit.")
    )
    sku_prefixes = ArrayField(
        models.CharField(max_length=16),
        verbose_name=_("only SKUs beginning with"),
        default=list,
        blank=True,
        help_text=_("Such as MOV-ACT; empty: every piece."),
    )
    listings = models.ManyToManyField(Listing, verbose_name=_("only these pieces"), blank=True, related_name="coupons")
    is_active = models.BooleanField(_("active"), default=True)
    note = models.CharField(_("note for staff"), max_length=200, blank=True)
    use_count = models.PositiveIntegerField(_("used"), default=0, editable=False)
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("coupon")
        verbose_name_plural = _("coupons")
        ordering: ClassVar = ["-id"]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(code__regex=CODE_PATTERN), name="coupon_code_well_formed"),
            models.CheckConstraint(
                condition=Q(kind="percent", percent__gt=0, percent__lte=100, amount_eur__isnull=True)
                | Q(kind="amount", amount_eur__gt=0, percent__isnull=True)
                | Q(kind="free_shipping", amount_eur__isnull=True, percent__isnull=True),
                name="coupon_has_its_value",
            ),
            models.CheckConstraint(
                condition=Q(limit__isnull=True) | Q(use_count__lte=F("limit")), name="coupon_uses_within_limit"
            ),
            models.CheckConstraint(
                condition=Q(starts_at__isnull=True) | Q(ends_at__isnull=True) | Q(starts_at__lt=F("ends_at")),
                name="coupon_dates_in_order",
            ),
        ]

    def __str__(self) -> str:
        return self.code


class CouponUse(models.Model):
    """One order's use of a coupon; given back when the order ends without a sale.

    `slot` numbers one customer's uses from 0, so that the limit a customer is a unique index.
    """

    coupon = models.ForeignKey(Coupon, on_delete=models.PROTECT, related_name="uses", verbose_name=_("coupon"))
    order = models.OneToOneField(Order, on_delete=models.PROTECT, related_name="coupon_use", verbose_name=_("order"))
    email = models.EmailField(_("email"))
    slot = models.PositiveSmallIntegerField(_("use, counted from 0"), default=0)
    used_at = models.DateTimeField(_("used"), default=timezone.now)
    released_at = models.DateTimeField(_("given back"), null=True, blank=True)

    class Meta:
        verbose_name = _("coupon use")
        verbose_name_plural = _("coupon uses")
        ordering: ClassVar = ["-id"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["coupon", "email", "slot"],
                condition=Q(released_at__isnull=True),
                name="coupon_slot_once_per_customer",
            )
        ]

    def __str__(self) -> str:
        return f"{self.coupon} {self.order}"
