"""What every page about one buyer does: it is kept by no cache, found by no search and leaks no link."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse

View = Callable[..., HttpResponse]


def private_page(view: View) -> View:
    """For the basket, the checkout and the account: neither stored nor indexed."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return _close(view(request, *args, **kwargs))

    return guarded


def secret_link(view: View) -> View:
    """For pages whose address is their only key: also never named to another site as where one comes from.

    Not `no-referrer`: with it browsers send `Origin: null`, and the page's own forms would look foreign.
    """

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        response = _close(view(request, *args, **kwargs))
        response.headers["Referrer-Policy"] = "same-origin"
        return response

    return guarded


def _close(response: HttpResponse) -> HttpResponse:
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    return response
