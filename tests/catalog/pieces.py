"""Films, editions and listings for tests, also in the hands of a buyer."""

from datetime import timedelta
from decimal import Decimal

from django.db import transaction
from django.utils import timezone

from catalog import listings
from catalog.models import Edition, Film, Genre, Listing
from catalog.vocabularies import ConditionComponent, Grade, ListingState
from checkout.models import Order, OrderState, Reservation


def an_edition(*, title: str = "The Cranes Are Flying", genres: tuple[str, ...] = ("DRA", "WAR")) -> Edition:
    film = Film.objects.create(title=title, sort_title=title, year=1957)
    for code in genres:
        film.genres.add(Genre.objects.get_or_create(code=code, defaults={"name_en": code, "name_el": code})[0])
    edition = Edition.objects.create()
    edition.edition_films.create(film=film)
    return edition


def a_draft(edition: Edition | None = None, *, price: str = "5.00") -> Listing:
    return listings.create(Listing(edition=edition or an_edition(), price=Decimal(price)))


def a_graded_draft(grade: str = Grade.LIKE_NEW, edition: Edition | None = None) -> Listing:
    listing = a_draft(edition)
    listing.component_grades.create(component=ConditionComponent.DISC, disc_number=1, grade=grade)
    return listing


def a_listed_piece() -> Listing:
    return listings.publish(a_graded_draft())


def a_reserved_piece() -> Listing:
    listing = a_listed_piece()
    until = timezone.now() + timedelta(minutes=30)
    with transaction.atomic():
        Reservation.objects.create(listing=listing, visitor_key="a-visitor", until=until)
        Listing.objects.filter(pk=listing.pk).update(state=ListingState.RESERVED, reserved_until=until)
    listing.refresh_from_db()
    return listing


def a_paid_order(*pieces: Listing, email: str = "buyer@example.com") -> Order:
    """A paid order in euro for listed pieces, as the whole purchase would leave it."""
    now = timezone.now()
    goods = sum((piece.price.amount for piece in pieces), Decimal(0))
    with transaction.atomic():
        order = Order.objects.create(
            number=f"AC-{Order.objects.count() + 1:06d}",
            state=OrderState.PAID,
            visitor_key="a-visitor",
            email=email,
            goods_eur=goods,
            goods_amount=goods,
            total_eur=goods,
            total_amount=goods,
            placed_at=now,
            paid_at=now,
        )
        for piece in pieces:
            claim = Reservation.objects.create(listing=piece, visitor_key="a-visitor")
            row = Listing.objects.filter(pk=piece.pk)
            row.update(state=ListingState.RESERVED, reserved_until=now)
            row.update(state=ListingState.SOLD, reserved_until=None, sold_at=now)
            order.lines.create(
                listing=piece,
                reservation=claim,
                sku=piece.sku,
                title=piece.title,
                price_eur=piece.price.amount,
                price_amount=piece.price.amount,
                weight_g=100,
                tax_scheme=piece.tax_scheme,
            )
    return order


def a_sold_piece() -> Listing:
    listing = a_listed_piece()
    a_paid_order(listing)
    listing.refresh_from_db()
    return listing
