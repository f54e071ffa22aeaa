"""Films from facts: one function a kind of fact, and a directory of the people and companies they share."""

from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import Model, Q

from catalog.models import (
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
    Review,
    Source,
    SourceWork,
)
from catalog.seeding.files import Facts, joined

SCRIPTS = {
    "ar": "Arab", "fa": "Arab", "bn": "Beng", "el": "Grek", "hi": "Deva", "hy": "Armn", "ja": "Jpan", "ka": "Geor",
    "ko": "Kore", "ru": "Cyrl", "sr": "Cyrl", "uk": "Cyrl", "yue": "Hant", "zh": "Hant",
}  # fmt: skip

PLAIN_FIELDS = (
    "original_title", "original_title_language", "greek_title", "year", "countries", "languages", "colour",
    "runtime_min", "sound_mix", "keywords", "locations", "setting_places", "setting_period",
    "external_wins", "external_nominations",
)  # fmt: skip


class Directory:
    """People, companies and sources already known, by every name; each is looked up in the database once."""

    def __init__(self) -> None:
        self._people: dict[str, Person] = {}
        self._companies = {company.name: company for company in Company.objects.all()}
        self._sources = {source.code: source for source in Source.objects.all()}
        self._genres = {genre.code: genre for genre in Genre.objects.all()}
        self.by_key: dict[str, Person] = {}
        for person in Person.objects.all():
            self._people.setdefault(person.name, person)
        for alias in PersonName.objects.select_related("person"):
            self._people.setdefault(alias.name, alias.person)

    def person(self, name: str) -> Person:
        if name not in self._people:
            self._people[name] = Person.objects.create(name=name, sort_name=sort_name(name))
        return self._people[name]

    def add_person(self, facts: Facts) -> Person:
        """A person with aliases, known by any of their names from now on."""
        fields = {name: value for name, value in facts.items() if name not in ("key", "names")}
        person = self._people.get(facts["name"]) or Person.objects.create(**fields)
        aliases = [
            PersonName(person=person, **{**alias, "source": self.source(alias.get("source"))})
            for alias in facts.get("names", [])
        ]
        PersonName.objects.bulk_create(aliases, ignore_conflicts=True)
        for name in (person.name, *(alias.name for alias in aliases)):
            self._people.setdefault(name, person)
        self.by_key[facts["key"]] = person
        return person

    def company(self, name: str) -> Company:
        if name not in self._companies:
            self._companies[name] = Company.objects.create(name=name)
        return self._companies[name]

    def source(self, code: str | None) -> Source | None:
        return self._sources[code] if code else None

    def add_source(self, facts: Facts) -> None:
        source, _created = Source.objects.get_or_create(code=facts["code"], defaults=facts)
        self._sources[source.code] = source

    def genres(self, codes: list[str]) -> list[Genre]:
        return [self._genres[code] for code in codes]


def sort_name(name: str) -> str:
    """Family name first, as far as a rule can know: the last word, unless the name is one word."""
    first, _space, last = name.rpartition(" ")
    return f"{last}, {first}" if first else last


def find_film(facts: Facts) -> Film | None:
    """The film of these facts if the catalogue has it: by IMDb id, else by title and year."""
    imdb = facts.get("imdb") or facts.get("external_ids", {}).get("imdb_title")
    known = Q(external_ids__scheme="imdb_title", external_ids__value=imdb) if imdb else Q()
    return Film.objects.filter(known or Q(title=facts["title"], year=facts.get("year"))).first()


def add_film(facts: Facts, directory: Directory, *, is_demo: bool) -> Film:
    """Create a film with everything its facts name. Needs a transaction."""
    film = Film.objects.create(
        title=facts["title"],
        sort_title=facts.get("sort_title") or sort_title(facts["title"]),
        aspect_ratios=[Decimal(ratio) for ratio in facts.get("aspect_ratios", [])],
        is_demo=is_demo,
        **{name: facts[name] for name in PLAIN_FIELDS if name in facts},
    )
    film.genres.set(directory.genres(facts.get("genres", [])))
    identifiers = facts.get("external_ids") or ({"imdb_title": facts["imdb"]} if "imdb" in facts else {})
    ExternalId.objects.bulk_create(
        [ExternalId(film=film, scheme=scheme, value=value) for scheme, value in identifiers.items()]
    )
    _add_titles(film, facts, directory)
    _add_credits(film, facts, directory)
    for company in facts.get("companies") or [
        {"company": name, "role": "production"} for name in facts.get("production", [])
    ]:
        fields = _with_source(company, directory)
        FilmCompany.objects.create(film=film, **{**fields, "company": directory.company(company["company"])})
    _add_rows(film, facts, directory)
    for text in facts.get("texts", []):
        add_text(film, text, directory)
    for award in facts.get("awards", []):
        _add_award(film, award, directory)
    return film


