"""Who buys through the API: whoever holds a basket's token."""

import re

from django.utils.translation import gettext_lazy as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request

from checkout import visitors
from checkout.errors import CheckoutError
from checkout.visitors import Visitor
from shop.network import client_address
from shop.posts import ForeignPost, is_same_origin

HEADER = "Basket-Token"
PARAMETER = OpenApiParameter(
    HEADER,
    OpenApiTypes.STR,
    OpenApiParameter.HEADER,
    description="The token that opening a basket gave. Scripts of the shop's own pages are known by their cookie.",
)
_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")


class BasketTokenMissing(CheckoutError):
    """No token, or something that is none."""

    code = "basket_token_missing"
    status = 400
    message = _("This needs the Basket-Token that opening a basket gave.")


def token_of(request: Request) -> str:
    """The basket's token: from its header, or from the shop's own cookie for scripts of the shop's pages.

    Raises BasketTokenMissing, and ForeignPost when another site's page sends the cookie along.
    """
    token = request.headers.get(HEADER)
    if token is None:
        token = request.COOKIES.get(visitors.COOKIE, "")
        if token and request.method not in ("GET", "HEAD") and not is_same_origin(request._request):
            raise ForeignPost
    if not _TOKEN.fullmatch(token):
        raise BasketTokenMissing
    return token


def buyer_of(request: Request) -> Visitor:
    """The buyer as selling sees them. Raises BasketTokenMissing and ForeignPost."""
    return Visitor(
        key=visitors.key_of(token_of(request)),
        address_range=visitors.address_range(client_address(request._request)),
    )
