"""What pages show of a film to everybody alike, rendered once per version of the film and language."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.core.cache import cache
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.utils.translation import get_language

from catalog.film_facts import Disagreement, disagreements, load_film
from catalog.models import Film
from catalog.structured_data import blurb_of, film_data
from catalog.visitor_ratings import visitor_ratings

SECONDS_KEPT = 24 * 3600


@dataclass(frozen=True)
class FilmFragments:
    """Nothing in it depends on the visitor, on a piece, or on the day."""

    body: SafeString
    programmes: SafeString
    structured_data: dict[str, Any]
    blurb: str
    runtimes: Disagreement | None


def film_fragments(films: Iterable[Film]) -> dict[int, FilmFragments]:
    """The fragments, by primary key, of films whose own rows are just read.

    Asks the database only for versions not kept yet.

    A film changed since is rendered as it is now, and kept under the version read, which no later page asks for.
    """
    keys = {film.pk: f"film-fragments:{film.pk}:{film.version}:{get_language()}" for film in films}
    kept: dict[str, FilmFragments] = cache.get_many(keys.values())
    for pk, key in keys.items():
        if key not in kept and (film := load_film(pk)) is not None:
            kept[key] = _render(film)
            cache.set(key, kept[key], SECONDS_KEPT)
    return {pk: kept[key] for pk, key in keys.items() if key in kept}


def _render(film: Film) -> FilmFragments:
    context = {"film": film, "rating": visitor_ratings([film.pk])[film.pk]}
    differing = disagreements(film.claims.all())
    return FilmFragments(
        body=render_to_string("catalog/_film_body.html", context),
        programmes=render_to_string("catalog/_film_programmes.html", context),
        structured_data=film_data(film),
        blurb=blurb_of(film),
        runtimes=next((row for row in differing if row.fact == "runtime_min"), None),
    )
