"""Listings as cards: what a grid of them shows, in two queries however many there are."""

from collections.abc import Sequence

from django.db.models import QuerySet

from catalog.loading import attach, fetch_together, link
from catalog.models import Credit, EditionFilm, Film, Listing, ListingPhoto, Person


def load_cards(listings: QuerySet[Listing], *, ids: Sequence[int] | None = None) -> list[Listing]:
    """Listings with edition, films, directors and photos; in the order of ids when given."""
    if ids is not None:
        listings = listings.filter(pk__in=ids)
    rows = list(listings.select_related("edition", "edition__label"))
    if ids is not None:
        place = {pk: index for index, pk in enumerate(ids)}
        rows.sort(key=lambda listing: place[listing.pk])
    complete_cards(rows)
    return rows


def complete_cards(listings: list[Listing]) -> None:
    """Give listings whose editions are loaded their films, directors and photos: one query."""
    if not listings:
        return
    edition_ids = {listing.edition_id for listing in listings}
    films = Film.objects.filter(edition_films__edition__in=edition_ids)
    credited = Credit.objects.filter(film__in=films.order_by().values("pk"), role__in=("director", "codirector"))
    rows = fetch_together(
        {
            "edition_films": EditionFilm.objects.filter(edition__in=edition_ids),
            "films": films.distinct(),
            "credits": credited,
            "people": Person.objects.filter(pk__in=credited.order_by().values("person")),
            "photos": ListingPhoto.objects.filter(listing__in=[listing.pk for listing in listings]),
        }
    )
    link(rows["credits"], "person", {person.pk: person for person in rows["people"]})
    attach(rows["films"], rows["credits"], by="film_id", name="credits")
    link(rows["edition_films"], "film", {film.pk: film for film in rows["films"]})
    attach(
        [listing.edition for listing in listings],
        rows["edition_films"],
        by="edition_id",
        name="edition_films",
    )
    attach(listings, rows["photos"], by="listing_id", name="photos")
