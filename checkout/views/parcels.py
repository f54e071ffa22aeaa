"""Sending an order together with an earlier one: chosen on the step where one says how it travels."""

from copy import copy
from dataclasses import dataclass
from decimal import Decimal

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from checkout import drafts, parcels
from checkout.models import Order
from checkout.views.basket import buyer
from checkout.views.guards import private_page
from checkout.visitors import Visitor
from shop.posts import same_origin_post


@dataclass(frozen=True)
class JoinOffer:
    """An earlier order the draft can travel with, and what that saves (EUR)."""

    order: Order
    saves_eur: Decimal
    is_chosen: bool


def join_offer(visitor: Visitor, draft: Order, *, currency: str) -> JoinOffer | None:
    """What to offer on the step where one says how it travels; None where nothing can be joined or saved."""
    leader = parcels.joinable(visitor, draft)
    if leader is None:
        return None
    alone, together = copy(draft), copy(draft)
    alone.joins, together.joins = None, leader
    apart = drafts.summary_of(alone, visitor, currency=currency)
    joined = drafts.summary_of(together, visitor, currency=currency)
    saves = apart.total_eur - joined.total_eur
    if joined.parcel is None or apart.option is None or saves <= 0:
        return None
    return JoinOffer(leader, saves, is_chosen=draft.joins_id == leader.pk)


@same_origin_post
@require_POST
@private_page
def join(request: HttpRequest) -> HttpResponse:
    """Let the draft travel in the earlier order's parcel, or by itself again."""
    visitor = buyer(request)
    draft = drafts.of(visitor) if visitor is not None else None
    if visitor is None or draft is None:
        return redirect("checkout:basket")
    wants = request.POST.get("join") == "yes"
    drafts.set_joins(draft, parcels.joinable(visitor, draft) if wants else None)
    return redirect("checkout:method")
