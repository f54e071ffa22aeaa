"""The shipping tariff: zones, methods, weight bands, free shipping, postcode exceptions and packing."""

import re
from decimal import Decimal
from typing import Any, ClassVar

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import IntegerRangeField, RangeOperators
from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator, RegexValidator
from django.db import models
from django.db.models import Deferrable, F, Func, Q, Value
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from django_countries.fields import CountryField

from catalog.vocabularies import Packaging

PRICE_LIMITS = [MinValueValidator(Decimal(0))]
CODE = RegexValidator(r"^[A-Za-z0-9_]+$", _("Letters, digits and underscores only."))


def in_language(english: str, greek: str) -> str:
    """Return the text of the active language; the other one where it is missing."""
    return (greek or english) if get_language() == "el" else (english or greek)


def valid_pattern(pattern: str) -> None:
    """Raise ValidationError unless the text is a regular expression."""
    try:
        re.compile(pattern)
    except re.error as error:
        raise ValidationError(_("Not a regular expression: %(error)s"), params={"error": str(error)}) from error


class Zone(models.Model):
    """Countries that cost the same to ship to. A country in no enabled zone cannot be shipped to."""

    code = models.CharField(_("code"), max_length=12, unique=True, validators=[CODE])
    name_en = models.CharField(_("name (English)"), max_length=80)
    name_el = models.CharField(_("name (Greek)"), max_length=80)
    is_eu_vat = models.BooleanField(_("inside the EU VAT area"), default=False)
    needs_customs = models.BooleanField(_("parcels need a customs form"), default=True)
    is_enabled = models.BooleanField(_("we ship there"), default=True)
    position = models.PositiveSmallIntegerField(_("position"), default=0)

    class Meta:
        verbose_name = _("shipping zone")
        verbose_name_plural = _("shipping zones")
        ordering: ClassVar = ["position", "code"]

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        return in_language(self.name_en, self.name_el)


class ShipsWhen(models.TextChoices):
    """What must be true before parcels go to a country."""

    ALWAYS = "always", _("Always")
    UK_VAT_NUMBER = "uk_vat_number", _("Once the shop has a UK VAT number (shop settings)")


