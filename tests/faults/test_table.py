"""Every fault the shop is meant to survive has a test, and `make faults` runs it."""

import re

import pytest

from tests.faults import table

# What the design asks for, in its words. Adding one here without a test fails.
FAULTS = [
    "killed before the claim commits",
    "killed before the provider call",
    "killed after the provider created the object, before its id is stored",
    "killed before the reply",
    "killed in the webhook before commit",
    "killed in the webhook before its 200",
    "killed before the mail",
    "killed in mid-refund",
    "random kills under load",
    "PostgreSQL restarted with `-m immediate`",
    "the database away",
    "Redis gone",
    "provider timeouts",
    "provider 500s",
    "lost replies",
    "duplicated replies",
    "ECB down",
    "ECB garbage",
    "ECB zero, NaN",
    "ECB jump",
    "ECB old date",
    "ECB DTD bomb",
    "disk full on upload",
    "clock skew",
    "deadlocks",
    "a worker dying in a task",
]


@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_has_a_test(fault: str) -> None:
    assert table.rows().get(fault), f"docs/checkout.md names no test for: {fault}"


def test_the_table_names_no_other_faults() -> None:
    assert sorted(table.rows()) == sorted(FAULTS)


@pytest.mark.parametrize("node", sorted(table.nodes()))
def test_the_tests_of_the_table_exist(node: str) -> None:
    file, _colons, name = node.partition("::")
    assert re.search(rf"^def {name}\(", (table.ROOT / file).read_text(), re.MULTILINE)


@pytest.mark.faults
def test_the_tests_of_the_table_are_run_with_the_faults(request: pytest.FixtureRequest) -> None:
    collected = {item.nodeid.partition("[")[0]: item for item in request.session.items}
    unmarked = [name for name in table.nodes() & set(collected) if not collected[name].get_closest_marker("faults")]
    assert unmarked == []
