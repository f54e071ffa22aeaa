"""Reviews with their moderation, programmes and screenings."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from catalog import reviews
from catalog.models import Programme, ProgrammeFilm, Review, Screening, ScreeningAct
from shop.admin_base import Deed, ShopAdmin, ShopTabular, count_of


def _is_waiting_or(state: str) -> Any:
    return lambda review: review.moderation in (Review.Moderation.WAITING, state)


@admin.register(Review)
class ReviewAdmin(ShopAdmin):
    list_display = ("heading", "film", "kind", "author_name", "publication", "rights", "moderation")
    list_display_links = ("heading",)
    list_filter = ("moderation", "kind", "rights", "language")
    list_select_related = ("film",)
    search_fields = ("title", "author_name", "publication", "film__title", "body")
    date_hierarchy = "published_date"
    autocomplete_fields = ("film", "source")
    # Found helpful is counted by visitors, moderation is decided by a deed, and who wrote it is not retyped.
    readonly_fields = ("moderation", "helpful_up", "helpful_down", "user", "created_at")
    actions = ("approve_chosen", "reject_chosen")
    deeds = (
        Deed(
            name="approve",
            label=_("Approve"),
            do=lambda review, by: reviews.approve(review),
            done=_("“%(row)s” is shown now."),
            is_offered=_is_waiting_or(Review.Moderation.REJECTED),
            permission="catalog.change_review",
            icon="check",
            is_main=True,
        ),
        Deed(
            name="reject",
            label=_("Reject"),
            do=lambda review, by: reviews.reject(review),
            done=_("“%(row)s” is not shown."),
            is_offered=_is_waiting_or(Review.Moderation.APPROVED),
            permission="catalog.change_review",
            icon="block",
            is_danger=True,
        ),
    )
    fieldsets = (
        (
            None,
            {
                "fields": (
                    ("film", "kind"),
                    ("author_name", "language"),
                    ("publication", "published_date", "published_precision"),
                    ("series", "section"),
                    "title",
                    "lead",
                    "body",
                    ("rating", "scale"),
                    ("rights", "url"),
                    ("source", "moderation"),
                    ("helpful_up", "helpful_down"),
                    ("user", "created_at"),
                )
            },
        ),
    )

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Whose account wrote a review is personal data, which the catalogue does not need."""
        if request.user.has_perm("shop.view_user"):
            return super().get_fieldsets(request, obj)
        kept = []
        for name, options in super().get_fieldsets(request, obj):
            fields = tuple(row for row in options["fields"] if row != ("user", "created_at"))
            kept.append((name, {**options, "fields": fields}))
        return kept

    @admin.display(description=_("review"))
    def heading(self, review: Review) -> str:
        return str(review) or gettext("untitled")

    @admin.action(description=_("Approve chosen reviews"), permissions=["change"])
    def approve_chosen(self, request: HttpRequest, rows: QuerySet[Review]) -> None:
        self.do_to_all(request, rows, lambda review, by: reviews.approve(review), gettext("Approved"))

    @admin.action(description=_("Reject chosen reviews"), permissions=["change"])
    def reject_chosen(self, request: HttpRequest, rows: QuerySet[Review]) -> None:
        self.do_to_all(request, rows, lambda review, by: reviews.reject(review), gettext("Rejected"))


class ProgrammeFilmRows(ShopTabular):
    model = ProgrammeFilm
    autocomplete_fields = ("film",)


@admin.register(Programme)
class ProgrammeAdmin(ShopAdmin):
    list_display = ("title_en", "title_el", "year", "film_count", "is_public", "position")
    list_filter = ("is_public",)
    search_fields = ("title_en", "title_el", "slug")
    prepopulated_fields = {"slug": ("title_en",)}  # noqa: RUF012 - Django's own declaration
    autocomplete_fields = ("source",)
    inlines = (ProgrammeFilmRows,)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Programme]:
        programmes: QuerySet[Programme] = super().get_queryset(request)
        return programmes.annotate(film_total=count_of(ProgrammeFilm.objects.all(), by="programme"))

    @admin.display(description=_("films"), ordering="film_total")
    def film_count(self, programme: Any) -> int:
        return int(programme.film_total)


class ActRows(ShopTabular):
    model = ScreeningAct
    autocomplete_fields = ("person",)


@admin.register(Screening)
class ScreeningAdmin(ShopAdmin):
    list_display = ("title_en", "film", "venue", "starts_at", "programme")
    list_select_related = ("film", "venue", "programme")
    search_fields = ("title_en", "title_el", "film__title", "venue__name")
    date_hierarchy = "starts_at"
    autocomplete_fields = ("film", "venue", "programme", "restored_by", "source")
    inlines = (ActRows,)
