"""The points ledger: accounts and immutable entries."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from checkout.models.order import Order, OrderLine


class PointsAccount(models.Model):
    """Whose points they are: an email address, and the account once its owner has one."""

    email = models.EmailField(_("email"))
    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="points_account",
        verbose_name=_("account"),
    )
    language = models.CharField(_("language"), max_length=5, choices=settings.LANGUAGES, default="en")
    created_at = models.DateTimeField(_("opened"), default=timezone.now)

    class Meta:
        verbose_name = _("points account")
        verbose_name_plural = _("points accounts")
        constraints: ClassVar = [models.UniqueConstraint(Lower("email"), name="points_account_per_email")]

    def __str__(self) -> str:
        return self.email


class PointsEntry(models.Model):
    """One line of the ledger. Never changed or deleted (trigger); a correction is another entry.

    Points lie in one of three pots: pending until the withdrawal period is over, then available; held while an
    order that uses them waits for its payment. `lot` names the points' origin (`line-7`, `welcome-3`, `adjust-…`):
    available and held points keep the lot and expiry date they were earned with, so that those used or taken back
    return to where they came from, and the oldest are used first.
    """

    class Pot(models.TextChoices):
        PENDING = "pending", _("Pending")
        AVAILABLE = "available", _("Available")
        HELD = "held", _("Held for an order")

    class Kind(models.TextChoices):
        EARN = "earn", _("Earned")
        CONFIRM = "confirm", _("Confirmed")
        REDEEM_HOLD = "redeem_hold", _("Used in an order")
        REDEEM_COMMIT = "redeem_commit", _("Order paid")
        REDEEM_RELEASE = "redeem_release", _("Order not completed")
        REDEEM_RETURN = "redeem_return", _("Returned with a refund")
        CLAW_BACK = "claw_back", _("Taken back")
        EXPIRE = "expire", _("Expired")
        ADJUST = "adjust", _("Adjusted")
        WELCOME = "welcome", _("Welcome")

    account = models.ForeignKey(
        PointsAccount, on_delete=models.PROTECT, related_name="entries", verbose_name=_("points account")
    )
    pot = models.CharField(_("pot"), max_length=10, choices=Pot.choices)
    kind = models.CharField(_("kind"), max_length=14, choices=Kind.choices)
    lot = models.CharField(_("lot"), max_length=60, blank=True)
    expires_on = models.DateField(_("expires"), null=True, blank=True)
    points = models.IntegerField(_("points"))
    key = models.CharField(_("key"), max_length=80, unique=True)
    order = models.ForeignKey(
        Order, on_delete=models.PROTECT, null=True, blank=True, related_name="points_entries", verbose_name=_("order")
    )
    order_line = models.ForeignKey(
        OrderLine,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="points_entries",
        verbose_name=_("order line"),
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
        verbose_name = _("points entry")
        verbose_name_plural = _("points entries")
        ordering: ClassVar = ["-id"]
        constraints: ClassVar = [
            models.CheckConstraint(condition=~Q(points=0), name="points_entry_moves_points"),
        ]
        indexes: ClassVar = [models.Index(fields=["account", "pot", "lot"], name="points_by_lot")]

    def __str__(self) -> str:
        return f"{self.points:+d} {self.get_kind_display()}"


class PointsNotice(models.Model):
    """A mail that points are about to expire: once for each account and last day."""

    account = models.ForeignKey(
        PointsAccount, on_delete=models.PROTECT, related_name="notices", verbose_name=_("points account")
    )
    expires_on = models.DateField(_("expires"))
    sent_at = models.DateTimeField(_("sent"), default=timezone.now)

    class Meta:
        verbose_name = _("notice of expiring points")
        verbose_name_plural = _("notices of expiring points")
        constraints: ClassVar = [models.UniqueConstraint(fields=["account", "expires_on"], name="points_notice_once")]

    def __str__(self) -> str:
        return f"{self.account}: {self.expires_on}"
