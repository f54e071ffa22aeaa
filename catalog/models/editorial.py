"""Reviews, ratings by visitors, programmes and screenings."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from catalog.models.film import Film
from catalog.models.people import Company, Person
from catalog.models.sources import Sourced
from catalog.vocabularies import DatePrecision, ReviewKind, Rights


class Review(Sourced):
    """A critic's review, an essay, a customer's review or comment. A link-only one has no body."""

    class Moderation(models.TextChoices):
        WAITING = "waiting", _("Waiting")
        APPROVED = "approved", _("Approved")
        REJECTED = "rejected", _("Rejected")

    film = models.ForeignKey(Film, on_delete=models.CASCADE, related_name="reviews", verbose_name=_("film"))
    kind = models.CharField(_("kind"), max_length=12, choices=ReviewKind.choices)
    author_name = models.CharField(_("author"), max_length=120, blank=True)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="reviews",
        verbose_name=_("account"),
    )
    publication = models.CharField(_("publication"), max_length=120, blank=True)
    series = models.CharField(_("series"), max_length=160, blank=True)
    section = models.CharField(_("section"), max_length=120, blank=True)
    published_date = models.DateField(_("published on"), null=True, blank=True)
    published_precision = models.CharField(
        _("precision"), max_length=5, choices=DatePrecision.choices, default=DatePrecision.DAY
    )
    language = models.CharField(_("language"), max_length=12, default="en")
    title = models.CharField(_("title"), max_length=300, blank=True)
    lead = models.TextField(_("lead"), blank=True)
    body = models.TextField(_("text"), blank=True)
    rating = models.DecimalField(_("rating"), max_digits=4, decimal_places=1, null=True, blank=True)
    scale = models.DecimalField(_("scale"), max_digits=4, decimal_places=1, null=True, blank=True)
    helpful_up = models.PositiveIntegerField(_("found helpful"), default=0)
    helpful_down = models.PositiveIntegerField(_("found unhelpful"), default=0)
    url = models.URLField(_("address"), blank=True)
    rights = models.CharField(_("rights"), max_length=10, choices=Rights.choices, default=Rights.LINK_ONLY)
    moderation = models.CharField(
        _("moderation"), max_length=10, choices=Moderation.choices, default=Moderation.WAITING
    )
    created_at = models.DateTimeField(_("written"), auto_now_add=True)

    class Meta:
        verbose_name = _("review")
        verbose_name_plural = _("reviews")
        ordering: ClassVar = ["kind", "published_date", "id"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=~Q(rights=Rights.LINK_ONLY) | Q(body="", lead=""),
                name="review_link_only_has_no_body",
            ),
            models.CheckConstraint(
                condition=Q(rating__isnull=True) | Q(scale__isnull=False, rating__lte=models.F("scale"), rating__gte=0),
                name="review_rating_within_scale",
            ),
        ]

    def __str__(self) -> str:
        return self.title or f"{self.get_kind_display()} {self.author_name}".strip()


class FilmRating(models.Model):
    """A visitor's own rating of a film, 1 to 10."""

    film = models.ForeignKey(Film, on_delete=models.CASCADE, related_name="visitor_ratings", verbose_name=_("film"))
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="film_ratings", verbose_name=_("account")
    )
    value = models.PositiveSmallIntegerField(_("rating"))
    rated_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = _("visitor's rating")
        verbose_name_plural = _("visitors' ratings")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["film", "user"], name="film_rating_once_per_user"),
            models.CheckConstraint(condition=Q(value__range=(1, 10)), name="film_rating_one_to_ten"),
        ]

    def __str__(self) -> str:
        return f"{self.film}: {self.value}"


class Venue(models.Model):
    name = models.CharField(_("name"), max_length=160, unique=True)
    city = models.CharField(_("city"), max_length=80, blank=True)
    country = models.CharField(_("country"), max_length=2, blank=True)
    url = models.URLField(_("address"), blank=True)

    class Meta:
        verbose_name = _("venue")
        verbose_name_plural = _("venues")
        ordering: ClassVar = ["name"]

    def __str__(self) -> str:
        return self.name


class InTwoLanguages(models.Model):
    """Title and text in English and Greek, and the title as first printed elsewhere."""

    title_en = models.CharField(_("title (English)"), max_length=200)
    title_el = models.CharField(_("title (Greek)"), max_length=200, blank=True)
    title_original = models.CharField(_("title as first printed"), max_length=200, blank=True)
    title_original_language = models.CharField(_("its language"), max_length=12, blank=True)
    text_en = models.TextField(_("text (English)"), blank=True)
    text_el = models.TextField(_("text (Greek)"), blank=True)

    class Meta:
        abstract = True

    @property
    def title(self) -> str:
        return (self.title_el if get_language() == "el" else "") or self.title_en

    @property
    def text(self) -> str:
        return (self.text_el if get_language() == "el" else "") or self.text_en


