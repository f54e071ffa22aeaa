"""Who holds which piece. The only module that moves a listing between listed, reserved and sold.

One reservation row is the claim, whether basket, unpaid order or sale; a unique index allows one unreleased
row a listing. Locks are taken in one order everywhere: the order's row, then listings by primary key.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone

from catalog.models import Listing
from catalog.vocabularies import ListingState
from checkout.clock import database_now
from checkout.errors import (
    ListingUnavailable,
    NotReserved,
    ReservationPaused,
    TooManyFromHere,
    TooManyReservations,
    UnknownListing,
)
from checkout.models import Order, OrderLine, Reservation
from checkout.visitors import Visitor
from shop.models import ShopSettings

# While money is being captured nobody may take the pieces over, however long the provider takes to answer.
CAPTURE_HOLD = timedelta(days=7)

# One statement: lock in key order, claim what is listed or has lapsed, end the lapsed claims, insert the new
# ones. The join with `ended` makes the insert wait for that update, so the unique index sees it first.
_CLAIM = """
WITH locked AS MATERIALIZED (
    SELECT id FROM catalog_listing WHERE id = ANY(%(ids)s) ORDER BY id FOR UPDATE
), claimed AS (
    UPDATE catalog_listing l SET state = 'reserved', reserved_until = now() + make_interval(secs => %(hold)s)
      FROM locked
     WHERE l.id = locked.id
       AND (l.state = 'listed' OR (l.state = 'reserved' AND l.reserved_until < now()))
    RETURNING l.id
), ended AS (
    UPDATE checkout_reservation r SET released_at = now(), release = 'lapsed'
      FROM claimed WHERE r.listing_id = claimed.id AND r.released_at IS NULL
    RETURNING r.listing_id
)
INSERT INTO checkout_reservation
       (listing_id, visitor_key, user_id, address_range, created_at, until, release)
SELECT claimed.id, %(visitor)s, %(user)s, %(range)s, now(), now() + make_interval(secs => %(hold)s), ''
  FROM claimed LEFT JOIN ended ON ended.listing_id = claimed.id
RETURNING id, listing_id
"""


def find(skus: Iterable[str]) -> list[Listing]:
    """The public listings with these SKUs, by primary key. Raises UnknownListing naming those that are none."""
    wanted = set(skus)
    listings = list(Listing.objects.public().filter(sku__in=wanted).order_by("pk"))
    missing = wanted - {listing.sku for listing in listings}
    if missing:
        raise UnknownListing(skus=sorted(missing))
    return listings


def reserve(*, skus: Iterable[str], visitor: Visitor) -> list[Reservation]:
    """Claim pieces for a visitor, all of them or none; what they hold already they keep.

    Raises UnknownListing, ListingUnavailable (names the pieces), ReservationPaused, TooManyReservations and
    TooManyFromHere. A refused visitor is remembered on the claim as having asked, without their identity.
    """
    listings = find(skus)
    try:
        with transaction.atomic():
            return _reserve_all(listings, visitor)
    except ListingUnavailable as refusal:
        _note_asked(refusal.skus)
        raise


def _reserve_all(listings: Sequence[Listing], visitor: Visitor) -> list[Reservation]:
    ids = [listing.pk for listing in listings]
    held = list(Reservation.objects.live().filter(listing_id__in=ids, visitor_key=visitor.key))
    wanted = [listing for listing in listings if listing.pk not in {claim.listing_id for claim in held}]
    if not wanted:
        return held
    # A plain look first: whoever comes too late is told so without waiting for a lock.
    taken = [listing.sku for listing in wanted if _is_taken(listing)]
    if taken:
        raise ListingUnavailable(taken)
    settings = ShopSettings.current()
    _check_caps(visitor, settings, adding=len(wanted))
    _check_pause(wanted, visitor, settings)
    claimed = claim(wanted, visitor, hold=timedelta(minutes=settings.reservation_minutes))
    lost = [listing for listing in wanted if listing.pk not in {row.listing_id for row in claimed}]
    # A second press of the button: the first one has just claimed it for the same visitor.
    own = list(Reservation.objects.live().filter(listing__in=lost, visitor_key=visitor.key)) if lost else []
    lost_to_others = [listing.sku for listing in lost if listing.pk not in {row.listing_id for row in own}]
    if lost_to_others:
        raise ListingUnavailable(lost_to_others)
    return held + claimed + own


def _is_taken(listing: Listing) -> bool:
    """What a plain look says, by the database's clock; asked only where it matters."""
    if listing.state == ListingState.RESERVED:
        return listing.is_held(now=database_now())
    return listing.state != ListingState.LISTED


