"""The OpenAPI document is valid, complete and true: the API answers as it says."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from django.conf import settings
from django.test import Client
from django.urls import get_resolver
from drf_spectacular.validation import validate_schema
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from shop.api import schema
from tests.api.program import API, Program
from tests.catalog.shelf import a_piece

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(schema.document())
    return found


def test_the_document_is_openapi_3_1(document: dict[str, Any]) -> None:
    validate_schema(document)
    assert document["openapi"].startswith("3.1")


def test_it_is_served_with_a_page_to_read_it(client: Client, db: None) -> None:
    assert client.get(f"{API}/schema/").json()["info"]["title"] == "Athens Collectibles"
    page = client.get("/api/docs/")
    assert page.status_code == 200
    text = page.content.decode()
    assert not re.search(r"<script(?![^>]*\bsrc=)[^>]*>\s*\S", text)
    policy = page.headers["Content-Security-Policy"]
    assert re.search(r"script-src 'self'\s*;", policy)
    for address in re.findall(r'(?:src|href)="([^"]+)"', text):
        assert address.startswith("/"), address


def test_every_resource_is_described(document: dict[str, Any]) -> None:
    routes = {
        re.sub(r"<\w+:(\w+)>", r"{\1}", f"/api/v1/{pattern.pattern}")
        for included in get_resolver().url_patterns
        if str(included.pattern) == "api/v1/"
        for pattern in included.url_patterns
    }
    assert set(document["paths"]) == routes


def test_posts_about_money_and_stock_ask_for_a_key(document: dict[str, Any]) -> None:
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            named = {row["name"] for row in operation["parameters"] if row.get("required")}
            # A token is made up, and savings are only told.
            is_effect = method == "post" and path not in ("/api/v1/basket/", "/api/v1/basket/savings/")
            assert ("Idempotency-Key" in named) == is_effect, (method, path)


def test_only_what_staff_read_or_do_asks_for_an_api_key(document: dict[str, Any]) -> None:
    asking = [
        (method, path)
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
        if {} not in operation["security"]
    ]
    assert set(asking) == {
        ("get", "/api/v1/orders/"),
        ("get", "/api/v1/orders/{token}/customs/"),
        *(("post", f"/api/v1/orders/{{token}}/{step}/") for step in ("pack", "ship", "deliver", "refund")),
    }
    assert document["components"]["securitySchemes"]["ApiKey"]["scheme"] == "bearer"


def test_the_guide_names_every_address(document: dict[str, Any]) -> None:
    guide = (Path(settings.BASE_DIR) / "docs" / "api.md").read_text(encoding="utf-8")
    for path in document["paths"]:
        plain = re.sub(r"\{\w+_id\}", "{id}", path.removeprefix("/api/v1"))
        assert f"`{plain}`" in guide


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("shippable", "rates")
def test_whatever_is_asked_is_answered_as_described(live_server: Any) -> None:
    """A few generated requests an operation, good and bad ones; longer runs are made by hand."""
    a_piece()
    token = Program().open_basket().token
    api = schemathesis.openapi.from_url(f"{live_server.url}{API}/schema/")
    for operation in api.get_all_operations():

        @given(case=operation.ok().as_strategy())
        @hypothesis_settings(
            max_examples=6, derandomize=True, deadline=None, database=None, suppress_health_check=list(HealthCheck)
        )
        def ask(case: Any) -> None:
            if "Basket-Token" in (case.headers or {}):
                case.headers["Basket-Token"] = token
            case.call_and_validate(checks=CHECKS)

        ask()
