"""The first page of the staff site: what waits to be done today, for whoever looks."""

from collections.abc import Callable, Iterable
from typing import Any

from django.db.models import Count, Prefetch, Q
from django.http import HttpRequest
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from catalog import missing_facts
from catalog.models import EditionFilm, Listing, Review
from catalog.vocabularies import ListingState
from checkout import currency
from checkout.models import BalanceDifference, Dispute, Order, OrderState, RateSet, Refund, ReturnedPiece, Withdrawal
from checkout.models.currency import RateSetStatus
from shop.admin_base import age_of

Tile = dict[str, Any]
ROWS = 6


def fill(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Add the tiles that this member of staff has the right to see."""
    tiles: list[Tile] = []
    if request.user.has_perm("checkout.view_order"):
        tiles += _orders()
    if request.user.has_perm("checkout.view_payment"):
        tiles += _money()
    if request.user.has_perm("catalog.view_listing"):
        tiles += _listings()
    if request.user.has_perm("catalog.change_review"):
        tiles.append(_reviews())
    if request.user.has_perm("checkout.view_rateset"):
        tiles.append(_rates())
    if request.user.has_perm("catalog.change_film"):
        tiles.append(_missing())
    return {**context, "tiles": tiles, "lists": _next_up(request)}


def _next_up(request: HttpRequest) -> list[dict[str, Any]]:
    """The rows to begin with: who waits longest for a parcel, and the newest drafts."""
    lists = []
    if request.user.has_perm("checkout.change_order"):
        waiting = Order.objects.filter(state=OrderState.PAID).order_by("paid_at")[:ROWS]
        lists.append(_list(_("Pack next"), waiting, "checkout_order", lambda order: age_of(order.paid_at)))
    if request.user.has_perm("catalog.change_listing"):
        films = Prefetch("edition__edition_films", EditionFilm.objects.select_related("film"))
        drafts = Listing.objects.filter(state=ListingState.DRAFT).select_related("edition").prefetch_related(films)
        lists.append(_list(_("Finish next"), drafts[:ROWS], "catalog_listing", lambda listing: listing.title))
    return [one for one in lists if one["rows"]]


def _list(name: str, rows: Iterable[Any], page: str, more: Callable[[Any], str]) -> dict[str, Any]:
    return {
        "name": name,
        "rows": [
            {"name": str(row), "address": reverse(f"admin:{page}_change", args=(row.pk,)), "more": more(row)}
            for row in rows
        ],
    }


def _tile(name: str, figure: Any, address: str, *, note: str = "", is_due: bool = False) -> Tile:
    return {"name": name, "figure": figure, "address": address, "note": note, "is_due": is_due}


def _work(name: str, count: int, address: str, *, note: str = "") -> Tile:
    """Work that waits: marked as long as there is any."""
    return _tile(name, count, address, note=note, is_due=count > 0)


def _orders() -> list[Tile]:
    states = Order.objects.aggregate(
        paid=Count("pk", filter=Q(state=OrderState.PAID)),
        packed=Count("pk", filter=Q(state=OrderState.PACKED)),
        unpaid=Count("pk", filter=Q(state=OrderState.AWAITING_PAYMENT)),
    )
    orders = reverse("admin:checkout_order_changelist")
    return [
        _work(_("Orders to pack"), states["paid"], f"{orders}?state__exact=paid"),
        _work(_("Parcels to ship"), states["packed"], f"{orders}?state__exact=packed"),
        _tile(_("Orders awaiting payment"), states["unpaid"], f"{orders}?state__exact=awaiting_payment"),
    ]


def _money() -> list[Tile]:
    """What came back, is to be given back or went wrong, as long as it does: on most days nothing is shown."""
    back = ReturnedPiece.objects.filter(line__returned_at__isnull=False, received_at__isnull=False, regraded_at=None)
    refunds = Refund.objects.aggregate(
        to_send=Count("pk", filter=Q(state=Refund.State.DUE, payment__gateway="bank_transfer")),
        failed=Count("pk", filter=Q(state=Refund.State.FAILED)),
    )
    found = (
        (
            _("Open withdrawals"),
            Withdrawal.objects.filter(state=Withdrawal.State.CONFIRMED).count(),
            "withdrawal",
            "state__exact=confirmed",
        ),
        (
            _("Pieces to grade again"),
            back.count(),
            "returnedpiece",
            "received_at__isempty=0&regraded_at__isempty=1",
        ),
        (
            _("Open disputes"),
            Dispute.objects.filter(state=Dispute.State.OPEN).count(),
            "dispute",
            "state__exact=open",
        ),
        (
            _("Transfers to send"),
            refunds["to_send"],
            "refund",
            "state__exact=due&payment__gateway=bank_transfer",
        ),
        (_("Failed refunds"), refunds["failed"], "refund", "state__exact=failed"),
        (
            _("Balance differences"),
            BalanceDifference.objects.filter(settled_at=None).count(),
            "balancedifference",
            "settled_at__isempty=1",
        ),
    )
    return [
        _work(name, count, f"{reverse(f'admin:checkout_{page}_changelist')}?{query}")
        for name, count, page, query in found
        if count
    ]


def _listings() -> list[Tile]:
    states = Listing.objects.aggregate(
        drafts=Count("pk", filter=Q(state=ListingState.DRAFT)),
        listed=Count("pk", filter=Q(state=ListingState.LISTED)),
        reserved=Count("pk", filter=Q(state=ListingState.RESERVED)),
        sold=Count("pk", filter=Q(state=ListingState.SOLD)),
    )
    listings = reverse("admin:catalog_listing_changelist")
    return [
        _work(_("Drafts to finish"), states["drafts"], f"{listings}?state__exact=draft"),
        _tile(
            _("Pieces on offer"),
            states["listed"] + states["reserved"],
            f"{listings}?state__exact=listed",
            note=_("%(reserved)d reserved now, %(sold)d sold so far")
            % {"reserved": states["reserved"], "sold": states["sold"]},
        ),
    ]


def _reviews() -> Tile:
    waiting = Review.objects.filter(moderation=Review.Moderation.WAITING).count()
    reviews = reverse("admin:catalog_review_changelist")
    return _tile(_("Reviews to moderate"), waiting, f"{reviews}?moderation__exact=waiting", is_due=waiting > 0)


def _rates() -> Tile:
    address = reverse("admin:checkout_rateset_changelist")
    newest = currency.newest_accepted()
    if newest is None:
        return _tile(_("Exchange rates"), _("none"), address, note=_("Prices are in euro only."), is_due=True)
    waiting = RateSet.objects.filter(status=RateSetStatus.WAITING).count()
    is_old = currency.is_too_old(newest.date)
    missed = currency.missed_publication_days() or 0
    if waiting:
        note = _("Rates of another day wait for a decision.")
    elif is_old:
        note = _("Too old: prices are in euro only.")
    elif missed:
        note = _("Publication days missed: %(count)d") % {"count": missed}
    else:
        note = _("European Central Bank, up to date")
    figure = date_format(newest.date, "j M")
    return _tile(_("Exchange rates"), figure, address, note=note, is_due=bool(waiting or is_old or missed))


def _missing() -> Tile:
    films, editions = missing_facts.films().count(), missing_facts.editions().count()
    return _tile(
        _("Missing facts"),
        films + editions,
        reverse("admin:missing_facts"),
        note=_("%(films)d films, %(editions)d editions") % {"films": films, "editions": editions},
    )
