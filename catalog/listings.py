"""What can be done with a listing before and beside its sale.

`checkout.inventory` alone moves a listing between listed, reserved and sold; here it is made, graded, priced,
put on offer and taken off it.
"""

import re
from collections.abc import Iterable, Sequence
from decimal import Decimal

from django.contrib.auth.models import AbstractBaseUser
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from djmoney.money import Money

from catalog.errors import (
    GradeRaised,
    GradesContradict,
    ListingMoveRefused,
    ListingNotPublishable,
    ListingPriceFixed,
    SkuPrefixInvalid,
)
from catalog.models import ComponentGrade, Listing, SkuCounter
from catalog.search.text import refresh_search_text
from catalog.vocabularies import ComponentState, ConditionComponent, Department, Grade, ListingState

CATEGORY = re.compile(r"[A-Z]{3}")
CATEGORIES_MAX = 3

# Best first, as in the vocabulary.
BY_QUALITY = {grade.value: position for position, grade in enumerate(Grade)}

# What a part that has no grade of its own still says about the whole.
MISSING_CAPS = {
    ConditionComponent.DISC: Grade.FAULTY,
    ConditionComponent.CASE: Grade.ACCEPTABLE,
    ConditionComponent.ARTWORK: Grade.ACCEPTABLE,
    ConditionComponent.INSERTS: Grade.GOOD,
    ConditionComponent.OUTER_BOX: Grade.ACCEPTABLE,
}
REPLACEMENT_CAP = Grade.GOOD

# Moves made here; the rest of the state machine belongs to checkout.inventory and returns.
WITHDRAWABLE = (ListingState.DRAFT, ListingState.LISTED, ListingState.RETURNED)
REDRAFTABLE = (ListingState.LISTED, ListingState.WITHDRAWN, ListingState.RETURNED)
REPRICEABLE = (ListingState.DRAFT, ListingState.LISTED, ListingState.RETURNED, ListingState.WITHDRAWN)


def allocate_sku(*, department: str, categories: Sequence[str]) -> str:
    """Give out the next SKU of a prefix, such as MOV-ACT-DRA-1001; a number is never given twice.

    The counter's row stays locked until the transaction ends, so two pieces never get one number; a number
    whose transaction fails was never seen by anybody.

    Raises SkuPrefixInvalid.
    """
    if (
        department not in Department.values
        or not 1 <= len(categories) <= CATEGORIES_MAX
        or not all(CATEGORY.fullmatch(category) for category in categories)
    ):
        raise SkuPrefixInvalid
    prefix = "-".join([department, *categories])
    # Joins the caller's transaction: a SKU is only taken together with its listing.
    with transaction.atomic():
        SkuCounter.objects.bulk_create([SkuCounter(prefix=prefix)], ignore_conflicts=True)
        counter = SkuCounter.objects.select_for_update().get(prefix=prefix)
        counter.last_number += 1
        counter.save(update_fields=["last_number"])
    return f"{prefix}-{counter.last_number}"


def create(listing: Listing, *, department: str = Department.MOVIES, categories: Sequence[str] = ()) -> Listing:
    """Save a new listing as a draft under a SKU of its own.

    `categories` are one to three genre codes; without any they are the first two of the edition's first film.
    Joins the caller's transaction, so that an import can create a listing together with its parts.

    Raises SkuPrefixInvalid, also when neither the caller nor the film names a genre.
    """
    if not categories:
        film = listing.film
        categories = list(film.genres.order_by("code").values_list("code", flat=True)[:2]) if film else []
    with transaction.atomic():
        listing.sku = allocate_sku(department=department, categories=categories)
        listing.state = ListingState.DRAFT
        listing.save()
    return listing


def headline_of(parts: Iterable[ComponentGrade], *, lowered_to: str = "") -> str:
    """The grade of a whole piece: its worst part's, empty while no part is graded.

    A part that is missing or was replaced caps the grade; one that never was issued or is not graded yet says
    nothing. `lowered_to` may only lower the result.

    Raises GradesContradict, GradeRaised.
    """
    parts = list(parts)
    grades = {part.grade for part in parts if part.grade}
    if not grades:
        return ""
    caps = [cap for part in parts if (cap := _cap(part))]
    if Grade.SEALED in grades and (len(grades) > 1 or caps):
        raise GradesContradict
    headline = max([*grades, *caps], key=BY_QUALITY.__getitem__)
    if not lowered_to:
        return str(headline)
    if BY_QUALITY[lowered_to] < BY_QUALITY[headline]:
        raise GradeRaised
    return lowered_to


def _cap(part: ComponentGrade) -> Grade | None:
    if part.state == ComponentState.MISSING:
        return MISSING_CAPS[ConditionComponent(part.component)]
    if part.state == ComponentState.GENERIC_REPLACEMENT:
        return REPLACEMENT_CAP
    return None


def grade(listing: Listing) -> str:
    """Recompute and store the headline grade from the grades of the parts.

    Joins the caller's transaction: the grade and the parts it comes from are saved together.

    Raises GradesContradict, GradeRaised.
    """
    headline = headline_of(listing.component_grades.all(), lowered_to=listing.grade_override)
    if headline != listing.headline_grade:
        listing.headline_grade = headline
        listing.save(update_fields=["headline_grade"])
    return headline


