"""Points accounts with their ledger: read. A correction is another entry, written by the shop."""

from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet, Sum
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from checkout.models import PointsAccount, PointsEntry
from shop.admin_base import ReadOnlyAdmin, ReadOnlyTabular


class EntryRows(ReadOnlyTabular):
    model = PointsEntry
    fields = ("created_at", "kind", "pot", "points", "order", "note", "created_by")

    def get_queryset(self, request: HttpRequest) -> QuerySet[PointsEntry]:
        entries: QuerySet[PointsEntry] = super().get_queryset(request)
        return entries.select_related("order", "created_by")


def _sum_of(pot: PointsEntry.Pot) -> Coalesce:
    return Coalesce(Sum("entries__points", filter=Q(entries__pot=pot)), 0)


@admin.register(PointsAccount)
class PointsAccountAdmin(ReadOnlyAdmin):
    list_display = ("email", "available", "pending", "created_at")
    search_fields = ("email",)
    fields = (("email", "user"), ("available", "pending"), "created_at")
    readonly_fields = ("available", "pending")
    inlines = (EntryRows,)

    def get_queryset(self, request: HttpRequest) -> QuerySet[PointsAccount]:
        accounts: QuerySet[PointsAccount] = super().get_queryset(request)
        return accounts.annotate(
            available_total=_sum_of(PointsEntry.Pot.AVAILABLE), pending_total=_sum_of(PointsEntry.Pot.PENDING)
        )

    @admin.display(description=_("available"), ordering="available_total")
    def available(self, account: Any) -> int:
        return int(account.available_total)

    @admin.display(description=_("pending"), ordering="pending_total")
    def pending(self, account: Any) -> int:
        return int(account.pending_total)


@admin.register(PointsEntry)
class PointsEntryAdmin(ReadOnlyAdmin):
    list_display = ("created_at", "account", "kind", "pot", "points", "order", "note")
    list_filter = ("kind", "pot")
    list_select_related = ("account", "order")
    search_fields = ("account__email", "order__number", "key")
    date_hierarchy = "created_at"
