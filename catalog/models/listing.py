"""The listing: one physical copy offered for sale."""

from datetime import datetime
from decimal import Decimal
from typing import ClassVar, Self

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from djmoney.models.fields import MoneyField
from djmoney.models.validators import MinMoneyValidator
from simple_history.models import HistoricalRecords

from catalog.models.edition import Edition
from catalog.models.film import Film
from catalog.vocabularies import (
    Grade,
    ListingState,
    Provenance,
    Rights,
    SellerKind,
    TaxScheme,
    TestState,
)
from shop.text import slugify

SKU_PATTERN = r"^[A-Z]{3}(-[A-Z]{3}){1,3}-[0-9]{4,6}$"


class SkuCounter(models.Model):
    """The last number given within a SKU prefix; numbers are never reused."""

    prefix = models.CharField(max_length=16, primary_key=True)
    last_number = models.PositiveIntegerField(default=1000)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(last_number__gte=1000), name="sku_numbers_start_at_1001")
        ]

    def __str__(self) -> str:
        return f"{self.prefix}-{self.last_number}"


class ListingQuerySet(models.QuerySet["Listing"]):
    def public(self) -> Self:
        """What visitors may see: on offer, held by somebody, or sold."""
        return self.filter(state__in=(ListingState.LISTED, ListingState.RESERVED, ListingState.SOLD))

    def for_sale(self) -> Self:
        """What a visitor could reserve this moment: listed, or reserved by a claim that has lapsed."""
        return self.filter(Q(state=ListingState.LISTED) | Q(state=ListingState.RESERVED, reserved_until__lt=Now()))


