"""Awards, the bodies that give them, and what a film got."""

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from catalog.models.film import Film
from catalog.models.people import Person
from catalog.models.sources import Sourced
from catalog.vocabularies import AwardResultKind


class AwardBody(models.Model):
    name = models.CharField(_("name"), max_length=120, unique=True)
    country = models.CharField(_("country"), max_length=4, blank=True)

    class Meta:
        verbose_name = _("award body")
        verbose_name_plural = _("award bodies")
        ordering: ClassVar = ["name"]

    def __str__(self) -> str:
        return self.name


class Award(models.Model):
    """An award a body gives; aliases are its other names (Golden Palm)."""

    body = models.ForeignKey(AwardBody, on_delete=models.PROTECT, related_name="awards", verbose_name=_("award body"))
    name = models.CharField(_("name"), max_length=160)
    aliases = ArrayField(models.CharField(max_length=160), verbose_name=_("aliases"), default=list, blank=True)
    note = models.TextField(_("note"), blank=True)

    class Meta:
        verbose_name = _("award")
        verbose_name_plural = _("awards")
        ordering: ClassVar = ["body__name", "name"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["body", "name"], name="award_once_per_body")]

    def __str__(self) -> str:
        return f"{self.body}: {self.name}"


class AwardResult(Sourced):
    """What a film got; the year may be unknown."""

    film = models.ForeignKey(Film, on_delete=models.CASCADE, related_name="award_results", verbose_name=_("film"))
    award = models.ForeignKey(Award, on_delete=models.PROTECT, related_name="results", verbose_name=_("award"))
    category = models.CharField(_("category"), max_length=160, blank=True)
    year = models.PositiveSmallIntegerField(_("year"), null=True, blank=True)
    result = models.CharField(_("result"), max_length=20, choices=AwardResultKind.choices)
    recipients = models.ManyToManyField(Person, verbose_name=_("recipients"), blank=True, related_name="awards")
    note = models.CharField(_("note"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("award result")
        verbose_name_plural = _("award results")
        ordering: ClassVar = ["-result", "year", "id"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["film", "award", "category", "year", "result"],
                nulls_distinct=False,
                name="award_result_once",
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_result_display()}: {self.award}"
