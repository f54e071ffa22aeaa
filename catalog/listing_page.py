"""All that the page of one piece shows, read in a handful of queries."""

from dataclasses import dataclass, field
from functools import cache
from typing import Any

from django.db.models import Case, IntegerField, Q, QuerySet, Value, When

from catalog.cards import complete_cards, load_cards
from catalog.film_facts import assemble_films, assemble_headings, film_querysets, heading_querysets
from catalog.film_fragments import FilmFragments, film_fragments
from catalog.loading import Together, attach, fetch_together, link
from catalog.models import (
    AudioTrack,
    Certificate,
    ComponentGrade,
    ConditionGrade,
    Edition,
    EditionDisc,
    EditionExtra,
    EditionFilm,
    ExternalId,
    FactClaim,
    Film,
    FilmConnection,
    Listing,
    ListingDefect,
    ListingPhoto,
    PriceChange,
    Programme,
    RegionArea,
    Source,
    SubtitleTrack,
)
from catalog.playback import Player, Verdict, check, is_bluray
from catalog.prices import mark_reduced, recent_changes
from catalog.visitor_ratings import VisitorRating, visitor_ratings
from catalog.vocabularies import ListingState

OTHERS = 12
RELATED = 5


@dataclass
class EditionComparison:
    """Another edition beside this one: whether it plays, and its copies, cheapest on offer first."""

    edition: Edition
    verdict: Verdict
    copies: list[Listing]

    @property
    def best(self) -> Listing:
        return self.copies[0]


@dataclass
class ListingPage:
    listing: Listing
    films: list[Film]
    verdict: Verdict
    grades: dict[str, ConditionGrade]
    regions: list[RegionArea]
    visitor_ratings: dict[int, VisitorRating] = field(default_factory=dict)
    fragments: dict[int, FilmFragments] = field(default_factory=dict)
    copies: list[Listing] = field(default_factory=list)
    editions: list[EditionComparison] = field(default_factory=list)
    related: list[Listing] = field(default_factory=list)

    @property
    def grade(self) -> ConditionGrade | None:
        return self.grades.get(self.listing.headline_grade)


def find_listing(sku: str) -> Listing | None:
    """The listing of a SKU in any state, with its edition and label."""
    return Listing.objects.select_related("edition", "edition__label").filter(sku=sku).first()


def load_listing_page(listing: Listing, *, player: Player) -> ListingPage:
    """Read every row about a listing that `find_listing` found, those of its films among them."""
    rows = _fetch(_statement(), listing)
    films = assemble_films(rows)
    page = _assemble_page(listing, films, rows, player)
    page.visitor_ratings = visitor_ratings([film.pk for film in films])
    return page


def load_listing_page_in_fragments(listing: Listing, *, player: Player) -> ListingPage:
    """The same for a page to be rendered: of its films only headings, and what was rendered of them before."""
    rows = _fetch(_short_statement(), listing)
    films = assemble_headings(rows)
    page = _assemble_page(listing, films, rows, player)
    page.fragments = film_fragments(listing.films)
    return page


def _fetch(statement: Together, listing: Listing) -> dict[str, list[Any]]:
    at_edition, at_listing = Together.PLACES[:2]
    return statement.fetch({at_edition: listing.edition_id, at_listing: listing.pk})


def _assemble_page(listing: Listing, films: list[Film], rows: dict[str, list[Any]], player: Player) -> ListingPage:
    edition = listing.edition
    _assemble_edition(edition, rows, {film.pk: film for film in films})
    for name in ("component_grades", "defects", "photos"):
        attach([listing], rows[name], by="listing_id", name=name)
    mark_reduced([listing], rows["price_changes"])
    page = ListingPage(
        listing=listing,
        films=listing.films,
        verdict=check(edition, player),
        grades={grade.code: grade for grade in rows["grades"]},
        regions=_regions_of(edition, rows["regions"]),
    )
    page.copies, page.editions = _other_copies(listing, films, player)
    page.related = related_listings(listing.films, exclude_films=[film.pk for film in films])
    return page


@cache
def _statement() -> Together:
    return Together(film_querysets(Film.objects.filter(edition_films__edition=Together.PLACES[0])) | _piece_querysets())


@cache
def _short_statement() -> Together:
    films = Film.objects.filter(edition_films__edition=Together.PLACES[0])
    return Together(heading_querysets(films) | _piece_querysets())


def _piece_querysets() -> dict[str, QuerySet[Any]]:
    """Rows of a listing and of its edition."""
    at_edition, at_listing = Together.PLACES[:2]
    return _edition_querysets(Edition.objects.filter(pk=at_edition)) | {
        "component_grades": ComponentGrade.objects.filter(listing=at_listing),
        "defects": ListingDefect.objects.filter(listing=at_listing),
        "photos": ListingPhoto.objects.filter(listing=at_listing),
        "price_changes": recent_changes(PriceChange.objects.filter(listing=at_listing)),
        "grades": ConditionGrade.objects.all(),
        "regions": RegionArea.objects.all(),
        "sources": Source.objects.all(),
    }


def _regions_of(edition: Edition, regions: list[RegionArea]) -> list[RegionArea]:
    """The territories of the edition's own regions."""
    if is_bluray(edition.disc_format):
        return [row for row in regions if row.system == "bluray" and row.code in edition.bluray_regions]
    return [row for row in regions if row.system == "dvd" and row.code in edition.regions]


