"""The search answered by PostgreSQL: trigram index for text, arrays and joins for facets, keysets for pages."""

# ruff: noqa: S608 - the statements are put together from constants of this module; values are always parameters

import re
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from django.db import connection

from catalog.models.listing import SKU_PATTERN
from catalog.playback import FREE_REGIONS, Player
from catalog.search.query import (
    FACET_NAMES,
    Availability,
    FacetValue,
    FoundIds,
    ListingQuery,
    SearchPage,
    Sort,
)
from catalog.vocabularies import ListingState
from shop.text import fold

# A facet with more values than this shows its most frequent ones; chosen values are always shown.
FACET_LIMIT = 40

_SKU = re.compile(SKU_PATTERN)

FORMAT_GROUP = """CASE WHEN e.disc_format LIKE 'DVD%%' THEN 'dvd' WHEN e.disc_format LIKE 'BD%%' THEN 'bluray'
    WHEN e.disc_format LIKE 'UHD%%' THEN 'uhd' ELSE 'other' END"""

_FILMS = "SELECT 1 FROM catalog_editionfilm ef JOIN catalog_film f ON f.id = ef.film_id"
_OF_EDITION = "WHERE ef.edition_id = l.edition_id"

# Whether a listing passes a facet; one parameter, the list of chosen codes.
_CONDITIONS = {
    "grade": "l.headline_grade = ANY(%s)",
    "country": f"EXISTS ({_FILMS} {_OF_EDITION} AND f.countries && %s::varchar[])",
    "language": "EXISTS (SELECT 1 FROM catalog_audiotrack a WHERE a.edition_id = l.edition_id"
    " AND a.language = ANY(%s))",
    "subtitles": "EXISTS (SELECT 1 FROM catalog_subtitletrack s WHERE s.edition_id = l.edition_id"
    " AND s.language = ANY(%s))",
    "decade": f"EXISTS ({_FILMS} {_OF_EDITION} AND (f.year / 10 * 10)::text = ANY(%s))",
    "genre": f"EXISTS ({_FILMS} JOIN catalog_film_genres fg ON fg.film_id = f.id"
    f" JOIN catalog_genre g ON g.id = fg.genre_id {_OF_EDITION} AND g.code = ANY(%s))",
    "director": "EXISTS (SELECT 1 FROM catalog_editionfilm ef JOIN catalog_credit c ON c.film_id = ef.film_id"
    f" {_OF_EDITION} AND c.role IN ('director', 'codirector') AND c.person_id::text = ANY(%s))",
    "format": f"{FORMAT_GROUP} = ANY(%s)",
    "region": "e.regions && %s::varchar[]",
    "standard": "e.video_standard = ANY(%s)",
}

_POOL_FILMS = (
    "FROM pool p JOIN catalog_editionfilm ef ON ef.edition_id = p.edition_id JOIN catalog_film f ON f.id = ef.film_id"
)

# How a facet's values are found for the listings of the pool: source tables and the value.
_VALUES = {
    "grade": ("FROM pool p", "p.headline_grade"),
    "country": (f"{_POOL_FILMS} CROSS JOIN unnest(f.countries) AS v(code)", "v.code"),
    "language": ("FROM pool p JOIN catalog_audiotrack a ON a.edition_id = p.edition_id", "a.language"),
    "subtitles": ("FROM pool p JOIN catalog_subtitletrack s ON s.edition_id = p.edition_id", "s.language"),
    "decade": (_POOL_FILMS, "(f.year / 10 * 10)::text"),
    "genre": (
        f"{_POOL_FILMS} JOIN catalog_film_genres fg ON fg.film_id = f.id JOIN catalog_genre g ON g.id = fg.genre_id",
        "g.code",
    ),
    "director": (
        "FROM pool p JOIN catalog_editionfilm ef ON ef.edition_id = p.edition_id"
        " JOIN catalog_credit c ON c.film_id = ef.film_id AND c.role IN ('director', 'codirector')",
        "c.person_id::text",
    ),
    "format": ("FROM pool p", "p.format_group"),
    "region": ("FROM pool p CROSS JOIN unnest(p.regions) AS v(code)", "v.code"),
    "standard": ("FROM pool p", "NULLIF(p.video_standard, '')"),
}

