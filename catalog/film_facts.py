"""A film with everything known about it, read in one round trip."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.db.models import Q, QuerySet

from catalog.loading import Together, attach, link
from catalog.models import (
    Advisory,
    Award,
    AwardBody,
    AwardResult,
    BoxOffice,
    Certificate,
    Company,
    Credit,
    ExternalCount,
    ExternalId,
    ExternalRating,
    FactClaim,
    Film,
    FilmCompany,
    FilmConnection,
    FilmImage,
    FilmLink,
    FilmRelease,
    FilmText,
    FilmTitle,
    Genre,
    Person,
    PersonName,
    Programme,
    ProgrammeFilm,
    Review,
    Screening,
    ScreeningAct,
    Source,
    SourceWork,
    Venue,
)
from catalog.vocabularies import Rights

# Rows of a film that hang on it by a foreign key, by related name.
_CHILDREN: dict[str, type[Any]] = {
    "titles": FilmTitle,
    "texts": FilmText,
    "source_works": SourceWork,
    "award_results": AwardResult,
    "releases": FilmRelease,
    "box_office": BoxOffice,
    "connections": FilmConnection,
    "external_counts": ExternalCount,
    "links": FilmLink,
    "advisories": Advisory,
    "certificates": Certificate,
    "external_ids": ExternalId,
    "companies": FilmCompany,
    "credits": Credit,
    "claims": FactClaim,
    "screenings": Screening,
}


def film_querysets(films: QuerySet[Film]) -> dict[str, QuerySet[Any]]:
    """What to ask for, to be read together with a page's other rows and handed to `assemble_films`."""
    ids = films.order_by().values("pk")
    querysets: dict[str, QuerySet[Any]] = {
        name: model.objects.filter(film__in=ids) for name, model in _CHILDREN.items()
    }
    credited = Credit.objects.filter(film__in=ids).order_by().values("person")
    acts = ScreeningAct.objects.filter(screening__film__in=ids)
    programmes = Programme.objects.filter(is_public=True, programme_films__film__in=ids).distinct()
    screened = Screening.objects.filter(film__in=ids).order_by()
    return querysets | {
        "films": films,
        "external_ratings": ExternalRating.objects.filter(film__in=ids, is_public=True),
        "images": FilmImage.objects.filter(film__in=ids).exclude(rights=Rights.LINK_ONLY).exclude(image=""),
        "reviews": Review.objects.filter(film__in=ids, moderation=Review.Moderation.APPROVED),
        "genres": Genre.objects.filter(films__in=ids).distinct(),
        "film_genres": Film.genres.through.objects.filter(film__in=ids),
        "awards": Award.objects.filter(pk__in=AwardResult.objects.filter(film__in=ids).values("award")).order_by(),
        "award_bodies": AwardBody.objects.filter(awards__results__film__in=ids).distinct(),
        "award_recipients": AwardResult.recipients.through.objects.filter(awardresult__film__in=ids),
        "other_films": Film.objects.filter(connected_from__film__in=ids).distinct(),
        "company_rows": Company.objects.filter(
            Q(pk__in=FilmCompany.objects.filter(film__in=ids).values("company"))
            | Q(pk__in=screened.values("restored_by"))
        ),
        "people": Person.objects.filter(
            Q(pk__in=credited)
            | Q(pk__in=SourceWork.objects.filter(film__in=ids).values("author"))
            | Q(pk__in=AwardResult.recipients.through.objects.filter(awardresult__film__in=ids).values("person"))
            | Q(pk__in=acts.order_by().values("person"))
        ),
        "names": PersonName.objects.filter(person__in=credited),
        "venues": Venue.objects.filter(screenings__film__in=ids).distinct(),
        "acts": acts,
        "programmes": programmes,
        "programme_films": ProgrammeFilm.objects.filter(programme__in=programmes.order_by().values("pk")),
        "sources": Source.objects.all(),
    }


def heading_querysets(films: QuerySet[Film]) -> dict[str, QuerySet[Any]]:
    """What to ask for to name films: their own rows, directors and genres; for `assemble_headings`."""
    ids = films.order_by().values("pk")
    credited = Credit.objects.filter(film__in=ids, role__in=("director", "codirector"))
    return {
        "films": films,
        "credits": credited,
        "people": Person.objects.filter(pk__in=credited.order_by().values("person")),
        "genres": Genre.objects.filter(films__in=ids).distinct(),
        "film_genres": Film.genres.through.objects.filter(film__in=ids),
    }


def load_heading(film_id: int) -> Film | None:
    """A film with its directors and genres only: one statement."""
    films = assemble_headings(_heading_statement().fetch({Together.PLACES[0]: film_id}))
    return films[0] if films else None


@cache
def _heading_statement() -> Together:
    return Together(heading_querysets(Film.objects.filter(pk=Together.PLACES[0])))


