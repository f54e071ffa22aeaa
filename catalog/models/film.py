"""The film: the work itself, whatever disc it is on."""

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from catalog.models.people import Person
from catalog.models.sources import Sourced
from catalog.vocabularies import (
    BoxOfficeMeasure,
    Colour,
    ConnectionKind,
    DatePrecision,
    ReleaseKind,
    Rights,
    TextKind,
    TitleKind,
)
from shop.text import slugify


class Genre(models.Model):
    """A genre; its code is one of the category parts of a SKU."""

    code = models.CharField(_("code"), max_length=3, unique=True)
    name_en = models.CharField(_("name (English)"), max_length=60)
    name_el = models.CharField(_("name (Greek)"), max_length=60)

    class Meta:
        verbose_name = _("genre")
        verbose_name_plural = _("genres")
        ordering: ClassVar = ["name_en"]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(code__regex=r"^[A-Z]{3}$"), name="genre_code_three_capitals")
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        return self.name_el if get_language() == "el" else self.name_en


class Film(models.Model):
    """A work: *The Cranes Are Flying*, 1957. Empty means unknown, never "none"."""

    title = models.CharField(
        _("title"), max_length=200, help_text=_("In English or as known in English; other titles below.")
    )
    sort_title = models.CharField(_("sort title"), max_length=200, blank=True, db_index=True)
    original_title = models.CharField(
        _("original title"),
        max_length=200,
        blank=True,
        help_text=_("In its own script, such as Летят журавли."),
    )
    original_title_language = models.CharField(_("language of the original title"), max_length=12, blank=True)
    greek_title = models.CharField(_("Greek title"), max_length=200, blank=True)
    year = models.PositiveSmallIntegerField(_("year of production"), null=True, blank=True, db_index=True)
    countries = ArrayField(
        models.CharField(max_length=4),
        verbose_name=_("countries"),
        default=list,
        blank=True,
        help_text=_("ISO 3166-1 or, for countries that are no more, ISO 3166-3: SU."),
    )
    languages = ArrayField(
        models.CharField(max_length=12),
        verbose_name=_("languages"),
        default=list,
        blank=True,
        help_text=_("ISO 639 codes."),
    )
    genres = models.ManyToManyField(Genre, verbose_name=_("genres"), blank=True, related_name="films")
    colour = models.CharField(_("colour"), max_length=10, choices=Colour.choices, blank=True)
    aspect_ratios = ArrayField(
        models.DecimalField(max_digits=4, decimal_places=2),
        verbose_name=_("original aspect ratios"),
        default=list,
        blank=True,
    )
    runtime_min = models.PositiveSmallIntegerField(_("run time (minutes)"), null=True, blank=True)
    sound_mix = ArrayField(models.CharField(max_length=40), verbose_name=_("sound mix"), default=list, blank=True)
    process = models.CharField(_("process"), max_length=80, blank=True)
    keywords = ArrayField(models.CharField(max_length=60), verbose_name=_("keywords"), default=list, blank=True)
    locations = ArrayField(
        models.CharField(max_length=160), verbose_name=_("filming locations"), default=list, blank=True
    )
    setting_places = ArrayField(models.CharField(max_length=120), verbose_name=_("set in"), default=list, blank=True)
    setting_period = models.CharField(_("period"), max_length=80, blank=True)
    external_wins = models.PositiveSmallIntegerField(_("awards won, as counted elsewhere"), null=True, blank=True)
    external_nominations = models.PositiveSmallIntegerField(
        _("nominations, as counted elsewhere"), null=True, blank=True
    )
    is_demo = models.BooleanField(_("demo data"), default=False, editable=False)
    # Set by the database whenever this row or another that the film's page shows is changed.
    version = models.BigIntegerField(default=0, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)
    history = HistoricalRecords(m2m_fields=[genres], excluded_fields=["version"])

    class Meta:
        verbose_name = _("film")
        verbose_name_plural = _("films")
        ordering: ClassVar = ["sort_title", "id"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(year__isnull=True) | Q(year__range=(1870, 2100)), name="film_year_plausible"
            ),
            models.CheckConstraint(
                condition=Q(runtime_min__isnull=True) | Q(runtime_min__gt=0), name="film_runtime_positive"
            ),
        ]
        indexes: ClassVar = [
            GinIndex(fields=["countries"], name="film_countries_gin"),
            GinIndex(fields=["languages"], name="film_languages_gin"),
        ]

    def __str__(self) -> str:
        return f"{self.title} ({self.year})" if self.year else self.title

    def get_absolute_url(self) -> str:
        return reverse("catalog:film", kwargs={"film_id": self.pk, "slug": self.slug})

    @property
    def display_title(self) -> str:
        """The title in the page's language; the English one where no Greek one is known."""
        return (self.greek_title if get_language() == "el" else "") or self.title

    @property
    def slug(self) -> str:
        return slugify(f"{self.title} {self.year or ''}")

    @cached_property
    def directors(self) -> list[Person]:
        """Directors in billing order; uses prefetched credits."""
        return [credit.person for credit in self.credits.all() if credit.role in ("director", "codirector")]


