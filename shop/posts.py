"""Guards of public forms.

Catalogue pages are the same for everybody and may be cached, so they carry no CSRF token. Their forms are
protected by where the request comes from instead: browsers state it in Sec-Fetch-Site and Origin, which a
page cannot forge, and the cookies that matter are SameSite=Lax.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt

from shop.errors import ShopError


class ForeignPost(ShopError):
    code = "foreign_post"
    status = 403


def is_same_origin(request: HttpRequest) -> bool:
    """True when the browser says the request was made by a page of this site.

    Sec-Fetch-Site is sent by every current browser (W3C Fetch Metadata); Origin is the fallback.
    A client that sends neither is no browser and carries nobody's cookies unknowingly.
    """
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site in ("same-origin", "none")
    origin = request.headers.get("Origin")
    if origin is not None:
        return urlsplit(origin).netloc in (request.get_host(), urlsplit(settings.BASE_URL).netloc)
    return True


def same_origin_post(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Refuse unsafe requests that another site's page made; replaces the CSRF token."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.method not in ("GET", "HEAD", "OPTIONS") and not is_same_origin(request):
            raise ForeignPost(_("This form was sent from another site. Please open our page and try again."))
        return view(request, *args, **kwargs)

    return csrf_exempt(guarded)


def safe_next(request: HttpRequest, default: str) -> str:
    """The page to return to: `next`, posted or in the address, when it is on this site, else default."""
    target = (request.POST if request.method == "POST" else request.GET).get("next", "")
    # An address in full: a bare word would be taken as the name of a route.
    is_ours = target.startswith("/") and url_has_allowed_host_and_scheme(
        target, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return target if is_ours else default
