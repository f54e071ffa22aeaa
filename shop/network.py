"""Where a request comes from."""

import ipaddress

from allauth.account.adapter import DefaultAccountAdapter
from django.conf import settings
from django.http import HttpRequest


def client_address(request: HttpRequest) -> str:
    """The visitor's address: behind a proxy on this host or network, the one the outermost of ours saw.

    Each of our proxies writes down who asked it; what stands further left in the header anybody may have made up.
    """
    peer = request.META.get("REMOTE_ADDR", "") or ""
    forwarded = [part.strip() for part in request.headers.get("X-Forwarded-For", "").split(",") if part.strip()]
    try:
        is_proxy = ipaddress.ip_address(peer).is_private or ipaddress.ip_address(peer).is_loopback
    except ValueError:
        is_proxy = not peer
    if is_proxy and forwarded and settings.PROXIES:
        return forwarded[-min(settings.PROXIES, len(forwarded))]
    return peer


class AccountAdapter(DefaultAccountAdapter):
    """Accounts limit how often one address may try; it is the address that reservations and the API count by."""

    def get_client_ip(self, request: HttpRequest) -> str:
        return client_address(request)
