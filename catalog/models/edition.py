"""The edition: one published release of one or more films on disc."""

from typing import Any, ClassVar

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from catalog import barcodes
from catalog.models.film import Film
from catalog.models.people import Company
from catalog.vocabularies import (
    AudioChannels,
    AudioCodec,
    AudioKind,
    BlurayRegion,
    Colour,
    DatePrecision,
    DiscFormat,
    DvdRegion,
    EditionFlag,
    ExtraFeature,
    Insert,
    Packaging,
    PackagingExtra,
    ScreenPresentation,
    SubtitleDelivery,
    SubtitleKind,
    VideoStandard,
)


class RegionArea(models.Model):
    """The territories of one DVD or Blu-ray region, in words, editable by staff."""

    class System(models.TextChoices):
        DVD = "dvd", "DVD"
        BLURAY = "bluray", "Blu-ray"

    system = models.CharField(_("system"), max_length=6, choices=System.choices)
    code = models.CharField(_("region"), max_length=4)
    area_en = models.TextField(_("territories (English)"))
    area_el = models.TextField(_("territories (Greek)"))

    class Meta:
        verbose_name = _("region")
        verbose_name_plural = _("regions")
        ordering: ClassVar = ["system", "code"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["system", "code"], name="region_area_once")]

    def __str__(self) -> str:
        return f"{self.get_system_display()} {self.code}"


class Edition(models.Model):
    """One release of a film, or several, on disc. Empty means unknown."""

    title = models.CharField(
        _("title on the sleeve"), max_length=200, blank=True, help_text=_("Empty: the film's title.")
    )
    films = models.ManyToManyField(Film, through="EditionFilm", related_name="editions", verbose_name=_("films"))
    label = models.ForeignKey(
        Company,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="editions",
        verbose_name=_("label"),
    )
    territory = models.CharField(_("released in"), max_length=4, blank=True, help_text=_("ISO 3166-1, such as GB."))
    barcode = models.CharField(_("barcode as printed"), max_length=20, blank=True)
    gtin = models.CharField(
        _("barcode, 13 digits"),
        max_length=13,
        blank=True,
        editable=False,
        db_index=True,
        help_text=_("Only when the check digit is right."),
    )
    catalogue_number = models.CharField(_("catalogue number"), max_length=40, blank=True)
    distribution_code = models.CharField(_("distribution code"), max_length=10, blank=True, help_text="D1 … D4")
    release_date = models.DateField(_("released on"), null=True, blank=True)
    release_date_precision = models.CharField(
        _("precision"), max_length=5, choices=DatePrecision.choices, default=DatePrecision.DAY
    )
    regions = ArrayField(
        models.CharField(max_length=4, choices=DvdRegion.choices),
        verbose_name=_("DVD regions"),
        default=list,
        blank=True,
    )
    bluray_regions = ArrayField(
        models.CharField(max_length=4, choices=BlurayRegion.choices),
        verbose_name=_("Blu-ray regions"),
        default=list,
        blank=True,
    )
    rce = models.BooleanField(
        _("region-coding enhanced"), default=False, help_text=_("Refuses players made region-free.")
    )
    video_standard = models.CharField(_("standard"), max_length=5, choices=VideoStandard.choices, blank=True)
    colour = models.CharField(_("colour"), max_length=10, choices=Colour.choices, blank=True)
    aspect_ratios = ArrayField(
        models.DecimalField(max_digits=4, decimal_places=2),
        verbose_name=_("aspect ratios shown"),
        default=list,
        blank=True,
    )
    presentations = ArrayField(
        models.CharField(max_length=12, choices=ScreenPresentation.choices),
        verbose_name=_("presentation"),
        default=list,
        blank=True,
    )
    runtime_min = models.PositiveSmallIntegerField(_("run time (minutes)"), null=True, blank=True)
    disc_count = models.PositiveSmallIntegerField(
        _("number of discs"), null=True, blank=True, help_text=_("Empty: not known.")
    )
    disc_format = models.CharField(
        _("format"),
        max_length=10,
        choices=DiscFormat.choices,
        default=DiscFormat.DVD,
        help_text=_("Of the main disc; each disc has its own below."),
    )
    packaging = models.CharField(_("packaging"), max_length=12, choices=Packaging.choices, blank=True)
    packaging_extras = ArrayField(
        models.CharField(max_length=40, choices=PackagingExtra.choices),
        verbose_name=_("packaging extras"),
        default=list,
        blank=True,
    )
    inserts = ArrayField(
        models.CharField(max_length=30, choices=Insert.choices),
        verbose_name=_("inserts"),
        default=list,
        blank=True,
    )
    flags = ArrayField(
        models.CharField(max_length=30, choices=EditionFlag.choices),
        verbose_name=_("flags"),
        default=list,
        blank=True,
    )
    are_tracks_complete = models.BooleanField(
        _("all tracks are recorded"),
        default=False,
        help_text=_("Only then does a missing subtitle mean “none”."),
    )
    note_en = models.TextField(_("note (English)"), blank=True)
    note_el = models.TextField(_("note (Greek)"), blank=True)
    is_demo = models.BooleanField(_("demo data"), default=False, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)
    history = HistoricalRecords()

    class Meta:
        verbose_name = _("edition")
        verbose_name_plural = _("editions")
        ordering: ClassVar = ["-id"]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(regions__contained_by=DvdRegion.values), name="edition_regions_known"),
            models.CheckConstraint(
                condition=Q(bluray_regions__contained_by=BlurayRegion.values),
                name="edition_bluray_regions_known",
            ),
            models.CheckConstraint(condition=Q(flags__contained_by=EditionFlag.values), name="edition_flags_known"),
            models.CheckConstraint(
                condition=Q(runtime_min__isnull=True) | Q(runtime_min__gt=0), name="edition_runtime_positive"
            ),
            models.CheckConstraint(
                condition=Q(gtin="") | Q(gtin__regex=r"^[0-9]{13}$"), name="edition_gtin_thirteen_digits"
            ),
        ]
        indexes: ClassVar = [GinIndex(fields=["regions"], name="edition_regions_gin")]

    def __str__(self) -> str:
        films = self.edition_films.all() if self.pk and not self.title else ()
        title = self.title or " + ".join(row.film.title for row in films) or "?"
        parts = [title, str(self.label) if self.label_id else "", self.territory]
        return ", ".join(part for part in parts if part)

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.gtin = barcodes.gtin(self.barcode)
        fields = kwargs.get("update_fields")
        if fields is not None and "barcode" in fields:
            kwargs["update_fields"] = {*fields, "gtin"}
        super().save(*args, **kwargs)

    @property
    def is_barcode_invalid(self) -> bool:
        """True when a code is printed on the sleeve whose check digit is wrong; it is kept and flagged."""
        return bool(self.barcode) and not self.gtin

    @property
    def is_blocked(self) -> bool:
        """True when no copy of this edition may be listed."""
        return EditionFlag.BOOTLEG_SUSPECTED in self.flags or EditionFlag.SCREENER in self.flags


