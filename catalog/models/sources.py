"""Where facts come from, and facts on which sources disagree."""

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

USUAL_SOURCES = {
    "Shop page": _("Shop page"),
    "Critic's page": _("Critic's page"),
    "Forum page": _("Forum page"),
    "IMDb page": _("IMDb page"),
    "Film museum page": _("Film museum page"),
}


class Source(models.Model):
    """A place a fact was read: a page, a book, the sleeve itself."""

    code = models.SlugField(_("code"), unique=True)
    name = models.CharField(_("name"), max_length=120)
    url = models.URLField(_("address"), blank=True)

    class Meta:
        verbose_name = _("source")
        verbose_name_plural = _("sources")
        ordering: ClassVar = ["name"]

    def __str__(self) -> str:
        return self.name

    @property
    def display_name(self) -> str:
        """The name in the language of the page, where it is one of the usual kinds."""
        return str(USUAL_SOURCES.get(self.name, self.name))


class Sourced(models.Model):
    """A row that remembers where it was read."""

    source = models.ForeignKey(
        Source, on_delete=models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("source")
    )

    class Meta:
        abstract = True


class FactClaim(Sourced):
    """One source's value for one fact. Contradicting claims all stay; one is preferred for display."""

    film = models.ForeignKey(
        "catalog.Film", on_delete=models.CASCADE, null=True, blank=True, related_name="claims", verbose_name=_("film")
    )
    edition = models.ForeignKey(
        "catalog.Edition",
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="claims",
        verbose_name=_("edition"),
    )
    person = models.ForeignKey(
        "catalog.Person",
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="claims",
        verbose_name=_("person"),
    )
    fact = models.CharField(_("fact"), max_length=60, help_text=_("The field's name, such as runtime_min."))
    value = models.CharField(_("value"), max_length=200)
    is_preferred = models.BooleanField(_("shown"), default=False)
    note = models.CharField(_("note"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("fact by source")
        verbose_name_plural = _("facts by source")
        ordering: ClassVar = ["fact", "-is_preferred", "id"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(film__isnull=False, edition__isnull=True, person__isnull=True)
                | Q(film__isnull=True, edition__isnull=False, person__isnull=True)
                | Q(film__isnull=True, edition__isnull=True, person__isnull=False),
                name="fact_claim_has_one_subject",
            ),
            models.UniqueConstraint(
                fields=["film", "edition", "person", "fact", "value", "source"],
                nulls_distinct=False,
                name="fact_claim_once_per_source",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.fact} = {self.value}"
