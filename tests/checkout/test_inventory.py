"""Reserving: one piece, one holder, for a time."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from catalog.models import Listing
from catalog.vocabularies import ListingState
from checkout import invariants, inventory
from checkout.errors import (
    ListingUnavailable,
    NotReserved,
    ReservationPaused,
    TooManyFromHere,
    TooManyReservations,
    UnknownListing,
)
from checkout.models import Reservation
from shop.models import ShopSettings
from tests.catalog.pieces import a_draft, a_listed_piece
from tests.checkout.buyers import a_visitor

pytestmark = pytest.mark.django_db


def lapse(listing: Listing, *, minutes_ago: float = 1) -> None:
    """Let the time of a listing's claim be over."""
    then = timezone.now() - timedelta(minutes=minutes_ago)
    with transaction.atomic():
        Reservation.objects.unreleased().filter(listing=listing).update(until=then)
        Listing.objects.filter(pk=listing.pk).update(reserved_until=then)


def state_of(listing: Listing) -> str:
    listing.refresh_from_db()
    return listing.state


def test_a_listed_piece_is_reserved_for_thirty_minutes():
    piece = a_listed_piece()
    [claim] = inventory.reserve(skus=[piece.sku], visitor=a_visitor())
    assert state_of(piece) == ListingState.RESERVED
    assert claim.until == piece.reserved_until
    assert timedelta(minutes=29) < claim.until - timezone.now() <= timedelta(minutes=30)
    assert invariants.find_broken() == []


def test_the_second_visitor_is_refused_and_named_only_the_piece():
    piece = a_listed_piece()
    inventory.reserve(skus=[piece.sku], visitor=a_visitor("anna"))
    with pytest.raises(ListingUnavailable) as refusal:
        inventory.reserve(skus=[piece.sku], visitor=a_visitor("boris"))
    assert refusal.value.skus == [piece.sku]
    assert dict(refusal.value.details) == {"skus": [piece.sku]}


def test_reserving_again_keeps_the_same_claim_and_its_time():
    piece = a_listed_piece()
    [first] = inventory.reserve(skus=[piece.sku], visitor=a_visitor())
    [second] = inventory.reserve(skus=[piece.sku], visitor=a_visitor())
    assert (second.pk, second.until) == (first.pk, first.until)


def test_several_pieces_come_all_or_none():
    free, taken = a_listed_piece(), a_listed_piece()
    inventory.reserve(skus=[taken.sku], visitor=a_visitor("boris"))
    with pytest.raises(ListingUnavailable):
        inventory.reserve(skus=[free.sku, taken.sku], visitor=a_visitor("anna"))
    assert state_of(free) == ListingState.LISTED


def test_a_lapsed_claim_is_taken_over_and_the_old_one_ended():
    piece = a_listed_piece()
    [old] = inventory.reserve(skus=[piece.sku], visitor=a_visitor("anna"))
    lapse(piece)
    [new] = inventory.reserve(skus=[piece.sku], visitor=a_visitor("boris"))
    old.refresh_from_db()
    assert old.release == Reservation.Release.LAPSED
    assert old.released_at is not None
    assert new.visitor_key == a_visitor("boris").key
    assert invariants.find_broken() == []


def test_who_held_a_piece_that_others_asked_for_waits_before_holding_it_again():
    piece = a_listed_piece()
    inventory.reserve(skus=[piece.sku], visitor=a_visitor("anna"))
    with pytest.raises(ListingUnavailable):
        inventory.reserve(skus=[piece.sku], visitor=a_visitor("boris"))
    lapse(piece)
    with pytest.raises(ReservationPaused):
        inventory.reserve(skus=[piece.sku], visitor=a_visitor("anna"))
    lapse(piece, minutes_ago=16)
    assert inventory.reserve(skus=[piece.sku], visitor=a_visitor("anna"))


def test_giving_a_piece_back_does_not_get_round_the_pause():
    piece = a_listed_piece()
    inventory.reserve(skus=[piece.sku], visitor=a_visitor("anna"))
    with pytest.raises(ListingUnavailable):
        inventory.reserve(skus=[piece.sku], visitor=a_visitor("boris"))
    inventory.release(sku=piece.sku, visitor=a_visitor("anna"))
    with pytest.raises(ReservationPaused):
        inventory.reserve(skus=[piece.sku], visitor=a_visitor("anna"))
    assert inventory.reserve(skus=[piece.sku], visitor=a_visitor("boris"))