class EditionFilm(models.Model):
    """A film on an edition; a box set or double bill has several."""

    edition = models.ForeignKey(
        Edition, on_delete=models.CASCADE, related_name="edition_films", verbose_name=_("edition")
    )
    film = models.ForeignKey(Film, on_delete=models.PROTECT, related_name="edition_films", verbose_name=_("film"))
    position = models.PositiveSmallIntegerField(_("position"), default=0)

    class Meta:
        verbose_name = _("film on the edition")
        verbose_name_plural = _("films on the edition")
        ordering: ClassVar = ["position", "id"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["edition", "film"], name="edition_film_once")]

    def __str__(self) -> str:
        return str(self.film)


class EditionDisc(models.Model):
    edition = models.ForeignKey(Edition, on_delete=models.CASCADE, related_name="discs", verbose_name=_("edition"))
    number = models.PositiveSmallIntegerField(_("disc"), default=1)
    format = models.CharField(_("format"), max_length=10, choices=DiscFormat.choices, default=DiscFormat.DVD)
    title = models.CharField(_("title"), max_length=160, blank=True)
    content = models.CharField(_("content"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("disc")
        verbose_name_plural = _("discs")
        ordering: ClassVar = ["number"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["edition", "number"], name="edition_disc_number_once")]

    def __str__(self) -> str:
        return f"{self.number}: {self.get_format_display()}"


class AudioTrack(models.Model):
    """One soundtrack. Language zxx is no dialogue, mul several, und unknown (ISO 639-2)."""

    edition = models.ForeignKey(
        Edition, on_delete=models.CASCADE, related_name="audio_tracks", verbose_name=_("edition")
    )
    disc = models.ForeignKey(
        EditionDisc,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="audio_tracks",
        verbose_name=_("disc"),
    )
    position = models.PositiveSmallIntegerField(_("position"), default=1)
    language = models.CharField(_("language"), max_length=12, default="und")
    codec = models.CharField(_("codec"), max_length=30, choices=AudioCodec.choices, blank=True)
    channels = models.CharField(_("channels"), max_length=5, choices=AudioChannels.choices, blank=True)
    kind = models.CharField(_("kind"), max_length=20, choices=AudioKind.choices, default=AudioKind.ORIGINAL)
    label = models.CharField(_("label"), max_length=120, blank=True)

    class Meta:
        verbose_name = _("audio track")
        verbose_name_plural = _("audio tracks")
        ordering: ClassVar = ["position", "id"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["edition", "disc", "position"], nulls_distinct=False, name="audio_track_position_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.language} {self.get_codec_display()} {self.channels}".strip()


class SubtitleTrack(models.Model):
    """Subtitles of the whole edition, or of the one audio track they belong to."""

    edition = models.ForeignKey(
        Edition, on_delete=models.CASCADE, related_name="subtitle_tracks", verbose_name=_("edition")
    )
    disc = models.ForeignKey(
        EditionDisc,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="subtitle_tracks",
        verbose_name=_("disc"),
    )
    audio_track = models.ForeignKey(
        AudioTrack,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="subtitle_tracks",
        verbose_name=_("belongs to audio track"),
    )
    position = models.PositiveSmallIntegerField(_("position"), default=1)
    language = models.CharField(_("language"), max_length=12, default="und")
    kind = models.CharField(_("kind"), max_length=12, choices=SubtitleKind.choices, default=SubtitleKind.FULL)
    delivery = models.CharField(
        _("delivery"), max_length=12, choices=SubtitleDelivery.choices, default=SubtitleDelivery.UNKNOWN
    )

    class Meta:
        verbose_name = _("subtitle track")
        verbose_name_plural = _("subtitle tracks")
        ordering: ClassVar = ["position", "id"]

    def __str__(self) -> str:
        return f"{self.language} ({self.get_kind_display()})"


class EditionExtra(models.Model):
    """Bonus material on an edition."""

    edition = models.ForeignKey(Edition, on_delete=models.CASCADE, related_name="extras", verbose_name=_("edition"))
    kind = models.CharField(_("kind"), max_length=20, choices=ExtraFeature.choices)
    title = models.CharField(_("title"), max_length=200, blank=True)
    duration_s = models.PositiveIntegerField(_("length (seconds)"), null=True, blank=True)
    language = models.CharField(_("language"), max_length=12, blank=True)

    class Meta:
        verbose_name = _("extra")
        verbose_name_plural = _("extras")

    def __str__(self) -> str:
        return self.title or self.get_kind_display()