class FilmTitle(Sourced):
    """A title of a film in one language and script."""

    film = models.ForeignKey(Film, on_delete=models.CASCADE, related_name="titles", verbose_name=_("film"))
    text = models.CharField(_("title"), max_length=200)
    language = models.CharField(_("language"), max_length=12, blank=True, help_text=_("BCP 47, such as ru-Latn."))
    script = models.CharField(_("script"), max_length=4, default="Latn", help_text=_("ISO 15924"))
    kind = models.CharField(_("kind"), max_length=20, choices=TitleKind.choices)
    territory = models.CharField(_("territory"), max_length=4, blank=True)

    class Meta:
        verbose_name = _("title")
        verbose_name_plural = _("titles")
        ordering: ClassVar = ["id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["film", "text", "language", "kind", "territory"], name="film_title_once")
        ]

    def __str__(self) -> str:
        return self.text


class FilmText(Sourced):
    """A piece of prose about a film: blurb, synopsis, plot, trivia, quote."""

    film = models.ForeignKey(Film, on_delete=models.CASCADE, related_name="texts", verbose_name=_("film"))
    kind = models.CharField(_("kind"), max_length=20, choices=TextKind.choices)
    language = models.CharField(_("language"), max_length=12, default="en")
    position = models.PositiveSmallIntegerField(_("position"), default=0)
    heading = models.CharField(_("heading"), max_length=200, blank=True)
    body = models.TextField(_("text"), help_text=_("Paragraphs are separated by an empty line."))
    author_name = models.CharField(_("author"), max_length=120, blank=True)
    speaker = models.CharField(_("speaker of the quote"), max_length=120, blank=True)
    context = models.CharField(_("context of the quote"), max_length=200, blank=True)
    people = models.ManyToManyField(Person, verbose_name=_("people it is about"), blank=True, related_name="texts")
    rights = models.CharField(_("rights"), max_length=10, choices=Rights.choices, default=Rights.OWN)
    spoiler = models.BooleanField(_("gives the story away"), default=False)

    class Meta:
        verbose_name = _("text")
        verbose_name_plural = _("texts")
        ordering: ClassVar = ["kind", "position", "id"]
        indexes: ClassVar = [models.Index(fields=["film", "language", "kind"], name="film_text_lookup")]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=~Q(rights=Rights.LINK_ONLY) | Q(body=""), name="film_text_link_only_has_no_body"
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} ({self.language})"


class SourceWork(models.Model):
    """The play or novel a film comes from."""

    film = models.ForeignKey(Film, on_delete=models.CASCADE, related_name="source_works", verbose_name=_("film"))
    title = models.CharField(_("title"), max_length=200)
    kind = models.CharField(_("kind"), max_length=40, help_text=_("play, novel, short story …"))
    author = models.ForeignKey(
        Person, on_delete=models.PROTECT, null=True, blank=True, related_name="source_works", verbose_name=_("author")
    )

    class Meta:
        verbose_name = _("source work")
        verbose_name_plural = _("source works")

    def __str__(self) -> str:
        return self.title