class Listing(models.Model):
    """One piece. Title, stock sentence, points and structured data are computed, never typed.

    `state` moves between listed, reserved and sold only in checkout.inventory; the database
    refuses illegal moves. `price` is EUR. `version` grows with every change of the row.
    """

    sku = models.CharField("SKU", max_length=24, unique=True, editable=False, validators=[RegexValidator(SKU_PATTERN)])
    edition = models.ForeignKey(Edition, on_delete=models.PROTECT, related_name="listings", verbose_name=_("edition"))
    state = models.CharField(
        _("state"), max_length=10, choices=ListingState.choices, default=ListingState.DRAFT, editable=False
    )
    reserved_until = models.DateTimeField(_("reserved until"), null=True, blank=True, editable=False)
    price = MoneyField(  # type: ignore[no-untyped-call]
        _("price"),
        max_digits=8,
        decimal_places=2,
        default_currency="EUR",
        currency_choices=[("EUR", "EUR")],
        validators=[MinMoneyValidator(Decimal("0.01"))],
    )
    points_override = models.PositiveIntegerField(
        _("reward points"), null=True, blank=True, help_text=_("Empty: computed from the price.")
    )
    weight_g = models.PositiveSmallIntegerField(
        _("weight (grams)"), null=True, blank=True, help_text=_("Empty: by packaging.")
    )
    headline_grade = models.CharField(
        _("headline grade"),
        max_length=12,
        choices=Grade.choices,
        blank=True,
        editable=False,
        help_text=_("The worst of the graded parts."),
    )
    grade_override = models.CharField(
        _("headline grade, lowered"),
        max_length=12,
        choices=Grade.choices,
        blank=True,
        help_text=_("Only to lower it."),
    )
    is_fault_accepted = models.BooleanField(
        _("sell although faulty"),
        default=False,
        help_text=_("A faulty piece needs this tick and a defect note."),
    )
    test_state = models.CharField(_("tested"), max_length=24, choices=TestState.choices, default=TestState.NOT_TESTED)
    provenance = models.CharField(
        _("provenance"), max_length=20, choices=Provenance.choices, default=Provenance.UNKNOWN
    )
    provenance_note_en = models.CharField(_("provenance note (English)"), max_length=300, blank=True)
    provenance_note_el = models.CharField(_("provenance note (Greek)"), max_length=300, blank=True)
    note_en = models.TextField(_("note on this copy (English)"), blank=True)
    note_el = models.TextField(_("note on this copy (Greek)"), blank=True)
    tax_scheme = models.CharField(_("tax scheme"), max_length=10, choices=TaxScheme.choices, default=TaxScheme.MARGIN)
    shelf = models.CharField(_("shelf"), max_length=20, blank=True, help_text=_("Where it stands; staff only."))
    search_text = models.TextField(editable=False, default="", blank=True)
    is_demo = models.BooleanField(_("demo data"), default=False, editable=False)
    version = models.PositiveIntegerField(default=1, editable=False)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    published_at = models.DateTimeField(_("published"), null=True, blank=True, editable=False)
    sold_at = models.DateTimeField(_("sold"), null=True, blank=True, editable=False)
    changed_at = models.DateTimeField(_("changed"), default=timezone.now, editable=False)
    history = HistoricalRecords(excluded_fields=["search_text", "version", "changed_at"])

    # EUR: the price to show beside a lowered one. Not a column; catalog.prices gives it to pieces about to be shown.
    reduced_from: Decimal | None = None

    objects = ListingQuerySet.as_manager()

    class Meta:
        verbose_name = _("listing")
        verbose_name_plural = _("listings")
        ordering: ClassVar = ["-id"]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(sku__regex=SKU_PATTERN), name="listing_sku_well_formed"),
            models.CheckConstraint(condition=Q(price_currency="EUR"), name="listing_price_in_eur"),
            models.CheckConstraint(condition=Q(price__gt=0), name="listing_price_positive"),
            models.CheckConstraint(
                condition=Q(state=ListingState.RESERVED, reserved_until__isnull=False)
                | (~Q(state=ListingState.RESERVED) & Q(reserved_until__isnull=True)),
                name="listing_reserved_has_until",
            ),
            models.CheckConstraint(
                condition=Q(state=ListingState.SOLD, sold_at__isnull=False) | ~Q(state=ListingState.SOLD),
                name="listing_sold_has_time",
            ),
            models.CheckConstraint(
                condition=Q(state__in=(ListingState.DRAFT, ListingState.WITHDRAWN, ListingState.RETURNED))
                | (Q(published_at__isnull=False) & ~Q(headline_grade="")),
                name="listing_public_is_graded_and_dated",
            ),
            models.CheckConstraint(
                condition=~Q(headline_grade=Grade.FAULTY)
                | Q(is_fault_accepted=True)
                | Q(state__in=(ListingState.DRAFT, ListingState.WITHDRAWN, ListingState.RETURNED)),
                name="listing_faulty_only_when_accepted",
            ),
        ]
        indexes: ClassVar = [
            models.Index(F("published_at").desc(), F("id").desc(), name="listing_newest"),
            models.Index(fields=["state", "price", "id"], name="listing_by_price"),
            models.Index(fields=["reserved_until"], name="listing_reserved", condition=Q(state=ListingState.RESERVED)),
            GinIndex(OpClass(F("search_text"), name="gin_trgm_ops"), name="listing_search_trgm"),
        ]

    def __str__(self) -> str:
        return self.sku

    def get_absolute_url(self) -> str:
        return reverse("catalog:listing", kwargs={"sku": self.sku, "slug": self.slug})

    @property
    def films(self) -> list[Film]:
        """Films on the piece's edition, in order; uses prefetched rows."""
        return [row.film for row in self.edition.edition_films.all()]

    @cached_property
    def film(self) -> Film | None:
        """The first film of the edition; None only while a draft is unfinished."""
        films = self.films
        return films[0] if films else None

    @cached_property
    def title(self) -> str:
        """The name on cards, in mails and on papers, in the language of the page."""
        if self.edition.title:
            return self.edition.title
        return " + ".join(film.display_title for film in self.films) or self.sku

    @cached_property
    def full_title(self) -> str:
        """Both scripts and the director: The Cranes Are Flying (Летят журавли): A film by …"""
        title = self.title
        film = self.film
        if film is None:
            return title
        if film.original_title and film.original_title != title:
            title = f"{title} ({film.original_title})"
        directors = ", ".join(person.name for person in film.directors)
        return _("{title}: A film by {directors}").format(title=title, directors=directors) if directors else title

    @property
    def slug(self) -> str:
        film = self.film
        return slugify(f"{self.edition.title or (film.title if film else '')} {(film and film.year) or ''}")

    def is_held(self, *, now: datetime | None = None) -> bool:
        """True while somebody's claim on it is live."""
        return (
            self.state == ListingState.RESERVED
            and self.reserved_until is not None
            and self.reserved_until >= (now or timezone.now())
        )

    @property
    def is_for_sale(self) -> bool:
        return self.state == ListingState.LISTED or (self.state == ListingState.RESERVED and not self.is_held())

    @property
    def provenance_note(self) -> str:
        return (self.provenance_note_el if get_language() == "el" else "") or self.provenance_note_en

    @property
    def note(self) -> str:
        return (self.note_el if get_language() == "el" else "") or self.note_en


