"""What is asked of a search and what it answers, whatever engine is behind it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from catalog.playback import Player

# Facets a visitor may combine: within one any value matches, between them all must.
FACET_NAMES = (
    "plays",
    "grade",
    "country",
    "language",
    "subtitles",
    "decade",
    "genre",
    "director",
    "format",
    "region",
    "standard",
)


class Availability(TextChoices):
    ON_OFFER = "offer", _("On offer")
    SOLD = "sold", _("Sold")
    ALL = "all", _("All")


class Sort(TextChoices):
    NEWEST = "newest", _("Newest first")
    PRICE = "price", _("Price, lowest first")
    PRICE_DOWN = "-price", _("Price, highest first")
    TITLE = "title", _("Title")
    YEAR = "year", _("Year, oldest first")
    YEAR_DOWN = "-year", _("Year, newest first")


@dataclass(frozen=True, kw_only=True)
class ListingQuery:
    """A search: folded or raw text, chosen facet values, a price range in EUR, order and place.

    `cursor` is the pair (sort value, listing id) of the last row already seen; with `is_backwards`, of the row
    before which the page ends.
    """

    text: str = ""
    chosen: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    price_min: Decimal | None = None
    price_max: Decimal | None = None
    availability: str = Availability.ON_OFFER
    sort: str = Sort.NEWEST
    cursor: tuple[str, int] | None = None
    is_backwards: bool = False
    size: int = 24
    player: Player | None = None
    with_facets: bool = True


@dataclass(frozen=True)
class FacetValue:
    code: str
    count: int


@dataclass(frozen=True, kw_only=True)
class SearchPage:
    """Ids of one page of listings in order, how many match in all, counts per facet, where the next page starts.

    Each facet is counted with every other filter applied but its own, so several of its values can be chosen.
    `is_fuzzy` says that nothing matched the text exactly and close spellings are shown instead.
    """

    ids: list[int]
    total: int
    facets: Mapping[str, list[FacetValue]]
    availability: Mapping[str, int]
    next_cursor: tuple[str, int] | None
    is_fuzzy: bool = False


@dataclass(frozen=True, kw_only=True)
class FoundIds:
    """One page of ids in order with their sort values, and whether more follow in the direction that was read."""

    ids: list[int]
    keys: list[tuple[str, int]]
    has_more: bool
