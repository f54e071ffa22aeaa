"""Editions and listings from facts, and the drawn covers that stand in for photographs."""

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from decimal import Decimal

from django.utils import timezone

from catalog import listings as listing_rules
from catalog import photos
from catalog.covers import Cover, can_letter, draw_view
from catalog.models import (
    AudioTrack,
    Certificate,
    ComponentGrade,
    Edition,
    EditionDisc,
    EditionExtra,
    EditionFilm,
    FactClaim,
    Film,
    Listing,
    ListingDefect,
    ListingPhoto,
    PurchaseRecord,
    SkuCounter,
    SubtitleTrack,
)
from catalog.seeding.files import Facts
from catalog.seeding.films import Directory
from catalog.vocabularies import ListingState

EDITION_FIELDS = (
    "title", "territory", "barcode", "catalogue_number", "release_date_precision", "regions", "bluray_regions",
    "rce", "video_standard", "colour", "presentations", "runtime_min", "disc_count", "disc_format", "packaging",
    "inserts", "flags", "are_tracks_complete", "note_en", "note_el",
)  # fmt: skip
LISTING_FIELDS = (
    "sku", "state", "provenance", "provenance_note_en", "provenance_note_el", "test_state", "shelf",
    "is_fault_accepted",
)  # fmt: skip


def add_edition(facts: Facts, films: Sequence[Film], directory: Directory, *, is_demo: bool) -> Edition:
    """Create an edition with its discs, tracks and extras. Needs a transaction."""
    edition = Edition.objects.create(
        label=directory.company(facts["label"]) if "label" in facts else None,
        release_date=date.fromisoformat(facts["release_date"]) if "release_date" in facts else None,
        aspect_ratios=[Decimal(ratio) for ratio in facts.get("aspect_ratios", [])],
        is_demo=is_demo,
        **{name: facts[name] for name in EDITION_FIELDS if name in facts},
    )
    EditionFilm.objects.bulk_create(
        [EditionFilm(edition=edition, film=film, position=position) for position, film in enumerate(films)]
    )
    EditionDisc.objects.bulk_create(
        [EditionDisc(edition=edition, **disc) for disc in facts.get("discs", []) if "format" in disc]
    )
    subtitles: list[tuple[AudioTrack | None, Facts]] = [(None, row) for row in facts.get("subtitles", [])]
    for position, row in enumerate(facts.get("audio", []), start=1):
        track = AudioTrack.objects.create(
            edition=edition,
            position=position,
            **{name: value for name, value in row.items() if name != "subtitles"},
        )
        subtitles += [(track, subtitle) for subtitle in row.get("subtitles", [])]
    SubtitleTrack.objects.bulk_create(
        [
            SubtitleTrack(edition=edition, audio_track=track, position=position, **row)
            for position, (track, row) in enumerate(subtitles, start=1)
        ]
    )
    EditionExtra.objects.bulk_create([EditionExtra(edition=edition, **row) for row in facts.get("extras", [])])
    Certificate.objects.bulk_create([Certificate(edition=edition, **row) for row in facts.get("certificates", [])])
    if source := facts.get("source"):
        FactClaim.objects.create(
            edition=edition,
            fact="edition",
            value=facts["key"],
            source=directory.source(source),
            is_preferred=True,
        )
    return edition


def add_listing(facts: Facts, edition: Edition, *, is_demo: bool) -> Listing:
    """Create one piece, graded, in the state its facts name. Needs a transaction.

    It is inserted in that state instead of being moved there: nobody can have seen it before.
    """
    parts = [ComponentGrade(**part) for part in facts["grades"]]
    is_public = facts["state"] == ListingState.LISTED
    listing = Listing.objects.create(
        edition=edition,
        price=Decimal(facts["price"]),
        headline_grade=listing_rules.headline_of(parts),
        published_at=timezone.now() - timedelta(days=facts.get("days_ago", 0)) if is_public else None,
        is_demo=is_demo,
        **{name: facts[name] for name in LISTING_FIELDS if name in facts},
    )
    for part in parts:
        part.listing = listing
    ComponentGrade.objects.bulk_create(parts)
    ListingDefect.objects.bulk_create([ListingDefect(listing=listing, **row) for row in facts.get("defects", [])])
    if "purchase" in facts:
        PurchaseRecord.objects.create(listing=listing, **facts["purchase"])
    return listing


def note_numbers_given(skus: Iterable[str]) -> None:
    """Raise the SKU counters above these SKUs, so that none of their numbers is ever given out again."""
    highest: dict[str, int] = {}
    for sku in skus:
        prefix, _dash, number = sku.rpartition("-")
        highest[prefix] = max(highest.get(prefix, 0), int(number))
    SkuCounter.objects.bulk_create([SkuCounter(prefix=prefix) for prefix in highest], ignore_conflicts=True)
    for prefix, last in highest.items():
        SkuCounter.objects.filter(prefix=prefix, last_number__lt=last).update(last_number=last)


def cover_of(listing: Listing, facts: Facts | None = None) -> Cover:
    """The drawn cover of a piece; `facts` may fix its composition, palette and lettering."""
    film = listing.film
    edition = listing.edition
    title = edition.title or (film.original_title if film else "")
    if not title or not can_letter(title):
        title = film.title if film else listing.sku
    directors = [person.name for person in film.directors] if film else []
    seed = f"{film} {edition.territory} {edition.catalogue_number or edition.barcode}"
    chosen = {name: value for name, value in (facts or {}).items() if name != "lines"}
    return Cover(
        **{
            "seed": seed,
            "title": title,
            "byline": directors[0] if directors and can_letter(directors[0]) else "",
            "year": film.year if film else None,
            "lines": tuple((facts or {}).get("lines", ())),
            **chosen,
        }
    )


def draw_photos(wanted: Sequence[tuple[Listing, Cover, Sequence[str]]]) -> int:
    """Draw and store the views of pieces and record them as illustrations; returns how many.

    Encoding leaves Python's lock, so two threads keep two cores busy. Files first, rows after: a row never
    names a file that is not there.
    """

    def drawn(item: tuple[Listing, Cover, Sequence[str]]) -> list[ListingPhoto]:
        listing, cover, views = item
        rows = []
        for position, view in enumerate(views):
            stored = photos.store(draw_view(cover, view), speed=photos.DRAWING_SPEED)
            row = photos.row_for(stored, listing=listing, kind=view, is_illustration=True)
            row.position = position
            rows.append(row)
        return rows

    with ThreadPoolExecutor(max_workers=2) as pool:
        rows = [row for rows in pool.map(drawn, wanted) for row in rows]
    ListingPhoto.objects.bulk_create(rows)
    return len(rows)
