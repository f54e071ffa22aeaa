"""What other catalogues and sites hold about a film: ratings, counts, pages and identifiers."""

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from catalog.models.film import Film
from catalog.models.people import Company, Person
from catalog.models.sources import Sourced
from catalog.vocabularies import RatingSource


class ExternalRating(Sourced):
    """A rating published elsewhere; no value means the source has none yet."""

    film = models.ForeignKey(Film, on_delete=models.CASCADE, related_name="external_ratings", verbose_name=_("film"))
    rating_source = models.CharField(_("rated by"), max_length=20, choices=RatingSource.choices)
    value = models.DecimalField(_("value"), max_digits=5, decimal_places=2, null=True, blank=True)
    scale = models.DecimalField(_("scale"), max_digits=5, decimal_places=1, null=True, blank=True)
    votes = models.PositiveIntegerField(_("votes"), null=True, blank=True)
    is_votes_approximate = models.BooleanField(_("votes are rounded"), default=False)
    checked_on = models.DateField(_("checked on"), null=True, blank=True)
    is_public = models.BooleanField(
        _("may be shown"), default=False, help_text=_("Only where the source's licence allows it.")
    )

    class Meta:
        verbose_name = _("external rating")
        verbose_name_plural = _("external ratings")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["film", "rating_source"], name="external_rating_once_per_source"),
            models.CheckConstraint(
                condition=Q(value__isnull=True) | Q(scale__isnull=False, value__lte=models.F("scale"), value__gte=0),
                name="external_rating_within_scale",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_rating_source_display()}: {self.value}/{self.scale}"


class ExternalCount(Sourced):
    """How many reviews, photos, keywords another site counts for a film."""

    film = models.ForeignKey(Film, on_delete=models.CASCADE, related_name="external_counts", verbose_name=_("film"))
    kind = models.CharField(_("what is counted"), max_length=40)
    value = models.PositiveIntegerField(_("number"))

    class Meta:
        verbose_name = _("external count")
        verbose_name_plural = _("external counts")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["film", "kind", "source"], nulls_distinct=False, name="external_count_once")
        ]

    def __str__(self) -> str:
        return f"{self.kind}: {self.value}"


class FilmLink(Sourced):
    """A page elsewhere about a film."""

    class Kind(models.TextChoices):
        OFFICIAL = "official", _("Official site")
        VIDEO = "video", _("Video")
        NEWS = "news", _("News")
        DISCUSSION = "discussion", _("Discussion")
        REFERENCE = "reference", _("Reference")

    film = models.ForeignKey(Film, on_delete=models.CASCADE, related_name="links", verbose_name=_("film"))
    kind = models.CharField(_("kind"), max_length=12, choices=Kind.choices)
    title = models.CharField(_("title"), max_length=200)
    url = models.URLField(_("address"), blank=True)
    language = models.CharField(_("language"), max_length=12, blank=True)
    published = models.CharField(_("date as printed"), max_length=40, blank=True)
    publisher = models.CharField(_("publisher"), max_length=120, blank=True)
    duration_s = models.PositiveIntegerField(_("length (seconds)"), null=True, blank=True)
    reply_count = models.PositiveIntegerField(_("replies"), null=True, blank=True)
    excerpt = models.CharField(_("opening words"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("link")
        verbose_name_plural = _("links")
        ordering: ClassVar = ["kind", "id"]

    def __str__(self) -> str:
        return self.title


class ExternalId(models.Model):
    """An identifier of a film, person, company or edition in another catalogue."""

    scheme = models.CharField(_("scheme"), max_length=20, help_text="imdb_title, wikidata, eidr_title …")
    value = models.CharField(_("identifier"), max_length=60)
    film = models.ForeignKey(
        Film, on_delete=models.CASCADE, null=True, blank=True, related_name="external_ids", verbose_name=_("film")
    )
    person = models.ForeignKey(
        Person, on_delete=models.CASCADE, null=True, blank=True, related_name="external_ids", verbose_name=_("person")
    )
    company = models.ForeignKey(
        Company, on_delete=models.CASCADE, null=True, blank=True, related_name="external_ids", verbose_name=_("company")
    )
    edition = models.ForeignKey(
        "catalog.Edition",
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="external_ids",
        verbose_name=_("edition"),
    )

    URLS: ClassVar[dict[str, str]] = {
        "imdb_title": "https://www.imdb.com/title/{}/",
        "imdb_name": "https://www.imdb.com/name/{}/",
        "wikidata": "https://www.wikidata.org/wiki/{}",
    }

    class Meta:
        verbose_name = _("external identifier")
        verbose_name_plural = _("external identifiers")
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.expressions.RawSQL(
                    "num_nonnulls(film_id, person_id, company_id, edition_id) = 1", (), models.BooleanField()
                ),
                name="external_id_has_one_subject",
            ),
            models.CheckConstraint(
                condition=~Q(scheme="imdb_title") | Q(value__regex=r"^tt[0-9]{7,9}$"),
                name="external_id_imdb_title",
            ),
            models.CheckConstraint(
                condition=~Q(scheme="imdb_name") | Q(value__regex=r"^nm[0-9]{7,9}$"),
                name="external_id_imdb_name",
            ),
            models.CheckConstraint(
                condition=~Q(scheme="wikidata") | Q(value__regex=r"^Q[1-9][0-9]*$"),
                name="external_id_wikidata",
            ),
            models.UniqueConstraint(
                fields=["scheme", "value", "film", "person", "company", "edition"],
                nulls_distinct=False,
                name="external_id_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.scheme} {self.value}"

    @property
    def url(self) -> str:
        """The record's address, empty for a scheme without one."""
        return self.URLS.get(self.scheme, "").format(self.value)
