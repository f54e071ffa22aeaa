"""Users, the shop's own settings and its editable pages."""

from decimal import Decimal
from typing import Any, ClassVar

from django.contrib.auth.models import AbstractUser, BaseUserManager
from django.core.cache import cache
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _


class UserAccounts(BaseUserManager["User"]):
    """Creates users by email address; the shop has no user names."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        user = self.model(email=self.normalize_email(email), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)


class User(AbstractUser):
    """A customer or a member of staff; signs in by email."""

    username = None  # type: ignore[assignment]
    email = models.EmailField(_("email address"), unique=True)

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []
    objects: ClassVar[UserAccounts] = UserAccounts()  # type: ignore[assignment]

    class Meta(AbstractUser.Meta):
        constraints: ClassVar = [models.UniqueConstraint(Lower("email"), name="user_email_unique_ignoring_case")]

    def __str__(self) -> str:
        return self.email


class SellerVatMode(models.TextChoices):
    NOT_REGISTERED = "not_registered", _("Private seller, not registered for VAT")
    MARGIN = "margin", _("Margin scheme for second-hand goods")
    STANDARD = "standard", _("Standard VAT")


class ShopSettings(models.Model):
    """The one row of facts and figures that staff may change without a deployment.

    Durations carry their unit in the name; amounts are EUR.
    """

    CACHE_KEY: ClassVar[str] = "shop-settings"

    seller_name = models.CharField(_("seller"), max_length=120, default="Athens Collectibles")
    seller_since = models.PositiveSmallIntegerField(_("trading since"), default=2008)
    seller_address = models.TextField(_("address"), blank=True)
    seller_country = models.CharField(_("country"), max_length=2, default="GR")
    seller_email = models.EmailField(_("contact email"), default="shop@example.com")
    seller_phone = models.CharField(_("phone"), max_length=40, blank=True)
    seller_vat_id = models.CharField(_("VAT number"), max_length=20, blank=True)
    uk_vat_number = models.CharField(
        _("UK VAT number"), max_length=20, blank=True, help_text=_("Without it parcels to Great Britain are refused.")
    )
    vat_mode = models.CharField(
        _("VAT"), max_length=16, choices=SellerVatMode.choices, default=SellerVatMode.MARGIN
    )
    bank_account_holder = models.CharField(_("account holder"), max_length=120, default="Athens Collectibles")
    bank_iban = models.CharField(_("IBAN"), max_length=34, blank=True)
    bank_bic = models.CharField(_("BIC"), max_length=11, blank=True)
    bank_transfer_days = models.PositiveSmallIntegerField(_("days to pay by bank transfer"), default=5)

    reservation_minutes = models.PositiveSmallIntegerField(
        _("minutes a piece stays reserved"), default=30, validators=[MinValueValidator(1)]
    )
    payment_reservation_minutes = models.PositiveSmallIntegerField(
        _("minutes a piece stays reserved once payment starts"), default=40, validators=[MinValueValidator(1)]
    )
    reservation_pause_minutes = models.PositiveSmallIntegerField(
        _("minutes before the same visitor may reserve a piece again"), default=15
    )
    reservations_per_visitor = models.PositiveSmallIntegerField(_("live reservations per visitor"), default=10)
    reservations_per_address = models.PositiveSmallIntegerField(
        _("live reservations per address range, guests"), default=20
    )

    points_per_euro = models.DecimalField(
        _("points per euro"), max_digits=6, decimal_places=2, default=Decimal(5), validators=[MinValueValidator(0)]
    )
    points_for_one_euro = models.PositiveSmallIntegerField(
        _("points worth one euro"), default=100, validators=[MinValueValidator(1)]
    )
    withdrawal_days = models.PositiveSmallIntegerField(_("withdrawal period in days"), default=14)

    class Meta:
        verbose_name = _("shop settings")
        verbose_name_plural = _("shop settings")
        constraints: ClassVar = [
            models.CheckConstraint(condition=models.Q(pk=1), name="shop_settings_is_one_row"),
            models.CheckConstraint(
                condition=models.Q(payment_reservation_minutes__gte=models.F("reservation_minutes")),
                name="payment_reservation_outlives_reservation",
            ),
        ]

    def __str__(self) -> str:
        return self.seller_name

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.pk = 1
        super().save(*args, **kwargs)
        cache.delete(self.CACHE_KEY)

    @classmethod
    def current(cls) -> "ShopSettings":
        """The settings row, at most a minute old; defaults before the first save."""
        settings = cache.get(cls.CACHE_KEY)
        if settings is None:
            settings = cls.objects.filter(pk=1).first() or cls(pk=1)
            cache.set(cls.CACHE_KEY, settings, 60)
        return settings


class Page(models.Model):
    """An editable text page in both languages: privacy, legal notice, terms."""

    slug = models.SlugField(unique=True)
    title_en = models.CharField(_("title (English)"), max_length=120)
    title_el = models.CharField(_("title (Greek)"), max_length=120)
    body_en = models.TextField(_("text (English)"), help_text=_("HTML; sanitised before it is shown."))
    body_el = models.TextField(_("text (Greek)"))
    in_footer = models.BooleanField(_("linked in the footer"), default=True)
    position = models.PositiveSmallIntegerField(_("position"), default=0)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = _("page")
        verbose_name_plural = _("pages")
        ordering: ClassVar = ["position", "slug"]

    def __str__(self) -> str:
        return self.title

    @property
    def title(self) -> str:
        return self.title_el if get_language() == "el" else self.title_en

    @property
    def body(self) -> str:
        return self.body_el if get_language() == "el" else self.body_en
