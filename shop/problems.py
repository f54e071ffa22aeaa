"""Problem documents (RFC 9457): how everything under /api/ says no, whoever says it.

The refusals that any part of the API may answer with are here; those of selling are in checkout.errors.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import structlog
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from shop.errors import ShopError

CONTENT_TYPE = "application/problem+json"
STANDARD_MEMBERS = frozenset({"type", "title", "status", "detail", "code", "errors", "request_id"})


class Invalid(ShopError):
    """Something in the body or the address is not as documented; `errors` says what."""

    code = "invalid"
    status = 400
    message = _("The request is not valid.")

    def __init__(self, errors: Sequence[Mapping[str, str]]) -> None:
        super().__init__()
        self.errors = list(errors)


class BadRequest(ShopError):
    code = "bad_request"
    status = 400
    message = _("The request cannot be understood.")


class MalformedJson(ShopError):
    code = "malformed_json"
    status = 400
    message = _("The body is not JSON.")


class InvalidCursor(ShopError):
    code = "invalid_cursor"
    status = 400
    message = _("This cursor does not belong to this list. Please start from its first page.")


class AuthenticationRequired(ShopError):
    code = "authentication_required"
    status = 401
    message = _("This needs an API key.")


class KeyNotAccepted(ShopError):
    """One answer for a key that is unknown, expired or revoked."""

    code = "key_not_accepted"
    status = 401
    message = _("This API key is not valid.")


class ScopeMissing(ShopError):
    code = "scope_missing"
    status = 403
    message = _("This API key may not do that.")


class NotFound(ShopError):
    code = "not_found"
    status = 404
    message = _("There is nothing at this address.")


class MethodNotAllowed(ShopError):
    code = "method_not_allowed"
    status = 405
    message = _("This address does not answer to this method.")


class NotAcceptable(ShopError):
    code = "not_acceptable"
    status = 406
    message = _("The answer exists only as application/json.")


class TooLarge(ShopError):
    code = "too_large"
    status = 413
    message = _("The body is too large.")


class UnsupportedMediaType(ShopError):
    code = "unsupported_media_type"
    status = 415
    message = _("The body must be application/json.")


class TooManyRequests(ShopError):
    code = "too_many_requests"
    status = 429
    message = _("Too many requests. Please wait.")


class IdempotencyKeyMissing(ShopError):
    code = "idempotency_key_missing"
    status = 400
    message = _("This request needs an Idempotency-Key of 1 to 255 visible ASCII characters.")


class IdempotencyKeyReused(ShopError):
    code = "idempotency_key_reused"
    status = 422
    message = _("This Idempotency-Key was used for another request. Please take a new one.")


class IdempotencyKeyBusy(ShopError):
    code = "idempotency_key_busy"
    status = 409
    message = _("A request with this Idempotency-Key is still being worked on. Please ask again.")


class ServerError(ShopError):
    code = "server_error"
    status = 500
    message = _("Something went wrong on our side. It has been noted.")


class StorageFull(ShopError):
    code = "storage_full"
    status = 507
    message = _("There is no room left on the server’s disk. Nothing of this was saved; please try again later.")


class DatabaseAway(ShopError):
    code = "database_away"
    status = 503
    message = _("The shop cannot be reached for a moment.")


def document(error: ShopError) -> dict[str, Any]:
    """The members of a problem document; an error's details become members of their own."""
    found: dict[str, Any] = {
        "type": f"{settings.BASE_URL}/api/docs/#{error.code}",
        "title": str(error.message),
        "status": error.status,
        "detail": error.text,
        "code": error.code,
        "request_id": structlog.contextvars.get_contextvars().get("request_id", ""),
    }
    if isinstance(error, Invalid):
        found["errors"] = error.errors
    return found | {name: value for name, value in error.details.items() if name not in STANDARD_MEMBERS}


def headers(error: ShopError) -> dict[str, str]:
    """What an answer with this error carries besides its body."""
    found = {"Cache-Control": "no-store"}
    if error.status == 401:
        found["WWW-Authenticate"] = "Bearer"
    retry_after = error.details.get("retry_after")
    if retry_after is None and error.status in (429, 503):
        retry_after = 10
    if retry_after is not None:
        found["Retry-After"] = str(retry_after)
    return found


def is_api(request: HttpRequest) -> bool:
    """Whether whoever asks expects problem documents rather than pages."""
    return request.path_info.startswith("/api/")


def answer(error: ShopError) -> HttpResponse:
    """The answer outside of API views: an unknown address, a failure, a database that is away."""
    spoken = {"Content-Language": get_language() or settings.LANGUAGE_CODE}
    return HttpResponse(
        json.dumps(document(error)), status=error.status, content_type=CONTENT_TYPE, headers=headers(error) | spoken
    )
