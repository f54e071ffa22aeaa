"""The packing slip: which pieces go into a parcel and where they stand. For staff; it names no price."""

from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from checkout import paper_layout, parcels
from checkout.models import Order, OrderLine
from checkout.paper_content import Words, postal, seller
from shop.models import ShopSettings


def pdf_of(order: Order) -> bytes:
    """The slip of the parcel an order travels in, all its orders together, in the language in force."""
    return paper_layout.render("packing_slip", content_of(order), made_at=timezone.now())


def content_of(order: Order) -> dict[str, Any]:
    """What the slip says."""
    words = Words(get_language() or "en", order.currency)
    aboard = list(_aboard(order))
    address = order.shipping_address
    now = timezone.now()
    return {
        "language": words.language,
        "title": _("Packing slip %(orders)s") % {"orders": ", ".join(row.number for row in aboard)},
        "heading": _("Packing slip"),
        "seller": seller(ShopSettings.current(), words),
        "to": {"heading": _("Ships to"), "lines": [*postal(address, words), address.phone] if address else []},
        "facts": _facts(aboard, words),
        "columns": [_("Shelf"), _("SKU"), _("Piece"), _("Grade"), ""],
        "orders": [
            {
                "heading": _("Order %(number)s") % {"number": row.number} if len(aboard) > 1 else "",
                "note": _("Note from the buyer: %(note)s") % {"note": row.buyer_note} if row.buyer_note else "",
                "lines": [_row(line) for line in row.lines.all() if line.returned_at is None],
            }
            for row in aboard
        ],
        "printed": _("Printed on %(day)s") % {"day": words.day_of(now)},
        "page": _("Page"),
    }


def _aboard(order: Order) -> QuerySet[Order]:
    """The orders of the parcel; the order alone while it is no parcel yet."""
    rows = parcels.parcel_of(order) or Order.objects.filter(pk=order.pk)
    return rows.prefetch_related("lines__listing__component_grades", "addresses")


def _facts(aboard: list[Order], words: Words) -> list[list[str]]:
    first = aboard[0]
    pieces = sum(len([line for line in row.lines.all() if line.returned_at is None]) for row in aboard)
    weight = max(row.parcel_weight_g or 0 for row in aboard)
    facts = [
        [_("Order"), ", ".join(row.number for row in aboard)],
        [_("Paid on"), words.day_of(first.paid_at) if first.paid_at else ""],
        [_("Shipping"), first.shipping_method_name],
        [_("Pieces"), str(pieces)],
        [_("Parcel weight"), f"{weight} g" if weight else ""],
        [_("Customs declaration"), _("Yes") if first.has_customs else ""],
    ]
    return [fact for fact in facts if fact[1]]


def _row(line: OrderLine) -> dict[str, Any]:
    listing = line.listing
    parts = [f"{part}: {part.label}" for part in listing.component_grades.all()]
    return {
        "shelf": listing.shelf or "–",
        "sku": line.sku,
        "title": line.title,
        "description": line.description,
        "grade": str(listing.get_headline_grade_display()),
        "parts": ", ".join(parts),
    }