class ZoneCountry(models.Model):
    """A country's place in a zone, and what keeps parcels from it."""

    zone = models.ForeignKey(Zone, on_delete=models.CASCADE, related_name="countries", verbose_name=_("zone"))
    country = CountryField(_("country"), unique=True)
    is_enabled = models.BooleanField(_("we ship there"), default=True)
    ships_when = models.CharField(_("ships"), max_length=16, choices=ShipsWhen.choices, default=ShipsWhen.ALWAYS)
    refusal_en = models.CharField(
        _("why not (English)"),
        max_length=300,
        blank=True,
        help_text=_("Shown to customers while we do not ship there."),
    )
    refusal_el = models.CharField(_("why not (Greek)"), max_length=300, blank=True)
    staff_note = models.CharField(_("note for staff"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("country")
        verbose_name_plural = _("countries")
        ordering: ClassVar = ["country"]

    def __str__(self) -> str:
        return str(self.country.name)

    def clean(self) -> None:
        if (not self.is_enabled or self.ships_when != ShipsWhen.ALWAYS) and not (self.refusal_en and self.refusal_el):
            raise ValidationError(_("Say in both languages why we do not ship there."))


class PostcodeRule(models.Model):
    """Postcodes of a country that are treated unlike the rest of it. The first matching rule decides."""

    country = CountryField(_("country"))
    pattern = models.CharField(
        _("postcodes"),
        max_length=80,
        validators=[valid_pattern],
        help_text=_("Regular expression over the postcode in capitals without spaces or hyphens, such as ^BT."),
    )
    is_refused = models.BooleanField(_("we do not ship there"), default=False)
    needs_customs = models.BooleanField(_("parcels need a customs form"), default=True)
    is_eu_vat = models.BooleanField(_("inside the EU VAT area"), default=False)
    reason_en = models.CharField(_("reason (English)"), max_length=200)
    reason_el = models.CharField(_("reason (Greek)"), max_length=200)
    position = models.PositiveSmallIntegerField(_("position"), default=0)

    class Meta:
        verbose_name = _("postcode exception")
        verbose_name_plural = _("postcode exceptions")
        ordering: ClassVar = ["country", "position", "id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["country", "pattern"], name="postcode_rule_once"),
        ]

    def __str__(self) -> str:
        return f"{self.country.code} {self.pattern}"


class Method(models.Model):
    """A way to get a parcel to the buyer: registered post, courier, collecting it."""

    code = models.CharField(_("code"), max_length=20, unique=True, validators=[CODE])
    name_en = models.CharField(_("name (English)"), max_length=80)
    name_el = models.CharField(_("name (Greek)"), max_length=80)
    carrier = models.CharField(_("carrier"), max_length=80, blank=True)
    is_tracked = models.BooleanField(_("tracked"), default=True)
    is_pickup = models.BooleanField(_("collected by the buyer"), default=False)
    is_default = models.BooleanField(_("offered first"), default=False)
    is_enabled = models.BooleanField(_("offered"), default=True)
    insured_up_to = models.DecimalField(
        _("insured up to (EUR)"),
        max_digits=8,
        decimal_places=2,
        null=True,
        blank=True,
        validators=PRICE_LIMITS,
    )
    max_weight_g = models.PositiveIntegerField(
        _("heaviest parcel (g)"), null=True, blank=True, validators=[MinValueValidator(1)]
    )
    max_goods_value = models.DecimalField(
        _("goods worth at most (EUR)"),
        max_digits=8,
        decimal_places=2,
        null=True,
        blank=True,
        validators=PRICE_LIMITS,
    )
    flat_price = models.DecimalField(
        _("flat price (EUR)"),
        max_digits=8,
        decimal_places=2,
        null=True,
        blank=True,
        validators=PRICE_LIMITS,
        help_text=_("For any weight, in place of weight bands. Needs the countries below."),
    )
    countries = CountryField(
        _("only these countries"),
        multiple=True,
        blank=True,
        help_text=_("Empty: wherever it has weight bands."),
    )
    position = models.PositiveSmallIntegerField(_("position"), default=0)

    class Meta:
        verbose_name = _("shipping method")
        verbose_name_plural = _("shipping methods")
        ordering: ClassVar = ["position", "code"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["is_default"], condition=Q(is_default=True), name="one_default_method"),
            models.CheckConstraint(
                condition=Q(flat_price__isnull=True) | ~Q(countries=""), name="flat_price_names_its_countries"
            ),
            models.CheckConstraint(
                condition=Q(flat_price__isnull=True) | Q(flat_price__gte=0), name="flat_price_not_negative"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        return in_language(self.name_en, self.name_el)


# The weights of a band as PostgreSQL sees them: above the lower bound, up to and including the upper.
WEIGHT_BAND = Func(F("over_g"), F("up_to_g"), Value("(]"), function="int4range", output_field=IntegerRangeField())


class ShippingRate(models.Model):
    """The price of a parcel weighing more than `over_g` and at most `up_to_g` grams."""

    method = models.ForeignKey(Method, on_delete=models.CASCADE, related_name="rates", verbose_name=_("method"))
    zone = models.ForeignKey(Zone, on_delete=models.CASCADE, related_name="rates", verbose_name=_("zone"))
    over_g = models.PositiveIntegerField(_("over (g)"))
    up_to_g = models.PositiveIntegerField(_("up to (g)"))
    price = models.DecimalField(_("price (EUR)"), max_digits=8, decimal_places=2, validators=PRICE_LIMITS)
    per_extra_kg = models.DecimalField(
        _("per kg begun above the lower bound (EUR)"),
        max_digits=8,
        decimal_places=2,
        default=Decimal("0.00"),
        validators=PRICE_LIMITS,
    )
    days_min = models.PositiveSmallIntegerField(_("days from"))
    days_max = models.PositiveSmallIntegerField(_("days to"))

    class Meta:
        verbose_name = _("weight band")
        verbose_name_plural = _("weight bands")
        ordering: ClassVar = ["zone", "method", "over_g"]
        constraints: ClassVar = [
            # Deferred, so that moving the border between two bands can be saved one band after the other.
            ExclusionConstraint(
                name="weight_bands_do_not_overlap",
                expressions=[
                    ("method", RangeOperators.EQUAL),
                    ("zone", RangeOperators.EQUAL),
                    (WEIGHT_BAND, RangeOperators.OVERLAPS),
                ],
                deferrable=Deferrable.DEFERRED,
            ),
            models.CheckConstraint(condition=Q(up_to_g__gt=F("over_g")), name="weight_band_is_not_empty"),
            models.CheckConstraint(
                condition=Q(price__gte=0, per_extra_kg__gte=0), name="weight_band_price_not_negative"
            ),
            models.CheckConstraint(condition=Q(days_max__gte=F("days_min")), name="delivery_days_in_order"),
        ]

    def __str__(self) -> str:
        return f"{self.over_g} – {self.up_to_g} g"

    def clean(self) -> None:
        if None not in (self.over_g, self.up_to_g) and self.up_to_g <= self.over_g:
            raise ValidationError({"up_to_g": _("The upper weight must be above the lower one.")})
        if None not in (self.days_min, self.days_max) and self.days_max < self.days_min:
            raise ValidationError({"days_max": _("The longest delivery is shorter than the shortest.")})


class FreeShipping(models.Model):
    """From which goods total a method costs nothing in a zone."""

    zone = models.ForeignKey(Zone, on_delete=models.CASCADE, related_name="free_shipping", verbose_name=_("zone"))
    method = models.ForeignKey(Method, on_delete=models.CASCADE, related_name="free_shipping", verbose_name=_("method"))
    goods_total_at_least = models.DecimalField(
        _("goods total from (EUR)"), max_digits=8, decimal_places=2, validators=PRICE_LIMITS
    )

    class Meta:
        verbose_name = _("free shipping")
        verbose_name_plural = _("free shipping")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["zone", "method"], name="free_shipping_once"),
            models.CheckConstraint(condition=Q(goods_total_at_least__gte=0), name="free_shipping_total_not_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.zone} · {self.method}: {self.goods_total_at_least}"


class ParcelSettings(models.Model):
    """The one row that says how pieces are packed and whether the tariff is only an example."""

    tare_g = models.PositiveSmallIntegerField(_("packing of a parcel (g)"), default=20)
    tare_per_extra_piece_g = models.PositiveSmallIntegerField(_("packing for each further piece (g)"), default=0)
    max_pieces = models.PositiveSmallIntegerField(
        _("pieces in one parcel at most"), default=16, validators=[MinValueValidator(1)]
    )
    default_piece_weight_g = models.PositiveSmallIntegerField(
        _("weight of a piece in unknown packaging (g)"), default=100, validators=[MinValueValidator(1)]
    )
    is_illustrative = models.BooleanField(
        _("the tariff is an example"),
        default=True,
        help_text=_("Says so on the shipping page. Clear it once the prices are your carrier's."),
    )

    class Meta:
        verbose_name = _("parcel settings")
        verbose_name_plural = _("parcel settings")
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(pk=1), name="parcel_settings_is_one_row"),
            models.CheckConstraint(condition=Q(max_pieces__gte=1), name="parcel_holds_a_piece"),
        ]

    def __str__(self) -> str:
        return str(self._meta.verbose_name)

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.pk = 1
        super().save(*args, **kwargs)


class PackagingWeight(models.Model):
    """What a piece weighs by its packaging, when it was not put on the scales."""

    packaging = models.CharField(_("packaging"), max_length=12, unique=True, choices=Packaging.choices)
    weight_g = models.PositiveSmallIntegerField(_("weight (g)"), validators=[MinValueValidator(1)])

    class Meta:
        verbose_name = _("weight by packaging")
        verbose_name_plural = _("weights by packaging")
        ordering: ClassVar = ["packaging"]

    def __str__(self) -> str:
        return f"{self.get_packaging_display()}: {self.weight_g} g"
