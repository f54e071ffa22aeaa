"""How often one may ask: per key, and per address for those without one.

Requests are counted in fixed windows of a minute in Django's cache. Without a shared cache each process counts
for itself, so the real limit is up to as many times higher as there are processes.
"""

import time
from dataclasses import dataclass

from django.conf import settings
from django.core.cache import cache
from rest_framework.request import Request

from shop import problems
from shop.models import ApiKey
from shop.network import client_address

WINDOW_SECONDS = 60


@dataclass(frozen=True)
class Allowance:
    """What is left of a window. The headers are those of draft-ietf-httpapi-ratelimit-headers."""

    name: str
    quota: int
    remaining: int
    seconds_left: int

    def headers(self) -> dict[str, str]:
        return {
            "RateLimit-Policy": f'"{self.name}";q={self.quota};w={WINDOW_SECONDS}',
            "RateLimit": f'"{self.name}";r={self.remaining};t={self.seconds_left}',
        }


def count_request(request: Request) -> tuple[Allowance, bool]:
    """Count this request; returns what is left and whether it is one too many."""
    if isinstance(request.auth, ApiKey):
        name, who, quota = "key", str(request.auth.pk), settings.API_KEY_REQUESTS_PER_MINUTE
    else:
        name, who, quota = "address", client_address(request._request), settings.API_REQUESTS_PER_MINUTE
    now = int(time.time())
    window = now // WINDOW_SECONDS
    counter = f"api-requests:{name}:{who}:{window}"
    cache.add(counter, 0, 2 * WINDOW_SECONDS)
    try:
        used = cache.incr(counter)
    except ValueError:  # evicted between the two calls
        used = 1
    left = WINDOW_SECONDS - now % WINDOW_SECONDS
    return Allowance(name, quota, max(0, quota - used), left), used > quota


def refusal(allowance: Allowance) -> problems.TooManyRequests:
    return problems.TooManyRequests(retry_after=allowance.seconds_left)
