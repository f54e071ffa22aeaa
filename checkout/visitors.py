"""Who a basket belongs to: a random token in a cookie, never an account that has to exist first."""

import hashlib
import hmac
import ipaddress
import secrets
from dataclasses import dataclass

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase

from shop.network import client_address

COOKIE = "basket"
COOKIE_SECONDS = 30 * 24 * 3600


@dataclass(frozen=True)
class Visitor:
    """A buyer as selling sees them. `key` is a hash: the database never holds the token itself."""

    key: str
    user_id: int | None = None
    address_range: str = ""

    @property
    def is_guest(self) -> bool:
        return self.user_id is None


def new_token() -> str:
    """256 random bits for the cookie or for an API client."""
    return secrets.token_urlsafe(32)


def key_of(token: str) -> str:
    """The stored form of a token."""
    return hashlib.sha256(token.encode()).hexdigest()


def address_range(address: str) -> str:
    """A keyed hash of the /24 (IPv4) or /56 (IPv6) an address lies in: enough to count, useless to trace."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return ""
    network = ipaddress.ip_network((ip, 24 if ip.version == 4 else 56), strict=False)
    return hmac.new(settings.SECRET_KEY.encode(), str(network).encode(), hashlib.sha256).hexdigest()[:32]


def visitor_of(request: HttpRequest) -> Visitor | None:
    """The visitor whose basket cookie came with the request; None for somebody new. Touches no session."""
    token = request.COOKIES.get(COOKIE, "")
    if not 20 <= len(token) <= 100:
        return None
    return Visitor(key=key_of(token), address_range=address_range(client_address(request)))


def buyer_of(request: HttpRequest) -> tuple[Visitor, str | None]:
    """The visitor with their account, made anew when there is none.

    Returns the visitor and the token to hand out with `remember`, None when they have one already.
    """
    user_id = request.user.pk if request.user.is_authenticated else None
    known = visitor_of(request)
    token = None if known else new_token()
    key = known.key if known else key_of(token or "")
    return Visitor(key=key, user_id=user_id, address_range=address_range(client_address(request))), token


def remember(response: HttpResponseBase, token: str | None) -> None:
    """Give the visitor the cookie their basket hangs on."""
    if token:
        response.set_cookie(
            COOKIE,
            token,
            max_age=COOKIE_SECONDS,
            httponly=True,
            samesite="Lax",
            secure=settings.SESSION_COOKIE_SECURE,
        )
