"""Users, the shop's own settings, its editable pages, and what the API remembers."""

import hashlib
import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, ClassVar

from allauth.account.models import EmailAddress
from django.conf import settings
from django.contrib.auth.models import AbstractUser, BaseUserManager
from django.contrib.postgres.fields import ArrayField
from django.core.cache import cache
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone
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

    def verified_emails(self) -> list[str]:
        """Addresses this user has proved to be theirs, in lower case: what links guest orders and points to them."""
        rows = EmailAddress.objects.filter(user=self, verified=True)
        return [email.lower() for email in rows.values_list("email", flat=True)]


class SellerVatMode(models.TextChoices):
    NOT_REGISTERED = "not_registered", _("Private seller, not registered for VAT")
    MARGIN = "margin", _("Margin scheme for second-hand goods")
    STANDARD = "standard", _("Standard VAT")


class OssMode(models.TextChoices):
    """When goods taxed in the usual way carry the VAT of the buyer's country (Directive 2006/112/EC, article 59c)."""

    NEVER = "never", _("Never: the rate at home")
    THRESHOLD = "threshold", _("Once sales to other EU countries exceed the threshold")
    ALWAYS = "always", _("Always")


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
    seller_register = models.CharField(
        _("register number"), max_length=60, blank=True, help_text=_("With the register's name, such as GEMI.")
    )
    uk_vat_number = models.CharField(
        _("UK VAT number"),
        max_length=20,
        blank=True,
        help_text=_("Without it parcels to Great Britain are refused."),
    )
    vat_mode = models.CharField(_("VAT"), max_length=16, choices=SellerVatMode.choices, default=SellerVatMode.MARGIN)
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
        _("points per euro"),
        max_digits=6,
        decimal_places=2,
        default=Decimal(5),
        validators=[MinValueValidator(0)],
    )
    points_for_one_euro = models.PositiveSmallIntegerField(
        _("points worth one euro"), default=100, validators=[MinValueValidator(1)]
    )
    points_minimum = models.PositiveIntegerField(_("fewest points one can use"), default=100)
    points_step = models.PositiveIntegerField(
        _("points are used in steps of"), default=100, validators=[MinValueValidator(1)]
    )
    points_goods_percent = models.PositiveSmallIntegerField(
        _("percent of the goods that points may pay"), default=50, validators=[MaxValueValidator(100)]
    )
    points_months = models.PositiveSmallIntegerField(
        _("months until points expire"), default=24, help_text=_("0: they never do.")
    )
    points_welcome = models.PositiveIntegerField(_("points for a new account"), default=0)
    withdrawal_days = models.PositiveSmallIntegerField(_("withdrawal period in days"), default=14)
    # Directive (EU) 2019/771, article 10: two years; 10(6) lets countries allow one for second-hand goods.
    guarantee_years = models.PositiveSmallIntegerField(
        _("legal guarantee in years"),
        default=2,
        validators=[MinValueValidator(1)],
        help_text=_("Less than 2 only where the law allows it for second-hand goods and the terms agree it."),
    )
    voucher_months = models.PositiveSmallIntegerField(
        _("months until gift vouchers expire"), default=0, help_text=_("0: they never do.")
    )

    vat_rate = models.DecimalField(
        _("VAT rate at home, percent"),
        max_digits=4,
        decimal_places=2,
        default=Decimal(24),
        validators=[MinValueValidator(0)],
    )
    oss_mode = models.CharField(
        _("VAT of the destination (OSS)"), max_length=10, choices=OssMode.choices, default=OssMode.THRESHOLD
    )
    oss_threshold_eur = models.DecimalField(
        _("OSS threshold (EUR a year)"), max_digits=10, decimal_places=2, default=Decimal(10000)
    )
    invoice_series = models.CharField(
        _("series of invoices"), max_length=8, default="INV", validators=[RegexValidator(r"^[A-Z0-9]{1,8}$")]
    )
    credit_note_series = models.CharField(
        _("series of credit notes"), max_length=8, default="CRN", validators=[RegexValidator(r"^[A-Z0-9]{1,8}$")]
    )
    tax_wording_margin_en = models.CharField(
        _("margin scheme, on papers (English)"),
        max_length=300,
        default="Margin scheme – second-hand goods (Directive 2006/112/EC, article 313).",
    )
    tax_wording_margin_el = models.CharField(
        _("margin scheme, on papers (Greek)"),
        max_length=300,
        default="Καθεστώς περιθωρίου κέρδους – μεταχειρισμένα αγαθά (Οδηγία 2006/112/ΕΚ, άρθρο 313).",
    )
    tax_wording_export_en = models.CharField(
        _("export, on papers (English)"),
        max_length=300,
        default="Export outside the European Union, exempt from VAT (Directive 2006/112/EC, article 146).",
    )
    tax_wording_export_el = models.CharField(
        _("export, on papers (Greek)"),
        max_length=300,
        default="Εξαγωγή εκτός Ευρωπαϊκής Ένωσης, απαλλαγή από ΦΠΑ (Οδηγία 2006/112/ΕΚ, άρθρο 146).",
    )
    tax_wording_exempt_en = models.CharField(
        _("seller not registered, on papers (English)"),
        max_length=300,
        default="The seller is not registered for VAT; no VAT is charged.",
    )
    tax_wording_exempt_el = models.CharField(
        _("seller not registered, on papers (Greek)"),
        max_length=300,
        default="Ο πωλητής δεν υπάγεται σε ΦΠΑ· δεν χρεώνεται ΦΠΑ.",
    )
    paper_footer_en = models.CharField(_("footer of papers (English)"), max_length=300, blank=True)
    paper_footer_el = models.CharField(_("footer of papers (Greek)"), max_length=300, blank=True)

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
        settings: ShopSettings | None = cache.get(cls.CACHE_KEY)
        if settings is None:
            settings = cls.objects.filter(pk=1).first() or cls(pk=1)
            cache.set(cls.CACHE_KEY, settings, 60)
        return settings


