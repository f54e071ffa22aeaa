"""How the staff site looks and what its sidebar offers: the settings of django-unfold."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse_lazy
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

# Texts of the theme itself, which brings no Greek: named here, they are collected and translated with ours.
THEME_TEXTS = (
    gettext_noop("Add row"),
    gettext_noop("All applications"),
    gettext_noop("Apply Filters"),
    gettext_noop("Choose file to upload"),
    gettext_noop("Click to download"),
    gettext_noop("Dark"),
    gettext_noop("Expand row"),
    gettext_noop("False"),
    gettext_noop("Filter navigation items"),
    gettext_noop("General"),
    gettext_noop("Go back"),
    gettext_noop("Hide counts"),
    gettext_noop("Image preview"),
    gettext_noop("Light"),
    gettext_noop("Loading more results..."),
    gettext_noop("More actions"),
    gettext_noop("No data"),
    gettext_noop("No recent searches"),
    gettext_noop("No results found"),
    gettext_noop("No results matching your query"),
    gettext_noop("Recent searches"),
    gettext_noop("Reset filters"),
    gettext_noop("Return to site"),
    gettext_noop("Run"),
    gettext_noop("Search apps and models..."),
    gettext_noop("Select action"),
    gettext_noop("Select action to run"),
    gettext_noop("Select all rows"),
    gettext_noop("Select record"),
    gettext_noop("Select value"),
    gettext_noop("Show counts"),
    gettext_noop("System"),
    gettext_noop("This item will be deleted."),
    gettext_noop("This page yielded into no results. Create a new item or reset your filters."),
    gettext_noop("Toggle password visibility"),
    gettext_noop("True"),
    gettext_noop("Type to search"),
)


def environment(request: HttpRequest) -> list[Any] | None:
    """The badge beside the shop's name; a real shop has none."""
    return [_("DEMO"), "warning"] if settings.DEMO else None


def _may(*permissions: str) -> Callable[[HttpRequest], bool]:
    return lambda request: request.user.has_perms(permissions)


def _link(title: str | Promise, icon: str, model: str, arguments: str = "") -> dict[str, Any]:
    """A sidebar entry for the list of a model, shown to those who may view it."""
    app, name = model.split(".")
    address = reverse_lazy(f"admin:{app}_{name}_changelist")
    return {
        "title": title,
        "icon": icon,
        "link": (lambda request: f"{address}{arguments}") if arguments else address,
        "permission": _may(f"{app}.view_{name}"),
    }


