"""Listings as cards: what a grid of them shows, in two queries however many there are."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from django.db.models import QuerySet

from catalog.loading import Together, attach, link, padded, places
from catalog.models import (
    AudioTrack,
    Credit,
    EditionFilm,
    Film,
    Listing,
    ListingPhoto,
    Person,
    PriceChange,
    SubtitleTrack,
)
from catalog.prices import mark_reduced, recent_changes

# Names of the lists of keys in the statement below.
EDITIONS, LISTINGS = 1, 2
TRACKS = ("audio_tracks", "subtitle_tracks")


def load_cards(listings: QuerySet[Listing], *, ids: Sequence[int] | None = None) -> list[Listing]:
    """Listings with edition, films, directors and photos; in the order of ids when given."""
    if ids is not None:
        listings = listings.filter(pk__in=ids)
    rows = list(listings.select_related("edition", "edition__label"))
    if ids is not None:
        place = {pk: index for index, pk in enumerate(ids)}
        rows.sort(key=lambda listing: place[listing.pk])
    complete_cards(rows)
    return rows


def complete_cards(listings: list[Listing], *, with_tracks: bool = False) -> None:
    """Give listings whose editions are loaded their films, directors and photos, and tracks: one query."""
    if not listings:
        return
    editions = [listing.edition for listing in listings]
    edition_ids = padded(list(dict.fromkeys(edition.pk for edition in editions)))
    listing_ids = padded([listing.pk for listing in listings])
    values = dict(zip(places(EDITIONS, len(edition_ids)), edition_ids, strict=True))
    values |= dict(zip(places(LISTINGS, len(listing_ids)), listing_ids, strict=True))
    rows = _statement(len(edition_ids), len(listing_ids), with_tracks=with_tracks).fetch(values)
    link(rows["credits"], "person", {person.pk: person for person in rows["people"]})
    attach(rows["films"], rows["credits"], by="film_id", name="credits")
    link(rows["edition_films"], "film", {film.pk: film for film in rows["films"]})
    for name in ("edition_films", *(TRACKS if with_tracks else ())):
        attach(editions, rows[name], by="edition_id", name=name)
    attach(listings, rows["photos"], by="listing_id", name="photos")
    mark_reduced(listings, rows["price_changes"])


@lru_cache(maxsize=64)
def _statement(edition_count: int, listing_count: int, *, with_tracks: bool) -> Together:
    edition_ids = places(EDITIONS, edition_count)
    films = Film.objects.filter(edition_films__edition__in=edition_ids)
    credited = Credit.objects.filter(film__in=films.order_by().values("pk"), role__in=("director", "codirector"))
    querysets: dict[str, QuerySet[Any]] = {
        "edition_films": EditionFilm.objects.filter(edition__in=edition_ids),
        "films": films.distinct(),
        "credits": credited,
        "people": Person.objects.filter(pk__in=credited.order_by().values("person")),
        "photos": ListingPhoto.objects.filter(listing__in=places(LISTINGS, listing_count)),
        "price_changes": recent_changes(PriceChange.objects.filter(listing__in=places(LISTINGS, listing_count))),
    }
    if with_tracks:
        querysets |= {
            "audio_tracks": AudioTrack.objects.filter(edition__in=edition_ids),
            "subtitle_tracks": SubtitleTrack.objects.filter(edition__in=edition_ids),
        }
    return Together(querysets)