def claim(listings: Sequence[Listing], visitor: Visitor, *, hold: timedelta) -> list[Reservation]:
    """Claim whichever of the listings are free or lapsed; returns the claims made. Needs a transaction."""
    with connection.cursor() as cursor:
        cursor.execute(
            _CLAIM,
            {
                "ids": sorted(listing.pk for listing in listings),
                "hold": hold.total_seconds(),
                "visitor": visitor.key,
                "user": visitor.user_id,
                "range": visitor.address_range,
            },
        )
        made = [row[0] for row in cursor.fetchall()]
    return list(Reservation.objects.filter(pk__in=made).order_by("listing_id"))


def _check_caps(visitor: Visitor, settings: ShopSettings, *, adding: int) -> None:
    """Refuse hoarding. Two tabs of one visitor wait for each other here, so the cap holds in a race too.

    Whoever is signed in is one visitor in every browser: new cookies must not give new hands to hold with.
    """
    _lock_name(f"visitor:{visitor.key}")
    own_claims = Q(visitor_key=visitor.key)
    if visitor.user_id is not None:
        _lock_name(f"user:{visitor.user_id}")
        own_claims |= Q(user_id=visitor.user_id)
    own = Reservation.objects.live().filter(own_claims).count()
    if own + adding > settings.reservations_per_visitor:
        raise TooManyReservations(limit=settings.reservations_per_visitor)
    if visitor.is_guest and visitor.address_range:
        _lock_name(f"range:{visitor.address_range}")
        near = Reservation.objects.live().filter(address_range=visitor.address_range, user__isnull=True).count()
        if near + adding > settings.reservations_per_address:
            raise TooManyFromHere(limit=settings.reservations_per_address)


def _lock_name(name: str) -> None:
    """Wait for a transaction-long lock on a name."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [name])


def _check_pause(listings: Sequence[Listing], visitor: Visitor, settings: ShopSettings) -> None:
    """No chains of renewals: who held a piece that others asked for lets them have a turn."""
    since = Now() - timedelta(minutes=settings.reservation_pause_minutes)
    paused = (
        Reservation.objects.filter(listing__in=listings, visitor_key=visitor.key, asked_at__isnull=False)
        .filter(Q(released_at__gte=since) | Q(released_at__isnull=True, until__gte=since, until__lt=Now()))
        .values_list("listing__sku", flat=True)
    )
    skus = sorted(set(paused))
    if skus:
        raise ReservationPaused(skus=skus)


def _note_asked(skus: Sequence[str]) -> None:
    """Remember on the live claims that somebody else wanted these pieces; only the first asker writes."""
    unasked = Reservation.objects.live().filter(listing__sku__in=skus, asked_at__isnull=True)
    with transaction.atomic():
        # In the order of their listings, as everywhere: two who ask for the same pieces must not wait for each other.
        claims = list(unasked.order_by("listing_id").select_for_update(of=("self",)).values_list("pk", flat=True))
        Reservation.objects.filter(pk__in=claims).update(asked_at=Now())


def live_reservations(visitor: Visitor | None) -> list[Reservation]:
    """The visitor's basket: their live claims, oldest first, without those of orders already placed."""
    if visitor is None:
        return []
    return list(
        Reservation.objects.live()
        .filter(visitor_key=visitor.key, order_line__isnull=True)
        .select_related("listing", "listing__edition", "listing__edition__label")
        .prefetch_related("listing__edition__edition_films__film", "listing__photos")
        .order_by("created_at", "pk")
    )


def count_live(visitor: Visitor | None) -> tuple[int, datetime | None]:
    """How many pieces are in the basket, and when the first of them lapses. One query."""
    if visitor is None:
        return 0, None
    untils = Reservation.objects.live().filter(visitor_key=visitor.key, order_line__isnull=True)
    held = [until for until in untils.values_list("until", flat=True) if until is not None]
    return len(held), min(held, default=None)


