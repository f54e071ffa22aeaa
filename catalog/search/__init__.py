"""Finding listings. Pages and the API ask `search`; what answers is one module behind it.

Today PostgreSQL answers. An engine that replaces it keeps `ListingQuery` and `SearchPage`.
"""

from catalog.search.postgres import find_ids, is_cursor_valid, search
from catalog.search.query import FACET_NAMES, Availability, FacetValue, FoundIds, ListingQuery, SearchPage, Sort
from catalog.search.text import refresh_search_text

__all__ = [
    "FACET_NAMES",
    "Availability",
    "FacetValue",
    "FoundIds",
    "ListingQuery",
    "SearchPage",
    "Sort",
    "find_ids",
    "is_cursor_valid",
    "refresh_search_text",
    "search",
]
