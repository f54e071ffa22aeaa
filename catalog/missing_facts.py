"""Which key facts a film or an edition still lacks: the work list of the cataloguer."""

from collections.abc import Mapping
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from catalog.models import AudioTrack, Credit, Edition, EditionFilm, Film, FilmText, Listing
from catalog.vocabularies import CreditRole, ListingState, TextKind

_HAS_DIRECTOR = Exists(Credit.objects.filter(film=OuterRef("pk"), role=CreditRole.DIRECTOR))
_HAS_SYNOPSIS = Exists(FilmText.objects.filter(film=OuterRef("pk"), kind=TextKind.SYNOPSIS, language="en"))
_HAS_GREEK_SYNOPSIS = Exists(FilmText.objects.filter(film=OuterRef("pk"), kind=TextKind.SYNOPSIS, language="el"))
_HAS_GENRE = Exists(Film.genres.through.objects.filter(film=OuterRef("pk")))
_HAS_TRACKS = Exists(AudioTrack.objects.filter(edition=OuterRef("pk")))
_HAS_FILM = Exists(EditionFilm.objects.filter(edition=OuterRef("pk")))

Fact = tuple[Promise, Q]
# What is asked of every film and edition; a name and the condition under which it is missing.
FILM_FACTS: Mapping[str, Fact] = {
    "year": (_("year"), Q(year__isnull=True)),
    "countries": (_("countries"), Q(countries=[])),
    "languages": (_("languages"), Q(languages=[])),
    "director": (_("director"), ~Q(_HAS_DIRECTOR)),
    "original_title": (_("original title"), Q(original_title="")),
    "greek_title": (_("Greek title"), Q(greek_title="")),
    "runtime": (_("run time"), Q(runtime_min__isnull=True)),
    "colour": (_("colour"), Q(colour="")),
    "genres": (_("genres"), ~Q(_HAS_GENRE)),
    "synopsis": (_("synopsis"), ~Q(_HAS_SYNOPSIS)),
    "greek_synopsis": (_("Greek synopsis"), ~Q(_HAS_GREEK_SYNOPSIS)),
}
EDITION_FACTS: Mapping[str, Fact] = {
    "film": (_("film"), ~Q(_HAS_FILM)),
    "label": (_("label"), Q(label__isnull=True)),
    "territory": (_("territory"), Q(territory="")),
    "regions": (_("regions"), Q(regions=[], bluray_regions=[])),
    "video_standard": (_("video standard"), Q(video_standard="")),
    "audio": (_("audio tracks"), ~Q(_HAS_TRACKS)),
    "tracks_complete": (_("all tracks recorded"), Q(are_tracks_complete=False)),
    "aspect_ratios": (_("aspect ratio"), Q(aspect_ratios=[])),
    "runtime": (_("run time"), Q(runtime_min__isnull=True)),
    "disc_count": (_("number of discs"), Q(disc_count__isnull=True)),
    "barcode": (_("barcode"), Q(barcode="")),
    "release_date": (_("release date"), Q(release_date__isnull=True)),
}

_ON_OFFER = (ListingState.DRAFT, ListingState.LISTED, ListingState.RESERVED)


def films() -> "QuerySet[Film]":
    """Films of pieces at hand that lack a fact, each with `lacks_<fact>` flags."""
    offered = Exists(Listing.objects.filter(edition__films=OuterRef("pk"), state__in=_ON_OFFER))
    rows: QuerySet[Film] = _lacking(Film.objects.filter(offered), FILM_FACTS)
    return rows.order_by("sort_title", "pk")


def editions() -> "QuerySet[Edition]":
    """Editions of pieces at hand that lack a fact, each with `lacks_<fact>` flags."""
    offered = Exists(Listing.objects.filter(edition=OuterRef("pk"), state__in=_ON_OFFER))
    rows: QuerySet[Edition] = _lacking(Edition.objects.filter(offered), EDITION_FACTS)
    return rows.select_related("label").prefetch_related("edition_films__film").order_by("pk")


def names_of(row: Any, facts: Mapping[str, Fact]) -> list[str]:
    """The missing facts of one row of `films()` or `editions()`, in words."""
    return [str(name) for key, (name, _missing) in facts.items() if getattr(row, f"lacks_{key}")]


def _lacking(rows: Any, facts: Mapping[str, Fact]) -> Any:
    flags = {f"lacks_{key}": missing for key, (_name, missing) in facts.items()}
    lacks_any = Q()
    for flag in flags:
        lacks_any |= Q(**{flag: True})
    return rows.annotate(**flags).filter(lacks_any)
