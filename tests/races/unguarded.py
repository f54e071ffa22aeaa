"""The shop as software without its guards would be: it looks, thinks for a moment, and writes. Only for the control."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta

from django.db import connection
from django.utils import timezone

from catalog.models import Listing
from catalog.vocabularies import ListingState
from checkout.models import Reservation
from checkout.visitors import Visitor

# As long as a page with some calls to others takes to come together.
MOMENT = 0.4
CLAIM_TRIGGERS = {
    "checkout_reservation": "reservation_claim_matches_state",
    "catalog_listing": "listing_claim_matches_state",
    "checkout_orderline": "line_claim_matches_state",
}


def look_then_write(listings: Sequence[Listing], visitor: Visitor, *, hold: timedelta) -> list[Reservation]:
    time.sleep(MOMENT)
    until = timezone.now() + hold
    made = []
    for listing in listings:
        Listing.objects.filter(pk=listing.pk, state=ListingState.LISTED).update(
            state=ListingState.RESERVED, reserved_until=until
        )
        made.append(Reservation.objects.create(listing=listing, visitor_key=visitor.key, until=until))
    return made


@contextmanager
def no_constraints() -> Iterator[None]:
    """Without the unique index over claims and the triggers that compare them with states."""
    with connection.cursor() as cursor:
        cursor.execute("DROP INDEX one_claim_per_listing")
        for table, trigger in CLAIM_TRIGGERS.items():
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER {trigger}")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("TRUNCATE checkout_reservation CASCADE")
            cursor.execute(
                "CREATE UNIQUE INDEX one_claim_per_listing ON checkout_reservation (listing_id)"
                " WHERE released_at IS NULL"
            )
            for table, trigger in CLAIM_TRIGGERS.items():
                cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER {trigger}")
