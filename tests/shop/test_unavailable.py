"""The database goes away and comes back, under a real server: 503 meanwhile, never 500, and nothing half done."""

import os
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, LiteralString

import httpx
import psycopg
import pytest
from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.urls import NoReverseMatch
from procrastinate.exceptions import ConnectorException

from shop.embedded_database import EmbeddedDatabase
from shop.error_pages import is_database_away
from tests.processes import Node, database_url
from tests.shop.test_access import addresses, path_of

# The tests' own database only lends its tables.
pytestmark = [pytest.mark.faults, pytest.mark.django_db]

# Pieces, a tariff, and what a signed-in member of staff needs.
SEED = """
import django
django.setup()
from checkout import tariff
from tests.catalog.pieces import a_listed_piece
tariff.load_example()
print(*[a_listed_piece().sku for _number in range(6)])
"""
# What needs no records: it answers all the same, or refuses before it looks for any.
WITHOUT_RECORDS = {200, 301, 302, 400, 401, 403, 404, 405}
LONGEST_ANSWER_SECONDS = 5.0


@dataclass
class Outage:
    """A shop in a process of its own on a database that can be pulled out."""

    database: EmbeddedDatabase
    node: Node
    skus: list[str]

    def stop(self) -> None:
        self.database._run("pg_ctl", "stop", "-D", str(self.database.folder), "-m", "immediate", "-w")

    def start(self) -> None:
        self.database._start()

    def browser(self) -> httpx.Client:
        return httpx.Client(base_url=self.node.url, timeout=30)

    def ask(self, statement: LiteralString, *values: object) -> Any:
        with psycopg.connect(self.database.url, autocommit=True) as connection:
            return connection.execute(statement, values).fetchone()

    @contextmanager
    def holding(self, sku: str) -> Iterator[None]:
        """The piece's row locked by somebody else, so that whoever reserves it waits in the middle of its work."""
        with psycopg.connect(self.database.url) as connection:
            connection.execute("SELECT 1 FROM catalog_listing WHERE sku = %s FOR UPDATE", [sku])
            yield

    def wait_for_a_lock(self) -> int:
        """The server process that waits for a row somebody holds."""
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            row = self.ask("SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = 'shop'")
            if row:
                return int(row[0])
            time.sleep(0.02)
        raise AssertionError("nobody waits")


@pytest.fixture(scope="module")
def outage(django_db_setup: None, django_db_blocker: Any, tmp_path_factory: Any) -> Iterator[Outage]:
    folder: Path = tmp_path_factory.mktemp("outage")
    database = EmbeddedDatabase(folder / "data")
    database.acquire()
    with django_db_blocker.unblock():
        copy_schema(database_url(), database)
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "tests.processes.settings",
        "DATABASE_URL": database.url,
        "DEMO": "1",
        "MEDIA_FOLDER": str(folder / "media"),
    }
    seeded = subprocess.run(
        [sys.executable, "-c", SEED], env=environment, cwd=settings.BASE_DIR, check=True, capture_output=True, text=True
    )
    with Node(folder, DATABASE_URL=database.url) as node:
        node.wait_until_served()
        yield Outage(database, node, seeded.stdout.split())
    database.release()


def copy_schema(url: str, database: EmbeddedDatabase) -> None:
    """The tests' tables and rules in another server, quicker than by migrating; with the note of its migrations."""
    for part in (["--schema-only"], ["--data-only", "--table=django_migrations"]):
        dump = subprocess.run([str(database.programs / "pg_dump"), *part, url], check=True, capture_output=True)
        load = [str(database.programs / "psql"), "-q", "-v", "ON_ERROR_STOP=1", "-o", os.devnull, database.url]
        subprocess.run(load, input=dump.stdout, check=True, capture_output=True)


@pytest.fixture
def away(outage: Outage) -> Iterator[Outage]:
    """The shop after its database was killed; it is started again afterwards."""
    with outage.browser() as browser:
        assert browser.get("/dvds/").status_code == 200
    outage.stop()
    yield outage
    outage.start()


def check_unavailable(response: httpx.Response, path: str) -> None:
    assert response.status_code == 503, (path, response.status_code, response.text[:300])
    assert int(response.headers["Retry-After"]) > 0
    assert response.headers["Cache-Control"] == "no-store"
    if path.startswith("/api/"):
        assert response.headers["Content-Type"] == "application/problem+json"
        assert response.json()["code"] == "database_away"
    else:
        assert "text/html" in response.headers["Content-Type"]


def everywhere() -> Iterator[str]:
    """Every address of the site, with names and numbers that belong to nothing."""
    for name, _entry in addresses():
        try:
            yield path_of(name, {})
        except NoReverseMatch:
            continue


def test_no_address_fails_while_the_database_is_away(away: Outage) -> None:
    seen = set()
    with away.browser() as browser:
        # As somebody who was here before, so that basket and session are asked for too.
        cookies = {"basket": "x" * 43, "sessionid": "x" * 32, "currency": "USD"}
        for path in dict.fromkeys(everywhere()):
            if path in ("/healthz", "/readyz"):
                continue
            for method in ("GET", "POST"):
                headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items())}
                started = time.monotonic()
                response = browser.request(method, path, headers=headers)
                assert time.monotonic() - started < LONGEST_ANSWER_SECONDS
                if response.status_code not in WITHOUT_RECORDS:
                    check_unavailable(response, path)
                seen.add((path, response.status_code))
    for path in (
        "/",
        "/dvds/",
        "/basket/",
        "/checkout/review/",
        "/staff/",
        "/api/v1/listings/",
        "/api/v1/films/",
    ):
        assert (path, 503) in seen


