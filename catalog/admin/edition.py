"""The edition's page: one release on disc with its tracks."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import Prefetch, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import AutocompleteSelectFilter

from catalog.admin.found_by import RefreshesSearch
from catalog.models import (
    AudioTrack,
    Certificate,
    Edition,
    EditionDisc,
    EditionExtra,
    EditionFilm,
    ExternalId,
    FactClaim,
    Listing,
    SubtitleTrack,
)
from shop.admin_base import HistoryAdmin, ShopTabular, count_of


class FilmRows(ShopTabular):
    model = EditionFilm
    autocomplete_fields = ("film",)


class DiscRows(ShopTabular):
    model = EditionDisc


class OfThisEdition(ShopTabular):
    """Rows that point to a disc or an audio track: only to those of the same edition."""

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name in ("disc", "audio_track"):
            match = request.resolver_match
            edition_id = match.kwargs.get("object_id") if match else None
            rows = db_field.related_model.objects.filter(edition_id=edition_id if edition_id else None)
            kwargs["queryset"] = rows
        return super().formfield_for_foreignkey(db_field, request, **kwargs)


class AudioRows(OfThisEdition):
    model = AudioTrack
    fields = ("position", "language", "codec", "channels", "kind", "label", "disc")


class SubtitleRows(OfThisEdition):
    model = SubtitleTrack
    fields = ("position", "language", "kind", "delivery", "audio_track", "disc")


class ExtraRows(ShopTabular):
    model = EditionExtra
    tab = True


class EditionCertificateRows(ShopTabular):
    model = Certificate
    exclude = ("film",)
    tab = True
    autocomplete_fields = ("source",)


class EditionIdentifierRows(ShopTabular):
    model = ExternalId
    fields = ("scheme", "value")
    tab = True


class EditionClaimRows(ShopTabular):
    model = FactClaim
    fields = ("fact", "value", "source", "is_preferred", "note")
    tab = True
    autocomplete_fields = ("source",)


@admin.register(Edition)
class EditionAdmin(RefreshesSearch, HistoryAdmin):
    listing_path = "edition"
    list_display = (
        "name",
        "label",
        "territory",
        "release_date",
        "region_codes",
        "video_standard",
        "disc_format",
        "listing_count",
    )
    list_display_links = ("name",)
    list_filter = (
        ("label", AutocompleteSelectFilter),
        "video_standard",
        "disc_format",
        "territory",
        "is_demo",
    )
    list_filter_submit = True
    list_select_related = ("label",)
    search_fields = (
        "title",
        "films__title",
        "films__original_title",
        "label__name",
        "=barcode",
        "=gtin",
        "catalogue_number",
    )
    autocomplete_fields = ("label",)
    readonly_fields = ("gtin", "created_at", "updated_at")
    fieldsets = (
        (
            None,
            {
                "fields": (
                    ("title", "label"),
                    ("territory", "disc_format"),
                    ("release_date", "release_date_precision"),
                    ("catalogue_number", "distribution_code"),
                    ("barcode", "gtin"),
                )
            },
        ),
        (
            _("Will it play?"),
            {"fields": ("regions", "bluray_regions", ("rce", "video_standard"))},
        ),
        (
            _("Picture"),
            {
                "fields": (
                    ("colour", "runtime_min"),
                    ("aspect_ratios", "disc_count"),
                    "presentations",
                    "are_tracks_complete",
                )
            },
        ),
        (
            _("Box and paper"),
            {"fields": ("packaging", "packaging_extras", "inserts", "flags"), "classes": ("collapse",)},
        ),
        (
            _("Notes"),
            {"fields": (("note_en", "note_el"), ("created_at", "updated_at")), "classes": ("collapse",)},
        ),
    )
    inlines = (
        FilmRows,
        DiscRows,
        AudioRows,
        SubtitleRows,
        ExtraRows,
        EditionCertificateRows,
        EditionIdentifierRows,
        EditionClaimRows,
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Edition]:
        editions: QuerySet[Edition] = super().get_queryset(request)
        films = Prefetch("edition_films", EditionFilm.objects.select_related("film"))
        return (
            editions.select_related("label")
            .annotate(listing_total=count_of(Listing.objects.all(), by="edition"))
            .prefetch_related(films)
        )

    def save_model(self, request: HttpRequest, obj: Edition, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if obj.is_barcode_invalid:
            self.message_user(
                request,
                gettext("The barcode's check digit is wrong. It is kept as printed, but feeds leave it out."),
                messages.WARNING,
            )

    @admin.display(description=_("edition"))
    def name(self, edition: Edition) -> str:
        films = edition.edition_films.all()
        title = edition.title or " + ".join(row.film.title for row in films) or gettext("no film yet")
        more = len(films) - 1
        if edition.title and more > 0:
            title += " " + ngettext("(%(count)d film more)", "(%(count)d films more)", more) % {"count": more}
        return title

    @admin.display(description=_("regions"))
    def region_codes(self, edition: Edition) -> str:
        return ", ".join([*edition.regions, *edition.bluray_regions])

    @admin.display(description=_("listings"), ordering="listing_total")
    def listing_count(self, edition: Any) -> int:
        return int(edition.listing_total)
