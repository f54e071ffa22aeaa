"""The example texts of the editable pages, for a first start."""

import json

from django.conf import settings

from shop.models import Page


def load_examples() -> int:
    """Add the example pages the shop does not have yet; pages that staff have edited stay. Returns how many."""
    rows = json.loads((settings.BASE_DIR / "fixtures" / "pages.json").read_text(encoding="utf-8"))
    missing = [Page(**row) for row in rows if not Page.objects.filter(slug=row["slug"]).exists()]
    return len(Page.objects.bulk_create(missing))
