"""The documents name things that exist."""

import importlib
import re
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import get_commands
from django.db import connection

ROOT = Path(settings.BASE_DIR)
CHECKOUT = (ROOT / "docs" / "checkout.md").read_text()
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
DECISIONS = sorted((ROOT / "docs" / "adr").glob("*.md"))


def functions_in_steps() -> list[tuple[str, str]]:
    """(module, function) for every step; a name without a module is in the module named before it."""
    found = []
    steps = CHECKOUT.partition("## What follows")[0]
    for row in re.findall(r"^\|.*\| (.*) \|$", steps, re.MULTILINE):
        module = ""
        for name in re.findall(r"`([a-z_.]+)`", row):
            first, dot, second = name.rpartition(".")
            module = first if dot else module
            found.append((module, second))
    return found


@pytest.mark.parametrize(("module", "function"), functions_in_steps())
def test_a_step_of_buying_names_its_function(module: str, function: str) -> None:
    assert callable(getattr(importlib.import_module(f"checkout.{module}"), function))


def test_steps_are_read_from_the_table() -> None:
    assert ("orders", "ship") in functions_in_steps()


@pytest.mark.django_db
def test_the_invariants_name_constraints_of_the_database() -> None:
    section = CHECKOUT.partition("## Invariants")[2]
    named = set(re.findall(r"`([a-z]+_[a-z_]+)`", section))
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT conname FROM pg_constraint UNION SELECT tgname FROM pg_trigger"
            " UNION SELECT indexname FROM pg_indexes"
        )
        known = {name for (name,) in cursor.fetchall()}
        cursor.execute("SELECT prosrc FROM pg_proc WHERE prosrc LIKE %s", ["%CONSTRAINT = %"])
        # The names that triggers give in their refusals.
        known |= {name for (source,) in cursor.fetchall() for name in re.findall(r"CONSTRAINT = '(\w+)'", source)}
    assert len(named) >= 5
    assert sorted(named - known) == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_to_files(document: Path) -> None:
    links = re.findall(r"\]\((?!https?:|#)([^)#]+)", document.read_text())
    assert [link for link in links if not (document.parent / link).exists()] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_commands_exist(document: Path) -> None:
    commands = set(re.findall(r"manage\.py ([a-z_]+)", document.read_text()))
    assert commands <= {*get_commands(), "runserver"}
    tasks = set(re.findall(r"`make ([a-z]+)", document.read_text()))
    assert tasks <= set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))


@pytest.mark.parametrize("document", DECISIONS, ids=lambda path: path.name)
def test_a_decision_says_what_was_turned_down(document: Path) -> None:
    title, *paragraphs = document.read_text().strip().split("\n\n")
    assert title.startswith("# ")
    assert len(paragraphs) == 3
    assert paragraphs[-1].startswith("**Turned down:** ")


def test_every_setting_is_documented() -> None:
    operations = (ROOT / "docs" / "operations.md").read_text()
    cells = re.findall(r"^\| (`[A-Z_]+`.*?) \|", operations, re.MULTILINE)
    documented = re.findall(r"`([A-Z_]+)`", " ".join(cells))
    source = "".join((ROOT / "shop" / name).read_text() for name in ("settings.py", "management/commands/runshop.py"))
    read = set(re.findall(r"(?:\bread\(|\benviron\.get\()\s*\"([A-Z_]+)\"", source))
    # The bare pages of `make bench` are for nobody who runs a shop.
    assert sorted(documented) == sorted(read - {"BENCH"})
