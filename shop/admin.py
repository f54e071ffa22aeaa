"""Users, groups, the shop's settings and its text pages."""

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from shop.admin_base import ShopAdmin
from shop.models import Page, ShopSettings, User

admin.site.unregister(Group)
admin.site.index_title = _("Today")


class StaffUserCreationForm(UserCreationForm):
    class Meta:
        model = User
        fields = ("email",)


@admin.register(User)
class UserAdmin(DjangoUserAdmin[User], ShopAdmin):
    """Customers and staff; they sign in by email."""

    form = UserChangeForm
    add_form = StaffUserCreationForm
    change_password_form = AdminPasswordChangeForm
    ordering = ("-date_joined",)
    list_display = ("email", "first_name", "last_name", "is_staff", "is_active", "date_joined")
    list_filter = ("is_staff", "is_active", "groups")
    search_fields = ("email", "first_name", "last_name")
    readonly_fields = ("last_login", "date_joined")
    filter_horizontal = ()
    autocomplete_fields = ("groups",)
    fieldsets = (
        (None, {"fields": ("email", "password")}),
        (_("Name"), {"fields": (("first_name", "last_name"),)}),
        (_("Rights"), {"fields": (("is_active", "is_staff", "is_superuser"), "groups")}),
        (_("Times"), {"fields": (("last_login", "date_joined"),)}),
    )
    add_fieldsets = ((None, {"fields": ("email", "password1", "password2")}),)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Only a superuser makes superusers; nobody else may give away more than they have."""
        fields = [*super().get_readonly_fields(request, obj)]
        return fields if request.user.is_superuser else [*fields, "is_superuser"]

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        if obj is not None and not self.has_change_permission(request, obj):
            # The usual form insists on a password field, which a page to read does not have.
            kwargs["form"] = forms.ModelForm
        return super().get_form(request, obj, change=change, **kwargs)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_change_permission(request, obj) and self._is_within_reach(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_delete_permission(request, obj) and self._is_within_reach(request, obj)

    def _is_within_reach(self, request: HttpRequest, obj: Any) -> bool:
        return obj is None or not obj.is_superuser or request.user.is_superuser


@admin.register(Group)
class GroupAdmin(DjangoGroupAdmin, ShopAdmin):
    pass


@admin.register(ShopSettings)
class ShopSettingsAdmin(ShopAdmin):
    """One row: its list leads straight to it."""

    fieldsets = (
        (
            _("Seller"),
            {
                "fields": (
                    ("seller_name", "seller_since"),
                    "seller_address",
                    ("seller_country", "seller_email", "seller_phone"),
                    "seller_register",
                )
            },
        ),
        (
            _("Tax"),
            {
                "description": _(
                    "Prices never change by tax: whatever VAT is due is contained in them. Under the margin scheme a"
                    " piece needs a purchase record with its cost, bought from a private person, an exempt business or"
                    " another dealer under the scheme; every other piece is taxed in full. The treatment is frozen when"
                    " an order is placed. Parcels to Great Britain are exports here; with a UK VAT number the seller"
                    " accounts for UK VAT on consignments up to 135 GBP outside this shop. Ask your accountant before"
                    " changing anything."
                ),
                "fields": (
                    ("vat_mode", "vat_rate"),
                    ("oss_mode", "oss_threshold_eur"),
                    ("seller_vat_id", "uk_vat_number"),
                    "tax_wording_margin_en",
                    "tax_wording_margin_el",
                    "tax_wording_export_en",
                    "tax_wording_export_el",
                    "tax_wording_exempt_en",
                    "tax_wording_exempt_el",
                ),
            },
        ),
        (
            _("Papers"),
            {
                "description": _(
                    "Invoices and credit notes are numbered by series and year without gaps. A new series starts at 1;"
                    " papers already issued stay as they are."
                ),
                "fields": (("invoice_series", "credit_note_series"), "paper_footer_en", "paper_footer_el"),
            },
        ),
        (
            _("Bank transfer"),
            {"fields": (("bank_account_holder", "bank_iban", "bank_bic"), "bank_transfer_days")},
        ),
        (
            _("Reservations"),
            {
                "fields": (
                    ("reservation_minutes", "payment_reservation_minutes"),
                    "reservation_pause_minutes",
                    ("reservations_per_visitor", "reservations_per_address"),
                )
            },
        ),
        (
            _("Reward points and withdrawal"),
            {
                "fields": (
                    ("points_per_euro", "points_for_one_euro"),
                    ("points_minimum", "points_step", "points_goods_percent"),
                    ("points_months", "points_welcome"),
                    ("withdrawal_days", "guarantee_years"),
                )
            },
        ),
    )

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        if not self.has_view_or_change_permission(request):
            raise PermissionDenied
        ShopSettings.objects.get_or_create(pk=1)
        return HttpResponseRedirect(reverse("admin:shop_shopsettings_change", args=(1,)))

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Page)
class PageAdmin(ShopAdmin):
    """Texts in HTML; the shop cleans them when it shows them."""

    list_display = ("title_en", "title_el", "slug", "in_footer", "position", "updated_at")
    search_fields = ("title_en", "title_el", "slug")
    prepopulated_fields = {"slug": ("title_en",)}  # noqa: RUF012 - Django's own declaration
    readonly_fields = ("updated_at",)
    fieldsets = (
        (
            None,
            {
                "fields": (
                    ("title_en", "title_el"),
                    ("slug", "in_footer", "position"),
                    ("body_en", "body_el"),
                    "updated_at",
                )
            },
        ),
    )
