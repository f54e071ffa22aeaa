"""People, companies and what they did for a film."""

from typing import ClassVar

from django.db import models
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from catalog.models.sources import Sourced
from catalog.vocabularies import CompanyRole, CreditRole
from shop.text import slugify


class Person(models.Model):
    """One person, however many ways the name is spelt."""

    name = models.CharField(_("name"), max_length=160, db_index=True)
    sort_name = models.CharField(_("sort name"), max_length=160, blank=True)
    birth_year = models.PositiveSmallIntegerField(_("born"), null=True, blank=True)
    death_year = models.PositiveSmallIntegerField(_("died"), null=True, blank=True)
    birth_place = models.CharField(_("birthplace"), max_length=160, blank=True)
    nationality = models.CharField(
        _("nationality"), max_length=120, blank=True, help_text=_("In words, such as Georgian-born Soviet.")
    )
    bio_en = models.TextField(_("about (English)"), blank=True)
    bio_el = models.TextField(_("about (Greek)"), blank=True)

    class Meta:
        verbose_name = _("person")
        verbose_name_plural = _("people")
        ordering: ClassVar = ["name", "id"]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("catalog:person", kwargs={"person_id": self.pk, "slug": self.slug})

    @property
    def bio(self) -> str:
        return (self.bio_el if get_language() == "el" else self.bio_en) or self.bio_en

    @property
    def slug(self) -> str:
        return slugify(self.name)


class PersonName(Sourced):
    """Another spelling of a person's name; search finds every one."""

    class Kind(models.TextChoices):
        SPELLING = "spelling", _("Spelling")
        ORIGINAL = "original", _("Original script")
        BIRTH = "birth", _("Birth name")
        STAGE = "stage", _("Stage name")
        ERROR = "error", _("Misprint")

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="names", verbose_name=_("person"))
    name = models.CharField(_("name"), max_length=160)
    script = models.CharField(_("script"), max_length=4, default="Latn", help_text=_("ISO 15924"))
    kind = models.CharField(_("kind"), max_length=10, choices=Kind.choices, default=Kind.SPELLING)

    class Meta:
        verbose_name = _("name")
        verbose_name_plural = _("names")
        constraints: ClassVar = [models.UniqueConstraint(fields=["person", "name"], name="person_name_once")]

    def __str__(self) -> str:
        return self.name


class Company(models.Model):
    """A studio, distributor or label."""

    name = models.CharField(_("name"), max_length=160, unique=True)
    country = models.CharField(_("country"), max_length=4, blank=True)
    url = models.URLField(_("address"), blank=True)

    class Meta:
        verbose_name = _("company")
        verbose_name_plural = _("companies")
        ordering: ClassVar = ["name"]

    def __str__(self) -> str:
        return self.name


class Credit(Sourced):
    """One person's part in one film, in billing order within the role."""

    film = models.ForeignKey("catalog.Film", on_delete=models.CASCADE, related_name="credits", verbose_name=_("film"))
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="credits", verbose_name=_("person"))
    role = models.CharField(_("role"), max_length=20, choices=CreditRole.choices)
    billing = models.PositiveSmallIntegerField(_("billing"), default=0)
    character = models.CharField(_("character"), max_length=200, blank=True)
    character_language = models.CharField(_("language of the character's name"), max_length=12, blank=True)
    credited_as = models.CharField(_("credited as"), max_length=160, blank=True)
    note = models.CharField(_("note"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("credit")
        verbose_name_plural = _("credits")
        ordering: ClassVar = ["billing", "id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["film", "person", "role", "character"], name="credit_once"),
        ]
        indexes: ClassVar = [models.Index(fields=["role", "person"], name="credit_role_person")]

    def __str__(self) -> str:
        return f"{self.person} ({self.get_role_display()})"


class FilmCompany(Sourced):
    """A company's part in a film: production, distribution, restoration."""

    film = models.ForeignKey("catalog.Film", on_delete=models.CASCADE, related_name="companies", verbose_name=_("film"))
    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="film_roles", verbose_name=_("company"))
    role = models.CharField(_("role"), max_length=20, choices=CompanyRole.choices)
    territory = models.CharField(_("territory"), max_length=4, blank=True)
    note = models.CharField(_("note"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("company's part")
        verbose_name_plural = _("companies")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["film", "company", "role", "territory"], name="film_company_once"),
        ]

    def __str__(self) -> str:
        return f"{self.company} ({self.get_role_display()})"
