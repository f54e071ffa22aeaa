"""Making, grading, pricing a listing and putting it on offer."""

from collections.abc import Callable
from decimal import Decimal

import pytest

from catalog import listings
from catalog.errors import (
    GradeRaised,
    GradesContradict,
    ListingMoveRefused,
    ListingNotPublishable,
    ListingPriceFixed,
    SkuPrefixInvalid,
)
from catalog.models import ComponentGrade, Edition, Listing, SkuCounter
from catalog.vocabularies import ComponentState, ConditionComponent, EditionFlag, Grade, ListingState
from tests.catalog.pieces import (
    a_draft,
    a_graded_draft,
    a_listed_piece,
    a_reserved_piece,
    a_sold_piece,
    an_edition,
)

DISC, CASE, INSERTS = ConditionComponent.DISC, ConditionComponent.CASE, ConditionComponent.INSERTS
pytestmark = pytest.mark.django_db


def part(component: str, grade: str = "", state: str = "") -> ComponentGrade:
    return ComponentGrade(component=component, grade=grade, state=state)


# SKUs


def test_numbers_start_at_1001_and_run_within_their_prefix() -> None:
    assert [
        listings.allocate_sku(department="MOV", categories=["ACT", "DRA"]),
        listings.allocate_sku(department="MOV", categories=["ACT", "DRA"]),
        listings.allocate_sku(department="MOV", categories=["DRA"]),
    ] == ["MOV-ACT-DRA-1001", "MOV-ACT-DRA-1002", "MOV-DRA-1001"]


def test_a_number_is_not_given_again_after_its_listing_is_gone() -> None:
    first = a_draft()
    first.delete()

    assert a_draft().sku == "MOV-DRA-WAR-1002"


@pytest.mark.parametrize(
    ("department", "categories"),
    [
        ("XXX", ["DRA"]),
        ("MOV", []),
        ("MOV", ["ACT", "DRA", "WAR", "COM"]),
        ("MOV", ["dra"]),
        ("MOV", ["DRAM"]),
    ],
)
def test_it_refuses_a_prefix_that_is_none(department: str, categories: list[str]) -> None:
    with pytest.raises(SkuPrefixInvalid):
        listings.allocate_sku(department=department, categories=categories)
    assert not SkuCounter.objects.exists()


def test_the_first_two_genres_of_the_film_are_the_categories() -> None:
    assert a_draft(an_edition(genres=("WAR", "ROM", "DRA"))).sku == "MOV-DRA-ROM-1001"


def test_a_film_without_a_genre_needs_categories() -> None:
    edition = an_edition(genres=())
    with pytest.raises(SkuPrefixInvalid):
        a_draft(edition)

    listing = listings.create(Listing(edition=edition, price=Decimal(5)), categories=["COM"])
    assert listing.sku == "MOV-COM-1001"


# The headline grade


@pytest.mark.parametrize(
    ("parts", "headline"),
    [
        ([], ""),
        ([part(CASE, state=ComponentState.NOT_GRADED)], ""),
        ([part(DISC, Grade.LIKE_NEW), part(CASE, Grade.GOOD)], Grade.GOOD),
        ([part(DISC, Grade.LIKE_NEW), part(DISC, Grade.FAULTY)], Grade.FAULTY),
        ([part(DISC, Grade.VERY_GOOD), part(INSERTS, state=ComponentState.NOT_ISSUED)], Grade.VERY_GOOD),
        ([part(DISC, Grade.VERY_GOOD), part(INSERTS, state=ComponentState.NOT_GRADED)], Grade.VERY_GOOD),
        ([part(DISC, Grade.LIKE_NEW), part(INSERTS, state=ComponentState.MISSING)], Grade.GOOD),
        ([part(DISC, Grade.ACCEPTABLE), part(INSERTS, state=ComponentState.MISSING)], Grade.ACCEPTABLE),
        ([part(DISC, Grade.LIKE_NEW), part(CASE, state=ComponentState.MISSING)], Grade.ACCEPTABLE),
        ([part(DISC, Grade.LIKE_NEW), part(CASE, state=ComponentState.GENERIC_REPLACEMENT)], Grade.GOOD),
        ([part(CASE, Grade.LIKE_NEW), part(DISC, state=ComponentState.MISSING)], Grade.FAULTY),
        ([part(DISC, Grade.SEALED), part(CASE, Grade.SEALED)], Grade.SEALED),
    ],
)
def test_the_worst_part_is_the_headline_grade(parts: list[ComponentGrade], headline: str) -> None:
    assert listings.headline_of(parts) == headline


@pytest.mark.parametrize(
    "other",
    [
        part(CASE, Grade.LIKE_NEW),
        part(CASE, state=ComponentState.MISSING),
        part(CASE, state=ComponentState.GENERIC_REPLACEMENT),
    ],
)
def test_sealed_does_not_mix(other: ComponentGrade) -> None:
    with pytest.raises(GradesContradict):
        listings.headline_of([part(DISC, Grade.SEALED), other])


