"""The one place that turns exceptions of API views into problem documents."""

from collections.abc import Iterable
from typing import Any

from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.http import Http404
from rest_framework import exceptions
from rest_framework.response import Response

from shop import problems
from shop.errors import ShopError

Entries = list[dict[str, str]]

_KNOWN: tuple[tuple[type[Exception], type[ShopError]], ...] = (
    (Http404, problems.NotFound),
    (exceptions.NotFound, problems.NotFound),
    (exceptions.NotAuthenticated, problems.AuthenticationRequired),
    (exceptions.AuthenticationFailed, problems.KeyNotAccepted),
    (exceptions.PermissionDenied, problems.ScopeMissing),
    (PermissionDenied, problems.ScopeMissing),
    (exceptions.MethodNotAllowed, problems.MethodNotAllowed),
    (exceptions.NotAcceptable, problems.NotAcceptable),
    (exceptions.UnsupportedMediaType, problems.UnsupportedMediaType),
    (exceptions.ParseError, problems.MalformedJson),
    (RequestDataTooBig, problems.TooLarge),
    (SuspiciousOperation, problems.BadRequest),
)


def answer_exception(exception: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's exception handler. None, for what nobody expected, lets Django log it and answer 500."""
    error = as_shop_error(exception)
    return None if error is None else problem_response(error)


def as_shop_error(exception: Exception) -> ShopError | None:
    """The refusal an exception stands for."""
    if isinstance(exception, ShopError):
        return exception
    if isinstance(exception, exceptions.ValidationError):
        return problems.Invalid(body_errors(exception.detail))
    return next((refusal() for known, refusal in _KNOWN if isinstance(exception, known)), None)


def problem_response(error: ShopError) -> Response:
    return Response(
        problems.document(error),
        status=error.status,
        content_type=problems.CONTENT_TYPE,
        headers=problems.headers(error),
    )


def body_errors(detail: Any, pointer: str = "#") -> Entries:
    """A serializer's errors as a flat list; each names its place in the body by a JSON pointer (RFC 6901)."""
    if isinstance(detail, dict):
        return _flat(
            body_errors(inner, pointer if name == "non_field_errors" else f"{pointer}/{_escaped(name)}")
            for name, inner in detail.items()
        )
    if isinstance(detail, list):
        return _flat(
            body_errors(inner, f"{pointer}/{index}") if isinstance(inner, dict) else body_errors(inner, pointer)
            for index, inner in enumerate(detail)
        )
    return [{"pointer": pointer, "code": str(getattr(detail, "code", "invalid")), "message": str(detail)}]


def argument_errors(detail: Any) -> Entries:
    """The same for arguments in the address, which are named by `parameter`."""
    found = []
    for entry in body_errors(detail):
        name = entry.pop("pointer").removeprefix("#/").split("/")[0]
        found.append({"parameter": name, **entry})
    return found


def _flat(parts: Iterable[Entries]) -> Entries:
    return [entry for part in parts for entry in part]


def _escaped(name: Any) -> str:
    return str(name).replace("~", "~0").replace("/", "~1")
