"""The basket: reserving pieces, giving them back, and what they come to."""

from typing import Any, cast

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from catalog.cards import complete_cards, load_cards
from catalog.listing_page import listings_of_films, related_listings
from catalog.models import Listing
from catalog.views import unknown_sku
from checkout import inventory, orders, shipping, tariff
from checkout.errors import (
    ListingUnavailable,
    NotReserved,
    ReservationPaused,
    TooManyFromHere,
    TooManyReservations,
    UnknownListing,
)
from checkout.forms import SkuForm
from checkout.preferences import VisitorRequest
from checkout.summary import Summary, summarise
from checkout.views.guards import private_page
from checkout.visitors import Visitor, buyer_of, remember, visitor_of
from shop.posts import same_origin_post

ALTERNATIVES = 8
NEWEST = 4


@private_page
@require_safe
def basket(request: HttpRequest) -> HttpResponse:
    """The visitor's live reservations with shipping to their country, and what has lapsed."""
    return show_basket(request)


def show_basket(request: HttpRequest, *, notice: str = "", status: int = 200) -> HttpResponse:
    """The basket page, with a sentence on why the visitor finds themselves there."""
    visitor = visitor_of(request)
    preferences = cast(VisitorRequest, request)
    summary = summarise(
        inventory.live_reservations(visitor), currency=preferences.currency, country=preferences.country
    )
    complete_cards([line.listing for line in summary.lines])
    lapsed = inventory.lapsed_reservations(visitor)
    complete_cards([row.listing for row in lapsed])
    context: dict[str, Any] = {
        "summary": summary,
        "next_disc_adds": _next_disc_adds(summary),
        "lapsed": lapsed,
        "unpaid": orders.unpaid_of(visitor),
        "notice": {"text": notice, "tone": "warn"} if notice else None,
    }
    return render(request, "checkout/basket.html", context, status=status)


def _next_disc_adds(summary: Summary) -> Any:
    """EUR that one more disc of usual weight would add to shipping; None where nothing ships."""
    if summary.offer is None or summary.option is None:
        return None
    return shipping.marginal(
        summary.offer.country,
        [line.weight_g for line in summary.lines],
        summary.goods_eur,
        extra_weight_g=tariff.current().parcel.default_piece_weight_g,
        method=summary.option.method,
    )


@same_origin_post
@require_POST
@private_page
def reserve(request: HttpRequest) -> HttpResponse:
    """Reserve a piece and go to the basket; a piece that cannot be had gets a page with alternatives."""
    form = SkuForm(request.POST)
    if not form.is_valid():
        return unknown_sku(request, request.POST.get("sku", "")[:40].replace("\0", ""), "")
    sku = form.cleaned_data["sku"]
    visitor, token = buyer_of(request)
    try:
        inventory.reserve(skus=[sku], visitor=visitor)
    except UnknownListing:
        return unknown_sku(request, sku, "")
    except ListingUnavailable as refusal:
        return show_unavailable(request, refusal)
    except (ReservationPaused, TooManyReservations, TooManyFromHere) as refusal:
        return show_basket(request, notice=refusal.text, status=refusal.status)
    response = HttpResponseRedirect(reverse("checkout:basket"))
    remember(response, token)
    return response


@same_origin_post
@require_POST
@private_page
def release(request: HttpRequest) -> HttpResponse:
    """Give a piece back. One that is no longer the visitor's is gone from the basket all the same."""
    form = SkuForm(request.POST)
    visitor = visitor_of(request)
    if visitor is not None and form.is_valid():
        try:
            inventory.release(sku=form.cleaned_data["sku"], visitor=visitor)
        except NotReserved as refusal:
            return show_basket(request, notice=refusal.text, status=refusal.status)
    return HttpResponseRedirect(reverse("checkout:basket"))


def show_unavailable(request: HttpRequest, refusal: ListingUnavailable) -> HttpResponse:
    """409: the pieces somebody else has, never who, and what could be had instead."""
    taken = load_cards(Listing.objects.public().filter(sku__in=refusal.skus).order_by("pk"))
    context = {"error": refusal, "taken": taken, "alternatives": _alternatives(taken)}
    return render(request, "checkout/unavailable.html", context, status=refusal.status)


def _alternatives(taken: list[Listing]) -> list[Listing]:
    """Other copies and editions of the same films that are for sale, then related films; else what is new."""
    films = {film.pk: film for listing in taken for film in listing.films}
    same = [row for row in listings_of_films(list(films), limit=40) if row.is_for_sale]
    complete_cards(same)
    related = related_listings(list(films.values()), exclude_films=list(films)) if films else []
    newest = Listing.objects.for_sale().order_by("-published_at", "-id")
    return (same + related)[:ALTERNATIVES] or load_cards(newest[:NEWEST])


def buyer(request: HttpRequest) -> Visitor | None:
    """The visitor with the account they are signed in to; None for somebody without a basket."""
    if visitor_of(request) is None:
        return None
    visitor, _token = buyer_of(request)
    return visitor