def test_the_headline_grade_is_lowered_by_hand_and_never_raised() -> None:
    parts = [part(DISC, Grade.VERY_GOOD)]

    assert listings.headline_of(parts, lowered_to=Grade.ACCEPTABLE) == Grade.ACCEPTABLE
    with pytest.raises(GradeRaised):
        listings.headline_of(parts, lowered_to=Grade.LIKE_NEW)


def test_grading_stores_the_headline_and_forgets_it_with_the_last_grade() -> None:
    listing = a_graded_draft(Grade.VERY_GOOD)
    listings.grade(listing)
    listing.refresh_from_db()
    assert listing.headline_grade == Grade.VERY_GOOD

    listing.component_grades.all().delete()
    listings.grade(listing)
    listing.refresh_from_db()
    assert listing.headline_grade == ""


# Putting on offer and taking off


def test_a_finished_draft_goes_on_offer() -> None:
    listing = listings.publish(a_graded_draft())

    listing.refresh_from_db()
    assert listing.state == ListingState.LISTED
    assert listing.published_at is not None
    assert listing.headline_grade == Grade.LIKE_NEW


def test_everything_that_is_missing_is_said_at_once() -> None:
    edition = Edition.objects.create(flags=[EditionFlag.BOOTLEG_SUSPECTED])
    listing = listings.create(Listing(edition=edition, price=Decimal(5)), categories=["DRA"])

    with pytest.raises(ListingNotPublishable) as refusal:
        listings.publish(listing)

    assert refusal.value.problems == (
        "the edition names no film",
        "copies of this edition may not be sold",
        "no disc is graded",
    )
    listing.refresh_from_db()
    assert listing.state == ListingState.DRAFT


def test_a_faulty_piece_needs_its_tick_and_a_defect_note() -> None:
    listing = a_graded_draft(Grade.FAULTY)
    with pytest.raises(ListingNotPublishable) as refusal:
        listings.publish(listing)
    assert len(refusal.value.problems) == 2

    listing.is_fault_accepted = True
    listing.save(update_fields=["is_fault_accepted"])
    listing.defects.create(kind="rot", component=DISC, note_en="Pin-holes at the edge; does not start")
    assert listings.publish(listing).state == ListingState.LISTED


@pytest.mark.parametrize("a_piece", [a_listed_piece, a_reserved_piece, a_sold_piece])
def test_only_a_draft_is_published(a_piece: Callable[[], Listing]) -> None:
    listing = a_piece()
    state = listing.state

    with pytest.raises(ListingMoveRefused):
        listings.publish(listing)

    listing.refresh_from_db()
    assert listing.state == state


@pytest.mark.parametrize("a_piece", [a_reserved_piece, a_sold_piece])
def test_a_piece_that_somebody_holds_or_bought_stays_where_it_is(a_piece: Callable[[], Listing]) -> None:
    listing = a_piece()

    with pytest.raises(ListingMoveRefused):
        listings.withdraw(listing)
    with pytest.raises(ListingMoveRefused):
        listings.put_back_to_draft(listing)
    with pytest.raises(ListingPriceFixed):
        listings.set_price(listing, price_eur=Decimal(1))


def test_a_withdrawn_piece_comes_back_as_a_draft() -> None:
    listing = listings.withdraw(listings.publish(a_graded_draft()))
    assert listing.state == ListingState.WITHDRAWN

    assert listings.put_back_to_draft(listing).state == ListingState.DRAFT


def test_a_stale_copy_of_the_row_does_not_undo_a_reservation() -> None:
    reserved = a_reserved_piece()
    stale = Listing.objects.get(pk=reserved.pk)
    stale.state = ListingState.LISTED

    with pytest.raises(ListingMoveRefused):
        listings.withdraw(stale)


# Price and copies


def test_the_old_price_stays_in_the_history() -> None:
    listing = a_draft(price="5.00")

    listings.set_price(listing, price_eur=Decimal("4.50"))

    prices = listing.price_changes.order_by("id").values_list("price_eur", flat=True)
    assert list(prices) == [Decimal("5.00"), Decimal("4.50")]


def test_the_history_knows_who_changed_the_price(django_user_model: type) -> None:
    staff = django_user_model.objects.create_user("anna@example.com")
    listing = listings.set_price(a_draft(), price_eur=Decimal(4), by=staff)

    assert listing.history.first().history_user == staff


def test_another_copy_of_the_edition_is_a_new_draft_with_nothing_seen_on_the_first() -> None:
    first = a_graded_draft()
    first.defects.create(kind="tear", component=CASE, note_en="Torn wrap")
    first.note_en = "A tear at the back"
    first.save()

    second = listings.duplicate(first)

    assert second.sku == "MOV-DRA-WAR-1002"
    assert (second.edition, second.price, second.state) == (first.edition, first.price, ListingState.DRAFT)
    assert (second.note_en, second.headline_grade) == ("", "")
    assert not second.component_grades.exists()
    assert not second.defects.exists()


def test_a_published_piece_is_found_by_its_title(client):
    piece = listings.publish(a_graded_draft())
    page = client.get("/dvds/", {"q": "cranes"})
    assert piece.sku in page.content.decode()