def lapsed_reservations(visitor: Visitor | None, *, hours: int = 24) -> list[Reservation]:
    """Pieces whose time ran out in the visitor's basket lately, newest first, each once; not those held again."""
    if visitor is None:
        return []
    since = timezone.now() - timedelta(hours=hours)
    held = Reservation.objects.live().filter(visitor_key=visitor.key).values("listing")
    rows = (
        Reservation.objects.filter(visitor_key=visitor.key, order_line__isnull=True, until__lt=Now())
        .filter(until__gte=since, release__in=("", Reservation.Release.LAPSED))
        .exclude(listing__in=held)
        .select_related("listing", "listing__edition", "listing__edition__label")
        .order_by("listing_id", "-until")
        .distinct("listing_id")
    )
    return sorted(
        (row for row in rows if row.listing.state != ListingState.WITHDRAWN),
        key=lambda row: (row.until is None, row.until),
        reverse=True,
    )


def own_claim(listing: Listing, visitor: Visitor) -> Reservation | None:
    """The visitor's live claim on a piece, in their basket or in an unpaid order of theirs."""
    return (
        Reservation.objects.live()
        .filter(listing=listing, visitor_key=visitor.key)
        .select_related("order_line__order")
        .first()
    )


def lock(listing_ids: Iterable[int]) -> None:
    """Lock listings in key order until the end of the transaction."""
    list(Listing.objects.filter(pk__in=set(listing_ids)).order_by("pk").select_for_update(of=("self",)).values("pk"))


def lock_basket(visitor: Visitor) -> None:
    """Lock the listings the visitor's basket holds."""
    claims = Reservation.objects.live().filter(visitor_key=visitor.key, order_line__isnull=True)
    lock(claims.values_list("listing_id", flat=True))


def release(*, sku: str, visitor: Visitor) -> None:
    """Give a piece back. Raises NotReserved when the visitor's basket does not hold it."""
    with transaction.atomic():
        listing_id = Listing.objects.filter(sku=sku).values_list("pk", flat=True).first()
        if listing_id is None:
            raise NotReserved(skus=[sku])
        lock([listing_id])
        claims = Reservation.objects.unreleased().filter(
            listing_id=listing_id, visitor_key=visitor.key, until__isnull=False, order_line__isnull=True
        )
        if not _end(claims, Reservation.Release.GIVEN_UP):
            raise NotReserved(skus=[sku])


def release_by_staff(reservation: Reservation) -> None:
    """Free a piece somebody holds in a basket. Raises NotReserved when it is part of an order or already free."""
    with transaction.atomic():
        lock([reservation.listing_id])
        claims = Reservation.objects.unreleased().filter(
            pk=reservation.pk, until__isnull=False, order_line__isnull=True
        )
        if not _end(claims, Reservation.Release.STAFF):
            raise NotReserved(skus=[reservation.listing.sku])


def _end(claims: Iterable[Reservation], reason: Reservation.Release) -> list[int]:
    """Release claims and put their listings back on offer; the listings must be locked. Returns listing ids."""
    rows = list(claims)
    listing_ids = [row.listing_id for row in rows]
    Reservation.objects.filter(pk__in=[row.pk for row in rows]).update(released_at=Now(), release=reason)
    Listing.objects.filter(pk__in=listing_ids, state__in=(ListingState.RESERVED, ListingState.SOLD)).update(
        state=ListingState.LISTED, reserved_until=None, sold_at=None
    )
    return listing_ids


def extend(order: Order, *, hold: timedelta, once: bool) -> None:
    """Prolong an order's claims to at least `hold` from now; with `once`, only those never extended before."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH held AS (
                UPDATE checkout_reservation r
                   SET until = greatest(r.until, now() + make_interval(secs => %(hold)s)),
                       extended_at = coalesce(r.extended_at, now())
                  FROM checkout_orderline l
                 WHERE l.order_id = %(order)s AND r.id = l.reservation_id
                   AND r.released_at IS NULL AND r.until IS NOT NULL
                   AND (r.extended_at IS NULL OR NOT %(once)s)
                RETURNING r.listing_id, r.until
            )
            UPDATE catalog_listing g SET reserved_until = held.until
              FROM held WHERE g.id = held.listing_id AND g.state = 'reserved'
            """,
            {"hold": hold.total_seconds(), "order": order.pk, "once": once},
        )


