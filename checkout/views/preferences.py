"""Choosing a currency or a country, without leaving the page one is on."""

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from checkout import preferences
from checkout.money import BASE_CURRENCY
from shop.posts import safe_next, same_origin_post


@same_origin_post
@require_POST
def choose_currency(request: HttpRequest) -> HttpResponse:
    """Show prices in another currency from now on; an unknown one means the euro."""
    chosen = request.POST.get("currency", "")
    response = HttpResponseRedirect(safe_next(request, reverse("home")))
    preferences.remember(
        response, preferences.CURRENCY_COOKIE, chosen if preferences.is_currency(chosen) else BASE_CURRENCY
    )
    return response


@same_origin_post
@require_POST
def choose_country(request: HttpRequest) -> HttpResponse:
    """Quote shipping to another country from now on; an unknown one means the shop's own."""
    chosen = request.POST.get("country", "")
    response = HttpResponseRedirect(safe_next(request, reverse("checkout:shipping")))
    preferences.remember(
        response,
        preferences.COUNTRY_COOKIE,
        chosen if preferences.is_country(chosen) else preferences.DEFAULT_COUNTRY,
    )
    return response
