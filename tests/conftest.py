"""What every test gets: no network, an empty cache, English, and a way to run the jobs it caused."""

import ipaddress
import json
import shutil
import socket
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.core.cache import cache
from django.core.management import call_command
from django.db import connection
from django.utils import timezone, translation
from procrastinate.contrib.django import app as jobs

from tests.faults import table

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
NO_CHROMIUM = "no Chromium on the path; install one, on Debian: apt install chromium"


def pytest_configure(config: pytest.Config) -> None:
    # Once, before workers start: tests read the translations as they are in the sources.
    if not hasattr(config, "workerinput"):
        call_command("compilemessages", verbosity=0)


# First of all plugins, so that `-m faults` sees the mark.
@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    of_the_table = table.nodes()
    for item in items:
        if item.nodeid.partition("[")[0] in of_the_table:
            item.add_marker(pytest.mark.faults)
    if CHROMIUM is None:
        for item in items:
            if item.get_closest_marker("browser"):
                item.add_marker(pytest.mark.skip(reason=NO_CHROMIUM))


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Say what tests measured (`record_property("figures", …)`), and what was not run."""
    for reports in terminalreporter.stats.values():
        for report in reports:
            if getattr(report, "when", "") == "call":
                for line in (text for name, text in report.user_properties if name == "figures"):
                    terminalreporter.write_line(line)
    skipped = [report for report in terminalreporter.stats.get("skipped", []) if "browser" in report.keywords]
    if skipped:
        terminalreporter.write_line(f"{len(skipped)} browser tests were skipped: {NO_CHROMIUM}", yellow=True)


@pytest.fixture(scope="session")
def chromium() -> str:
    """The browser's program."""
    assert CHROMIUM is not None
    return CHROMIUM


@pytest.fixture(autouse=True, scope="session")
def _no_network() -> Iterator[None]:
    """Only this machine can be reached: a test that needs the world is wrong on a train."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("connect", "connect_ex"):
            patch.setattr(socket.socket, name, _refuse_the_world(getattr(socket.socket, name)))
        yield


def _refuse_the_world(connect: Callable[..., Any]) -> Callable[..., Any]:
    def guarded(self: socket.socket, address: Any) -> Any:
        if self.family in (socket.AF_INET, socket.AF_INET6) and not _is_here(address[0]):
            raise RuntimeError(f"A test tried to reach {address[0]}; the network is closed to tests.")
        return connect(self, address)

    return guarded


def _is_here(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


@pytest.fixture(autouse=True, scope="session")
def _nothing_leaves_inside_a_transaction() -> Iterator[None]:
    """Mails and questions to providers are sent after their transaction, in every test."""
    from tests import outbox

    with outbox.guarded():
        yield


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """Connections stay open for good, those of server threads too; the test database can only go without them."""
    yield
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


@pytest.fixture(autouse=True)
def _fresh_start() -> Iterator[None]:
    """No test sees another's cached rows or language."""
    cache.clear()
    with translation.override("en"):
        yield


@pytest.fixture(autouse=True)
def _empty_queue(request: pytest.FixtureRequest, django_db_blocker: Any) -> Iterator[None]:
    """Jobs of a test that commits for good go with it; Django empties only the tables it made itself."""
    yield
    marker = request.node.get_closest_marker("django_db")
    commits = bool(marker and marker.kwargs.get("transaction"))
    if commits or not {"transactional_db", "live_server"}.isdisjoint(request.fixturenames):
        with django_db_blocker.unblock(), connection.cursor() as cursor:
            cursor.execute("TRUNCATE procrastinate_jobs, procrastinate_workers, procrastinate_periodic_defers CASCADE")


@pytest.fixture
def run_tasks(db: None) -> Callable[[], int]:
    """Runs the jobs that are due, in order and in this transaction, and those they cause; says how many."""

    def run() -> int:
        count = 0
        while True:
            with connection.cursor() as cursor:
                cursor.execute(
                    "UPDATE procrastinate_jobs SET status = 'doing' WHERE id = ("
                    " SELECT id FROM procrastinate_jobs"
                    " WHERE status = 'todo' AND (scheduled_at IS NULL OR scheduled_at <= %s)"
                    " ORDER BY priority DESC, id LIMIT 1) RETURNING id, task_name, args::text",
                    [timezone.now()],
                )
                row = cursor.fetchone()
                if row is None:
                    return count
                job_id, task_name, arguments = row
                jobs.tasks[task_name](**json.loads(arguments))
                cursor.execute("UPDATE procrastinate_jobs SET status = 'succeeded' WHERE id = %s", [job_id])
            count += 1

    return run
