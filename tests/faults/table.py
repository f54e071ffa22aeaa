"""The table of faults in docs/checkout.md: what breaks, what is true again, and the tests that show it."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
SECTION = "## Faults that are survived"


def rows() -> dict[str, list[str]]:
    """The tests of each fault, as `tests/….py::test_name`."""
    section = (ROOT / "docs" / "checkout.md").read_text().partition(SECTION)[2].partition("\n## ")[0]
    cells = [line.strip("|").split(" | ") for line in section.splitlines() if line.startswith("| ")]
    return {row[0].strip(): _tests(row[-1]) for row in cells if row[0].strip() not in ("What breaks", "---")}


def _tests(cell: str) -> list[str]:
    """A name without a file is in the file named before it."""
    found, file = [], ""
    for name in re.findall(r"`([^`]+)`", cell):
        path, colons, test = name.rpartition("::")
        file = path if colons else file
        found.append(f"{file}::{test}")
    return found


def nodes() -> set[str]:
    """All tests of the table."""
    return {test for tests in rows().values() for test in tests}