class Page(models.Model):
    """An editable text page in both languages: privacy, legal notice, terms."""

    slug = models.SlugField(_("name in the address"), unique=True)
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


class Scope(models.TextChoices):
    """What an API key may do. Codes are part of the API: never rename one."""

    CATALOG_READ = "catalog:read", _("Read the catalogue")
    CATALOG_WRITE = "catalog:write", _("Write the catalogue")
    STOCK_WRITE = "stock:write", _("Offer and withdraw pieces")
    ORDERS_READ = "orders:read", _("Read orders, without customers' data")
    ORDERS_WRITE = "orders:write", _("Move orders along")
    ORDERS_REFUND = "orders:refund", _("Refund orders")
    CUSTOMERS_PII = "customers:pii", _("See customers' names, addresses and emails")
    WEBHOOKS_MANAGE = "webhooks:manage", _("Manage webhooks")


class ApiKey(models.Model):
    """A key for the API. The key itself is shown once, when it is made; only its hash is kept."""

    PREFIX: ClassVar[str] = "ackey_"
    NOTE_USE_EVERY: ClassVar[timedelta] = timedelta(hours=1)

    name = models.CharField(_("name"), max_length=80, help_text=_("Who or what uses it."))
    hint = models.CharField(_("begins with"), max_length=16, editable=False)
    digest = models.CharField(max_length=64, unique=True, editable=False)
    scopes = ArrayField(
        models.CharField(max_length=20, choices=Scope.choices), verbose_name=_("may"), default=list, blank=True
    )
    created_at = models.DateTimeField(_("made"), default=timezone.now, editable=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        editable=False,
        related_name="+",
        verbose_name=_("made by"),
    )
    expires_at = models.DateTimeField(_("valid until"), null=True, blank=True)
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True, editable=False)
    last_used_at = models.DateTimeField(_("last used"), null=True, blank=True, editable=False)

    class Meta:
        verbose_name = _("API key")
        verbose_name_plural = _("API keys")
        ordering: ClassVar = ["-id"]
        constraints: ClassVar = [
            models.CheckConstraint(condition=models.Q(scopes__contained_by=Scope.values), name="api_key_scopes_known")
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.hint}…)"

    @classmethod
    def issue(
        cls,
        *,
        name: str,
        scopes: Iterable[str],
        expires_at: datetime | None = None,
        by: User | None = None,
    ) -> tuple["ApiKey", str]:
        """Make a key; returns its row and the key itself. Raises ValueError for an unknown scope."""
        wanted = sorted({Scope(scope).value for scope in scopes})
        secret = cls.PREFIX + secrets.token_urlsafe(32)
        key = cls.objects.create(
            name=name,
            hint=secret[: len(cls.PREFIX) + 4],
            digest=cls._digest(secret),
            scopes=wanted,
            expires_at=expires_at,
            created_by=by,
        )
        return key, secret

    @classmethod
    def find(cls, secret: str) -> "ApiKey | None":
        """The valid key that a caller showed; None when it is unknown, expired or revoked."""
        if not secret.startswith(cls.PREFIX):
            return None
        key = cls.objects.filter(digest=cls._digest(secret)).first()
        return key if key is not None and key.is_valid else None

    @staticmethod
    def _digest(secret: str) -> str:
        # 256 random bits need no slow hash: there is nothing to guess.
        return hashlib.sha256(secret.encode()).hexdigest()

    @property
    def is_valid(self) -> bool:
        is_expired = self.expires_at is not None and self.expires_at <= timezone.now()
        return self.revoked_at is None and not is_expired

    def revoke(self) -> None:
        """Refuse the key from now on; revoking again keeps the first time."""
        ApiKey.objects.filter(pk=self.pk, revoked_at__isnull=True).update(revoked_at=timezone.now())
        self.refresh_from_db(fields=["revoked_at"])

    def note_use(self) -> None:
        """Remember when the key was last used, to the hour."""
        now = timezone.now()
        if self.last_used_at is None or now - self.last_used_at > self.NOTE_USE_EVERY:
            ApiKey.objects.filter(pk=self.pk).update(last_used_at=now)


class IdempotencyRecord(models.Model):
    """One Idempotency-Key of one client, what was asked under it and what was answered.

    No status means that the request is still being worked on.
    """

    client = models.CharField(max_length=64)
    key = models.CharField(max_length=255)
    method = models.CharField(max_length=8)
    path = models.CharField(max_length=300)
    body_digest = models.CharField(max_length=64)
    started_at = models.DateTimeField(default=timezone.now)
    status = models.PositiveSmallIntegerField(null=True, blank=True)
    content_type = models.CharField(max_length=80, blank=True)
    answer = models.BinaryField(default=b"")

    class Meta:
        verbose_name = _("idempotency key")
        verbose_name_plural = _("idempotency keys")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["client", "key"], name="idempotency_key_once_per_client")
        ]
        indexes: ClassVar = [models.Index(fields=["started_at"], name="idempotency_key_by_age")]

    def __str__(self) -> str:
        return f"{self.method} {self.path}"
