"""How the shop speaks to Stripe: with which key, for how long, and what silence means."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

import stripe
import structlog
from django.conf import settings

from checkout.gateways.base import GatewayUnreachable

logger = structlog.get_logger(__name__)
# What the calls and the reading of answers were written for; the account may be set to another.
API_VERSION = "2026-10-28.endive"
TIMEOUT_SECONDS = 5


def connect() -> stripe.StripeClient:
    """The client for the key and address of the settings; kept, as it keeps its connections."""
    return _client(settings.STRIPE_SECRET_KEY, settings.STRIPE_API_BASE)


@cache
def _client(key: str, base: str) -> stripe.StripeClient:
    return stripe.StripeClient(
        key,
        stripe_version=API_VERSION,
        base_addresses={"api": base},
        http_client=stripe.RequestsClient(timeout=TIMEOUT_SECONDS),
        # Repeating is left to the shop's own tasks, which let go of the worker in between.
        max_network_retries=0,
    )


def is_live() -> bool:
    """Whether the key moves real money."""
    return str(settings.STRIPE_SECRET_KEY).startswith(("sk_live_", "rk_live_"))


@contextmanager
def speaking() -> Iterator[None]:
    """Whatever goes wrong with Stripe inside: what happened there is unknown. Raises GatewayUnreachable."""
    try:
        yield
    except (stripe.APIConnectionError, stripe.RateLimitError) as error:
        raise GatewayUnreachable(type(error).__name__) from error
    except stripe.StripeError as error:
        # A wrong key, a vanished object, their 500: people have to look, and nothing may be concluded from it.
        logger.exception("stripe_refused", code=error.code, status=error.http_status)
        raise GatewayUnreachable(type(error).__name__) from error
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        logger.exception("stripe_answer_not_understood")
        raise GatewayUnreachable("an answer without what it should have") from error


def is_kept_answer(error: stripe.StripeError) -> bool:
    """Whether Stripe only repeats what it once answered under this idempotency key, and will for a day."""
    if isinstance(error, stripe.IdempotencyError):
        return True
    headers = {str(name).lower(): value for name, value in (error.headers or {}).items()}
    return bool(headers.get("idempotent-replayed") == "true" and (error.http_status or 0) >= 500)
