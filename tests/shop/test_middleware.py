"""What every answer carries, and what a request must not leave in the log."""

import logging
from collections.abc import Iterator

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import path
from django.utils.translation import get_language

from shop.logging import mask
from shop.urls import urlpatterns as shop_addresses


def show_language(request: HttpRequest, **_arguments: str) -> HttpResponse:
    return HttpResponse(get_language())


urlpatterns = [
    path("", show_language),
    path("el/", show_language),
    path("el/dvds/", show_language),
    path("elsewhere/", show_language),
    path("staff/", show_language),
    path("orders/<str:token>/", show_language),
    path("dvds/<str:sku>/", show_language),
    *shop_addresses,
]
handler404 = "shop.error_pages.page_not_found"

pytestmark = pytest.mark.urls(__name__)


@pytest.mark.parametrize(
    ("address", "code"),
    [("/", "en"), ("/el/", "el"), ("/el/dvds/", "el"), ("/elsewhere/", "en"), ("/staff/", "en")],
)
def test_the_language_is_the_address(client: Client, address: str, code: str) -> None:
    response = client.get(address, headers={"Accept-Language": "el"})
    assert response.content.decode() == code
    assert response.headers["Content-Language"] == code


def test_the_admin_takes_its_language_from_the_cookie(client: Client) -> None:
    client.cookies["language"] = "el"
    assert client.get("/staff/").content.decode() == "el"
    assert client.get("/").content.decode() == "en"


def test_a_cookie_with_an_unknown_language_is_corrected(client: Client) -> None:
    client.cookies["language"] = "tlh"
    response = client.get("/staff/")
    assert response.content.decode() == "en"
    assert response.cookies["language"].value == "en"


def test_pages_run_no_inline_script_or_style(client: Client) -> None:
    policy = client.get("/").headers["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy


def test_only_the_admin_may_evaluate(client: Client) -> None:
    assert "'unsafe-eval'" in client.get("/staff/").headers["Content-Security-Policy"]


def test_every_answer_has_the_security_headers(client: Client) -> None:
    headers = client.get("/nothing-here/").headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "strict-origin-when-cross-origin"
    assert "geolocation=()" in headers["Permissions-Policy"]


def test_a_page_for_anybody_starts_no_session_and_varies_with_no_cookie(client: Client) -> None:
    response = client.get("/")
    assert not response.cookies
    assert "Cookie" not in response.headers.get("Vary", "")


def test_the_request_id_of_the_proxy_is_kept(client: Client) -> None:
    assert client.get("/", headers={"X-Request-ID": "abcdef-12345"}).headers["X-Request-ID"] == "abcdef-12345"


def test_a_request_id_that_would_break_the_log_is_replaced(client: Client) -> None:
    assert "\n" not in client.get("/", headers={"X-Request-ID": 'x"\nlevel=error'}).headers["X-Request-ID"]


@pytest.fixture
def log_lines() -> Iterator[list[str]]:
    """The lines as the configured formatter writes them."""
    handlers = logging.getLogger().handlers
    formatter = next(handler.formatter for handler in handlers if type(handler) is logging.StreamHandler)
    assert formatter
    write = formatter.format
    lines: list[str] = []

    class Collector(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(write(record))

    collector = Collector()
    logging.getLogger().addHandler(collector)
    yield lines
    logging.getLogger().removeHandler(collector)


TOKEN = "Zk3vQ9xT1mB7cD5eF2gHj8"


def test_the_log_names_the_route_not_the_secret_link(client: Client, log_lines: list[str]) -> None:
    client.get(f"/orders/{TOKEN}/?mail=anna@example.com")
    (line,) = log_lines
    assert "orders/<str:token>/" in line
    assert "200" in line
    assert TOKEN not in line
    assert "anna" not in line


def test_the_log_names_the_piece(client: Client, log_lines: list[str]) -> None:
    client.get("/dvds/AC-000001/")
    assert "AC-000001" in log_lines[0]


def test_an_address_we_do_not_know_is_not_logged_whole(client: Client, log_lines: list[str]) -> None:
    client.get(f"/orders/{TOKEN}")
    assert TOKEN not in "".join(log_lines)


def test_a_traceback_is_masked_too(log_lines: list[str]) -> None:
    try:
        raise ValueError(f"no mail to anna@example.com about https://shop.example.com/orders/{TOKEN}/")
    except ValueError:
        logging.getLogger("catalog").exception("failed")
    text = "".join(log_lines)
    assert "ValueError" in text
    assert "anna@" not in text
    assert TOKEN not in text


@pytest.mark.parametrize(
    "harmless",
    [
        "/dvds/AC-000001/the-cranes-are-flying/",
        "/el/films/17/letyat-zhuravli-the-cranes-are-flying/",
        "rate set 2026-11-20 stored, 30 rates",
    ],
)
def test_masking_leaves_ordinary_lines_alone(harmless: str) -> None:
    assert mask(harmless) == harmless