_FIRST_FILM = """LEFT JOIN LATERAL (
    SELECT f.sort_title, f.year FROM catalog_editionfilm ef JOIN catalog_film f ON f.id = ef.film_id
    WHERE ef.edition_id = l.edition_id ORDER BY ef.position, ef.id LIMIT 1) first ON true"""

# Sort key, its SQL type in the cursor, and the direction shared by key and id.
_ORDERS = {
    Sort.NEWEST.value: ("l.published_at", "timestamptz", "DESC"),
    Sort.PRICE.value: ("l.price", "numeric", "ASC"),
    Sort.PRICE_DOWN.value: ("l.price", "numeric", "DESC"),
    Sort.TITLE.value: ("coalesce(first.sort_title, '')", "text", "ASC"),
    Sort.YEAR.value: ("coalesce(first.year, 9999)", "int", "ASC"),
    Sort.YEAR_DOWN.value: ("coalesce(first.year, 0)", "int", "DESC"),
}


@dataclass
class _Clause:
    """SQL and its parameters, kept together."""

    sql: str
    params: list[Any] = field(default_factory=list)


def search(query: ListingQuery) -> SearchPage:
    """The page of listings a query asks for: two statements, four when only close spellings match."""
    sku = query.text.strip().upper()
    if _SKU.fullmatch(sku):
        return _answer(query, _Clause("l.sku = %s", [sku]))
    words = fold(query.text).split()
    page = _answer(query, _text(words, is_fuzzy=False))
    if not words or any(page.availability.values()):
        return page
    page = _answer(query, _text(words, is_fuzzy=True))
    return replace(page, is_fuzzy=page.total > 0)


def find_ids(query: ListingQuery) -> FoundIds:
    """One page of ids without counting anything, in either direction; close spellings when nothing matches."""
    sku = query.text.strip().upper()
    if _SKU.fullmatch(sku):
        return _page(query, _Clause("l.sku = %s", [sku]))
    words = fold(query.text).split()
    found = _page(query, _text(words, is_fuzzy=False))
    if found.ids or not words:
        return found
    if query.cursor is not None and _page(replace(query, cursor=None, size=1), _text(words, is_fuzzy=False)).ids:
        return found  # past the end of exact matches
    return _page(query, _text(words, is_fuzzy=True))


def _answer(query: ListingQuery, text: _Clause) -> SearchPage:
    total, facets, availability = _count(query, text)
    page = _page(query, text)
    next_cursor = page.keys[-1] if page.has_more else None
    return SearchPage(ids=page.ids, total=total, facets=facets, availability=availability, next_cursor=next_cursor)


def _text(words: list[str], *, is_fuzzy: bool) -> _Clause:
    if not words:
        return _Clause("true")
    if is_fuzzy:
        spellings = [_spellings(word) for word in words]
        clauses = [" OR ".join(["%s <%% l.search_text"] * len(each)) for each in spellings]
        return _Clause(" AND ".join(f"({clause})" for clause in clauses), [one for each in spellings for one in each])
    # Folded words hold only letters and digits: nothing in them is special to LIKE.
    return _Clause(" AND ".join(["l.search_text LIKE %s"] * len(words)), [f"%{word}%" for word in words])


def _spellings(word: str) -> list[str]:
    """A word as written and as languages with the other letter for the sound write it: Tarkowski, Vajda."""
    return list(dict.fromkeys([word, word.replace("w", "v"), word.replace("v", "w")]))


def _base(query: ListingQuery, text: _Clause) -> _Clause:
    """What holds whatever facets are chosen: public, matching the text, within the price range."""
    sql, params = f"l.state = ANY(%s) AND {text.sql}", [list(_states(Availability.ALL)), *text.params]
    if query.price_min is not None:
        sql, params = f"{sql} AND l.price >= %s", [*params, query.price_min]
    if query.price_max is not None:
        sql, params = f"{sql} AND l.price <= %s", [*params, query.price_max]
    return _Clause(sql, params)


