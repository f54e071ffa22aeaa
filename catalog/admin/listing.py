"""The listing's page: one piece, from the shelf to its buyer, on one page."""

from decimal import Decimal
from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.db import connection
from django.db.models import Prefetch, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import RangeNumericFilter
from unfold.widgets import UnfoldAdminDecimalFieldWidget

from catalog import listings, photos, views
from catalog.admin.found_by import RefreshesSearch
from catalog.admin.listing_forms import PUBLIC_STATES, GradeForm, GradeFormSet, ListingForm, NewListingForm
from catalog.models import (
    ComponentGrade,
    EditionFilm,
    Listing,
    ListingDefect,
    ListingPhoto,
    PriceChange,
    PurchaseRecord,
)
from catalog.vocabularies import ListingState
from shop.admin_base import (
    Deed,
    DeedForm,
    HistoryAdmin,
    ReadOnlyTabular,
    ShopStacked,
    ShopTabular,
    coloured,
)

# What new photos show when several are added at once: the order in which pieces are photographed.
PHOTO_KINDS = (ListingPhoto.Kind.FRONT, ListingPhoto.Kind.BACK, ListingPhoto.Kind.DISC)

STATE_COLOURS = {
    ListingState.DRAFT: "info",
    ListingState.LISTED: "success",
    ListingState.RESERVED: "warning",
    ListingState.SOLD: "primary",
    ListingState.RETURNED: "warning",
    ListingState.WITHDRAWN: "danger",
}


