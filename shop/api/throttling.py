"""How often one may ask a minute: per key, and per address for those without one."""

import time
from dataclasses import dataclass

from django.conf import settings
from rest_framework.request import Request

from shop import problems
from shop.counting import count
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
    used = count(f"api-requests:{name}:{who}", seconds=WINDOW_SECONDS)
    left = WINDOW_SECONDS - int(time.time()) % WINDOW_SECONDS
    return Allowance(name, quota, max(0, quota - used), left), used > quota


def refusal(allowance: Allowance) -> problems.TooManyRequests:
    return problems.TooManyRequests(retry_after=allowance.seconds_left)