def _states(availability: str) -> tuple[str, ...]:
    on_offer = (ListingState.LISTED.value, ListingState.RESERVED.value)
    sold = (ListingState.SOLD.value,)
    return {Availability.ON_OFFER.value: on_offer, Availability.SOLD.value: sold}.get(availability, on_offer + sold)


def _filters(query: ListingQuery) -> dict[str, _Clause]:
    """One clause a chosen facet, and one for the availability."""
    found = {"availability": _Clause("l.state = ANY(%s)", [list(_states(query.availability))])}
    for name in FACET_NAMES:
        codes = query.chosen.get(name)
        if not codes:
            continue
        if name == "plays":
            found[name] = _plays(query.player, codes)
        else:
            found[name] = _Clause(_CONDITIONS[name], [list(codes)])
    return found


def _plays(player: Player | None, codes: tuple[str, ...]) -> _Clause:
    """The rules of catalog.playback in SQL; a test compares the two."""
    if player is None:
        return _Clause("true")
    mine, multi = _plays_on(player)
    parts = [clause for code, clause in (("mine", mine), ("multi", multi)) if code in codes]
    return _Clause(
        "(" + " OR ".join(part.sql for part in parts) + ")",
        [param for part in parts for param in part.params],
    )


def _plays_on(player: Player) -> tuple[_Clause, _Clause]:
    free = sorted(FREE_REGIONS)
    standard = _Clause("e.video_standard = ANY(%s)", [player.standards()])
    any_region = "cardinality(e.regions) > 0"
    if player.is_multi_region:
        region = _Clause(f"{any_region} AND (NOT e.rce OR e.regions && %s::varchar[])", [free])
    else:
        region = _Clause("e.regions && %s::varchar[]", [[player.region, *free]])
    blu_regions = ["A", "B", "C", "ABC"] if player.is_multi_region else [player.bluray_region, "ABC"]
    mine = _Clause(
        f"(e.disc_format LIKE 'DVD%%' AND {region.sql} AND {standard.sql}"
        " OR e.disc_format LIKE 'BD%%' AND %s AND e.bluray_regions && %s::varchar[]"
        " OR e.disc_format LIKE 'UHD%%' AND %s)",
        [*region.params, *standard.params, player.has_bluray, blu_regions, player.has_uhd],
    )
    multi = _Clause(
        f"(e.disc_format LIKE 'DVD%%' AND {any_region} AND {standard.sql}"
        " AND (NOT e.rce OR e.regions && %s::varchar[])"
        " OR e.disc_format LIKE 'BD%%' AND %s AND cardinality(e.bluray_regions) > 0"
        " OR e.disc_format LIKE 'UHD%%' AND %s)",
        [*standard.params, [player.region, *free], player.has_bluray, player.has_uhd],
    )
    return mine, multi


def _count(query: ListingQuery, text: _Clause) -> tuple[int, dict[str, list[FacetValue]], dict[str, int]]:
    """Total and all facets in one statement over one materialised pool of candidates."""
    base, filters = _base(query, text), _filters(query)
    mine, multi = _plays_on(query.player) if query.player else (_Clause("false"), _Clause("false"))
    columns = [_Clause(f"({clause.sql}) AS ok_{name}", clause.params) for name, clause in filters.items()]
    columns += [_Clause(f"{mine.sql} AS mine", mine.params), _Clause(f"{multi.sql} AS multi", multi.params)]
    pool_sql = f"""WITH pool AS MATERIALIZED (
        SELECT l.id, l.edition_id, l.headline_grade, l.state, e.regions, e.video_standard,
               {FORMAT_GROUP} AS format_group, {", ".join(column.sql for column in columns)}
        FROM catalog_listing l JOIN catalog_edition e ON e.id = l.edition_id WHERE {base.sql})"""
    params = [param for column in columns for param in column.params] + base.params

    def others(name: str) -> str:
        return " AND ".join([f"p.ok_{other}" for other in filters if other != name]) or "true"

    parts = [
        f"SELECT 'total' AS facet, '' AS code, count(*) AS n FROM pool p WHERE {others('')}",
        "SELECT 'availability', CASE p.state WHEN 'sold' THEN 'sold' ELSE 'offer' END, count(*)"
        f" FROM pool p WHERE {others('availability')} GROUP BY 2",
    ]
    if query.with_facets:
        parts += [
            f"SELECT 'plays', '{col}', count(*) FROM pool p WHERE p.{col} AND {others('plays')}"
            for col in ("mine", "multi")
        ]
        for name, (source, value) in _VALUES.items():
            parts.append(f"SELECT '{name}', {value}, count(DISTINCT p.id) {source} WHERE {others(name)} GROUP BY 2")
    with connection.cursor() as cursor:
        cursor.execute(f"{pool_sql} {' UNION ALL '.join(parts)}", params)
        rows = cursor.fetchall()
    return _counts(query, rows)


