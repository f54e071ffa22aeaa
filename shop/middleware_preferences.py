"""The visitor's currency and country on every request."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from checkout import preferences


class PreferencesMiddleware:
    """Sets `request.currency`, `request.currency_quote` and `request.country` from cookies, and corrects
    unknown ones.

    Without cookies it costs nothing; with them a look into the process's own memory.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        wrong = preferences.read(request)
        response = self.get_response(request)
        for cookie, value in wrong.items():
            if cookie not in response.cookies:  # the view may just have set what the visitor chose
                preferences.remember(response, cookie, value)
        if response.headers.get("Content-Type", "").startswith("text/html"):
            _keep_to_this_visitor(response)
        return response


def _keep_to_this_visitor(response: HttpResponse) -> None:
    """Pages show prices, shipping and a basket by cookie: no shared cache may mix them, and a browser asks again."""
    if "Cache-Control" not in response.headers:
        response.headers["Cache-Control"] = "private, no-cache"
