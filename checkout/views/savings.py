"""Coupon, points and gift voucher in the checkout: applied and taken out on the review page, one post each."""

from typing import cast

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from checkout import savings
from checkout.errors import BasketEmpty, CodeRefused, OrderMoveRefused, PointsRefused, TooManyCodes
from checkout.models import Order
from checkout.preferences import VisitorRequest
from checkout.savings import Part, Problem
from checkout.views.checkout import missing_step, shopper, show_empty, show_review
from checkout.views.guards import private_page
from checkout.visitors import Visitor
from shop.posts import same_origin_post

# More digits than anybody has points.
POINTS_DIGITS = 9


@same_origin_post
@require_http_methods(["GET", "HEAD", "POST"])
@private_page
def use_savings(request: HttpRequest) -> HttpResponse:
    """Apply what was typed, or take it out; back to the review, with an error beside its field."""
    if request.method != "POST":
        return redirect("checkout:review")
    try:
        visitor, draft = shopper(request)
        problem = _apply(request, visitor, draft)
    except BasketEmpty as refusal:
        return show_empty(request, refusal)
    except OrderMoveRefused:
        # Placed in another tab: there is nothing to save on any more.
        return redirect("checkout:review")
    if problem is None:
        return redirect(f"{reverse('checkout:review')}#savings")
    return missing_step(request, visitor, draft) or show_review(request, visitor, draft, problem=problem)


def _apply(request: HttpRequest, visitor: Visitor, draft: Order) -> Problem | None:
    """Do what the form asks; what was refused, if anything."""
    part = request.POST.get("part", "")
    if part not in list(Part):
        return None
    wish = Part(part)
    if "remove" in request.POST:
        savings.remove(draft, wish)
        return None
    typed = request.POST.get("points" if wish == Part.POINTS else "code", "").strip()[:60]
    try:
        if wish == Part.POINTS:
            savings.use_points(draft, visitor, _whole(typed))
        elif typed:
            savings.enter_code(draft, visitor, typed, currency=cast(VisitorRequest, request).currency)
    except (CodeRefused, PointsRefused, TooManyCodes) as refusal:
        return Problem(part=wish, typed=typed, refusal=refusal)
    return None


def _whole(typed: str) -> int:
    """The number typed, 0 for an empty field. Raises PointsRefused for anything else."""
    digits = typed.replace(".", "").replace(",", "").replace(" ", "")
    if not digits:
        return 0
    if not (digits.isascii() and digits.isdigit()) or len(digits) > POINTS_DIGITS:
        raise PointsRefused(_("Please enter a whole number of points."))
    return int(digits)
