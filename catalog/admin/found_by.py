"""What the shop's search finds a piece by follows every save of the staff site."""

from typing import Any

from django.http import HttpRequest

from catalog.models import Listing
from catalog.search.text import refresh_search_text


class RefreshesSearch:
    """Mixin of admin pages whose rows lend their words to listings."""

    # From a listing to the row of this page.
    listing_path: str

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)  # type: ignore[misc]
        # A row just made has no listings yet, except a listing itself.
        if change or self.listing_path == "pk":
            rows = Listing.objects.filter(**{self.listing_path: form.instance.pk}).distinct()
            refresh_search_text(rows.iterator(chunk_size=500))
