"""Rows of a list of listings, read as plain values: three statements, however many rows.

They are what `ListingSummarySerializer` of checkout.api makes of model instances, at a fraction of the cost;
a test compares the two.
"""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import CharField, F, IntegerField, OuterRef, Subquery, Value
from django.db.models.functions import JSONObject
from django.utils.translation import get_language

from catalog.api import addresses
from catalog.models import AudioTrack, Credit, EditionFilm, Listing, ListingPhoto, SubtitleTrack
from catalog.names import language_name, territory_name
from catalog.vocabularies import (
    AudioChannels,
    AudioCodec,
    AudioKind,
    BlurayRegion,
    DiscFormat,
    DvdRegion,
    Grade,
    SubtitleDelivery,
    SubtitleKind,
    VideoStandard,
)
from shop.api.fields import coded, coded_list

Row = dict[str, Any]

_EDITION = (
    "id",
    "title",
    "territory",
    "barcode",
    "gtin",
    "disc_format",
    "disc_count",
    "regions",
    "bluray_regions",
    "video_standard",
    "runtime_min",
    "are_tracks_complete",
    "label_id",
    "label__name",
    "label__country",
    "label__url",
)
_LISTING = (
    "id",
    "sku",
    "state",
    "reserved_until",
    "price",
    "points_override",
    "headline_grade",
    "published_at",
    "sold_at",
    "version",
    "edition_id",
)
_FRONT = ListingPhoto.objects.filter(listing=OuterRef("pk")).order_by("position", "id")
_DIRECTORS = (
    Credit.objects.filter(film=OuterRef("film_id"), role__in=("director", "codirector"))
    .order_by("billing", "id")
    .values(json=JSONObject(id="person_id", name="person__name"))
)


def listing_rows(ids: Sequence[int]) -> list[tuple[Row, Row]]:
    """For each listing, in this order: its columns, which selling needs, and its form in a list."""
    rows = {
        row["id"]: row
        for row in Listing.objects.filter(pk__in=ids)
        .order_by()
        .annotate(
            front=Subquery(
                _FRONT.values(
                    json=JSONObject(image="image", width="width", height="height", is_illustration="is_illustration")
                )[:1]
            )
        )
        .values(*_LISTING, "front", *(f"edition__{name}" for name in _EDITION))
    }
    edition_ids = {row["edition_id"] for row in rows.values()}
    audio, subtitles = _tracks(edition_ids)
    films = _films(edition_ids)
    return [
        (rows[pk], _listing(rows[pk], films, audio, subtitles))
        for pk in ids
        if pk in rows  # one that was withdrawn a moment ago is left out
    ]


def _listing(
    row: Row, films: dict[int, list[Row]], audio: dict[int, list[Row]], subtitles: dict[int, list[Row]]
) -> Row:
    edition_id = row["edition_id"]
    front = row["front"]
    return {
        "sku": row["sku"],
        "url": addresses.listing_page(row["sku"]),
        "title": row["edition__title"] or " + ".join(film["title"] for film in films[edition_id]) or row["sku"],
        "grade": coded(Grade, row["headline_grade"]),
        "photo": None
        if front is None
        else {
            "url": addresses.file(front["image"]),
            "width": front["width"],
            "height": front["height"],
            "is_illustration": front["is_illustration"],
        },
        "published_at": row["published_at"],
        "sold_at": row["sold_at"],
        "version": row["version"],
        "films": films[edition_id],
        "edition": _edition(row, audio[edition_id], subtitles[edition_id]),
    }


def _edition(row: Row, audio: list[Row], subtitles: list[Row]) -> Row:
    label = None
    if row["edition__label_id"]:
        label = {
            "id": row["edition__label_id"],
            "name": row["edition__label__name"],
            "country": coded(territory_name, row["edition__label__country"]),
            "url": row["edition__label__url"],
        }
    return {
        "id": row["edition_id"],
        "title": row["edition__title"],
        "label": label,
        "territory": coded(territory_name, row["edition__territory"]),
        "barcode": row["edition__barcode"],
        "gtin": row["edition__gtin"],
        "disc_format": coded(DiscFormat, row["edition__disc_format"]),
        "disc_count": row["edition__disc_count"],
        "regions": coded_list(DvdRegion, row["edition__regions"]),
        "bluray_regions": coded_list(BlurayRegion, row["edition__bluray_regions"]),
        "video_standard": coded(VideoStandard, row["edition__video_standard"]),
        "runtime_min": row["edition__runtime_min"],
        "are_tracks_complete": row["edition__are_tracks_complete"],
        "audio_tracks": audio,
        "subtitle_tracks": subtitles,
    }


def _tracks(edition_ids: set[int]) -> tuple[dict[int, list[Row]], dict[int, list[Row]]]:
    """Audio and subtitle tracks by edition, by one statement."""
    nothing = Value(None, output_field=IntegerField())
    audio_rows = AudioTrack.objects.filter(edition__in=edition_ids).values_list(
        Value("audio", output_field=CharField()), "edition_id", "position", "id", "language", "kind",
        F("codec"), F("channels"), F("label"), nothing,
    )  # fmt: skip
    subtitle_rows = SubtitleTrack.objects.filter(edition__in=edition_ids).values_list(
        Value("subtitles", output_field=CharField()), "edition_id", "position", "id", "language", "kind",
        F("delivery"), Value(""), Value(""), "audio_track_id",
    )  # fmt: skip
    audio: dict[int, list[Row]] = defaultdict(list)
    subtitles: dict[int, list[Row]] = defaultdict(list)
    merged = audio_rows.order_by().union(subtitle_rows.order_by(), all=True).order_by("position", "id")
    for kind_of_track, edition_id, position, pk, language, kind, first, channels, label, audio_track in merged:
        if kind_of_track == "audio":
            audio[edition_id].append(
                {
                    "id": pk,
                    "position": position,
                    "language": coded(language_name, language),
                    "codec": coded(AudioCodec, first),
                    "channels": coded(AudioChannels, channels),
                    "kind": coded(AudioKind, kind),
                    "label": label,
                }
            )
        else:
            subtitles[edition_id].append(
                {
                    "id": pk,
                    "audio_track": audio_track,
                    "position": position,
                    "language": coded(language_name, language),
                    "kind": coded(SubtitleKind, kind),
                    "delivery": coded(SubtitleDelivery, first),
                }
            )
    return audio, subtitles


def _films(edition_ids: set[int]) -> dict[int, list[Row]]:
    """Films with their directors by edition, by one statement."""
    is_greek = get_language() == "el"
    films: dict[int, list[Row]] = defaultdict(list)
    rows = (
        EditionFilm.objects.filter(edition__in=edition_ids)
        .order_by("position", "id")
        .annotate(directors=ArraySubquery(_DIRECTORS))
        .values(
            "edition_id",
            "film_id",
            "film__title",
            "film__greek_title",
            "film__original_title",
            "film__year",
            "film__countries",
            "directors",
        )
    )
    for row in rows:
        films[row["edition_id"]].append(
            {
                "id": row["film_id"],
                "url": addresses.film_page(row["film_id"]),
                "title": (row["film__greek_title"] if is_greek else "") or row["film__title"],
                "original_title": row["film__original_title"],
                "year": row["film__year"],
                "countries": coded_list(territory_name, row["film__countries"]),
                "directors": row["directors"],
            }
        )
    return films
