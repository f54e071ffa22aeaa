"""Everything at once: a crowd over HTTP, few pieces, servers and workers killed all the time.

`make races` runs it in full size; the plain suite runs the same test small. What is checked at the end comes from
three sides: the shop's invariants, the provider's records, and the buyers' own journal.
"""

import json
import os
import random
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest

from checkout import invariants
from checkout.models import Order
from tests.processes import Node, Process, Worker
from tests.races import verdicts
from tests.races.evening import Evening, drain, open_the_gates, pieces
from tests.races.unguarded import no_constraints

pytestmark = [
    pytest.mark.races,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("shippable"),
]

CHECKOUTS = int(os.environ.get("RACES_CHECKOUTS", "100"))
IS_FULL = CHECKOUTS >= 2000
BUYERS = 64 if IS_FULL else 16
PIECES = 500 if IS_FULL else 40
THREADS = 4
# Seconds from one kill to the next.
PAUSES = (4.0, 12.0) if IS_FULL else (1.0, 3.0)


class Killer:
    """Kills one of the processes now and then; like a supervisor, starts again whatever does not run."""

    def __init__(self, nodes: list[Node], others: list[Process]) -> None:
        self.nodes = nodes
        self.processes = [*nodes, *others]
        self.kills = 0
        self.chance = random.Random(1)
        self.next_at = time.monotonic() + self.chance.uniform(*PAUSES)

    def __call__(self) -> None:
        # Not all at once for long: on a slow machine starting takes longer than the pause.
        if time.monotonic() > self.next_at and all(node.is_serving for node in self.nodes):
            self.chance.choice(self.processes).kill()
            self.kills += 1
            self.next_at = time.monotonic() + self.chance.uniform(*PAUSES)
        for process in self.processes:
            if not process.is_running:
                process.start()


def test_a_crowd_buys_while_servers_die(tmp_path: Path, record_property: Callable[[str, object], None]) -> None:
    open_the_gates()
    skus = pieces(PIECES)
    nodes = [Node(tmp_path, threads=THREADS) for _ in range(2)]
    with ExitStack() as stack:
        worker = stack.enter_context(Worker(tmp_path))
        for node in nodes:
            stack.enter_context(node).wait_until_served()
        evening = Evening([node.url for node in nodes], skus, checkouts=CHECKOUTS, buyers=BUYERS, sold_at_most=0.6)
        killer = Killer(nodes, [worker])
        started = time.monotonic()
        evening.run(killer)
        seconds = time.monotonic() - started
    drain()
    journal = evening.journal
    oversold = {*verdicts.oversold_at_the_provider(), *verdicts.oversold_in_the_journal(journal)}
    lost, astray = verdicts.lost(journal), verdicts.money_astray()
    placed = Order.objects.placed().count()
    figures = {
        "what": "crowd",
        "checkouts": sum(journal.outcomes.values()),
        "buyers": BUYERS,
        "pieces": PIECES,
        "orders": placed,
        "paid": len(journal.tokens("paid")),
        "conflicts": journal.outcomes["conflict"],
        "outcomes": dict(sorted(journal.outcomes.items())),
        "kills": killer.kills,
        "oversold": len(oversold),
        "lost": len(lost),
        "money_astray": len(astray),
        "seconds": round(seconds, 1),
        "orders_per_second": round(placed / seconds, 1),
    }
    record_property("figures", json.dumps(figures))
    assert journal.surprises == []
    assert oversold == set()
    assert lost == []
    assert astray == []
    assert invariants.find_broken() == []
    assert figures["checkouts"] == CHECKOUTS
    assert killer.kills
    assert journal.tokens("paid")


def test_control_without_claim_and_constraints_the_same_crowd_oversells(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    open_the_gates()
    skus = pieces(8)
    unguarded = "checkout.inventory:claim=tests.races.unguarded:look_then_write"
    nodes = [Node(tmp_path, threads=THREADS, REPLACEMENT=unguarded) for _ in range(2)]
    with no_constraints(), ExitStack() as stack:
        for node in nodes:
            stack.enter_context(node).wait_until_served()
        evening = Evening([node.url for node in nodes], skus, checkouts=96, buyers=16, sold_at_most=2)
        evening.run(lambda: None)
        stack.close()
        provider = verdicts.oversold_at_the_provider()
        journal = verdicts.oversold_in_the_journal(evening.journal)
        broken = {found.invariant.number for found in invariants.find_broken()}
    record_property(
        "figures", json.dumps({"what": "crowd, control", "checkouts": 96, "pieces": 8, "oversold": len(provider)})
    )
    assert provider, "the control did not oversell, so the race proves nothing"
    assert journal
    assert broken >= {"I1", "I2"}
