"""Generated copies of real films, for trying the shop at size: plain rows in bulk, not one by one."""

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from itertools import islice
from typing import NamedTuple

from django.db import transaction
from django.utils import timezone

from catalog import listings as listing_rules
from catalog import photos
from catalog.covers import COMPOSITIONS, Cover, draw_front
from catalog.models import (
    AudioTrack,
    Company,
    ComponentGrade,
    Credit,
    Edition,
    EditionFilm,
    ExternalId,
    Film,
    Genre,
    Listing,
    ListingPhoto,
    Person,
    SkuCounter,
    SubtitleTrack,
)
from catalog.photos import StoredPhoto
from catalog.seeding.files import read_json, read_lines
from catalog.seeding.films import sort_name, sort_title
from catalog.vocabularies import (
    AudioChannels,
    AudioCodec,
    AudioKind,
    ConditionComponent,
    CreditRole,
    Department,
    DiscFormat,
    Grade,
    ListingState,
    Packaging,
    Provenance,
    TestState,
    VideoStandard,
)
from shop.text import fold

BATCH = 4000
LABEL = "Generated for size"
COVERS = 26
GRADES = (Grade.LIKE_NEW, Grade.VERY_GOOD, Grade.GOOD, Grade.ACCEPTABLE)
GRADE_WEIGHTS = (32, 38, 20, 10)
# territory, DVD region, standard, language of the subtitles
Market = tuple[str, str, str, str]
MARKETS: tuple[Market, ...] = (
    ("GB", "2", VideoStandard.PAL, "en"),
    ("GR", "2", VideoStandard.PAL, "el"),
    ("DE", "2", VideoStandard.PAL, "de"),
    ("FR", "2", VideoStandard.PAL, "fr"),
    ("US", "1", VideoStandard.NTSC, "en"),
    ("JP", "2", VideoStandard.NTSC, "ja"),
    ("AU", "4", VideoStandard.PAL, "en"),
    ("RU", "5", VideoStandard.PAL, "ru"),
)


# 25 frames a second where the cinema shows 24.
PAL_SPEEDUP = 25 / 24


class FilmFacts(NamedTuple):
    """One row of film_facts.jsonl.gz; countries, languages and genres are codes."""

    imdb: str
    title: str
    year: int
    runtime_min: int | None
    countries: list[str]
    languages: list[str]
    genres: list[str]
    directors: list[str]


@dataclass(frozen=True)
class KnownFilm:
    """What a copy needs to know of its film."""

    pk: int
    prefix: str
    words: str
    language: str
    runtime_min: int | None


def generate_listings(number: int, *, seed: int = 1) -> int:
    """Add that many further pieces, on offer, of films from the bundled facts; returns how many.

    `seed` fixes what is generated. Every call adds: unlike those of the demo collection these pieces have no
    names of their own by which they could be found again.
    """
    rng = random.Random(seed)  # noqa: S311 - a demo shop, not a secret
    films = _films(rng.choices(_facts(), k=number))
    label, _created = Company.objects.get_or_create(name=LABEL)
    names = list(COMPOSITIONS)
    covers = [
        photos.store(
            draw_front(Cover(seed=f"generated {index}", title="", composition=names[index % len(names)])),
            speed=photos.DRAWING_SPEED,
        )
        for index in range(min(COVERS, number))
    ]
    rest = iter(films)
    while batch := list(islice(rest, BATCH)):
        _add_batch(batch, label, covers, rng)
    return number


def _facts() -> list[FilmFacts]:
    """The films of the facts file that the curated collection has not."""
    curated = {facts.get("imdb") for facts in read_lines("demo_films.jsonl")}
    curated.add(read_json("first_listing.json")["film"]["external_ids"]["imdb_title"])
    rows = [FilmFacts(*row) for row in read_lines("film_facts.jsonl.gz")]
    return [row for row in rows if row.genres and row.imdb not in curated]


def _films(rows: Sequence[FilmFacts]) -> list[KnownFilm]:
    """The films of these rows, one for each row, those that were missing added."""
    known = dict(ExternalId.objects.filter(scheme="imdb_title").values_list("value", "film_id"))
    missing = {row.imdb: row for row in rows if row.imdb not in known}
    with transaction.atomic():
        known |= _add_films(list(missing.values()))
    return [
        KnownFilm(
            pk=known[row.imdb],
            prefix=_prefix(row),
            words=_words(row),
            language=next(iter(row.languages), "und"),
            runtime_min=row.runtime_min,
        )
        for row in rows
    ]


def _prefix(row: FilmFacts) -> str:
    return "-".join([Department.MOVIES, *sorted(row.genres)[:2]])


@lru_cache(maxsize=50_000)
def _folded(text: str) -> str:
    return fold(text)


def _words(row: FilmFacts) -> str:
    """The film's part of a listing's search text."""
    return " ".join(dict.fromkeys(filter(None, map(_folded, [row.title, str(row.year), *row.directors]))))


