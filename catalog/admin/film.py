"""The film's page: every fact of the work, with its source, on one page in tabs."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import URLPattern, path
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import AutocompleteSelectMultipleFilter, RangeNumericFilter

from catalog.admin import missing_facts
from catalog.admin.found_by import RefreshesSearch
from catalog.models import (
    Advisory,
    AwardResult,
    BoxOffice,
    Certificate,
    Credit,
    EditionFilm,
    ExternalCount,
    ExternalId,
    ExternalRating,
    FactClaim,
    Film,
    FilmCompany,
    FilmConnection,
    FilmImage,
    FilmLink,
    FilmRelease,
    FilmText,
    FilmTitle,
    ProgrammeFilm,
    Review,
    Screening,
    SourceWork,
)
from shop.admin_base import HistoryAdmin, ShopStacked, ShopTabular, count_of


class TitleRows(ShopTabular):
    model = FilmTitle
    tab = True
    autocomplete_fields = ("source",)


class TextRows(ShopStacked):
    model = FilmText
    tab = True
    collapsible = True
    autocomplete_fields = ("source", "people")
    fields = (
        ("kind", "language", "position"),
        "heading",
        "body",
        ("author_name", "rights", "source"),
        ("speaker", "context"),
        ("people", "spoiler"),
    )


class CreditRows(ShopTabular):
    model = Credit
    tab = True
    autocomplete_fields = ("person", "source")
    per_page = 40


class CompanyRows(ShopTabular):
    model = FilmCompany
    tab = True
    autocomplete_fields = ("company", "source")


class AwardRows(ShopTabular):
    model = AwardResult
    tab = True
    autocomplete_fields = ("award", "recipients", "source")


class ReleaseRows(ShopTabular):
    model = FilmRelease
    tab = True
    autocomplete_fields = ("source",)


class BoxOfficeRows(ShopTabular):
    model = BoxOffice
    tab = True
    autocomplete_fields = ("source",)


class ConnectionRows(ShopTabular):
    model = FilmConnection
    fk_name = "film"
    tab = True
    autocomplete_fields = ("other", "source")


class RatingRows(ShopTabular):
    model = ExternalRating
    tab = True
    autocomplete_fields = ("source",)


class CountRows(ShopTabular):
    model = ExternalCount
    tab = True
    autocomplete_fields = ("source",)


class CertificateRows(ShopTabular):
    model = Certificate
    exclude = ("edition",)
    tab = True
    autocomplete_fields = ("source",)


class AdvisoryRows(ShopTabular):
    model = Advisory
    tab = True
    autocomplete_fields = ("source",)


class LinkRows(ShopStacked):
    model = FilmLink
    tab = True
    collapsible = True
    autocomplete_fields = ("source",)
    fields = (
        ("kind", "title", "language"),
        ("url", "publisher"),
        ("published", "duration_s", "reply_count"),
        ("excerpt", "source"),
    )


class ImageRows(ShopStacked):
    model = FilmImage
    tab = True
    collapsible = True
    autocomplete_fields = ("source",)
    fields = (
        ("kind", "image"),
        ("caption_en", "caption_el"),
        ("credit", "rights"),
        ("original_filename", "source"),
    )


class IdentifierRows(ShopTabular):
    model = ExternalId
    fields = ("scheme", "value")
    tab = True


class SourceWorkRows(ShopTabular):
    model = SourceWork
    tab = True
    autocomplete_fields = ("author",)


class ClaimRows(ShopTabular):
    model = FactClaim
    fields = ("fact", "value", "source", "is_preferred", "note")
    tab = True
    autocomplete_fields = ("source",)


class ReviewRows(ShopTabular):
    model = Review
    fields = ("kind", "author_name", "publication", "title", "language", "rights", "moderation")
    tab = True
    show_change_link = True


class ProgrammeRows(ShopTabular):
    model = ProgrammeFilm
    exclude = ("title",)
    tab = True
    autocomplete_fields = ("programme",)


class ScreeningRows(ShopTabular):
    model = Screening
    fields = ("title_en", "venue", "starts_at", "length_min")
    tab = True
    show_change_link = True
    autocomplete_fields = ("venue",)


@admin.register(Film)
class FilmAdmin(RefreshesSearch, HistoryAdmin):
    listing_path = "edition__films"
    list_display = ("title", "original_title", "year", "country_codes", "directed_by", "edition_count")
    list_display_links = ("title",)
    list_filter = (
        ("genres", AutocompleteSelectMultipleFilter),
        "colour",
        ("year", RangeNumericFilter),
        "is_demo",
    )
    list_filter_submit = True
    search_fields = ("title", "original_title", "greek_title", "titles__text", "=external_ids__value")
    autocomplete_fields = ("genres",)
    readonly_fields = ("created_at", "updated_at")
    fieldsets = (
        (
            None,
            {
                "fields": (
                    ("title", "sort_title"),
                    ("original_title", "original_title_language"),
                    ("greek_title", "year"),
                    ("countries", "languages"),
                    "genres",
                )
            },
        ),
        (
            _("Picture and sound"),
            {"fields": (("colour", "runtime_min"), ("aspect_ratios", "sound_mix"), "process")},
        ),
        (
            _("Where and when"),
            {"fields": (("setting_places", "locations"), ("setting_period", "keywords"))},
        ),
        (
            _("As counted elsewhere"),
            {"fields": (("external_wins", "external_nominations"), ("created_at", "updated_at"))},
        ),
    )
    inlines = (
        TitleRows,
        CreditRows,
        TextRows,
        AwardRows,
        CompanyRows,
        ReleaseRows,
        CertificateRows,
        RatingRows,
        BoxOfficeRows,
        ConnectionRows,
        SourceWorkRows,
        ReviewRows,
        ProgrammeRows,
        ScreeningRows,
        LinkRows,
        ImageRows,
        IdentifierRows,
        CountRows,
        AdvisoryRows,
        ClaimRows,
    )

    def get_urls(self) -> list[URLPattern]:
        report = self.admin_site.admin_view(missing_facts.report)
        return [path("missing-facts/", report, name="missing_facts"), *super().get_urls()]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Film]:
        films: QuerySet[Film] = super().get_queryset(request)
        return films.annotate(edition_total=count_of(EditionFilm.objects.all(), by="film")).prefetch_related(
            "credits__person"
        )

    @admin.display(description=_("countries"))
    def country_codes(self, film: Film) -> str:
        return ", ".join(film.countries)

    @admin.display(description=_("director"))
    def directed_by(self, film: Film) -> str:
        return ", ".join(person.name for person in film.directors)

    @admin.display(description=_("editions"), ordering="edition_total")
    def edition_count(self, film: Any) -> int:
        return int(film.edition_total)