class PriceForm(DeedForm):
    price_eur = forms.DecimalField(
        label=_("New price (EUR)"),
        max_digits=8,
        decimal_places=2,
        min_value=Decimal("0.01"),
        widget=UnfoldAdminDecimalFieldWidget,
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["price_eur"].initial = self.row.price.amount  # type: ignore[attr-defined]


def thumbnail(photo: ListingPhoto | None, *, width: int = 44) -> str:
    """A small picture for lists; a dash where there is none."""
    if photo is None or not photo.widths:
        return "–"
    return format_html(
        '<img class="thumb" src="{}" alt="" width="{}">',
        photos.address(photo, width=min(photo.widths)),
        width,
    )


class GradeRows(ShopTabular):
    model = ComponentGrade
    form = GradeForm
    formset = GradeFormSet
    fields = ("component", "disc_number", "verdict", "note")


class DefectRows(ShopTabular):
    model = ListingDefect


class PhotoRows(ShopStacked):
    model = ListingPhoto
    fields = (
        ("preview", "kind", "position"),
        ("caption_en", "caption_el"),
        ("rights", "credit", "is_illustration"),
    )
    readonly_fields = ("preview",)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Photos come in by the upload field above, re-encoded."""
        return False

    @admin.display(description=_("photo"))
    def preview(self, photo: ListingPhoto) -> str:
        return thumbnail(photo, width=96)


class PurchaseRows(ShopStacked):
    """Cost and seller, for the margin scheme; the permission of the model decides who sees it at all."""

    model = PurchaseRecord
    extra = 1
    fields = (
        ("bought_on", "cost_eur"),
        ("seller_kind", "seller_country"),
        ("document", "note"),
    )


class PriceRows(ReadOnlyTabular):
    model = PriceChange
    fields = ("changed_at", "price_eur")
    readonly_fields = fields


def _is_in(*states: str) -> Any:
    return lambda listing: listing.state in states


@admin.register(Listing)
class ListingAdmin(RefreshesSearch, HistoryAdmin):
    listing_path = "pk"
    compressed_fields = False
    form = ListingForm
    list_display = (
        "cover",
        "sku",
        "computed_title",
        "state_label",
        "grade_label",
        "price",
        "published_at",
        "shelf",
    )
    list_display_links = ("cover", "sku")
    list_filter = (
        "state",
        "headline_grade",
        "provenance",
        "test_state",
        "tax_scheme",
        ("price", RangeNumericFilter),
        "is_demo",
    )
    list_filter_submit = True
    search_fields = ("sku", "search_text", "shelf", "=edition__barcode")
    date_hierarchy = "published_at"
    autocomplete_fields = ("edition",)
    actions = ("publish_chosen", "withdraw_chosen", "redraft_chosen")
    readonly_fields = (
        "sku",
        "computed_title",
        "state",
        "grade_label",
        "points",
        "published_at",
        "sold_at",
        "price_readonly",
    )
    inlines = (GradeRows, DefectRows, PhotoRows, PurchaseRows, PriceRows)
    deeds: ClassVar = (
        Deed(
            name="publish",
            label=_("Publish"),
            do=lambda listing, by: listings.publish(listing, by=by),
            done=_("%(row)s is on offer."),
            is_offered=_is_in(ListingState.DRAFT),
            permission="catalog.change_listing",
            icon="rocket_launch",
            explanation=_("The piece goes on offer now, at the price below. Save your changes first."),
            is_main=True,
        ),
        Deed(
            name="price",
            label=_("Change price"),
            do=lambda listing, by, price_eur: listings.set_price(listing, price_eur=price_eur, by=by),
            done=_("%(row)s has a new price."),
            is_offered=_is_in(*listings.REPRICEABLE),
            permission="catalog.change_listing",
            icon="euro",
            form=PriceForm,
        ),
        Deed(
            name="duplicate",
            label=_("Another copy"),
            do=lambda listing, by: listings.duplicate(listing),
            done=_("A new draft of the same edition as %(row)s: grade and photograph this copy."),
            is_offered=lambda listing: True,
            permission="catalog.add_listing",
            icon="content_copy",
            explanation=_("Makes a draft for a second copy of the same edition, with a SKU of its own."),
        ),
        Deed(
            name="draft",
            label=_("Back to draft"),
            do=lambda listing, by: listings.put_back_to_draft(listing, by=by),
            done=_("%(row)s is a draft again."),
            is_offered=_is_in(*listings.REDRAFTABLE),
            permission="catalog.change_listing",
            icon="undo",
            explanation=_("Takes the piece off the shop until it is published again."),
        ),
        Deed(
            name="withdraw",
            label=_("Withdraw"),
            do=lambda listing, by: listings.withdraw(listing, by=by),
            done=_("%(row)s is withdrawn."),
            is_offered=_is_in(*listings.WITHDRAWABLE),
            permission="catalog.change_listing",
            icon="block",
            explanation=_("For a piece that will not be sold: lost, broken, kept. Its page says it is gone."),
            is_danger=True,
        ),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Listing]:
        pieces: QuerySet[Listing] = super().get_queryset(request)
        films = Prefetch("edition__edition_films", EditionFilm.objects.select_related("film"))
        return pieces.select_related("edition").prefetch_related(films, "photos")

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        """Saving locks the row first: a buyer who comes meanwhile waits instead of being overwritten."""
        if request.method == "POST" and connection.in_atomic_block:
            Listing.objects.select_for_update(of=("self",)).filter(pk=object_id).first()
        return super().get_object(request, object_id, from_field)

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        if obj is None:
            kwargs["form"] = NewListingForm
        return super().get_form(request, obj, change=change, **kwargs)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        fields = [*super().get_readonly_fields(request, obj)]
        if obj is not None:
            fields.append("edition")
        if obj is not None and obj.state == ListingState.SOLD:
            # What was sold stays as it was sold; where it stands and what we know of it may still be noted.
            fields += ["weight_g", "points_override", "tax_scheme", "grade_override", "is_fault_accepted"]
        return fields

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        is_priced = obj is not None and obj.state not in listings.REPRICEABLE
        price = "price_readonly" if is_priced else "price"
        points = (price, "points_override", "points") if obj else (price, "points_override")
        piece: tuple[Any, ...] = (("edition", "shelf"),)
        if obj is None:
            piece = (*piece, ("department", "categories"))
        else:
            piece = (("computed_title", "edition"), ("state", "grade_label"), ("sku", "shelf"))
        return (
            (_("The piece"), {"fields": piece}),
            (
                _("Price"),
                {"fields": (points, ("weight_g", "tax_scheme"))},
            ),
            (
                _("Condition"),
                {
                    "fields": (("test_state", "grade_override", "is_fault_accepted"), ("note_en", "note_el")),
                    "description": _("The headline grade is the worst of the parts below."),
                },
            ),
            (
                _("Provenance"),
                {"fields": ("provenance", ("provenance_note_en", "provenance_note_el"))},
            ),
            *([] if self._is_viewed_only(request, obj) else [(_("Photos"), {"fields": ("new_photos",)})]),
            *([(_("Times"), {"fields": (("published_at", "sold_at"),)})] if obj else []),
        )

    def _is_viewed_only(self, request: HttpRequest, obj: Any) -> bool:
        return obj is not None and not self.has_change_permission(request, obj)

    def get_inlines(self, request: HttpRequest, obj: Any) -> Any:
        return self.inlines if obj else (GradeRows, DefectRows, PurchaseRows)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Only a draft that never was public: the page of a piece that was stays."""
        may = super().has_delete_permission(request, obj)
        return may and (obj is None or (obj.state == ListingState.DRAFT and obj.published_at is None))

    def get_actions(self, request: HttpRequest) -> Any:
        """Without “delete chosen”, which would ask nobody whether a piece was ever public."""
        actions = super().get_actions(request)
        actions.pop("delete_selected", None)
        return actions

    def save_model(self, request: HttpRequest, obj: Listing, form: Any, change: bool) -> None:
        if not change:
            listings.create(
                obj,
                department=form.cleaned_data["department"],
                categories=form.cleaned_data["categories"],
            )
            return
        # Only what the form changed: state, holds and the search text have writers of their own.
        own = {field.name for field in obj._meta.concrete_fields}
        fields = [name for name in form.changed_data if name in own]
        if "price" in fields:
            fields.append("price_currency")
        if fields:
            obj.save(update_fields=fields)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        # Read anew: the row of the form remembers the photos it came with.
        listing = Listing.objects.get(pk=form.instance.pk)
        for count, content in enumerate(form.cleaned_data.get("new_photos") or (), listing.photos.count()):
            kind = PHOTO_KINDS[count] if count < len(PHOTO_KINDS) else ListingPhoto.Kind.OTHER
            photos.add_photo(listing=listing, content=content, kind=kind)
        listings.grade(listing)

    def get_urls(self) -> list[URLPattern]:
        show = self.admin_site.admin_view(self.preview)
        return [path("<int:listing_id>/preview/", show, name="catalog_listing_preview"), *super().get_urls()]

    def preview(self, request: HttpRequest, listing_id: int) -> HttpResponse:
        """The public page of a piece that is not public yet, before it is published."""
        listing = self.get_object(request, str(listing_id))
        if listing is None or not self.has_view_permission(request, listing):
            raise Http404
        return views.preview(request, listing.sku)

    def get_view_on_site_url(self, obj: Any = None) -> str | None:
        if obj is None:
            return None
        if obj.state in PUBLIC_STATES:
            public: str | None = super().get_view_on_site_url(obj)
            return public
        return reverse("admin:catalog_listing_preview", args=[obj.pk])

    @admin.display(description="")
    def cover(self, listing: Listing) -> str:
        return thumbnail(next(iter(listing.photos.all()), None))

    @admin.display(description=_("title"))
    def computed_title(self, listing: Listing) -> str:
        return listing.title if listing.pk else ""

    @coloured(description=_("state"), ordering="state", colours=STATE_COLOURS)
    def state_label(self, listing: Listing) -> tuple[str, str]:
        return listing.state, listing.get_state_display()

    @admin.display(description=_("headline grade"), ordering="headline_grade")
    def grade_label(self, listing: Listing) -> str:
        return listing.get_headline_grade_display() or gettext("not graded yet")

    @admin.display(description=_("points earned"))
    def points(self, listing: Listing) -> str:
        return render_to_string("admin_shop/points.html", {"listing": listing})

    @admin.display(description=_("price (EUR)"))
    def price_readonly(self, listing: Listing) -> str:
        return f"€{listing.price.amount}"

    @admin.action(description=_("Publish"), permissions=["change"])
    def publish_chosen(self, request: HttpRequest, rows: QuerySet[Listing]) -> None:
        self.do_to_all(request, rows, lambda row, by: listings.publish(row, by=by), gettext("Published"))

    @admin.action(description=_("Withdraw"), permissions=["change"])
    def withdraw_chosen(self, request: HttpRequest, rows: QuerySet[Listing]) -> None:
        self.do_to_all(request, rows, lambda row, by: listings.withdraw(row, by=by), gettext("Withdrawn"))

    @admin.action(description=_("Back to draft"), permissions=["change"])
    def redraft_chosen(self, request: HttpRequest, rows: QuerySet[Listing]) -> None:
        self.do_to_all(request, rows, lambda row, by: listings.put_back_to_draft(row, by=by), gettext("Back to draft"))
