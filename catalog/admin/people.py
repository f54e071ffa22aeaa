"""People and companies."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from catalog.admin.found_by import RefreshesSearch
from catalog.models import Company, Credit, ExternalId, FactClaim, FilmCompany, Person, PersonName
from shop.admin_base import ReadOnlyTabular, ShopAdmin, ShopTabular, count_of


class NameRows(ShopTabular):
    model = PersonName
    autocomplete_fields = ("source",)


class PersonIdentifierRows(ShopTabular):
    model = ExternalId
    fields = ("scheme", "value")


class PersonClaimRows(ShopTabular):
    model = FactClaim
    fields = ("fact", "value", "source", "is_preferred", "note")
    autocomplete_fields = ("source",)


class PersonCreditRows(ReadOnlyTabular):
    """What the person did; edited on the film's page."""

    model = Credit
    fields = ("film", "role", "character", "credited_as")
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[Credit]:
        rows: QuerySet[Credit] = super().get_queryset(request)
        return rows.select_related("film", "person")


@admin.register(Person)
class PersonAdmin(RefreshesSearch, ShopAdmin):
    listing_path = "edition__films__credits__person"
    list_display = ("name", "birth_year", "death_year", "nationality", "credit_count")
    search_fields = ("name", "names__name", "=external_ids__value")
    fieldsets = (
        (
            None,
            {
                "fields": (
                    ("name", "sort_name"),
                    ("birth_year", "death_year"),
                    ("birth_place", "nationality"),
                    ("bio_en", "bio_el"),
                )
            },
        ),
    )
    inlines = (NameRows, PersonIdentifierRows, PersonClaimRows, PersonCreditRows)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Person]:
        people: QuerySet[Person] = super().get_queryset(request)
        return people.annotate(credit_total=count_of(Credit.objects.all(), by="person"))

    @admin.display(description=_("credits"), ordering="credit_total")
    def credit_count(self, person: Any) -> int:
        return int(person.credit_total)


class CompanyIdentifierRows(ShopTabular):
    model = ExternalId
    fields = ("scheme", "value")


class CompanyFilmRows(ReadOnlyTabular):
    """The films it had a part in; edited on the film's page."""

    model = FilmCompany
    fields = ("film", "role", "territory")
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[FilmCompany]:
        rows: QuerySet[FilmCompany] = super().get_queryset(request)
        return rows.select_related("film", "company")


@admin.register(Company)
class CompanyAdmin(RefreshesSearch, ShopAdmin):
    listing_path = "edition__label"
    list_display = ("name", "country", "url")
    search_fields = ("name",)
    inlines = (CompanyIdentifierRows, CompanyFilmRows)
