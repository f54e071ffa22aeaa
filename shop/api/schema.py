"""The OpenAPI 3.1 document: made from the views once a process, and what every operation in it shares."""

from functools import lru_cache
from typing import Any

import orjson
from django.http import HttpRequest, HttpResponse
from django.utils import translation
from django.views.decorators.http import require_safe
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter

from shop.problems import CONTENT_TYPE

LANGUAGE = OpenApiParameter(
    "Accept-Language",
    OpenApiTypes.STR,
    OpenApiParameter.HEADER,
    description="`en` or `el`: labels, titles and messages come in the language liked best.",
)
IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key",
    {"type": "string", "pattern": "^[!-~]{1,255}$"},
    OpenApiParameter.HEADER,
    required=True,
    description="A new random text for each thing you want done; the same one when you repeat a request.",
)

KEY_SCHEME = "ApiKey"

PROBLEM = {
    "type": "object",
    "required": ["type", "title", "status", "detail", "code", "request_id"],
    "properties": {
        "type": {"type": "string", "format": "uri"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "code": {"type": "string", "description": "Stable; all of them are listed in the API guide."},
        "request_id": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["code", "message"],
                "properties": {
                    "pointer": {"type": "string", "description": "The place in the body (RFC 6901)."},
                    "parameter": {"type": "string", "description": "The argument in the address."},
                    "code": {"type": "string"},
                    "message": {"type": "string"},
                },
            },
        },
    },
}


class ApiSchema(AutoSchema):
    """Adds what views of this API have in common: their arguments, language, 304 and problem documents."""

    def get_override_parameters(self) -> list[Any]:
        found = [*super().get_override_parameters(), LANGUAGE]
        arguments = getattr(self.view, "arguments_class", None)
        # Where a list is filtered, its arguments are those of reading it.
        if arguments and (self.method == "GET" or not hasattr(self.view, "filterset_class")):
            found.append(arguments)
        return found

    def get_auth(self) -> list[Any]:
        is_needed = self.method in getattr(self.view, "scopes", {})
        return [{KEY_SCHEME: []}] if is_needed else [{}]

    def get_filter_backends(self) -> list[Any]:
        return list(getattr(self.view, "filter_backends", [])) if self.method == "GET" else []

    def get_operation(self, *args: Any, **kwargs: Any) -> dict[str, Any] | None:
        operation: dict[str, Any] | None = super().get_operation(*args, **kwargs)
        if operation is not None:
            responses = operation["responses"]
            if getattr(self.view, "has_etag", False):
                responses["304"] = {"description": "What you have is current."}
            responses["4XX"] = responses["5XX"] = {"$ref": "#/components/responses/Problem"}
        return operation


def add_shared_parts(result: dict[str, Any], generator: Any, request: Any, public: bool) -> dict[str, Any]:
    """Put keys and the problem document among the components (a hook of drf-spectacular)."""
    components = result.setdefault("components", {})
    components["securitySchemes"] = {
        KEY_SCHEME: {
            "type": "http",
            "scheme": "bearer",
            "description": "A key made by the shop's owner. The catalogue and buying need none.",
        }
    }
    components.setdefault("schemas", {})["Problem"] = PROBLEM
    components.setdefault("responses", {})["Problem"] = {
        "description": "A refusal, as a problem document (RFC 9457).",
        "content": {CONTENT_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
    return result


@lru_cache(maxsize=1)
def document() -> bytes:
    """The OpenAPI document as JSON, in English."""
    generator: Any = SchemaGenerator()  # type: ignore[no-untyped-call]
    with translation.override("en"):
        return orjson.dumps(generator.get_schema(request=None, public=True), option=orjson.OPT_INDENT_2)


@require_safe
def schema(request: HttpRequest) -> HttpResponse:
    """The OpenAPI document."""
    return HttpResponse(document(), content_type="application/json", headers={"Cache-Control": "public, max-age=300"})