def test_a_piece_nobody_asked_for_may_be_held_again_at_once():
    piece = a_listed_piece()
    inventory.reserve(skus=[piece.sku], visitor=a_visitor())
    lapse(piece)
    assert inventory.reserve(skus=[piece.sku], visitor=a_visitor())


def test_a_visitor_holds_at_most_ten_pieces():
    pieces = [a_listed_piece() for _ in range(11)]
    inventory.reserve(skus=[piece.sku for piece in pieces[:10]], visitor=a_visitor())
    with pytest.raises(TooManyReservations):
        inventory.reserve(skus=[pieces[10].sku], visitor=a_visitor())
    assert state_of(pieces[10]) == ListingState.LISTED


def test_guests_of_one_network_share_a_cap_and_members_do_not_count(django_user_model):
    settings = ShopSettings.current()
    settings.reservations_per_address = 2
    settings.save()
    pieces = [a_listed_piece() for _ in range(4)]
    for number in (0, 1):
        visitor = a_visitor(f"guest{number}", address_range="range")
        inventory.reserve(skus=[pieces[number].sku], visitor=visitor)
    with pytest.raises(TooManyFromHere):
        inventory.reserve(skus=[pieces[2].sku], visitor=a_visitor("guest2", address_range="range"))
    member = django_user_model.objects.create_user("member@example.com")
    assert inventory.reserve(
        skus=[pieces[3].sku], visitor=a_visitor("member", address_range="range", user_id=member.pk)
    )


def test_a_draft_is_unknown_to_visitors():
    draft = a_draft()
    with pytest.raises(UnknownListing) as refusal:
        inventory.reserve(skus=[draft.sku, "MOV-DRA-9999"], visitor=a_visitor())
    assert refusal.value.details["skus"] == sorted([draft.sku, "MOV-DRA-9999"])


def test_a_released_piece_is_on_offer_again():
    piece = a_listed_piece()
    inventory.reserve(skus=[piece.sku], visitor=a_visitor())
    inventory.release(sku=piece.sku, visitor=a_visitor())
    assert state_of(piece) == ListingState.LISTED
    with pytest.raises(NotReserved):
        inventory.release(sku=piece.sku, visitor=a_visitor())


def test_nobody_releases_what_another_holds():
    piece = a_listed_piece()
    inventory.reserve(skus=[piece.sku], visitor=a_visitor("anna"))
    with pytest.raises(NotReserved):
        inventory.release(sku=piece.sku, visitor=a_visitor("boris"))
    assert state_of(piece) == ListingState.RESERVED


def test_tidying_frees_lapsed_pieces_and_only_those():
    lapsed, live = a_listed_piece(), a_listed_piece()
    inventory.reserve(skus=[lapsed.sku, live.sku], visitor=a_visitor())
    lapse(lapsed)
    assert inventory.tidy() == 1
    assert (state_of(lapsed), state_of(live)) == (ListingState.LISTED, ListingState.RESERVED)
    assert invariants.find_broken() == []


def test_the_basket_shows_live_claims_only():
    kept, lapsed = a_listed_piece(), a_listed_piece()
    inventory.reserve(skus=[kept.sku, lapsed.sku], visitor=a_visitor())
    lapse(lapsed)
    assert [row.listing.sku for row in inventory.live_reservations(a_visitor())] == [kept.sku]
    count, until = inventory.count_live(a_visitor())
    assert count == 1
    assert until is not None
    assert inventory.count_live(None) == (0, None)


def test_the_database_refuses_a_second_claim_whatever_the_code_does():
    piece = a_listed_piece()
    inventory.reserve(skus=[piece.sku], visitor=a_visitor())
    with pytest.raises(IntegrityError, match="one_claim_per_listing"), transaction.atomic():
        Reservation.objects.create(listing=piece, visitor_key="x", until=timezone.now())


@pytest.mark.django_db(transaction=True)
def test_the_database_refuses_a_state_without_its_claim():
    piece = a_listed_piece()
    with pytest.raises(IntegrityError, match="timed claims"), transaction.atomic():
        Listing.objects.filter(pk=piece.pk).update(state=ListingState.RESERVED, reserved_until=timezone.now())
    with pytest.raises(IntegrityError, match="timed claims"), transaction.atomic():
        Reservation.objects.create(listing=piece, visitor_key="x", until=timezone.now())