def hold_until(order: Order, *, until: datetime) -> None:
    """Hold an unpaid order's pieces exactly until then. Listings must be locked."""
    claims = Reservation.objects.unreleased().filter(order_line__order=order, until__isnull=False)
    Listing.objects.filter(reservations__in=claims, state=ListingState.RESERVED).update(reserved_until=until)
    claims.update(until=until)


def reclaim(order: Order, *, hold: timedelta) -> list[str]:
    """Claim again, for a late payment, the pieces of an order whose claims are gone. Listings must be locked.

    A claim that lapsed without anybody taking it over is still theirs. Returns the SKUs that could not be had: then
    nothing of this may be kept and the caller rolls back.
    """
    is_gone = Q(reservation=None) | Q(reservation__released_at__isnull=False)
    gone = list(order.lines.filter(is_gone).select_related("listing").order_by("listing_id"))
    if not gone:
        return []
    visitor = Visitor(key=order.visitor_key, user_id=order.user_id)
    own = {
        row.listing_id: row
        for row in Reservation.objects.unreleased().filter(
            listing_id__in=[line.listing_id for line in gone],
            visitor_key=order.visitor_key,
            until__isnull=False,
            order_line__isnull=True,
        )
    }
    made = claim([line.listing for line in gone if line.listing_id not in own], visitor, hold=hold)
    found = own | {row.listing_id: row for row in made}
    for line in gone:
        if line.listing_id in found:
            line.reservation = found[line.listing_id]
            line.save(update_fields=["reservation"])
    return [line.sku for line in gone if line.listing_id not in found]


def sell(order: Order) -> None:
    """Make the order's claims permanent and its pieces sold. Listings must be locked and held by the order."""
    claims = Reservation.objects.filter(order_line__order=order, released_at__isnull=True)
    claims.update(until=None)
    Listing.objects.filter(reservations__in=claims).update(state=ListingState.SOLD, reserved_until=None, sold_at=Now())


def give_back(order: Order, reason: Reservation.Release) -> list[int]:
    """Free all pieces of an order that ended without a sale, or whose sale was cancelled before shipping."""
    claims = list(Reservation.objects.unreleased().filter(order_line__order=order))
    lock(row.listing_id for row in claims)
    return _end(claims, reason)


def put_back(lines: Iterable[OrderLine]) -> None:
    """Put sold pieces that never left the house back on offer, one by one, out of an order that goes on."""
    _let_go(lines, Reservation.Release.CANCELLED, becomes=ListingState.LISTED)


def take_back(lines: Iterable[OrderLine]) -> None:
    """Note that sold pieces came back. They are not on offer: staff grade them again first."""
    _let_go(lines, Reservation.Release.RETURNED, becomes=ListingState.RETURNED)


def _let_go(lines: Iterable[OrderLine], reason: Reservation.Release, *, becomes: ListingState) -> None:
    """End the claims of sold pieces. Needs a transaction with the orders locked."""
    claims = Reservation.objects.unreleased().filter(order_line__in=list(lines), until__isnull=True)
    rows = list(claims)
    lock(row.listing_id for row in rows)
    Reservation.objects.filter(pk__in=[row.pk for row in rows]).update(released_at=Now(), release=reason)
    Listing.objects.filter(pk__in=[row.listing_id for row in rows], state=ListingState.SOLD).update(
        state=becomes, sold_at=None
    )


def tidy(*, limit: int = 500) -> int:
    """Put pieces whose basket claim has lapsed back on offer; claims of placed orders are left to settlement.

    Correctness never waits for this: a lapsed claim can be taken over by anybody. Returns how many were freed.
    """
    with transaction.atomic():
        lapsed = (
            Reservation.objects.unreleased()
            .filter(until__lt=Now(), order_line__isnull=True)
            .order_by("listing_id")
            .values_list("pk", "listing_id")[:limit]
        )
        rows = list(lapsed)
        lock(listing_id for _pk, listing_id in rows)
        still = Reservation.objects.unreleased().filter(
            pk__in=[pk for pk, _listing_id in rows], until__lt=Now(), order_line__isnull=True
        )
        return len(_end(still, Reservation.Release.LAPSED))
