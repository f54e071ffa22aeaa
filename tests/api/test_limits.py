"""How often one may ask, said in every answer."""

import re

import pytest
import time_machine
from pytest_django import Settings

from shop.models import ApiKey
from tests.api.program import Program, code_of

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def low_limits(settings: Settings) -> None:
    settings.API_REQUESTS_PER_MINUTE = 3
    settings.API_KEY_REQUESTS_PER_MINUTE = 5


@pytest.fixture
def clock() -> "time_machine.Coordinates":  # type: ignore[misc]
    with time_machine.travel("2026-11-22T10:00:15Z", tick=False) as traveller:
        yield traveller


def test_every_answer_says_what_is_left(clock: "time_machine.Coordinates") -> None:
    response = Program().get("/rates/")
    assert response.headers["RateLimit-Policy"] == '"address";q=3;w=60'
    assert response.headers["RateLimit"] == '"address";r=2;t=45'


def test_one_too_many_waits_for_the_next_minute(clock: "time_machine.Coordinates") -> None:
    program = Program()
    assert [program.get("/rates/").status_code for _time in range(3)] == [200] * 3
    refused = program.get("/rates/")
    assert (refused.status_code, code_of(refused)) == (429, "too_many_requests")
    assert refused.headers["Retry-After"] == "45"
    assert re.search(r"r=0", refused.headers["RateLimit"])
    clock.shift(45)
    assert program.get("/rates/").status_code == 200


def test_addresses_and_keys_are_counted_apart(clock: "time_machine.Coordinates") -> None:
    for _time in range(3):
        Program().get("/rates/")
    assert Program().get("/rates/").status_code == 429
    assert Program().get("/rates/", X_Forwarded_For="203.0.113.9").status_code == 200
    _key, secret = ApiKey.issue(name="shelf", scopes=[])
    assert [Program(key=secret).get("/rates/").status_code for _time in range(6)] == [200] * 5 + [429]
