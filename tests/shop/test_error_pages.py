"""What visitors see when something is wrong, and that a database that is away is not our mistake."""

import psycopg
import pytest
from django.db import InterfaceError, OperationalError, connection
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory, override_settings
from django.urls import path

from shop import error_pages, health
from shop.error_pages import is_database_away
from shop.errors import ShopError
from shop.urls import urlpatterns as shop_addresses


def away(request: HttpRequest) -> HttpResponse:
    raise OperationalError("the connection is closed")


def broken(request: HttpRequest) -> HttpResponse:
    raise ZeroDivisionError


def refusing(request: HttpRequest) -> HttpResponse:
    error = ShopError("Somebody else was quicker.")
    error.status = 409  # type: ignore[misc]  # an error class of an app has its own
    raise error


urlpatterns = [
    path("away/", away),
    path("api/away/", away),
    path("broken/", broken),
    path("refusing/", refusing),
    path("gone/", error_pages.gone),
    path("healthz", health.alive),
    *shop_addresses,
]
handler404 = "shop.error_pages.page_not_found"
handler500 = "shop.error_pages.server_error"

pytestmark = pytest.mark.urls(__name__)


def test_a_database_that_is_away_is_503_with_a_time_to_come_back(client: Client) -> None:
    response = client.get("/away/")
    assert response.status_code == 503
    assert int(response.headers["Retry-After"]) > 0
    assert response.headers["Cache-Control"] == "no-store"
    assert "Back in a moment" in response.content.decode()


def test_the_api_says_so_as_a_problem_document(client: Client) -> None:
    response = client.get("/api/away/")
    assert response.status_code == 503
    assert response.headers["Content-Type"] == "application/problem+json"
    assert response.json()["code"] == "database_away"


@override_settings(MIDDLEWARE=["tests.shop.test_error_pages.MiddlewareThatAsksTheDatabase"])
def test_also_when_a_middleware_asks_first() -> None:
    response = Client(raise_request_exception=False).get("/healthz")
    assert response.status_code == 503
    assert response.headers["Retry-After"]


class MiddlewareThatAsksTheDatabase:
    def __init__(self, get_response: object) -> None:
        pass

    def __call__(self, request: HttpRequest) -> HttpResponse:
        raise OperationalError("the connection is closed")


def test_a_mistake_of_ours_is_500_with_a_page() -> None:
    response = Client(raise_request_exception=False).get("/broken/")
    assert response.status_code == 500
    assert "Something broke on our side" in response.content.decode()


def test_a_refusal_has_its_status_and_words(client: Client) -> None:
    response = client.get("/refusing/")
    assert response.status_code == 409
    assert "Somebody else was quicker." in response.content.decode()


def test_what_is_gone_is_410(client: Client) -> None:
    assert client.get("/gone/").status_code == 410


def with_state(error: psycopg.Error) -> OperationalError:
    wrapped = OperationalError(str(error))
    wrapped.__cause__ = error
    return wrapped


@pytest.mark.parametrize(
    ("error", "is_away"),
    [
        (with_state(psycopg.OperationalError("connection refused")), True),
        (with_state(psycopg.errors.AdminShutdown()), True),
        (with_state(psycopg.errors.CannotConnectNow()), True),
        (with_state(psycopg.errors.TooManyConnections()), True),
        (with_state(psycopg.errors.DeadlockDetected()), False),
        (with_state(psycopg.errors.LockNotAvailable()), False),
        (with_state(psycopg.errors.DiskFull()), False),
        (InterfaceError("connection already closed"), True),
        (ValueError(), False),
    ],
    ids=lambda value: type(getattr(value, "__cause__", None) or value).__name__,
)
def test_only_what_a_second_try_may_cure_counts_as_away(error: Exception, is_away: bool) -> None:
    assert is_database_away(error) is is_away


@pytest.mark.django_db(transaction=True)
def test_a_connection_the_server_ended_is_away_once_and_then_opened_again() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        pid = cursor.fetchone()[0]
    other = connection.copy()
    try:
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(%s)", [pid])
    finally:
        other.close()
    with pytest.raises(OperationalError) as caught, connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    assert is_database_away(caught.value)
    connection.close_if_unusable_or_obsolete()
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        assert cursor.fetchone() == (1,)


def test_pages_for_errors_in_greek_addresses_lead_to_the_greek_shop(rf: RequestFactory) -> None:
    assert 'href="/el/"' in Client().get("/el/nothing/").content.decode()
