"""Every refusal is a problem document with a stable code, and the guide lists them all."""

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import path

import shop.posts  # noqa: F401 - their errors are part of the API
from shop.api.views import ApiView
from shop.errors import ShopError
from tests.api.program import API, Program, code_of

pytestmark = pytest.mark.django_db


class Broken(ApiView):
    schema = None

    def get(self, request: HttpRequest) -> HttpResponse:
        raise ZeroDivisionError


urlpatterns = [path("api/v1/broken/", Broken.as_view())]
handler400 = "shop.error_pages.bad_request"
handler404 = "shop.error_pages.page_not_found"
handler500 = "shop.error_pages.server_error"


@pytest.mark.parametrize("address", ["/api/v1/nothing/", "/api/nothing", "/api/v1/films/999999/", "/api/v1/films/abc/"])
def test_an_unknown_address(client: Client, address: str) -> None:
    assert code_of(client.get(address)) == "not_found"


def test_an_id_too_large_for_the_database(client: Client) -> None:
    assert client.get(f"/api/v1/films/{10**30}/").status_code == 404
    assert client.get(f"/api/v1/editions/{10**30}/").status_code == 404


def test_a_method_that_is_not_there(client: Client) -> None:
    response = client.delete("/api/v1/listings/")
    assert code_of(response) == "method_not_allowed"
    assert response.status_code == 405
    assert "GET" in response.headers["Allow"]


def test_an_answer_that_is_not_json(client: Client) -> None:
    response = client.get("/api/v1/rates/", headers={"Accept": "text/html"})
    assert (response.status_code, code_of(response)) == (406, "not_acceptable")


def test_a_body_that_is_not_json(client: Client) -> None:
    buyer = Program().open_basket()
    headers = {"Basket-Token": buyer.token, "Idempotency-Key": "a"}
    form = client.post(f"{API}/basket/reserve/", {"skus": "X"}, headers=headers)
    assert (form.status_code, code_of(form)) == (415, "unsupported_media_type")
    broken = client.post(f"{API}/basket/reserve/", "{", content_type="application/json", headers=headers)
    assert (broken.status_code, code_of(broken)) == (400, "malformed_json")
    a_list = client.post(f"{API}/basket/reserve/", "[1]", content_type="application/json", headers=headers)
    assert (a_list.status_code, code_of(a_list)) == (400, "invalid")


def test_a_body_that_is_too_large(client: Client) -> None:
    buyer = Program().open_basket()
    body = '{"skus": ["' + "x" * settings.DATA_UPLOAD_MAX_MEMORY_SIZE + '"]}'
    response = client.post(
        f"{API}/basket/reserve/",
        body,
        content_type="application/json",
        headers={"Basket-Token": buyer.token, "Idempotency-Key": "a"},
    )
    assert (response.status_code, code_of(response)) == (413, "too_large")


def test_an_argument_nobody_reads_is_refused_by_name(client: Client) -> None:
    response = client.get(f"{API}/listings/?graed=like_new")
    assert (response.status_code, code_of(response)) == (400, "invalid")
    assert response.json()["errors"] == [
        {"parameter": "graed", "code": "unknown", "message": "There is no such argument."}
    ]


@pytest.mark.parametrize("limit", ["0", "201", "-1", "x", ""])
def test_a_limit_out_of_bounds_is_refused(client: Client, limit: str) -> None:
    for path_ in ("listings", "films"):
        response = client.get(f"{API}/{path_}/?limit={limit}")
        assert code_of(response) == "invalid"
        assert response.json()["errors"][0]["parameter"] == "limit"


@pytest.mark.parametrize("cursor", ["x", "!!!", "WzFd", "bnVsbA", "WyJuZXdlc3QiLCJ4IiwxLDBd"])
def test_a_cursor_that_is_none_is_refused(client: Client, cursor: str) -> None:
    assert code_of(client.get(f"{API}/listings/?cursor={cursor}")) == "invalid_cursor"
    assert code_of(client.get(f"{API}/films/?cursor={cursor}")) == "invalid_cursor"


def test_messages_come_in_the_language_of_the_caller() -> None:
    assert Program(language="el-GR,en;q=0.5").get("/rates/").headers["Content-Language"] == "el"
    assert Program(language="de,*;q=0.5").get("/rates/").headers["Content-Language"] == "en"
    assert Program(language="el;q=0").get("/rates/").headers["Content-Language"] == "en"


@pytest.mark.urls(__name__)
def test_our_own_mistake_is_a_problem_document_too() -> None:
    response = Client(raise_request_exception=False).get("/api/v1/broken/")
    assert (response.status_code, code_of(response)) == (500, "server_error")
    assert "ZeroDivision" not in response.content.decode()


def every_error(of: type[ShopError] = ShopError) -> dict[str, int]:
    found = {} if of.code == ShopError.code else {of.code: of.status}
    for error in of.__subclasses__():
        if not error.__module__.startswith(("tests.", "catalog.")):
            found |= every_error(error)
    return found


def test_the_guide_lists_every_code_with_its_status() -> None:
    guide = (Path(settings.BASE_DIR) / "docs" / "api.md").read_text(encoding="utf-8")
    listed = {code: int(status) for code, status in re.findall(r"^\| `([a-z_]+)` \| (\d{3}) \|", guide, re.M)}
    assert listed == every_error()