UNFOLD: dict[str, Any] = {
    "SITE_TITLE": _("Athens Collectibles, staff"),
    "SITE_HEADER": "Athens Collectibles",
    "SITE_SUBHEADER": _("Staff"),
    "SITE_SYMBOL": "album",
    "SITE_URL": "/",
    "ENVIRONMENT": "shop.admin_site.environment",
    "DASHBOARD_CALLBACK": "shop.dashboard.fill",
    "SHOW_LANGUAGES": True,
    "LANGUAGES": {"action": reverse_lazy("staff_language")},
    "SHOW_BACK_BUTTON": True,
    "STYLES": [lambda request: static("admin_shop/admin.css")],
    "SCRIPTS": [lambda request: static("admin_shop/admin.js")],
    "COMMAND": {"search_models": ["catalog.film", "catalog.person", "catalog.listing"]},
    # The vermilion and the warm greys of the shop, in the eleven steps that the theme asks for.
    "COLORS": {
        "primary": {
            "50": "#fdf3ef",
            "100": "#fbe3da",
            "200": "#f6c6b5",
            "300": "#ef9f86",
            "400": "#e57355",
            "500": "#d04e2f",
            "600": "#b3321a",
            "700": "#922613",
            "800": "#752114",
            "900": "#5f1f15",
            "950": "#340c07",
        },
        "base": {
            "50": "#fbf9f4",
            "100": "#f6f2e9",
            "200": "#e7dfd0",
            "300": "#d8cfbf",
            "400": "#ada292",
            "500": "#857a69",
            "600": "#635b4f",
            "700": "#4a443b",
            "800": "#2e2a24",
            "900": "#1d1a16",
            "950": "#141210",
        },
    },
    "SIDEBAR": {
        "show_search": True,
        "show_all_applications": True,
        "navigation": [
            {
                "items": [
                    {"title": _("Today"), "icon": "today", "link": reverse_lazy("admin:index")},
                ]
            },
            {
                "title": _("Selling"),
                "items": [
                    _link(_("Orders"), "package_2", "checkout.order"),
                    _link(_("Payments"), "credit_card", "checkout.payment"),
                    _link(_("Refunds"), "currency_exchange", "checkout.refund"),
                    _link(_("Disputes"), "gavel", "checkout.dispute"),
                    _link(_("Balance differences"), "balance", "checkout.balancedifference"),
                    _link(_("Withdrawals"), "assignment_return", "checkout.withdrawal"),
                    _link(_("Returned pieces"), "move_to_inbox", "checkout.returnedpiece"),
                    _link(_("Credits"), "price_check", "checkout.credit"),
                    _link(_("Papers"), "receipt_long", "checkout.paper"),
                    {
                        "title": _("Books"),
                        "icon": "menu_book",
                        "link": reverse_lazy("admin:checkout_books"),
                        "permission": _may("checkout.view_paper", "catalog.view_purchaserecord"),
                    },
                    _link(_("Reservations"), "hourglass_top", "checkout.reservation"),
                    _link(_("Watches"), "notifications", "checkout.watch"),
                    _link(_("Points"), "stars", "checkout.pointsaccount"),
                    _link(_("Coupons"), "percent", "checkout.coupon"),
                    _link(_("Gift vouchers"), "redeem", "checkout.giftvoucher"),
                ],
            },
            {
                "title": _("Pieces"),
                "items": [
                    _link(_("Listings"), "sell", "catalog.listing"),
                    _link(_("Editions"), "album", "catalog.edition"),
                    _link(_("Films"), "movie", "catalog.film"),
                    _link(_("People"), "groups", "catalog.person"),
                    {
                        "title": _("Missing facts"),
                        "icon": "troubleshoot",
                        "link": reverse_lazy("admin:missing_facts"),
                        "permission": _may("catalog.change_film"),
                    },
                ],
            },
            {
                "title": _("Editorial"),
                "items": [
                    _link(_("Reviews"), "rate_review", "catalog.review"),
                    _link(_("Programmes"), "theaters", "catalog.programme"),
                    _link(_("Screenings"), "event_seat", "catalog.screening"),
                    _link(_("Pages"), "description", "shop.page"),
                ],
            },
            {
                "title": _("Word lists"),
                "collapsible": True,
                "items": [
                    _link(_("Genres"), "category", "catalog.genre"),
                    _link(_("Grades"), "grade", "catalog.conditiongrade"),
                    _link(_("Regions"), "public", "catalog.regionarea"),
                    _link(_("Companies"), "business", "catalog.company"),
                    _link(_("Awards"), "trophy", "catalog.award"),
                    _link(_("Award bodies"), "workspaces", "catalog.awardbody"),
                    _link(_("Venues"), "location_on", "catalog.venue"),
                    _link(_("Sources"), "menu_book", "catalog.source"),
                ],
            },
            {
                "title": _("Shop"),
                "collapsible": True,
                "items": [
                    _link(_("Settings"), "tune", "shop.shopsettings"),
                    _link(_("Exchange rates"), "currency_exchange", "checkout.rateset"),
                    _link(_("Shipping zones"), "local_shipping", "checkout.zone"),
                    _link(_("Users"), "person", "shop.user"),
                    _link(_("Groups"), "badge", "auth.group"),
                ],
            },
        ],
    },
}