class Programme(InTwoLanguages, Sourced):
    """An editorial group of films."""

    slug = models.SlugField(_("name in the address"), unique=True)
    year = models.PositiveSmallIntegerField(_("year"), null=True, blank=True)
    films = models.ManyToManyField(Film, through="ProgrammeFilm", related_name="programmes", verbose_name=_("films"))
    image = models.ImageField(_("image"), upload_to="programmes/", blank=True)
    is_public = models.BooleanField(_("shown"), default=True)
    position = models.PositiveSmallIntegerField(_("position"), default=0)

    class Meta:
        verbose_name = _("programme")
        verbose_name_plural = _("programmes")
        ordering: ClassVar = ["position", "id"]

    def __str__(self) -> str:
        return self.title_en

    def get_absolute_url(self) -> str:
        return reverse("catalog:programme", kwargs={"slug": self.slug})


class ProgrammeFilm(models.Model):
    """A film of a programme; one the catalogue lacks is named by its title."""

    programme = models.ForeignKey(
        Programme, on_delete=models.CASCADE, related_name="programme_films", verbose_name=_("programme")
    )
    film = models.ForeignKey(
        Film, on_delete=models.CASCADE, null=True, blank=True, related_name="programme_films", verbose_name=_("film")
    )
    title = models.CharField(_("title"), max_length=200, blank=True)
    position = models.PositiveSmallIntegerField(_("position"), default=0)
    note_en = models.CharField(_("note (English)"), max_length=300, blank=True)
    note_el = models.CharField(_("note (Greek)"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("film of the programme")
        verbose_name_plural = _("films of the programme")
        ordering: ClassVar = ["position", "id"]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(film__isnull=False) | ~Q(title=""), name="programme_film_names_a_film"),
            models.UniqueConstraint(fields=["programme", "film"], name="programme_film_once"),
        ]

    def __str__(self) -> str:
        return str(self.film or self.title)

    @property
    def note(self) -> str:
        return (self.note_el if get_language() == "el" else "") or self.note_en


class Screening(InTwoLanguages, Sourced):
    """A showing of a film at a venue; its length is the event's, not the film's."""

    programme = models.ForeignKey(
        Programme,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="screenings",
        verbose_name=_("programme"),
    )
    film = models.ForeignKey(Film, on_delete=models.CASCADE, related_name="screenings", verbose_name=_("film"))
    venue = models.ForeignKey(Venue, on_delete=models.PROTECT, related_name="screenings", verbose_name=_("venue"))
    starts_at = models.DateTimeField(_("starts at"), null=True, blank=True)
    length_min = models.PositiveSmallIntegerField(_("length (minutes)"), null=True, blank=True)
    language_note = models.CharField(_("audience and language"), max_length=160, blank=True)
    print_note = models.CharField(_("print"), max_length=200, blank=True)
    restored_by = models.ForeignKey(
        Company,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="restored_screenings",
        verbose_name=_("restored by"),
    )
    url = models.URLField(_("address"), blank=True)

    class Meta:
        verbose_name = _("screening")
        verbose_name_plural = _("screenings")
        ordering: ClassVar = ["starts_at", "id"]

    def __str__(self) -> str:
        return self.title_en


class ScreeningAct(models.Model):
    """Who performed at a screening, and what."""

    screening = models.ForeignKey(Screening, on_delete=models.CASCADE, related_name="acts", verbose_name=_("screening"))
    person = models.ForeignKey(
        Person, on_delete=models.PROTECT, null=True, blank=True, related_name="screening_acts", verbose_name=_("person")
    )
    name = models.CharField(_("name"), max_length=120)
    role_en = models.CharField(_("act (English)"), max_length=120)
    role_el = models.CharField(_("act (Greek)"), max_length=120, blank=True)
    position = models.PositiveSmallIntegerField(_("position"), default=0)

    class Meta:
        verbose_name = _("act")
        verbose_name_plural = _("acts")
        ordering: ClassVar = ["position", "id"]

    def __str__(self) -> str:
        return self.name

    @property
    def role(self) -> str:
        return (self.role_el if get_language() == "el" else "") or self.role_en
