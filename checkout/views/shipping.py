"""The public page about shipping."""

from typing import cast

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from checkout import shipping_page
from checkout.preferences import VisitorRequest
from shop.posts import safe_next


@require_safe
def shipping(request: HttpRequest) -> HttpResponse:
    """The tariff: the visitor's country first, then every zone. `next` is where the visitor came from."""
    page = shipping_page.build(cast(VisitorRequest, request).country)
    return render(request, "checkout/shipping.html", {"page": page, "back": safe_next(request, "")})
