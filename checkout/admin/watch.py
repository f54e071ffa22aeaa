"""Watches: which pieces are waited for, and by whom."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from checkout.models import Watch
from shop.admin_base import ReadOnlyAdmin


@admin.register(Watch)
class WatchAdmin(ReadOnlyAdmin):
    list_display = ("listing", "email", "language", "created_at")
    list_select_related = ("listing",)
    search_fields = ("listing__sku", "email")
    date_hierarchy = "created_at"
    fields = ("listing", "email", "language", "created_at")

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Who asks to be forgotten is, by whoever has the right."""
        return request.user.has_perm("checkout.delete_watch")
