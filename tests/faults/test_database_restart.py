"""PostgreSQL restarted in the midst of work, as after a power cut: what was acknowledged is still true."""

import json
import os
import random
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from django.db import connection, connections

from checkout import invariants
from tests.processes import Node, Worker
from tests.processes.own_database import OwnDatabase
from tests.races import verdicts
from tests.races.evening import Evening, drain, open_the_gates, pieces

pytestmark = [
    pytest.mark.faults,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("shippable"),
]
CHECKOUTS = int(os.environ.get("FAULTS_CHECKOUTS", "40"))
PAUSES = (2.0, 4.0)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[OwnDatabase]:
    with OwnDatabase(tmp_path / "data").in_use() as database:
        yield database


class Restarter:
    def __init__(self, database: OwnDatabase, worker: Worker) -> None:
        self.database = database
        self.worker = worker
        self.restarts = 0
        self.chance = random.Random(2)
        self.next_at = time.monotonic() + 1

    def __call__(self) -> None:
        if time.monotonic() > self.next_at:
            self.database.restart_at_once()
            self.restarts += 1
            self.next_at = time.monotonic() + self.chance.uniform(*PAUSES)
        if not self.worker.is_running:
            # It ends when its listener loses the database; whoever supervises it starts it again.
            self.worker.start()


def test_restarts_under_load(
    database: OwnDatabase, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SHOW fsync")
        assert cursor.fetchone() == ("on",)
    open_the_gates()
    nodes = [Node(tmp_path, threads=2) for _ in range(2)]
    with ExitStack() as stack:
        worker = Worker(tmp_path)
        stack.enter_context(worker)
        for node in nodes:
            stack.enter_context(node).wait_until_served()
        evening = Evening([node.url for node in nodes], pieces(20), checkouts=CHECKOUTS, buyers=8, sold_at_most=0.6)
        restarter = Restarter(database, worker)
        started = time.monotonic()
        evening.run(restarter)
        seconds = time.monotonic() - started
        # Servers live through all of it, and find the database again by themselves.
        assert all(node.is_running for node in nodes)
    connections.close_all()
    drain()
    journal = evening.journal
    figures = {
        "fault": "database restarts under load",
        "checkouts": sum(journal.outcomes.values()),
        "restarts": restarter.restarts,
        "placed": len(journal.tokens("placed")),
        "paid": len(journal.tokens("paid")),
        "lost": len(verdicts.lost(journal)),
        "seconds": round(seconds, 1),
    }
    record_property("figures", json.dumps(figures))
    assert journal.surprises == []
    assert verdicts.lost(journal) == []
    assert verdicts.money_astray() == []
    assert verdicts.oversold_in_the_journal(journal) == []
    assert invariants.find_broken() == []
    assert restarter.restarts
    assert journal.tokens("paid")
