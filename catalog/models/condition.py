"""The condition of a piece: its grades part by part, its defects, and what a grade means."""

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from catalog.models.listing import Listing
from catalog.vocabularies import ComponentState, ConditionComponent, Defect, Grade


class ConditionGrade(models.Model):
    """What a grade means for each part of a piece; printed beside the grade."""

    code = models.CharField(_("grade"), max_length=12, choices=Grade.choices, unique=True)
    rank = models.PositiveSmallIntegerField(_("rank"), unique=True, help_text=_("The better the higher."))
    definition_en = models.TextField(_("definition (English)"))
    definition_el = models.TextField(_("definition (Greek)"))
    disc_en = models.CharField(_("disc (English)"), max_length=300)
    disc_el = models.CharField(_("disc (Greek)"), max_length=300)
    case_en = models.CharField(_("case and artwork (English)"), max_length=300)
    case_el = models.CharField(_("case and artwork (Greek)"), max_length=300)
    inserts_en = models.CharField(_("inserts (English)"), max_length=300)
    inserts_el = models.CharField(_("inserts (Greek)"), max_length=300)
    schema_condition = models.CharField(_("schema.org condition"), max_length=24, default="UsedCondition")
    google_condition = models.CharField(_("Google condition"), max_length=12, default="used")
    discogs = models.CharField(_("Discogs grade"), max_length=40, blank=True)
    ebay = models.PositiveSmallIntegerField(_("eBay condition id"), null=True, blank=True)
    amazon = models.CharField(_("Amazon condition"), max_length=40, blank=True)

    class Meta:
        verbose_name = _("grade definition")
        verbose_name_plural = _("grade definitions")
        ordering: ClassVar = ["-rank"]

    def __str__(self) -> str:
        return self.get_code_display()

    def _in_language(self, name: str) -> str:
        text: str = getattr(self, f"{name}_{'el' if get_language() == 'el' else 'en'}")
        return text

    @property
    def definition(self) -> str:
        return self._in_language("definition")

    @property
    def disc(self) -> str:
        return self._in_language("disc")

    @property
    def case(self) -> str:
        return self._in_language("case")

    @property
    def inserts(self) -> str:
        return self._in_language("inserts")


class ComponentGrade(models.Model):
    """The grade of one part; discs are graded one by one."""

    listing = models.ForeignKey(
        Listing, on_delete=models.CASCADE, related_name="component_grades", verbose_name=_("listing")
    )
    component = models.CharField(_("part"), max_length=10, choices=ConditionComponent.choices)
    disc_number = models.PositiveSmallIntegerField(_("disc"), null=True, blank=True)
    grade = models.CharField(_("grade"), max_length=12, choices=Grade.choices, blank=True)
    state = models.CharField(_("instead of a grade"), max_length=20, choices=ComponentState.choices, blank=True)
    note = models.CharField(_("note"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("grade of a part")
        verbose_name_plural = _("grades of the parts")
        ordering: ClassVar = ["id"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["listing", "component", "disc_number"],
                nulls_distinct=False,
                name="component_graded_once",
            ),
            models.CheckConstraint(
                condition=(Q(grade="") & ~Q(state="")) | (~Q(grade="") & Q(state="")),
                name="component_has_grade_or_state",
            ),
            models.CheckConstraint(
                condition=Q(component=ConditionComponent.DISC) | Q(disc_number__isnull=True),
                name="component_disc_number_only_for_discs",
            ),
        ]

    def __str__(self) -> str:
        part = self.get_component_display()
        return f"{part} {self.disc_number}" if self.disc_number else str(part)

    @property
    def label(self) -> str:
        return str(self.get_grade_display() if self.grade else self.get_state_display())


class ListingDefect(models.Model):
    """A fault of this very copy, said before it is bought."""

    listing = models.ForeignKey(Listing, on_delete=models.CASCADE, related_name="defects", verbose_name=_("listing"))
    kind = models.CharField(_("defect"), max_length=20, choices=Defect.choices)
    component = models.CharField(_("part"), max_length=10, choices=ConditionComponent.choices)
    disc_number = models.PositiveSmallIntegerField(_("disc"), null=True, blank=True)
    note_en = models.CharField(_("note (English)"), max_length=200, blank=True)
    note_el = models.CharField(_("note (Greek)"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("defect")
        verbose_name_plural = _("defects")
        ordering: ClassVar = ["id"]

    def __str__(self) -> str:
        return str(self.get_kind_display())

    @property
    def note(self) -> str:
        return (self.note_el if get_language() == "el" else "") or self.note_en
