"""Where a request comes from."""

import ipaddress

from django.http import HttpRequest


def client_address(request: HttpRequest) -> str:
    """The visitor's address: behind a proxy on this host or network, the one that proxy saw last."""
    peer = request.META.get("REMOTE_ADDR", "") or ""
    forwarded = request.headers.get("X-Forwarded-For", "")
    try:
        is_proxy = ipaddress.ip_address(peer).is_private or ipaddress.ip_address(peer).is_loopback
    except ValueError:
        is_proxy = not peer
    if is_proxy and forwarded:
        return forwarded.rsplit(",", 1)[-1].strip()
    return peer
