"""Reservations: who holds what is nobody's business, until when is the desk's."""

from typing import Any, ClassVar

from django.contrib import admin
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from checkout import inventory
from checkout.models import Reservation
from shop.admin_base import Deed, ReadOnlyAdmin, coloured


class StillHolds(admin.SimpleListFilter):
    title = _("now")
    parameter_name = "now"

    def lookups(self, request: HttpRequest, model_admin: object) -> list[tuple[str, str]]:
        return [("live", str(_("Live"))), ("sold", str(_("Sold"))), ("over", str(_("Over")))]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        match self.value():
            case "live":
                return queryset.live()
            case "sold":
                return queryset.unreleased().filter(until__isnull=True)
            case "over":
                return queryset.filter(released_at__isnull=False)
        return queryset


@admin.register(Reservation)
class ReservationAdmin(ReadOnlyAdmin):
    list_display = ("listing", "situation", "created_at", "until", "extended_at", "order", "release")
    list_filter = (StillHolds, "release")
    list_select_related = ("listing", "order_line__order")
    search_fields = ("listing__sku",)
    date_hierarchy = "created_at"
    fields = (
        ("listing", "order"),
        ("created_at", "until", "extended_at"),
        ("asked_at", "released_at", "release"),
    )
    readonly_fields = ("order",)
    deeds: ClassVar = (
        Deed(
            name="release",
            label=_("Release"),
            do=lambda reservation, by: inventory.release_by_staff(reservation),
            done=_("The piece is free again."),
            is_offered=lambda reservation: reservation.released_at is None and reservation.until is not None,
            permission="checkout.change_reservation",
            icon="lock_open",
            explanation=_("Takes the piece out of somebody's basket. Not possible once it is part of an order."),
            is_danger=True,
        ),
    )

    @coloured(description=_("now"), colours={"live": "warning", "sold": "primary", "lapsed": "info", "over": ""})
    def situation(self, reservation: Reservation) -> tuple[str, str]:
        if reservation.released_at is not None:
            return "over", str(_("over"))
        if reservation.until is None:
            return "sold", str(_("sold"))
        if reservation.until < timezone.now():
            return "lapsed", str(_("lapsed"))
        return "live", str(_("live"))

    @admin.display(description=_("order"))
    def order(self, reservation: Reservation) -> str:
        line = getattr(reservation, "order_line", None)
        return str(line.order) if line else "–"
