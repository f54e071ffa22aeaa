"""The word lists staff may extend."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from catalog.models import Award, AwardBody, ConditionGrade, Genre, RegionArea, Source, Venue
from shop.admin_base import ShopAdmin, ShopTabular


@admin.register(Genre)
class GenreAdmin(ShopAdmin):
    list_display = ("code", "name_en", "name_el")
    search_fields = ("code", "name_en", "name_el")


@admin.register(ConditionGrade)
class ConditionGradeAdmin(ShopAdmin):
    list_display = ("code", "rank", "definition_en", "schema_condition", "google_condition")
    fieldsets = (
        (
            None,
            {
                "fields": (
                    ("code", "rank"),
                    ("definition_en", "definition_el"),
                    ("disc_en", "disc_el"),
                    ("case_en", "case_el"),
                    ("inserts_en", "inserts_el"),
                    ("schema_condition", "google_condition"),
                    ("discogs", "ebay", "amazon"),
                )
            },
        ),
    )


@admin.register(RegionArea)
class RegionAreaAdmin(ShopAdmin):
    list_display = ("system", "code", "area_en", "area_el")
    list_filter = ("system",)


class AwardRows(ShopTabular):
    model = Award


@admin.register(AwardBody)
class AwardBodyAdmin(ShopAdmin):
    list_display = ("name", "country")
    search_fields = ("name",)
    inlines = (AwardRows,)


@admin.register(Award)
class AwardAdmin(ShopAdmin):
    list_display = ("name", "body", "other_names")
    list_select_related = ("body",)
    search_fields = ("name", "body__name", "aliases")
    autocomplete_fields = ("body",)

    @admin.display(description=_("other names"))
    def other_names(self, award: Award) -> str:
        return ", ".join(award.aliases)


@admin.register(Venue)
class VenueAdmin(ShopAdmin):
    list_display = ("name", "city", "country")
    search_fields = ("name", "city")


@admin.register(Source)
class SourceAdmin(ShopAdmin):
    list_display = ("code", "name", "url")
    search_fields = ("code", "name")