def sort_title(title: str) -> str:
    """The title under its first word that is not an English article."""
    article, _space, rest = title.partition(" ")
    return f"{rest}, {article}" if rest and article in ("The", "A", "An") else title


def _with_source(row: Facts, directory: Directory) -> Facts:
    return {**row, "source": directory.source(row.get("source"))}


def _add_titles(film: Film, facts: Facts, directory: Directory) -> None:
    titles: list[Facts] = facts.get("titles") or []
    if not titles:
        language = facts.get("original_title_language", "")
        if original := facts.get("original_title"):
            script = SCRIPTS.get(language, "Latn")
            titles.append({"text": original, "language": language, "script": script, "kind": "original"})
        if film.title != facts.get("original_title"):
            titles.append({"text": film.title, "language": "en", "script": "Latn", "kind": "translated"})
        if film.greek_title and film.greek_title != facts.get("original_title"):
            titles.append({"text": film.greek_title, "language": "el", "script": "Grek", "kind": "translated"})
    FilmTitle.objects.bulk_create([FilmTitle(film=film, **_with_source(row, directory)) for row in titles])


def _add_credits(film: Film, facts: Facts, directory: Directory) -> None:
    rows: list[Facts] = [{**row, "person": directory.by_key[row["person"]]} for row in facts.get("credits", [])]
    for role, names in (("director", "directors"), ("screenplay", "writers"), ("actor", "cast")):
        rows += [{"role": role, "person": directory.person(name)} for name in facts.get(names, [])]
    Credit.objects.bulk_create(
        [
            Credit(film=film, billing=billing, **_with_source(row, directory))
            for billing, row in enumerate(rows, start=1)
        ],
        ignore_conflicts=True,  # the source lists one person twice under two spellings
    )


def _add_rows(film: Film, facts: Facts, directory: Directory) -> None:
    """The facts that are plain rows of a table each."""
    tables: tuple[tuple[str, type[Model]], ...] = (
        ("releases", FilmRelease),
        ("box_office", BoxOffice),
        ("certificates", Certificate),
        ("ratings", ExternalRating),
        ("counts", ExternalCount),
        ("links", FilmLink),
        ("images", FilmImage),
    )
    for name, model in tables:
        rows: list[Any] = [model(film=film, **_with_source(row, directory)) for row in facts.get(name, [])]
        model._default_manager.bulk_create(rows)
    for position, row in enumerate(facts.get("connections", [])):
        fields = {name: value for name, value in _with_source(row, directory).items() if name != "imdb"}
        FilmConnection.objects.create(film=film, position=position, **fields)
    for row in facts.get("source_works", []):
        SourceWork.objects.create(film=film, **{**row, "author": directory.by_key[row["author"]]})
    for row in facts.get("reviews", []):
        fields = _with_source(row, directory)
        if "published_date" in row:
            fields["published_date"] = date.fromisoformat(row["published_date"])
        fields["body"] = joined(row.get("body", ""))
        Review.objects.create(film=film, moderation=Review.Moderation.APPROVED, **fields)
    for row in facts.get("claims", []):
        fields = {name: value for name, value in _with_source(row, directory).items() if name != "preferred"}
        FactClaim.objects.create(film=film, is_preferred=row.get("preferred", False), **fields)


def add_text(film: Film, text: Facts, directory: Directory) -> None:
    fields = {name: value for name, value in _with_source(text, directory).items() if name != "people"}
    fields["body"] = joined(text["body"])
    row = FilmText.objects.create(film=film, **fields)
    row.people.set([directory.by_key[key] for key in text.get("people", [])])


def _add_award(film: Film, facts: Facts, directory: Directory) -> None:
    body, _created = AwardBody.objects.get_or_create(name=facts["body"])
    award, _created = Award.objects.get_or_create(
        body=body,
        name=facts["award"],
        defaults={"aliases": facts.get("aliases", []), "note": facts.get("award_note", "")},
    )
    result = AwardResult.objects.create(
        film=film,
        award=award,
        year=facts.get("year"),
        result=facts["result"],
        note=facts.get("note", ""),
        source=directory.source(facts.get("source")),
    )
    result.recipients.set([directory.by_key[key] for key in facts.get("recipients", [])])
