"""Asking to hear when a piece that somebody else has can be had again."""

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from catalog.models import Listing
from catalog.views import unknown_sku
from checkout import watches
from checkout.views.guards import private_page, secret_link
from shop.counting import count
from shop.network import client_address
from shop.posts import same_origin_post
from shop.problems import TooManyRequests

WATCHES_AN_HOUR = 20
HOUR = 3600


class WatchForm(forms.Form):
    """Where the one mail goes."""

    email = forms.EmailField(
        label=_("Email"),
        max_length=254,
        help_text=_("For this one mail. Then we forget the address."),
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )


@same_origin_post
@require_http_methods(["GET", "HEAD", "POST"])
@private_page
def watch(request: HttpRequest, sku: str) -> HttpResponse:
    """Ask for an address; whoever finds the piece free meanwhile is led to it instead."""
    listing = Listing.objects.public().filter(sku=sku).first()
    if listing is None:
        return unknown_sku(request, sku, "")
    if listing.is_for_sale:
        return redirect(listing)
    form = WatchForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        _count(request)
        found = watches.begin(listing, email=form.cleaned_data["email"], language=get_language() or "en")
        return redirect("checkout:watching", token=found.token)
    context = {"listing": listing, "form": form}
    return render(request, "checkout/watch.html", context, status=422 if form.errors else 200)


@same_origin_post
@require_http_methods(["GET", "HEAD", "POST"])
@secret_link
def watching(request: HttpRequest, token: str) -> HttpResponse:
    """What somebody waits for, and the button that ends it."""
    if request.method == "POST":
        watches.end(token)
        return render(request, "checkout/watching.html", {"watch": None})
    return render(request, "checkout/watching.html", {"watch": watches.by_token(token)})


def _count(request: HttpRequest) -> None:
    """Each leads to a mail to an address somebody typed: few of them an hour. Raises TooManyRequests."""
    if count(f"watches:{client_address(request)}", seconds=HOUR) > WATCHES_AN_HOUR:
        raise TooManyRequests(gettext("Too many requests came from your network. Please try again in an hour."))