def publishing_problems(listing: Listing) -> list[str]:
    """Everything that keeps a draft from being offered, each in a few words; empty when it is ready."""
    problems = []
    if not listing.edition.edition_films.exists():
        problems.append(_("the edition names no film"))
    if listing.edition.is_blocked:
        problems.append(_("copies of this edition may not be sold"))
    if not listing.component_grades.filter(component=ConditionComponent.DISC).exclude(grade="").exists():
        problems.append(_("no disc is graded"))
    if listing.headline_grade == Grade.FAULTY:
        if not listing.is_fault_accepted:
            problems.append(_("a faulty piece needs the tick “sell although faulty”"))
        if not listing.defects.exclude(note_en="").exists():
            problems.append(_("a faulty piece needs a defect with a note"))
    return problems


def publish(listing: Listing, *, by: AbstractBaseUser | None = None) -> Listing:
    """Put a draft on offer, now. `by` is the member of staff for the history.

    Raises ListingMoveRefused, and ListingNotPublishable with everything that is missing.
    """
    with transaction.atomic(durable=True):
        row = _locked(listing, allowed=(ListingState.DRAFT,))
        grade(row)
        if problems := publishing_problems(row):
            raise ListingNotPublishable(sku=row.sku, problems=problems)
        row.published_at = timezone.now()
        refresh_search_text([row])
        return _move(row, to=ListingState.LISTED, by=by, fields=["published_at"])


def withdraw(listing: Listing, *, by: AbstractBaseUser | None = None) -> Listing:
    """Take a piece off the shop for good: lost, given away, kept. Its page is gone (410).

    Raises ListingMoveRefused when somebody holds the piece or it is sold.
    """
    with transaction.atomic(durable=True):
        return _move(_locked(listing, allowed=WITHDRAWABLE), to=ListingState.WITHDRAWN, by=by)


def put_back_to_draft(listing: Listing, *, by: AbstractBaseUser | None = None) -> Listing:
    """Take a piece off offer to work on it; also the way back of a returned or withdrawn piece.

    Raises ListingMoveRefused when somebody holds the piece or it is sold, and for one that came back and was not
    graded again: that a trigger knows (checkout migration money_rules).
    """
    try:
        with transaction.atomic(durable=True):
            return _move(_locked(listing, allowed=REDRAFTABLE), to=ListingState.DRAFT, by=by)
    except IntegrityError as error:
        diagnosis = getattr(error.__cause__, "diag", None)
        if getattr(diagnosis, "constraint_name", "") != "returned_piece_is_regraded":
            raise
        raise ListingMoveRefused(
            _("%(sku)s came back from a buyer. Grade it again, then press “Graded again” at the returned piece.")
            % {"sku": listing.sku},
            sku=listing.sku,
            state=listing.state,
        ) from error


def set_price(listing: Listing, *, price_eur: Decimal, by: AbstractBaseUser | None = None) -> Listing:
    """Change the price, in EUR. The old one stays in the price history, which the database keeps.

    Raises ListingPriceFixed when somebody holds the piece or it is sold.
    """
    with transaction.atomic(durable=True):
        row = Listing.objects.select_for_update(of=("self",)).get(pk=listing.pk)
        if row.state not in REPRICEABLE:
            raise ListingPriceFixed(sku=row.sku)
        row.price = Money(price_eur, "EUR")
        return _saved(row, by=by, fields=["price", "price_currency"])


def duplicate(listing: Listing) -> Listing:
    """A new draft for another copy of the same edition, under the next SKU of the same prefix.

    What such a piece has in common is taken over: price, weight, tax scheme, provenance. What was seen on the
    first copy is not: grades, defects, photos, notes and the purchase record.
    """
    department, *categories, _number = listing.sku.split("-")
    copy = Listing(
        edition_id=listing.edition_id,
        price=listing.price,
        weight_g=listing.weight_g,
        tax_scheme=listing.tax_scheme,
        provenance=listing.provenance,
        is_demo=listing.is_demo,
    )
    with transaction.atomic(durable=True):
        return create(copy, department=department, categories=categories)


def _locked(listing: Listing, *, allowed: Sequence[str]) -> Listing:
    """The listing's row, locked before its state is looked at, so that no buyer slips in between."""
    row = Listing.objects.select_for_update(of=("self",)).select_related("edition").get(pk=listing.pk)
    if row.state not in allowed:
        raise ListingMoveRefused(
            _("%(sku)s is “%(state)s”, which does not allow that.")
            % {"sku": row.sku, "state": row.get_state_display()},
            sku=row.sku,
            state=row.state,
        )
    return row


def _move(row: Listing, *, to: str, by: AbstractBaseUser | None, fields: Sequence[str] = ()) -> Listing:
    row.state = to
    return _saved(row, by=by, fields=["state", *fields])


def _saved(row: Listing, *, by: AbstractBaseUser | None, fields: Sequence[str]) -> Listing:
    # Without a name here the history takes the user of the request, if there is one.
    if by is not None:
        row._history_user = by  # type: ignore[attr-defined]  # read by the history on save
    row.save(update_fields=fields)
    return row
