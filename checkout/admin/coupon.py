"""Coupons for staff: what each is worth and for whom, and the orders that used it."""

from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from checkout import coupons
from checkout.models import Coupon, CouponUse
from checkout.money import BASE_CURRENCY, format_amount
from shop.admin_base import Deed, ReadOnlyTabular, ShopAdmin

USES_ON_A_PAGE = 50


class CouponForm(forms.ModelForm[Coupon]):
    """Checks what the database would refuse, in words."""

    def clean_code(self) -> str:
        return str(self.cleaned_data["code"]).upper()

    def clean_sku_prefixes(self) -> list[str]:
        return [prefix.upper() for prefix in self.cleaned_data["sku_prefixes"]]

    def clean_limit(self) -> int | None:
        limit: int | None = self.cleaned_data["limit"]
        if limit is None or self.instance.pk is None:
            return limit
        # Locked until the page is saved: a buyer must not use it in between.
        used = Coupon.objects.select_for_update(of=("self",)).get(pk=self.instance.pk).use_count
        if limit < used:
            raise ValidationError(
                _("It was used %(used)d times already; the limit cannot be lower. To end it, take “active” away."),
                params={"used": used},
            )
        return limit

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        values = {Coupon.Kind.PERCENT: "percent", Coupon.Kind.AMOUNT: "amount_eur"}
        for kind, name in values.items():
            if name in self.errors or "kind" not in cleaned:
                continue
            if kind == cleaned["kind"] and cleaned.get(name) is None:
                self.add_error(name, _("This kind of coupon needs it."))
            elif kind != cleaned["kind"] and cleaned.get(name) is not None:
                self.add_error(name, _("This kind of coupon has none. Please empty it."))
        starts_at, ends_at = cleaned.get("starts_at"), cleaned.get("ends_at")
        if starts_at and ends_at and starts_at >= ends_at:
            self.add_error("ends_at", _("It would end before it begins."))
        return cleaned


class UseRows(ReadOnlyTabular):
    model = CouponUse
    fields = ("order", "email", "used_at", "released_at")
    per_page = USES_ON_A_PAGE

    def get_queryset(self, request: HttpRequest) -> QuerySet[CouponUse]:
        uses: QuerySet[CouponUse] = super().get_queryset(request)
        return uses.select_related("order")


@admin.register(Coupon)
class CouponAdmin(ShopAdmin):
    form = CouponForm
    compressed_fields = False
    list_display = ("code", "worth", "is_active", "uses", "starts_at", "ends_at", "minimum_eur", "note")
    list_filter = ("is_active", "kind")
    search_fields = ("code", "note")
    autocomplete_fields = ("listings",)
    readonly_fields = ("use_count", "created_at")
    inlines = (UseRows,)
    deeds: ClassVar = (
        Deed(
            name="duplicate",
            label=_("Duplicate"),
            do=lambda coupon, by: coupons.duplicate(coupon),
            done=_("%(row)s was duplicated. The copy is not active yet; please give it its code."),
            is_offered=lambda coupon: True,
            permission="checkout.add_coupon",
            icon="content_copy",
            explanation=_("Makes a coupon with the same rules, not active and never used."),
        ),
    )
    fieldsets = (
        (None, {"fields": (("code", "is_active"), ("kind", "percent", "amount_eur"), "note")}),
        (_("When and for what"), {"fields": (("starts_at", "ends_at"), "minimum_eur", "sku_prefixes", "listings")}),
        (_("How often"), {"fields": (("limit", "limit_per_customer"), ("use_count", "created_at"))}),
    )

    def save_model(self, request: HttpRequest, obj: Coupon, form: Any, change: bool) -> None:
        if not change:
            obj.save()
            return
        # Only what the form shows: the count of uses may have moved since it was shown.
        shown = [field.name for field in obj._meta.concrete_fields if field.name in form.cleaned_data]
        obj.save(update_fields=shown)

    @admin.display(description=_("worth"), ordering="kind")
    def worth(self, coupon: Coupon) -> str:
        if coupon.percent is not None:
            return f"{coupon.percent.normalize():f} %"
        if coupon.amount_eur is not None:
            return format_amount(coupon.amount_eur, BASE_CURRENCY, get_language() or "en")
        return str(coupon.get_kind_display())

    @admin.display(description=_("used"), ordering="use_count")
    def uses(self, coupon: Coupon) -> str:
        return f"{coupon.use_count} / {coupon.limit}" if coupon.limit is not None else str(coupon.use_count)
