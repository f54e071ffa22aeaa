"""What every view of the API does: language, known arguments only, limits, entity tags, problem documents."""

import hashlib
from collections.abc import Collection, Mapping
from typing import Any, ClassVar, cast

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils import translation
from django.utils.cache import get_conditional_response, patch_vary_headers
from django.utils.translation import gettext as _
from django.utils.translation.trans_real import parse_accept_lang_header
from rest_framework import serializers
from rest_framework.parsers import JSONParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from shop import problems
from shop.api import throttling
from shop.api.errors import argument_errors, body_errors
from shop.api.idempotency import Asked, Effect, once_in_steps, once_in_transaction
from shop.api.keys import HasScope, KeyAuthentication
from shop.api.renderers import JsonRenderer
from shop.api.schema import ApiSchema

# Catalogue answers may be a little old: reserving asks the database.
PUBLIC = "public, max-age=30"
PRIVATE = "private, no-store"


class ApiView(APIView):
    """Base of all views. `arguments_class` names the arguments in the address; anything else there is 400."""

    authentication_classes = (KeyAuthentication,)
    permission_classes = (HasScope,)
    renderer_classes = (JsonRenderer,)
    parser_classes = (JSONParser,)
    schema = ApiSchema()

    scopes: ClassVar[Mapping[str, str]] = {}
    arguments_class: ClassVar[type[serializers.Serializer[Any]] | None] = None
    cache_control: ClassVar[str] = PUBLIC
    has_etag: ClassVar[bool] = False

    allowance: throttling.Allowance | None = None

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        self.language = accepted_language(request.headers.get("Accept-Language", ""))
        translation.activate(self.language)
        request.LANGUAGE_CODE = self.language
        return super().dispatch(request, *args, **kwargs)

    def check_throttles(self, request: Request) -> None:
        self.allowance, is_too_many = throttling.count_request(request)
        if is_too_many:
            raise throttling.refusal(self.allowance)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if request.method != "OPTIONS":
            self.arguments = self.read_arguments(request)

    def read_arguments(self, request: Request) -> Mapping[str, Any]:
        """The arguments in the address. Raises Invalid."""
        if self.arguments_class is None:
            refuse_unknown(request, ())
            return {}
        return read_arguments(request, self.arguments_class)

    def read_body(self, serializer_class: type[serializers.Serializer[Any]], **context: Any) -> dict[str, Any]:
        """The body as this serializer reads it. Raises Invalid."""
        serializer = serializer_class(data=self.request.data, context=context)
        if not serializer.is_valid():
            raise problems.Invalid(body_errors(serializer.errors))
        found: dict[str, Any] = serializer.validated_data
        return found

    def once(self, asked: Asked, effect: Effect, *, in_steps: bool = False) -> HttpResponse:
        """Answer under an Idempotency-Key."""
        run = once_in_steps if in_steps else once_in_transaction
        return run(asked, effect, self._render)

    def _render(self, response: Response) -> Response:
        response.accepted_renderer = JsonRenderer()
        response.accepted_media_type = JsonRenderer.media_type
        response.renderer_context = {}  # type: ignore[attr-defined]  # DRF sets it just so
        response.render()
        return response

    def options(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        return Response(status=204)

    def finalize_response(  # type: ignore[override]  # replayed answers and 304 are plain responses
        self, request: Request, response: HttpResponseBase, *args: Any, **kwargs: Any
    ) -> HttpResponseBase:
        answer: Any = super().finalize_response(request, cast(Response, response), *args, **kwargs)
        answer.headers["Content-Language"] = self.language
        answer.headers.setdefault("Cache-Control", self.cache_control)
        patch_vary_headers(answer, ["Accept-Language"])
        if self.allowance is not None:
            for name, value in self.allowance.headers().items():
                answer.headers[name] = value
        is_tagged = self.has_etag and request.method in ("GET", "HEAD") and answer.status_code == 200
        return self._conditional(answer) if is_tagged else cast(HttpResponseBase, answer)

    def _conditional(self, answer: Any) -> HttpResponseBase:
        """A strong entity tag of the very bytes, and 304 for who has them.

        The bytes are the one thing that knows everything they depend on: the piece, its film and edition, a lapsed
        reservation, rates, language and currency. A version number would miss some of these.
        """
        self._render(answer)
        digest = hashlib.blake2b(self.language.encode() + answer.content, digest_size=16)
        etag = f'"{digest.hexdigest()}"'
        answer.headers["ETag"] = etag
        found = get_conditional_response(self.request._request, etag=etag, response=answer)
        assert found is not None
        if found.status_code == 304:
            found.headers["Content-Language"] = self.language
        return found


def read_arguments(
    request: Request, serializer_class: type[serializers.Serializer[Any]], *, others: Collection[str] = ()
) -> dict[str, Any]:
    """The arguments in the address as this serializer reads them. Raises Invalid, also for unknown ones."""
    fields = serializer_class().fields
    refuse_unknown(request, {*fields, *others})
    given = {
        name: request.query_params.getlist(name)
        if isinstance(fields[name], serializers.ListField)
        else request.query_params[name]
        for name in request.query_params
        if name in fields
    }
    serializer = serializer_class(data=given)
    if not serializer.is_valid():
        raise problems.Invalid(argument_errors(serializer.errors))
    found: dict[str, Any] = serializer.validated_data
    return found


def refuse_unknown(request: Request, known: Collection[str]) -> None:
    """Raise Invalid for arguments in the address that nobody reads: a misspelt filter must not show everything."""
    unknown = [name for name in request.query_params if name not in known]
    if unknown:
        message = _("There is no such argument.")
        raise problems.Invalid([{"parameter": name[:60], "code": "unknown", "message": message} for name in unknown])


def accepted_language(header: str) -> str:
    """The language of ours that the Accept-Language header likes best; English when it likes none."""
    ours = dict(settings.LANGUAGES)
    for wanted, quality in parse_accept_lang_header(header):
        base = wanted.split("-")[0]
        if base in ours and quality > 0:
            return base
        if wanted == "*":
            break
    return settings.LANGUAGE_CODE
