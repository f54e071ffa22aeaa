"""Keys are shown once, stored hashed, and refused when expired, revoked or lacking the scope."""

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.utils import timezone

from shop.models import ApiKey, Scope
from tests.api.program import Program, code_of

pytestmark = pytest.mark.django_db


def a_key(*scopes: str, **fields: object) -> tuple[ApiKey, str]:
    return ApiKey.issue(name="warehouse", scopes=scopes, **fields)  # type: ignore[arg-type]


def test_the_database_does_not_hold_the_key() -> None:
    key, secret = a_key(Scope.ORDERS_READ)
    stored = " ".join(str(value) for value in ApiKey.objects.filter(pk=key.pk).values_list()[0])
    assert secret not in stored
    assert secret.startswith(key.hint)
    assert len(secret) > len(key.hint) + 30


def test_a_key_opens_what_its_scope_says() -> None:
    _key, secret = a_key(Scope.ORDERS_READ)
    assert Program(key=secret).get("/orders/").status_code == 200


def test_without_a_key_or_its_scope_the_door_is_shut() -> None:
    nobody = Program().get("/orders/")
    assert (nobody.status_code, code_of(nobody)) == (401, "authentication_required")
    assert nobody.headers["WWW-Authenticate"] == "Bearer"
    _key, secret = a_key(Scope.CATALOG_READ)
    other = Program(key=secret).get("/orders/")
    assert (other.status_code, code_of(other)) == (403, "scope_missing")
    assert other.json()["scope"] == "orders:read"


@pytest.mark.parametrize("secret", ["", "nonsense", "ackey_" + "x" * 43])
def test_a_wrong_key_is_refused_even_where_none_is_needed(secret: str) -> None:
    program = Program()
    program.standing["Authorization"] = f"Bearer {secret}"
    response = program.get("/rates/")
    assert (response.status_code, code_of(response)) == (401, "key_not_accepted")


def test_an_expired_key_is_refused() -> None:
    _key, secret = a_key(Scope.ORDERS_READ, expires_at=timezone.now() - timedelta(seconds=1))
    assert code_of(Program(key=secret).get("/orders/")) == "key_not_accepted"


def test_a_revoked_key_is_refused_and_keeps_its_first_time() -> None:
    key, secret = a_key(Scope.ORDERS_READ)
    key.revoke()
    first = key.revoked_at
    key.revoke()
    assert key.revoked_at == first
    assert code_of(Program(key=secret).get("/orders/")) == "key_not_accepted"


def test_use_is_noted_to_the_hour() -> None:
    key, secret = a_key()
    Program(key=secret).get("/rates/")
    key.refresh_from_db()
    noted = key.last_used_at
    assert noted is not None
    Program(key=secret).get("/rates/")
    key.refresh_from_db()
    assert key.last_used_at == noted


def test_the_command_prints_a_key_that_works() -> None:
    out = StringIO()
    call_command("create_api_key", "bookkeeping", "--scope", "orders:read", "--days", "30", stdout=out)
    assert Program(key=out.getvalue().strip()).get("/orders/").status_code == 200
    key = ApiKey.objects.get()
    assert key.scopes == ["orders:read"]
    assert key.expires_at is not None
    assert key.expires_at > timezone.now() + timedelta(days=29)


def test_an_unknown_scope_cannot_be_given() -> None:
    with pytest.raises(ValueError, match="everything"):
        a_key("everything")
