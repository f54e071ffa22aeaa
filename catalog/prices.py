"""What a price was before it was lowered: the lowest of the 30 days before, which has to stand beside it.

Directive 98/6/EC, article 6a; in Greece article 9j of Law 2251/1994 (Law 5111/2024): the lowest price that was
applied in the 30 days before the reduction, or since a newer piece is on the market; when the price went down
step by step within 60 days, the one before the first of these steps.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from django.db.models import Exists, OuterRef, QuerySet
from django.db.models.functions import Now
from django.utils import timezone

from catalog.models import Listing, PriceChange

LOOKED_BACK = timedelta(days=30)
# Steps down so close together are one reduction.
ONE_REDUCTION = timedelta(days=60)
# After this long the lower price is simply the price.
CALLED_REDUCED = timedelta(days=30)

Change = tuple[datetime, Decimal]


def price_before(changes: Sequence[Change], *, on_offer_since: datetime, now: datetime) -> Decimal | None:
    """The price (EUR) to show beside a lowered one; None when nothing may be called a reduction.

    `changes` are all (from when, price in EUR) of a piece, oldest first. What was changed before the piece was on
    offer is no reduction. Prices of before still count among the lowest: the piece may have been on offer earlier,
    and the lower figure promises less.
    """
    if len(changes) < 2:
        return None
    latest, price = changes[-1]
    if now - latest > CALLED_REDUCED or price >= changes[-2][1]:
        return None
    first = _first_step(changes)
    while first < len(changes) and changes[first][0] <= on_offer_since:
        first += 1
    if first == len(changes):
        return None
    lowest = min(_prices_applied(changes[:first], until=changes[first][0]))
    return lowest if lowest > price else None


def _first_step(changes: Sequence[Change]) -> int:
    """Where the present reduction began: the first of the steps down that led to it without a rise in between."""
    first = len(changes) - 1
    latest = changes[first][0]
    while first > 1:
        (at, price), (_earlier, price_earlier) = changes[first - 1], changes[first - 2]
        if price >= price_earlier or latest - at > ONE_REDUCTION:
            break
        first -= 1
    return first


def _prices_applied(changes: Sequence[Change], *, until: datetime) -> list[Decimal]:
    """The prices that applied at some moment of the 30 days before `until`."""
    ends = [*(at for at, _price in changes[1:]), until]
    return [price for (_at, price), end in zip(changes, ends, strict=True) if end > until - LOOKED_BACK]


def recent_changes(changes: QuerySet[PriceChange]) -> QuerySet[PriceChange]:
    """Of these prices, those of pieces whose price changed lately while they were on offer: of most, none."""
    lately = PriceChange.objects.filter(
        listing=OuterRef("listing"),
        changed_at__gt=OuterRef("listing__published_at"),
    ).filter(changed_at__gte=Now() - CALLED_REDUCED)
    return changes.filter(Exists(lately)).order_by("listing_id", "changed_at", "id")


def mark_reduced(listings: Iterable[Listing], changes: Iterable[PriceChange]) -> None:
    """Give listings their `reduced_from`, from the rows of `recent_changes`."""
    by_listing: dict[int, list[Change]] = {}
    for row in changes:
        by_listing.setdefault(row.listing_id, []).append((row.changed_at, row.price_eur))
    now = timezone.now()
    for listing in listings:
        known = by_listing.get(listing.pk)
        listing.reduced_from = (
            price_before(known, on_offer_since=listing.published_at, now=now)
            if known and listing.published_at is not None
            else None
        )
