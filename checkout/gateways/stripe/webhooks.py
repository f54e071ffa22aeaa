"""What Stripe sends by itself: believed only as far as its signature goes, and then only which object to ask about."""

import json
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import stripe
from django.conf import settings

from checkout.gateways.stripe.connection import is_live

# How old a delivery may be; and how far ahead its clock, which Stripe's own library leaves open.
TOLERANCE_SECONDS = 300


@dataclass(frozen=True, slots=True)
class ProviderNotice:
    """One event: that something happened to an object, and when the provider says it did."""

    event_id: str
    kind: str
    object_id: str
    created_at: datetime


class NoticeRefused(Exception):
    """Not from Stripe, not for this shop, or not fresh. The text is for the log."""


def read_notice(body: bytes, signature: str) -> ProviderNotice:
    """The event in a delivery, once its signature over the raw body holds. Raises NoticeRefused."""
    try:
        text = body.decode("utf-8")
        stripe.WebhookSignature.verify_header(text, signature, settings.STRIPE_WEBHOOK_SECRET, TOLERANCE_SECONDS)
    except UnicodeDecodeError as error:
        raise NoticeRefused("not UTF-8") from error
    except stripe.SignatureVerificationError as error:
        raise NoticeRefused("signature") from error
    except (TypeError, ValueError) as error:
        # Letters outside ASCII, which comparing in constant time does not take.
        raise NoticeRefused("signature not readable") from error
    if _signed_at(signature) > time.time() + TOLERANCE_SECONDS:
        raise NoticeRefused("signed in the future")
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise NoticeRefused("not JSON") from error
    return _notice(content)


def _signed_at(signature: str) -> int:
    """The first time in the header: the one that was verified."""
    return next(int(part[2:]) for part in signature.split(",") if part.startswith("t="))


def _notice(content: Any) -> ProviderNotice:
    try:
        if bool(content["livemode"]) is not is_live():
            raise NoticeRefused("of the other mode, test or live")
        about = content["data"]["object"]
        return ProviderNotice(
            event_id=_text(content["id"]),
            kind=_text(content["type"]),
            object_id=_text(about.get("id", "")),
            created_at=datetime.fromtimestamp(int(content["created"]), UTC),
        )
    except (AttributeError, KeyError, TypeError, ValueError, OverflowError, OSError) as error:
        raise NoticeRefused("not an event") from error


def _text(value: Any) -> str:
    """A name as the database keeps it."""
    if not isinstance(value, str) or len(value) > 120 or "\x00" in value:
        raise ValueError(value)
    return value
