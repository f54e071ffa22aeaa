"""Probes: alive says nothing of the database, ready depends on it."""

from typing import Any

import pytest
from django.db import OperationalError, connection
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client


def test_alive_asks_no_database(client: Client) -> None:
    # Without the db mark any query would fail the test.
    assert client.get("/healthz").status_code == 200


@pytest.mark.django_db
def test_ready_with_every_migration(client: Client) -> None:
    response = client.get("/readyz")
    assert response.status_code == 200
    assert response.json() == {"status": "ok"}


@pytest.mark.django_db
def test_not_ready_while_a_migration_waits(client: Client) -> None:
    MigrationRecorder.Migration.objects.filter(app="shop").latest("name").delete()
    response = client.get("/readyz")
    assert response.status_code == 503
    assert response.headers["Retry-After"]
    assert "migrations" in response.json()["reason"]


@pytest.mark.django_db
def test_not_ready_without_a_database(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_arguments: Any, **_options: Any) -> None:
        raise OperationalError("connection refused")

    monkeypatch.setattr(connection, "cursor", refuse)
    assert client.get("/readyz").status_code == 503


def test_probes_take_no_posts(client: Client) -> None:
    assert client.post("/healthz").status_code == 405
