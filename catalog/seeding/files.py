"""The files under fixtures/."""

import gzip
import json
from collections.abc import Iterator
from typing import Any

from django.conf import settings

FOLDER = settings.BASE_DIR / "fixtures"

Facts = dict[str, Any]


def read_json(name: str) -> Any:
    return json.loads((FOLDER / name).read_text(encoding="utf-8"))


def read_lines(name: str) -> Iterator[Any]:
    """The rows of a file with one JSON value a line, packed with gzip or not."""
    path = FOLDER / name
    content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    for line in content.decode("utf-8").splitlines():
        yield json.loads(line)


def joined(text: str | list[str]) -> str:
    """Prose as the models keep it: paragraphs apart by an empty line."""
    return text if isinstance(text, str) else "\n\n".join(text)
