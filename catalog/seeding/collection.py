"""The first listing and the demo collection around it."""

from collections.abc import Iterable

from django.db import transaction

from catalog.models import (
    Film,
    FilmConnection,
    Listing,
    Programme,
    ProgrammeFilm,
    Screening,
    ScreeningAct,
    Venue,
)
from catalog.search import refresh_search_text
from catalog.seeding.files import Facts, joined, read_json, read_lines
from catalog.seeding.films import Directory, add_film, add_text, find_film
from catalog.seeding.pieces import add_edition, add_listing, cover_of, draw_photos, note_numbers_given

TEXT_FIELDS = ("text_en", "text_el")


def load_first_listing() -> Listing:
    """MOV-ACT-DRA-1001 with all that is known of it: film, edition, piece, programme and screening."""
    facts = read_json("first_listing.json")
    sku = facts["listing"]["sku"]
    listing = Listing.objects.filter(sku=sku).first() or _add_first_listing(facts)
    if not listing.photos.exists():
        draw_photos([(listing, cover_of(listing, facts["listing"]["cover"]), facts["listing"]["views"])])
    refresh_search_text([listing])
    return listing


def _add_first_listing(facts: Facts) -> Listing:
    directory = Directory()
    with transaction.atomic(durable=True):
        for source in facts["sources"]:
            directory.add_source(source)
        for person in facts["people"]:
            directory.add_person(person)
        film = find_film(facts["film"]) or add_film(facts["film"], directory, is_demo=False)
        edition = add_edition(facts["edition"], [film], directory, is_demo=False)
        listing = add_listing(facts["listing"], edition, is_demo=False)
        note_numbers_given([listing.sku])
        _add_programme(facts["programme"], directory)
    return listing


def load_demo_collection() -> int:
    """The demo collection and its programmes; returns how many pieces were added.

    Films are real (facts from Wikidata, CC0), 35 editions too (TheDiscDb, MIT); the other editions, all labels on
    them and every copy are invented and marked as demo data.
    """
    directory = Directory()
    films = _add_films(directory)
    pieces = list(read_lines("demo_collection.jsonl"))
    present = set(Listing.objects.values_list("sku", flat=True))
    added: list[Listing] = []
    for piece in pieces:
        rows = [row for row in piece["listings"] if row["sku"] not in present]
        if len(rows) < len(piece["listings"]):
            continue
        with transaction.atomic():
            chosen = [films[key] for key in piece["edition"]["films"]]
            edition = add_edition(piece["edition"], chosen, directory, is_demo=True)
            added += [add_listing(row, edition, is_demo=True) for row in rows]
    note_numbers_given(listing.sku for listing in added)
    _add_programmes(films, directory)
    _link_known_films(films)
    skus = [row["sku"] for piece in pieces for row in piece["listings"]]
    _draw_fronts(skus)
    refresh_search_text(Listing.objects.filter(sku__in=skus))
    return len(added)


def _add_films(directory: Directory) -> dict[str, Film]:
    """Every film of the collection by its key, those that were missing added with their texts."""
    first = read_json("first_listing.json")["film"]
    files = read_json("demo_texts.json")
    directory.add_source(files["source"])
    films: dict[str, Film] = {}
    for facts in read_lines("demo_films.jsonl"):
        film = find_film(facts)
        if film is None:
            with transaction.atomic():
                film = add_film(facts, directory, is_demo=True)
                for language, body in files["blurbs"].get(facts["key"], {}).items():
                    add_text(film, {"kind": "blurb", "language": language, "body": body}, directory)
        films[facts["key"]] = film
    if known := find_film(first):
        films[first["external_ids"]["imdb_title"]] = known
    return films


def _add_programme(facts: Facts, directory: Directory, films: dict[str, Film] | None = None) -> None:
    plain = {name: value for name, value in facts.items() if name not in ("films", "screening", "source", *TEXT_FIELDS)}
    texts = {name: joined(facts.get(name, "")) for name in TEXT_FIELDS}
    programme = Programme.objects.create(source=directory.source(facts.get("source")), **plain, **texts)
    for position, row in enumerate(facts["films"]):
        known = (films or {}).get(row["film"]) or _film_by_imdb(row["film"])
        fields = {name: value for name, value in row.items() if name != "film"}
        ProgrammeFilm.objects.create(programme=programme, film=known, position=position, **fields)
    if "screening" in facts:
        _add_screening(facts["screening"], programme, directory)


def _film_by_imdb(identifier: str) -> Film | None:
    return Film.objects.filter(external_ids__scheme="imdb_title", external_ids__value=identifier).first()


def _add_screening(facts: Facts, programme: Programme, directory: Directory) -> None:
    venue, _created = Venue.objects.get_or_create(name=facts["venue"]["name"], defaults=facts["venue"])
    named = ("film", "venue", "acts", "source", "restored_by")
    screening = Screening.objects.create(
        programme=programme,
        film=Film.objects.get(external_ids__scheme="imdb_title", external_ids__value=facts["film"]),
        venue=venue,
        restored_by=directory.company(facts["restored_by"]),
        source=directory.source(facts["source"]),
        **{name: value for name, value in facts.items() if name not in named},
    )
    for position, act in enumerate(facts["acts"]):
        person = directory.by_key[act["person"]]
        fields = {**act, "person": person, "name": person.name}
        ScreeningAct.objects.create(screening=screening, position=position, **fields)


def _add_programmes(films: dict[str, Film], directory: Directory) -> None:
    for facts in read_json("demo_programmes.json"):
        if not Programme.objects.filter(slug=facts["slug"]).exists():
            with transaction.atomic():
                _add_programme(facts, directory, films)


def _link_known_films(films: dict[str, Film]) -> None:
    """Join what the first listing names by title only with the films that have arrived since."""
    first = read_json("first_listing.json")
    for row in first["film"]["connections"]:
        if row.get("imdb") in films:
            named = FilmConnection.objects.filter(other=None, title=row["title"])
            named.update(other=films[row["imdb"]])
    for row in first["programme"]["films"]:
        if row["film"] in films and "title" in row:
            named_there = ProgrammeFilm.objects.filter(
                programme__slug=first["programme"]["slug"], film=None, title=row["title"]
            )
            named_there.update(film=films[row["film"]])


def _draw_fronts(skus: Iterable[str]) -> None:
    listings = Listing.objects.filter(sku__in=skus, photos=None)
    listings = listings.select_related("edition").prefetch_related("edition__edition_films__film__credits__person")
    draw_photos([(listing, cover_of(listing), ["front"]) for listing in listings])
