"""Whole pieces with films, tracks and grades, as visitors find them on the shelf."""

from collections.abc import Sequence
from typing import Any

from django.db import transaction

from catalog import listings
from catalog.models import Company, Credit, Edition, Film, Genre, Listing, Person
from catalog.search import refresh_search_text
from catalog.vocabularies import ConditionComponent, Grade
from tests.catalog.pieces import a_paid_order


def a_film(title: str = "The Cranes Are Flying", *, director: str = "Mikhail Kalatozov", **facts: Any) -> Film:
    genres = facts.pop("genres", ("DRA", "WAR"))
    film = Film.objects.create(title=title, **{"sort_title": title, "year": 1957, "countries": ["SU"], **facts})
    for code in genres:
        film.genres.add(
            Genre.objects.get_or_create(code=code, defaults={"name_en": f"Genre {code}", "name_el": code})[0]
        )
    if director:
        person = Person.objects.filter(name=director).first() or Person.objects.create(name=director)
        Credit.objects.create(film=film, person=person, role="director")
    return film


def an_edition_of(
    *films: Film, audio: Sequence[str] = ("ru",), subtitles: Sequence[str] = ("en",), label: str = "", **facts: Any
) -> Edition:
    company = Company.objects.get_or_create(name=label)[0] if label else None
    edition = Edition.objects.create(label=company, **{"regions": ["2"], "video_standard": "PAL", **facts})
    for position, film in enumerate(films):
        edition.edition_films.create(film=film, position=position)
    for position, language in enumerate(audio, 1):
        edition.audio_tracks.create(position=position, language=language, channels="1.0")
    for position, language in enumerate(subtitles, 1):
        edition.subtitle_tracks.create(position=position, language=language)
    return edition


def a_piece(
    edition: Edition | None = None, *, grade: str = Grade.LIKE_NEW, price: str = "5.00", **facts: Any
) -> Listing:
    """A listed piece that search finds."""
    draft = Listing(edition=edition or an_edition_of(a_film()), price=price, **facts)
    with transaction.atomic():
        listings.create(draft)
        draft.component_grades.create(component=ConditionComponent.DISC, disc_number=1, grade=grade)
    piece = listings.publish(draft)
    refresh_search_text([piece])
    return piece


def a_sold_one(edition: Edition | None = None) -> Listing:
    piece = a_piece(edition)
    a_paid_order(piece)
    piece.refresh_from_db()
    return piece