def _add_films(rows: Sequence[FilmFacts]) -> dict[str, int]:
    """Insert films, directors and genres; primary keys by IMDb id. Needs a transaction."""
    films = Film.objects.bulk_create(
        [
            Film(
                title=row.title,
                sort_title=sort_title(row.title),
                year=row.year,
                countries=row.countries,
                languages=row.languages,
                runtime_min=row.runtime_min,
                is_demo=True,
            )
            for row in rows
        ],
        batch_size=BATCH,
    )
    by_imdb = {row.imdb: film.pk for row, film in zip(rows, films, strict=True)}
    ExternalId.objects.bulk_create(
        [ExternalId(scheme="imdb_title", value=imdb, film_id=pk) for imdb, pk in by_imdb.items()],
        batch_size=BATCH,
    )
    genres = dict(Genre.objects.values_list("code", "pk"))
    Film.genres.through.objects.bulk_create(
        [Film.genres.through(film_id=by_imdb[row.imdb], genre_id=genres[code]) for row in rows for code in row.genres],
        batch_size=BATCH,
    )
    people = dict(Person.objects.values_list("name", "pk"))
    unknown = dict.fromkeys(name for row in rows for name in row.directors if name not in people)
    added = Person.objects.bulk_create(
        [Person(name=name, sort_name=sort_name(name)) for name in unknown], batch_size=BATCH
    )
    people |= {person.name: person.pk for person in added}
    Credit.objects.bulk_create(
        [
            Credit(film_id=by_imdb[row.imdb], person_id=people[name], role=CreditRole.DIRECTOR, billing=billing)
            for row in rows
            for billing, name in enumerate(dict.fromkeys(row.directors), start=1)
        ],
        batch_size=BATCH,
    )
    return by_imdb


def _add_batch(films: Sequence[KnownFilm], label: Company, covers: Sequence[StoredPhoto], rng: random.Random) -> None:
    now = timezone.now()
    with transaction.atomic():
        numbers = _take_numbers(films)
        markets = [rng.choice(MARKETS) for _film in films]
        editions = Edition.objects.bulk_create(
            [_edition(film, market, label, rng) for film, market in zip(films, markets, strict=True)]
        )
        pairs = list(zip(films, editions, strict=True))
        EditionFilm.objects.bulk_create([EditionFilm(edition=edition, film_id=film.pk) for film, edition in pairs])
        AudioTrack.objects.bulk_create([_track(film, edition, rng) for film, edition in pairs])
        SubtitleTrack.objects.bulk_create(
            [
                SubtitleTrack(edition=edition, language=language)
                for edition, (_territory, _region, _standard, language) in zip(editions, markets, strict=True)
            ]
        )
        parts = [_grades(rng) for _film in films]
        listings = Listing.objects.bulk_create(
            [
                _listing(film, edition, next(numbers[film.prefix]), grades, now, rng)
                for (film, edition), grades in zip(pairs, parts, strict=True)
            ]
        )
        for listing, grades in zip(listings, parts, strict=True):
            for part in grades:
                part.listing = listing
        ComponentGrade.objects.bulk_create([part for grades in parts for part in grades])
        ListingPhoto.objects.bulk_create(
            [
                photos.row_for(rng.choice(covers), listing=listing, kind="front", is_illustration=True)
                for listing in listings
            ]
        )


def _take_numbers(films: Sequence[KnownFilm]) -> dict[str, Iterator[int]]:
    """Numbers for a batch of SKUs, taken from the counters at once; prefixes in order, so that two calls never
    wait for each other crosswise."""
    wanted = Counter(film.prefix for film in films)
    prefixes = sorted(wanted)
    SkuCounter.objects.bulk_create([SkuCounter(prefix=prefix) for prefix in prefixes], ignore_conflicts=True)
    counters = list(SkuCounter.objects.select_for_update().filter(prefix__in=prefixes).order_by("prefix"))
    numbers = {}
    for counter in counters:
        first = counter.last_number + 1
        counter.last_number += wanted[counter.prefix]
        numbers[counter.prefix] = iter(range(first, counter.last_number + 1))
    SkuCounter.objects.bulk_update(counters, ["last_number"])
    return numbers


def _edition(film: KnownFilm, market: Market, label: Company, rng: random.Random) -> Edition:
    territory, region, standard, _language = market
    faster = standard == VideoStandard.PAL
    runtime = round(film.runtime_min / PAL_SPEEDUP) if film.runtime_min and faster else film.runtime_min
    return Edition(
        label=label,
        territory=territory,
        catalogue_number=f"GEN-{rng.randrange(10**6):06d}",
        regions=[region],
        video_standard=standard,
        runtime_min=runtime or None,
        disc_count=1,
        disc_format=DiscFormat.DVD,
        packaging=Packaging.KEEPCASE,
        is_demo=True,
    )


def _track(film: KnownFilm, edition: Edition, rng: random.Random) -> AudioTrack:
    return AudioTrack(
        edition=edition,
        language=film.language,
        codec=AudioCodec.DOLBY_DIGITAL,
        channels=rng.choice((AudioChannels.CH_1_0, AudioChannels.CH_2_0, AudioChannels.CH_5_1)),
        kind=AudioKind.ORIGINAL,
    )


def _grades(rng: random.Random) -> list[ComponentGrade]:
    grades = rng.choices(GRADES, GRADE_WEIGHTS, k=3)
    parts = (ConditionComponent.DISC, ConditionComponent.CASE, ConditionComponent.ARTWORK)
    return [ComponentGrade(component=part, grade=grade) for part, grade in zip(parts, grades, strict=True)]


def _listing(
    film: KnownFilm,
    edition: Edition,
    number: int,
    parts: list[ComponentGrade],
    now: datetime,
    rng: random.Random,
) -> Listing:
    sku = f"{film.prefix}-{number}"
    label = fold(LABEL)
    return Listing(
        sku=sku,
        edition=edition,
        state=ListingState.LISTED,
        price=Decimal(rng.randrange(4, 51)) / 2,
        headline_grade=listing_rules.headline_of(parts),
        test_state=rng.choice((TestState.STARTS, TestState.SPOT_CHECKED, TestState.PLAYED_IN_FULL)),
        provenance=rng.choice((Provenance.PRIVATE_PURCHASE, Provenance.TRADE_IN, Provenance.HOUSE_CLEARANCE)),
        published_at=now - timedelta(minutes=rng.randrange(60, 400 * 24 * 60)),
        search_text=f"{fold(sku)} {fold(edition.catalogue_number)} {label} {film.words}",
        is_demo=True,
    )