def load_edition(edition: Edition) -> list[RegionArea]:
    """Give an edition its discs, tracks, extras and films' ids; returns its regions. One query."""
    rows = fetch_together(
        _edition_querysets(Edition.objects.filter(pk=edition.pk))
        | {
            "regions": RegionArea.objects.filter(system="dvd", code__in=edition.regions)
            | RegionArea.objects.filter(system="bluray", code__in=edition.bluray_regions),
            "sources": Source.objects.all(),
        }
    )
    _assemble_edition(edition, rows, {})
    return rows["regions"]


def _edition_querysets(editions: QuerySet[Edition]) -> dict[str, QuerySet[Any]]:
    ids = editions.order_by().values("pk")
    return {
        "edition_films": EditionFilm.objects.filter(edition__in=ids),
        "discs": EditionDisc.objects.filter(edition__in=ids),
        "audio_tracks": AudioTrack.objects.filter(edition__in=ids),
        "subtitle_tracks": SubtitleTrack.objects.filter(edition__in=ids),
        "extras": EditionExtra.objects.filter(edition__in=ids),
        "edition_certificates": Certificate.objects.filter(edition__in=ids),
        "edition_claims": FactClaim.objects.filter(edition__in=ids),
        "edition_ids": ExternalId.objects.filter(edition__in=ids),
    }


def _assemble_edition(edition: Edition, rows: dict[str, list[Any]], films: dict[int, Film]) -> None:
    link(rows["edition_films"], "film", films)
    discs = {disc.pk: disc for disc in rows["discs"]}
    for name in ("audio_tracks", "subtitle_tracks"):
        link(rows[name], "disc", discs)
    sources = {source.pk: source for source in rows["sources"]}
    link(rows["edition_claims"], "source", sources)
    attach(rows["audio_tracks"], rows["subtitle_tracks"], by="audio_track_id", name="subtitle_tracks")
    for name in ("edition_films", "discs", "audio_tracks", "subtitle_tracks", "extras"):
        attach([edition], rows[name], by="edition_id", name=name)
    for name, key in (
        ("certificates", "edition_certificates"),
        ("claims", "edition_claims"),
        ("external_ids", "edition_ids"),
    ):
        attach([edition], rows[key], by="edition_id", name=name)


def _other_copies(listing: Listing, films: list[Film], player: Player) -> tuple[list[Listing], list[EditionComparison]]:
    """Other copies of this edition, and other editions of its films, on offer before sold."""
    film_ids = [film.pk for film in films]
    if not film_ids:
        return [], []
    others = listings_of_films(film_ids, exclude=listing.pk)
    same = [other for other in others if other.edition_id == listing.edition_id]
    return same, compare_editions([other for other in others if other.edition_id != listing.edition_id], player)


def listings_of_films(film_ids: list[int], *, exclude: int | None = None, limit: int = OTHERS) -> list[Listing]:
    """Public listings holding any of the films: on offer first, then by price."""
    sold_last = Case(When(state=ListingState.SOLD, then=Value(1)), default=Value(0), output_field=IntegerField())
    found = (
        Listing.objects.public()
        .filter(edition__in=EditionFilm.objects.filter(film__in=film_ids).order_by().values("edition"))
        .exclude(pk__in=[] if exclude is None else [exclude])
        .select_related("edition", "edition__label")
        .order_by(sold_last, "price", "id")[:limit]
    )
    return list(found)


def compare_editions(listings: list[Listing], player: Player) -> list[EditionComparison]:
    """Editions of the listings side by side, with their tracks; one query more than the listings."""
    if not listings:
        return []
    groups: dict[int, list[Listing]] = {}
    for listing in listings:
        groups.setdefault(listing.edition_id, []).append(listing)
    complete_cards(listings, with_tracks=True)
    return [
        EditionComparison(edition=copies[0].edition, verdict=check(copies[0].edition, player), copies=copies)
        for copies in groups.values()
    ]


def related_listings(films: list[Film], *, exclude_films: list[int], limit: int = RELATED) -> list[Listing]:
    """Pieces on offer by the same directors, of the same programmes, or linked by name; newest first."""
    film_ids = [film.pk for film in films]
    director_ids = [person.pk for film in films for person in film.directors]
    programmes = Programme.objects.filter(is_public=True, programme_films__film__in=film_ids).order_by()
    linked = FilmConnection.objects.filter(film__in=film_ids, other__isnull=False).order_by()
    same_country = [code for film in films for code in film.countries]
    matches = (
        Q(credits__person__in=director_ids, credits__role__in=("director", "codirector"))
        | Q(programme_films__programme__in=programmes.values("pk"))
        | Q(pk__in=linked.values("other"))
    )
    years = [film.year for film in films if film.year]
    if same_country and years:
        matches |= Q(countries__overlap=same_country, year__range=(min(years) - 5, max(years) + 5))
    wanted = Film.objects.filter(matches).exclude(pk__in=exclude_films).order_by().values("pk")
    editions = EditionFilm.objects.filter(film__in=wanted).order_by().values("edition")
    found = Listing.objects.for_sale().filter(edition__in=editions).order_by("-published_at", "-id")
    return _one_per_film(load_cards(found[: limit * 2]))[:limit]


def _one_per_film(listings: list[Listing]) -> list[Listing]:
    seen: set[int] = set()
    kept = []
    for listing in listings:
        film_ids = {film.pk for film in listing.films}
        if not film_ids & seen:
            kept.append(listing)
            seen |= film_ids
    return kept