def test_it_is_said_in_the_language_of_the_address(away: Outage) -> None:
    with away.browser() as browser:
        english, greek = browser.get("/"), browser.get("/el/")
        assert "Back in a moment" in english.text
        assert 'lang="el"' in greek.text
        assert "Back in a moment" not in greek.text
        problem = browser.get("/api/v1/listings/", headers={"Accept-Language": "el"})
        assert problem.headers["Content-Language"] == "el"
        assert problem.json()["detail"] != browser.get("/api/v1/listings/").json()["detail"]


def test_the_process_lives_on_and_goes_back_to_work(outage: Outage) -> None:
    with outage.browser() as browser:
        for _time in range(2):
            outage.stop()
            assert browser.get("/healthz").status_code == 200
            assert browser.get("/readyz").status_code == 503
            check_unavailable(browser.get("/dvds/"), "/dvds/")
            outage.start()
            assert browser.get("/dvds/").status_code == 200
            assert browser.get("/api/v1/listings/").status_code == 200
            assert browser.get("/readyz").status_code == 200
    assert outage.node.is_running


def pull_out(outage: Outage, waiting: int) -> None:
    outage.stop()
    outage.start()


def end_the_connection(outage: Outage, waiting: int) -> None:
    outage.ask("SELECT pg_terminate_backend(%s)", waiting)


@pytest.mark.parametrize("break_it", [pull_out, end_the_connection])
@pytest.mark.parametrize("is_api", [False, True], ids=["page", "api"])
def test_a_post_cut_off_in_the_middle_is_503_and_not_half_done(outage: Outage, break_it: Any, is_api: bool) -> None:
    sku = outage.skus.pop()
    claims = "SELECT count(*) FROM checkout_reservation r JOIN catalog_listing l ON l.id = listing_id WHERE sku = %s"
    with outage.browser() as browser:
        if is_api:
            path = "/api/v1/basket/reserve/"
            token = browser.post("/api/v1/basket/").json()["token"]
            headers = {"Basket-Token": token, "Idempotency-Key": "one"}
            request = browser.build_request("POST", path, json={"skus": [sku]}, headers=headers)
        else:
            path = "/basket/reserve/"
            request = browser.build_request("POST", path, data={"sku": sku})
        answers: list[httpx.Response] = []
        thread = threading.Thread(target=lambda: answers.append(browser.send(request)))
        try:
            with outage.holding(sku):
                thread.start()
                break_it(outage, outage.wait_for_a_lock())
        except psycopg.OperationalError:
            pass  # the lock's own connection went with the server
        thread.join(timeout=30)
        check_unavailable(answers[0], path)
        assert outage.ask(claims, sku) == (0,)
        assert browser.send(request).status_code in (200, 302)
        assert outage.ask(claims, sku) == (1,)
        assert outage.ask("SELECT count(*) FROM shop_idempotencyrecord") == (outage_keys(is_api),)
        outage.ask("DELETE FROM shop_idempotencyrecord RETURNING 1")


def outage_keys(is_api: bool) -> int:
    return 1 if is_api else 0


# A server that is there and does not let anybody in


@contextmanager
def a_server_that_says(state: str, text: str) -> Iterator[str]:
    """An address where every connection is answered with this error, or with nothing at all when it has no state."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        held: list[socket.socket] = []

        def refuse() -> None:
            while True:
                try:
                    connection, _peer = server.accept()
                except OSError:
                    return
                held.append(connection)
                if state:
                    with connection:
                        connection.recv(4096)
                        fields = b"SFATAL\0VFATAL\0" + b"C" + state.encode() + b"\0M" + text.encode() + b"\0\0"
                        connection.sendall(b"E" + struct.pack("!i", len(fields) + 4) + fields)

        thread = threading.Thread(target=refuse, daemon=True)
        thread.start()
        try:
            yield f"postgres://postgres@127.0.0.1:{server.getsockname()[1]}/shop?sslmode=disable&gssencmode=disable"
        finally:
            server.shutdown(socket.SHUT_RDWR)
            for connection in held:
                connection.close()
            thread.join()


@pytest.mark.parametrize(
    ("state", "text"),
    [
        ("57P03", "the database system is starting up"),
        ("53300", "sorry, too many clients already"),
        ("57P01", "terminating connection due to administrator command"),
        ("", "silence"),
    ],
)
def test_a_server_that_lets_nobody_in_is_503_soon(tmp_path: Path, state: str, text: str) -> None:
    with a_server_that_says(state, text) as url, Node(tmp_path, DATABASE_URL=url) as node:
        node.wait_until_served()
        with httpx.Client(base_url=node.url, timeout=30) as browser:
            for path in ("/dvds/", "/api/v1/listings/"):
                started = time.monotonic()
                response = browser.get(path)
                assert time.monotonic() - started < LONGEST_ANSWER_SECONDS
                check_unavailable(response, path)
            assert browser.get("/healthz").status_code == 200
            assert browser.get("/readyz").status_code == 503


def test_an_error_that_follows_from_the_missing_database_counts_too() -> None:
    def caused(error: Exception, cause: Exception) -> Exception:
        error.__cause__ = cause
        return error

    gone = psycopg.errors.AdminShutdown()
    assert is_database_away(caused(ConnectorException(), gone))
    assert is_database_away(caused(ConnectorException(), caused(OperationalError(), gone)))
    assert is_database_away(caused(ValueError(), InterfaceError()))
    assert not is_database_away(caused(ConnectorException(), psycopg.errors.UniqueViolation()))
    assert not is_database_away(caused(ValueError(), KeyError()))
