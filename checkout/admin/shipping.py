"""The shipping tariff for staff, with the prices it makes for sample parcels."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from checkout import shipping, tariff
from checkout.models import (
    FreeShipping,
    Method,
    PackagingWeight,
    ParcelSettings,
    PostcodeRule,
    ShippingRate,
    Zone,
    ZoneCountry,
)
from checkout.money import BASE_CURRENCY, format_amount
from shop.admin_base import ReadOnlyTabular, ShopAdmin, ShopTabular

SAMPLE_PIECES = (1, 2, 3, 5, 10, 20)


class TariffAdmin(ShopAdmin):
    """Base of the tariff's pages: the shop uses what is saved here at once."""

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        tariff.changed()

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        super().delete_model(request, obj)
        tariff.changed()

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        super().delete_queryset(request, queryset)
        tariff.changed()


class BandFormSet(forms.BaseInlineFormSet[ShippingRate, Zone, forms.ModelForm[ShippingRate]]):
    """All weight bands of a zone.

    Overlaps are looked for among what is about to be saved: a border that moves changes two bands, and each
    new one overlaps the other's old self in the database.
    """

    def clean(self) -> None:
        super().clean()
        bands = [
            form.cleaned_data
            for form in self.forms
            if form.is_valid() and form.cleaned_data.get("method") and not form.cleaned_data.get("DELETE")
        ]
        in_order = sorted(bands, key=lambda band: (band["method"].pk, band["over_g"]))
        for lower, upper in pairwise(in_order):
            if lower["method"] == upper["method"] and upper["over_g"] < lower["up_to_g"]:
                raise ValidationError(
                    _("%(method)s: the bands up to %(first)d g and up to %(second)d g overlap."),
                    params={
                        "method": lower["method"].name,
                        "first": lower["up_to_g"],
                        "second": upper["up_to_g"],
                    },
                )


class BandInline(ShopTabular):
    model = ShippingRate
    formset = BandFormSet
    fields = ("method", "over_g", "up_to_g", "price", "per_extra_kg", "days_min", "days_max")


class CountryInline(ReadOnlyTabular):
    """The zone's countries. Read only: forty selects of all countries would make a page of half a megabyte."""

    model = ZoneCountry
    fields = ("country", "is_enabled", "ships_when", "staff_note")
    show_change_link = True


class FreeShippingInline(ShopTabular):
    model = FreeShipping
    fields = ("method", "goods_total_at_least")


@admin.register(Zone)
class ZoneAdmin(TariffAdmin):
    list_display = ("name", "code", "is_enabled", "is_eu_vat", "needs_customs", "position")
    list_filter = ("is_enabled",)
    fields = (
        "prices",
        ("code", "position"),
        ("name_en", "name_el"),
        ("is_enabled", "is_eu_vat", "needs_customs"),
    )
    readonly_fields = ("prices",)
    inlines: ClassVar = [BandInline, FreeShippingInline, CountryInline]

    @admin.display(description=gettext_lazy("What parcels cost"))
    def prices(self, zone: Zone) -> str:
        """Every method's price of sample parcels, as saved."""
        if zone._state.adding:
            return _("Shown once the zone is saved.")
        return preview([(method.name, zone, method) for method in tariff.load().methods])


@admin.register(ZoneCountry)
class ZoneCountryAdmin(TariffAdmin):
    list_display = ("country", "zone", "is_enabled", "ships_when", "staff_note")
    list_filter = ("zone", "is_enabled", "ships_when")
    list_select_related = ("zone",)
    fields = (
        ("country", "zone"),
        ("is_enabled", "ships_when"),
        "refusal_en",
        "refusal_el",
        "staff_note",
    )


@admin.register(Method)
class MethodAdmin(TariffAdmin):
    list_display = ("name", "code", "carrier", "is_enabled", "is_default", "is_tracked", "max_weight_g")
    list_filter = ("is_enabled", "is_tracked")
    fields = (
        "prices",
        ("code", "position"),
        ("name_en", "name_el"),
        ("carrier", "insured_up_to"),
        ("is_enabled", "is_default", "is_tracked", "is_pickup"),
        ("max_weight_g", "max_goods_value"),
        ("flat_price", "countries"),
    )
    readonly_fields = ("prices",)

    @admin.display(description=gettext_lazy("What parcels cost"))
    def prices(self, method: Method) -> str:
        """Every zone's price of sample parcels, as saved."""
        if method._state.adding:
            return _("Shown once the method is saved.")
        return preview([(zone.name, zone, method) for zone in tariff.load().zones])


def preview(lines: Sequence[tuple[str, Zone, Method]]) -> SafeString:
    """A table of what so many discs of the usual weight cost; a line for each that has prices."""
    held = tariff.load()
    disc_g = held.parcel.default_piece_weight_g
    head = format_html_join(
        "",
        "<th>{}</th>",
        ((_("%(count)d × %(grams)d g") % {"count": n, "grams": disc_g},) for n in SAMPLE_PIECES),
    )
    rows = []
    for name, zone, method in lines:
        found = [shipping.price_parcels(held, zone, method, [disc_g] * pieces) for pieces in SAMPLE_PIECES]
        if not any(found):
            continue
        cells = format_html_join("", "<td>{}</td>", ((_price(price),) for price in found))
        rows.append(format_html("<tr><th>{}</th>{}</tr>", name, cells))
    if not rows:
        return format_html("<p>{}</p>", _("No prices yet."))
    body = format_html_join("", "{}", ((row,) for row in rows))
    return format_html("<table><thead><tr><th></th>{}</tr></thead><tbody>{}</tbody></table>", head, body)


def _price(price: shipping.ParcelPrice | None) -> str:
    if price is None:
        return "–"
    amount = format_amount(price.price_eur, BASE_CURRENCY, get_language() or "en")
    if len(price.parcels) == 1:
        return amount
    return _("%(price)s, %(count)d parcels") % {"price": amount, "count": len(price.parcels)}


@admin.register(PostcodeRule)
class PostcodeRuleAdmin(TariffAdmin):
    list_display = ("country", "pattern", "is_refused", "needs_customs", "is_eu_vat", "reason_en")
    list_filter = ("country", "is_refused")


@admin.register(ParcelSettings)
class ParcelSettingsAdmin(TariffAdmin):
    list_display = ("__str__", "tare_g", "max_pieces", "default_piece_weight_g", "is_illustrative")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return super().has_add_permission(request) and not ParcelSettings.objects.exists()

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(PackagingWeight)
class PackagingWeightAdmin(TariffAdmin):
    list_display = ("packaging", "weight_g")