class FilmRelease(Sourced):
    film = models.ForeignKey(Film, on_delete=models.CASCADE, related_name="releases", verbose_name=_("film"))
    date = models.DateField(_("date"))
    precision = models.CharField(_("precision"), max_length=5, choices=DatePrecision.choices, default=DatePrecision.DAY)
    territory = models.CharField(_("territory"), max_length=4, blank=True)
    kind = models.CharField(_("kind"), max_length=20, choices=ReleaseKind.choices, default=ReleaseKind.THEATRICAL)
    note = models.CharField(_("note"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("release")
        verbose_name_plural = _("releases")
        ordering: ClassVar = ["date", "id"]

    def __str__(self) -> str:
        return f"{self.date} {self.territory}"


class BoxOffice(Sourced):
    """Admissions are people; money measures carry a currency."""

    film = models.ForeignKey(Film, on_delete=models.CASCADE, related_name="box_office", verbose_name=_("film"))
    measure = models.CharField(_("measure"), max_length=16, choices=BoxOfficeMeasure.choices)
    territory = models.CharField(_("territory"), max_length=12, help_text=_("SU, US+CA, or WW for the world."))
    value = models.DecimalField(_("value"), max_digits=15, decimal_places=2)
    currency = models.CharField(_("currency"), max_length=3, blank=True)

    class Meta:
        verbose_name = _("box office figure")
        verbose_name_plural = _("box office")
        ordering: ClassVar = ["measure", "-value"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(measure=BoxOfficeMeasure.ADMISSIONS, currency="")
                | (~Q(measure=BoxOfficeMeasure.ADMISSIONS) & Q(currency__regex=r"^[A-Z]{3}$")),
                name="box_office_money_has_currency",
            ),
            models.CheckConstraint(condition=Q(value__gte=0), name="box_office_not_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.get_measure_display()} {self.territory}: {self.value} {self.currency}".strip()


class FilmConnection(Sourced):
    """A link to another film; free title where that film is not in the catalogue."""

    film = models.ForeignKey(Film, on_delete=models.CASCADE, related_name="connections", verbose_name=_("film"))
    kind = models.CharField(_("kind"), max_length=30, choices=ConnectionKind.choices)
    other = models.ForeignKey(
        Film,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="connected_from",
        verbose_name=_("other film"),
    )
    title = models.CharField(_("title"), max_length=200, blank=True)
    year = models.PositiveSmallIntegerField(_("year"), null=True, blank=True)
    position = models.PositiveSmallIntegerField(_("position"), default=0)
    note = models.CharField(_("note"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("connection")
        verbose_name_plural = _("connections")
        ordering: ClassVar = ["kind", "position", "id"]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(other__isnull=False) | ~Q(title=""), name="film_connection_names_a_film")
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.other or self.title}"


class FilmImage(Sourced):
    """A poster, still or campaign image of a film; shown only with a file and the right to show it."""

    class Kind(models.TextChoices):
        POSTER = "poster", _("Poster")
        STILL = "still", _("Still")
        CAMPAIGN = "campaign", _("Campaign image")

    film = models.ForeignKey(Film, on_delete=models.CASCADE, related_name="images", verbose_name=_("film"))
    kind = models.CharField(_("kind"), max_length=10, choices=Kind.choices)
    image = models.ImageField(_("image"), upload_to="films/", blank=True)
    original_filename = models.CharField(_("file name at the source"), max_length=120, blank=True)
    caption_en = models.CharField(_("caption (English)"), max_length=200, blank=True)
    caption_el = models.CharField(_("caption (Greek)"), max_length=200, blank=True)
    credit = models.CharField(_("credit"), max_length=120, blank=True)
    rights = models.CharField(_("rights"), max_length=10, choices=Rights.choices, default=Rights.LINK_ONLY)

    class Meta:
        verbose_name = _("image")
        verbose_name_plural = _("images")
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=~Q(rights=Rights.LINK_ONLY) | Q(image=""), name="film_image_link_only_has_no_file"
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.caption_en}".strip()


class Advisory(Sourced):
    """A note for parents: what is in a film and how strong."""

    film = models.ForeignKey(Film, on_delete=models.CASCADE, related_name="advisories", verbose_name=_("film"))
    kind = models.CharField(_("kind"), max_length=40)
    level = models.CharField(_("level"), max_length=20, blank=True)
    text = models.CharField(_("text"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("advisory")
        verbose_name_plural = _("advisories")

    def __str__(self) -> str:
        return f"{self.kind}: {self.level}"


class Certificate(Sourced):
    """An age rating in one territory, of the film (cinema) or of an edition (home video)."""

    film = models.ForeignKey(
        Film, on_delete=models.CASCADE, null=True, blank=True, related_name="certificates", verbose_name=_("film")
    )
    edition = models.ForeignKey(
        "catalog.Edition",
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="certificates",
        verbose_name=_("edition"),
    )
    system = models.CharField(_("system"), max_length=40, help_text=_("BBFC, FSK, MPA …"))
    value = models.CharField(_("certificate"), max_length=20)
    territory = models.CharField(_("territory"), max_length=4, blank=True)
    minimum_age = models.PositiveSmallIntegerField(_("minimum age"), null=True, blank=True)

    class Meta:
        verbose_name = _("certificate")
        verbose_name_plural = _("certificates")
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(film__isnull=False, edition__isnull=True) | Q(film__isnull=True, edition__isnull=False),
                name="certificate_of_film_or_edition",
            )
        ]

    def __str__(self) -> str:
        return f"{self.system} {self.value}"
