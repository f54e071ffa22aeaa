"""The folded text a listing is found by: titles and names in every spelling, label, barcode, SKU."""

from collections.abc import Iterable

from catalog.models import Edition, Film, Listing, Person
from shop.text import fold

BATCH = 500


def refresh_search_text(listings: Iterable[Listing]) -> int:
    """Rewrite the text of these listings where it changed; returns how many did.

    To be called by whatever writes a listing, its edition, its films or their people.
    """
    changed = 0
    batch: list[Listing] = []
    for listing in listings:
        batch.append(listing)
        if len(batch) == BATCH:
            changed += _refresh_batch(batch)
            batch = []
    return changed + _refresh_batch(batch)


def _refresh_batch(batch: list[Listing]) -> int:
    editions = (
        Edition.objects.filter(pk__in={listing.edition_id for listing in batch})
        .select_related("label")
        .prefetch_related("edition_films__film__titles", "edition_films__film__credits__person__names")
    )
    texts = {edition.pk: edition_text(edition) for edition in editions}
    stale = []
    for listing in batch:
        text = f"{fold(listing.sku)} {texts[listing.edition_id]}"
        if listing.search_text != text:
            listing.search_text = text
            stale.append(listing)
    return Listing.objects.bulk_update(stale, ["search_text"]) if stale else 0


def edition_text(edition: Edition) -> str:
    """Folded words of an edition and its films, each spelling once."""
    words = [edition.title, edition.barcode, edition.gtin, edition.catalogue_number]
    if edition.label is not None:
        words.append(edition.label.name)
    for row in edition.edition_films.all():
        words += _film_words(row.film)
    return " ".join(dict.fromkeys(filter(None, map(fold, words))))


def _film_words(film: Film) -> list[str]:
    words = [film.title, film.original_title, film.greek_title, str(film.year or "")]
    words += [title.text for title in film.titles.all()]
    for credit in film.credits.all():
        words += _person_words(credit.person)
    return words


def _person_words(person: Person) -> list[str]:
    return [person.name, *(name.name for name in person.names.all())]
