"""The floors of `make bench`: what the server reaches when the shop does nothing. Only there with BENCH=1."""

from django.http import HttpRequest, HttpResponse

from shop.models import ShopSettings


def ok(request: HttpRequest) -> HttpResponse:
    """Two bytes."""
    return HttpResponse("ok")


def select(request: HttpRequest) -> HttpResponse:
    """One row by its key, through the ORM."""
    ShopSettings.objects.filter(pk=1).first()
    return HttpResponse("ok")
