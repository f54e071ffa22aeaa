"""Points accounts with their ledger: read. A correction is another entry, with its reason."""

from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet, Sum
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminIntegerFieldWidget, UnfoldAdminTextInputWidget

from checkout import rewards
from checkout.models import PointsAccount, PointsEntry
from shop.admin_base import Deed, DeedForm, ReadOnlyAdmin, ReadOnlyTabular

# What a typing mistake may cost at most: a hundred euro at the usual ratio.
MOST_POINTS = 10_000


class AdjustForm(DeedForm):
    points = forms.IntegerField(
        label=_("points"),
        min_value=-MOST_POINTS,
        max_value=MOST_POINTS,
        help_text=_("Below zero: they are taken."),
        widget=UnfoldAdminIntegerFieldWidget,
    )
    reason = forms.CharField(
        label=_("Reason"),
        max_length=200,
        help_text=_("The customer sees it."),
        widget=UnfoldAdminTextInputWidget,
    )

    def clean_points(self) -> int:
        points: int = self.cleaned_data["points"]
        if not points:
            raise ValidationError(_("Please enter how many points."))
        return points


class EntryRows(ReadOnlyTabular):
    model = PointsEntry
    fields = ("created_at", "kind", "pot", "points", "lot", "expires_on", "order", "note", "created_by")

    def get_queryset(self, request: HttpRequest) -> QuerySet[PointsEntry]:
        entries: QuerySet[PointsEntry] = super().get_queryset(request)
        return entries.select_related("order", "created_by")


def _sum_of(pot: PointsEntry.Pot) -> Coalesce:
    return Coalesce(Sum("entries__points", filter=Q(entries__pot=pot)), 0)


@admin.register(PointsAccount)
class PointsAccountAdmin(ReadOnlyAdmin):
    list_display = ("email", "available", "pending", "held", "created_at")
    search_fields = ("email", "user__email")
    fields = (("email", "user", "language"), ("available", "pending", "held"), "created_at")
    readonly_fields = ("available", "pending", "held")
    inlines = (EntryRows,)
    deeds: ClassVar = (
        Deed(
            name="adjust",
            label=_("Give or take points"),
            do=lambda account, by, points, reason: rewards.adjust(account, points, reason=reason, by=by),
            done=_("The points of %(row)s are adjusted."),
            is_offered=lambda account: True,
            permission="checkout.change_pointsaccount",
            icon="exposure",
            form=AdjustForm,
            explanation=_("An entry of its own in the ledger. Taken are the oldest; an account may owe points."),
        ),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[PointsAccount]:
        accounts: QuerySet[PointsAccount] = super().get_queryset(request)
        return accounts.annotate(
            available_total=_sum_of(PointsEntry.Pot.AVAILABLE),
            pending_total=_sum_of(PointsEntry.Pot.PENDING),
            held_total=_sum_of(PointsEntry.Pot.HELD),
        )

    @admin.display(description=_("available"), ordering="available_total")
    def available(self, account: Any) -> int:
        return int(account.available_total)

    @admin.display(description=_("pending"), ordering="pending_total")
    def pending(self, account: Any) -> int:
        return int(account.pending_total)

    @admin.display(description=_("held"), ordering="held_total")
    def held(self, account: Any) -> int:
        return int(account.held_total)


@admin.register(PointsEntry)
class PointsEntryAdmin(ReadOnlyAdmin):
    list_display = ("created_at", "account", "kind", "pot", "points", "expires_on", "order", "note")
    list_filter = ("kind", "pot")
    list_select_related = ("account", "order")
    search_fields = ("account__email", "order__number", "key")
    date_hierarchy = "created_at"