class ListingPhoto(models.Model):
    """A photo of this copy, re-encoded on upload; widths lists the sizes that exist on disk."""

    class Kind(models.TextChoices):
        FRONT = "front", _("Front")
        BACK = "back", _("Back")
        DISC = "disc", _("Disc")
        SPINE = "spine", _("Spine")
        INSERT = "insert", _("Insert")
        DEFECT = "defect", _("Defect")
        OTHER = "other", _("Other")

    listing = models.ForeignKey(Listing, on_delete=models.CASCADE, related_name="photos", verbose_name=_("listing"))
    kind = models.CharField(_("shows"), max_length=8, choices=Kind.choices, default=Kind.FRONT)
    position = models.PositiveSmallIntegerField(_("position"), default=0)
    image = models.ImageField(
        _("photo"), upload_to="listings/", width_field="width", height_field="height", max_length=200
    )
    width = models.PositiveIntegerField(editable=False, default=0)
    height = models.PositiveIntegerField(editable=False, default=0)
    widths = models.JSONField(editable=False, default=list, blank=True)
    sha256 = models.CharField(max_length=64, editable=False, blank=True)
    caption_en = models.CharField(_("caption (English)"), max_length=200, blank=True)
    caption_el = models.CharField(_("caption (Greek)"), max_length=200, blank=True)
    credit = models.CharField(_("credit"), max_length=120, blank=True)
    rights = models.CharField(_("rights"), max_length=10, choices=Rights.choices, default=Rights.OWN)
    is_illustration = models.BooleanField(
        _("drawing, not a photograph"), default=False, help_text=_("Said beside the picture.")
    )

    class Meta:
        verbose_name = _("photo")
        verbose_name_plural = _("photos")
        ordering: ClassVar = ["position", "id"]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}"

    @property
    def caption(self) -> str:
        return (self.caption_el if get_language() == "el" else "") or self.caption_en


class PurchaseRecord(models.Model):
    """What the shop paid for a piece and to whom; staff only. The margin scheme asks for it
    (Directive 2006/112/EC, articles 313 and 324)."""

    listing = models.OneToOneField(
        Listing, on_delete=models.PROTECT, related_name="purchase", verbose_name=_("listing")
    )
    bought_on = models.DateField(_("bought on"), null=True, blank=True)
    cost_eur = models.DecimalField(_("cost (EUR)"), max_digits=8, decimal_places=2, null=True, blank=True)
    seller_kind = models.CharField(_("bought from"), max_length=20, choices=SellerKind.choices)
    seller_country = models.CharField(_("seller's country"), max_length=2, blank=True)
    document = models.CharField(_("document"), max_length=80, blank=True)
    note = models.CharField(_("note"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("purchase record")
        verbose_name_plural = _("purchase records")
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(cost_eur__isnull=True) | Q(cost_eur__gte=0), name="purchase_cost_not_negative"
            )
        ]

    def __str__(self) -> str:
        return f"{self.listing}"


class PriceChange(models.Model):
    """The price of a listing from a moment on; written by a trigger, so no path forgets it."""

    listing = models.ForeignKey(
        Listing, on_delete=models.CASCADE, related_name="price_changes", verbose_name=_("listing")
    )
    price_eur = models.DecimalField(_("price (EUR)"), max_digits=8, decimal_places=2)
    changed_at = models.DateTimeField(_("from"))

    class Meta:
        verbose_name = _("price change")
        verbose_name_plural = _("price history")
        ordering: ClassVar = ["-changed_at", "-id"]

    def __str__(self) -> str:
        return f"{self.price_eur} EUR"
