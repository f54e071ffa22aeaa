"""Rate sets for staff: read, and accepted or put aside when they wait."""

from typing import Any, ClassVar

from django.contrib import admin, messages
from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.utils.translation import gettext_lazy as _

from checkout import currency
from checkout.models import Rate, RateSet
from checkout.models.currency import RateSetStatus
from shop.admin_base import Deed, ReadOnlyAdmin, ReadOnlyTabular, coloured


class RateInline(ReadOnlyTabular):
    model = Rate
    fields = ("currency", "rate")


def _is_waiting(row: RateSet) -> bool:
    return row.status == RateSetStatus.WAITING


@admin.register(RateSet)
class RateSetAdmin(ReadOnlyAdmin):
    """Rates are written by the feed and never changed."""

    list_display = ("date", "state", "source", "fetched_at", "reason")
    list_filter = ("status", "source")
    date_hierarchy = "date"
    ordering = ("-date", "-id")
    inlines: ClassVar = [RateInline]
    deeds: ClassVar = [
        Deed(
            name="accept",
            label=_("Accept these rates"),
            do=lambda row, _by: currency.accept(row),
            done=_("The rates of %(row)s are accepted."),
            is_offered=_is_waiting,
            permission="checkout.change_rateset",
            icon="check",
            explanation=_("From now on prices in other currencies use them."),
            is_main=True,
        ),
        Deed(
            name="reject",
            label=_("Put aside"),
            do=lambda row, _by: currency.reject(row),
            done=_("The rates of %(row)s are put aside."),
            is_offered=_is_waiting,
            permission="checkout.change_rateset",
            icon="block",
            explanation=_("They will never be used. Prices keep using the rates before them."),
            is_danger=True,
        ),
    ]

    @coloured(
        description=_("status"),
        ordering="status",
        colours={
            RateSetStatus.ACCEPTED: "success",
            RateSetStatus.WAITING: "warning",
            RateSetStatus.REJECTED: "danger",
        },
    )
    def state(self, row: RateSet) -> tuple[str, str]:
        return row.status, row.get_status_display()

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        missed = currency.missed_publication_days()
        if missed is None:
            self.message_user(request, _("There are no rates yet, so prices are in euro only."), messages.WARNING)
        elif missed:
            self.message_user(
                request,
                _("Rates of %(days)d publication days are missing.") % {"days": missed},
                messages.WARNING,
            )
        page: TemplateResponse = super().changelist_view(request, extra_context)
        return page