def assemble_headings(rows: dict[str, list[Any]]) -> list[Film]:
    """Put the rows of `heading_querysets` together."""
    films: list[Film] = rows["films"]
    link(rows["credits"], "person", _by_pk(rows["people"]))
    attach(films, rows["credits"], by="film_id", name="credits")
    _attach_many(films, rows["film_genres"], _by_pk(rows["genres"]), ("film_id", "genre_id"), "genres")
    return films


def load_film(film_id: int) -> Film | None:
    """A film with all its rows, as if prefetched: one statement."""
    place = Together.PLACES[0]
    films = assemble_films(_film_statement().fetch({place: film_id}))
    return films[0] if films else None


@cache
def _film_statement() -> Together:
    return Together(film_querysets(Film.objects.filter(pk=Together.PLACES[0])))


def assemble_films(rows: dict[str, list[Any]]) -> list[Film]:
    """Put the rows of `film_querysets` together."""
    films: list[Film] = rows["films"]
    people, companies = _by_pk(rows["people"]), _by_pk(rows["company_rows"])
    sources, awards = _by_pk(rows["sources"]), _by_pk(rows["awards"])
    venues, programmes = _by_pk(rows["venues"]), _by_pk(rows["programmes"])
    link(rows["awards"], "body", _by_pk(rows["award_bodies"]))
    link(rows["award_results"], "award", awards)
    link(rows["credits"], "person", people)
    link(rows["source_works"], "author", people)
    link(rows["companies"], "company", companies)
    link(rows["connections"], "other", _by_pk(rows["other_films"]))
    link(rows["screenings"], "venue", venues)
    link(rows["screenings"], "restored_by", companies)
    link(rows["acts"], "person", people)
    for name in (*_CHILDREN, "external_ratings", "reviews", "programmes"):
        if rows[name] and hasattr(rows[name][0], "source_id"):
            link(rows[name], "source", sources)
    attach(rows["people"], rows["names"], by="person_id", name="names")
    attach(rows["screenings"], rows["acts"], by="screening_id", name="acts")
    _attach_many(rows["award_results"], rows["award_recipients"], people, ("awardresult_id", "person_id"), "recipients")
    for name in (*_CHILDREN, "external_ratings", "images", "reviews"):
        attach(films, rows[name], by="film_id", name=name)
    _attach_many(films, rows["film_genres"], _by_pk(rows["genres"]), ("film_id", "genre_id"), "genres")
    _attach_many(films, rows["programme_films"], programmes, ("film_id", "programme_id"), "programmes")
    for screening in rows["screenings"]:
        screening.public_programme = programmes.get(screening.programme_id)
    for programme in rows["programmes"]:
        programme.other_titles = [row for row in rows["programme_films"] if row.programme_id == programme.pk]
    return films


def _by_pk(rows: Iterable[Any]) -> dict[Any, Any]:
    return {row.pk: row for row in rows}


def _attach_many(
    parents: list[Any], through: list[Any], targets: dict[Any, Any], keys: tuple[str, str], name: str
) -> None:
    """Fill a many-to-many relation from its through rows."""
    parent_key, target_key = keys
    groups: dict[Any, list[Any]] = {}
    for row in through:
        target = targets.get(getattr(row, target_key))
        if target is not None:
            groups.setdefault(getattr(row, parent_key), []).append(target)
    for parent in parents:
        manager_rows = getattr(parent, name).all()
        manager_rows._result_cache = groups.get(parent.pk, [])
        manager_rows._prefetch_done = True
        if not hasattr(parent, "_prefetched_objects_cache"):
            parent._prefetched_objects_cache = {}
        parent._prefetched_objects_cache[name] = manager_rows


@dataclass
class Disagreement:
    """One fact on which sources differ: each value with the names of its sources, the shown one first."""

    fact: str
    values: list[tuple[str, list[str]]]
    notes: list[str]


def disagreements(claims: Iterable[FactClaim]) -> list[Disagreement]:
    """Facts with more than one value among the claims, or with a value that a note says is not believed."""
    facts: dict[str, dict[str, list[str]]] = {}
    notes: dict[str, list[str]] = {}
    preferred: set[str] = set()
    for claim in claims:
        sources = facts.setdefault(claim.fact, {}).setdefault(claim.value, [])
        if claim.source is not None and claim.source.display_name not in sources:
            sources.append(claim.source.display_name)
        if claim.note:
            notes.setdefault(claim.fact, []).append(claim.note)
        if claim.is_preferred:
            preferred.add(claim.fact)
    return [
        Disagreement(fact, list(values.items()), notes.get(fact, []))
        for fact, values in facts.items()
        if len(values) > 1 or (fact in notes and fact not in preferred)
    ]