def _counts(
    query: ListingQuery, rows: list[tuple[str, str | None, int]]
) -> tuple[int, dict[str, list[FacetValue]], dict[str, int]]:
    total = 0
    availability: dict[str, int] = {Availability.ON_OFFER.value: 0, Availability.SOLD.value: 0}
    facets: dict[str, list[FacetValue]] = {name: [] for name in FACET_NAMES}
    for name, code, count in rows:
        if name == "total":
            total = count
        elif name == "availability":
            availability[str(code)] = count
        elif code and count:
            facets[name].append(FacetValue(code, count))
    for name, values in facets.items():
        chosen = query.chosen.get(name, ())
        found = {value.code for value in values}
        values.extend(FacetValue(code, 0) for code in chosen if code not in found)
        values.sort(key=lambda value: (-value.count, value.code))
        facets[name] = [v for i, v in enumerate(values) if i < FACET_LIMIT or v.code in chosen]
    return total, facets, availability


def _page(query: ListingQuery, text: _Clause) -> FoundIds:
    """Ids of one page by keyset: the last page costs what the first one does."""
    key, sql_type, direction = _ORDERS[query.sort]
    if query.is_backwards:
        direction = "ASC" if direction == "DESC" else "DESC"
    clauses = [_base(query, text), *_filters(query).values()]
    if query.cursor is not None and is_cursor_valid(query.sort, query.cursor):
        comparison = "<" if direction == "DESC" else ">"
        clauses.append(_Clause(f"({key}, l.id) {comparison} (%s::{sql_type}, %s)", list(query.cursor)))
    first_film = _FIRST_FILM if "first." in key else ""
    sql = f"""SELECT l.id, ({key})::text
        FROM catalog_listing l JOIN catalog_edition e ON e.id = l.edition_id {first_film}
        WHERE {" AND ".join(clause.sql for clause in clauses)}
        ORDER BY {key} {direction}, l.id {direction} LIMIT %s"""
    with connection.cursor() as cursor:
        cursor.execute(sql, [*(param for clause in clauses for param in clause.params), query.size + 1])
        rows = cursor.fetchall()
    shown = rows[: query.size]
    if query.is_backwards:
        shown.reverse()
    return FoundIds(
        ids=[row[0] for row in shown],
        keys=[(row[1], row[0]) for row in shown],
        has_more=len(rows) > query.size,
    )


def is_cursor_valid(sort: str, cursor: tuple[str, int]) -> bool:
    """Whether a cursor's value can be compared with that order's key; a foreign one is ignored."""
    value, listing_id = cursor
    if not 0 <= listing_id < 2**63 or "\x00" in value:
        return False
    sql_type = _ORDERS[sort][1]
    try:
        if sql_type == "int":
            return 0 <= int(value) < 10000
        if sql_type == "numeric":
            return Decimal(value).is_finite()
    except (ValueError, InvalidOperation):
        return False
    return sql_type == "text" or _is_timestamp(value)


def _is_timestamp(value: str) -> bool:
    try:
        datetime.fromisoformat(value)
    except ValueError:
        return False
    return True
