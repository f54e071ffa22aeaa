"""What every request passes through: its log line, security headers, the language, the pages for errors."""

import re
import time
import uuid
from collections.abc import Callable
from urllib.parse import urlsplit

import structlog
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import translation

from shop.deadlocks import is_to_be_tried_again, try_again
from shop.error_pages import bad_request, database_away, is_database_away, is_storage_full, refused
from shop.errors import ShopError
from shop.problems import StorageFull

GetResponse = Callable[[HttpRequest], HttpResponse]

log = structlog.get_logger("shop.requests")

# Arguments of an address that say nothing about a person; tokens of orders and passwords are not among them.
LOGGED_ARGUMENTS = ("sku", "pk", "id", "slug")
# Whose pages are about one person, and whose addresses may hold a key.
ACCOUNT_PREFIXES = ("/account/", "/el/account/")
# Asked for so often that their lines would bury the others.
UNLOGGED = ("/healthz", "/readyz", "/static/", "/media/")
REQUEST_ID = re.compile(r"[A-Za-z0-9-]{8,64}")


def request_log(get_response: GetResponse) -> GetResponse:
    """One line a request, and its id in the answer and in every line written meanwhile.

    The line names the route (`orders/<token>/`), not the path, so that no secret link and no search is kept.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        given = request.META.get("HTTP_X_REQUEST_ID", "")
        request_id = given if REQUEST_ID.fullmatch(given) else uuid.uuid4().hex
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=request_id)
        started = time.perf_counter()
        response = get_response(request)
        response.headers["X-Request-ID"] = request_id
        if request.path_info.startswith(UNLOGGED):
            return response
        match = request.resolver_match
        log.info(
            "request",
            method=request.method,
            route=match.route if match else "/" + request.path_info.split("/")[1] + "/…",
            status=response.status_code,
            milliseconds=round((time.perf_counter() - started) * 1000, 1),
            **{name: match.kwargs[name] for name in LOGGED_ARGUMENTS if match and name in match.kwargs},
        )
        return response

    return middleware


def security_headers(get_response: GetResponse) -> GetResponse:
    """Content and permissions policies, as constants: building them costs more than a page from the cache.

    Pages of the shop run no inline script or style. Two places cannot do without: the admin's theme is driven
    by Alpine, which evaluates attributes (`unsafe-eval`) and brings inline scripts and styles; the page with
    the API's docs styles itself. Both are kept apart by their path.
    """
    pages = content_policy()
    by_prefix = {
        "/staff/": content_policy(script="'unsafe-inline' 'unsafe-eval'", style="'unsafe-inline'"),
        "/api/docs/": content_policy(style="'unsafe-inline'"),
    }
    prefixes = tuple(by_prefix)

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        policy = pages
        if request.path_info.startswith(prefixes):
            policy = next(policy for prefix, policy in by_prefix.items() if request.path_info.startswith(prefix))
        response.headers.setdefault("Content-Security-Policy", policy)
        if request.path_info.startswith(ACCOUNT_PREFIXES):
            response.headers["Cache-Control"] = "no-store"
        response.headers["Permissions-Policy"] = "camera=(), geolocation=(), microphone=(), payment=(), usb=()"
        return response

    return middleware


def content_policy(*, script: str = "", style: str = "") -> str:
    media = urlsplit(settings.MEDIA_URL)
    photos = f"{media.scheme}://{media.netloc}" if media.netloc else ""
    directives = {
        "default-src": "'self'",
        "script-src": f"'self' {script}",
        "style-src": f"'self' {style}",
        "img-src": f"'self' data: {photos}",
        "object-src": "'none'",
        "base-uri": "'none'",
        "form-action": f"'self' {settings.PAYMENT_PAGES}",
        "frame-ancestors": "'none'",
    }
    return "; ".join(f"{name} {value}".strip() for name, value in directives.items())


def language(get_response: GetResponse) -> GetResponse:
    """The language of the address: Greek under /el/, English elsewhere.

    Addresses outside the translated ones (the admin, the API's docs) take it from the cookie `language`; a
    cookie with a language we do not have is corrected. The API itself reads Accept-Language in its views.
    """
    cookie_paths = ("/staff/", "/api/docs/")
    languages = dict(settings.LANGUAGES)

    def middleware(request: HttpRequest) -> HttpResponse:
        path = request.path_info
        code = settings.LANGUAGE_CODE
        is_cookie_wrong = False
        if path.startswith(cookie_paths):
            wanted = request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME, code)
            is_cookie_wrong = wanted not in languages
            if not is_cookie_wrong:
                code = wanted
        elif path.startswith("/el/") or path == "/el":
            code = "el"
        translation.activate(code)
        request.LANGUAGE_CODE = code
        response = get_response(request)
        response.headers.setdefault("Content-Language", code)
        if is_cookie_wrong:
            response.set_cookie(settings.LANGUAGE_COOKIE_NAME, code, samesite="Lax", secure=settings.IS_HTTPS)
        return response

    return middleware


class ErrorPages:
    """Turns what the shop refuses into its page, and a database that is away into 503 instead of 500."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        # No name of ours has a NUL, and neither the database nor the file system takes one.
        if "\0" in request.path_info:
            return bad_request(request, ValueError())
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if is_to_be_tried_again(exception):
            try:
                return try_again(request, exception)
            except Exception as last:
                response = self._page_for(request, last)
                if response is None:
                    raise
                return response
        return self._page_for(request, exception)

    def _page_for(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if isinstance(exception, ShopError):
            return refused(request, exception)
        if is_database_away(exception):
            log.warning("database away", error=type(exception).__name__)
            return database_away(request)
        if is_storage_full(exception):
            log.error("storage full")
            return refused(request, StorageFull())
        return None
