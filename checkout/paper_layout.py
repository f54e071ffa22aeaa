"""Papers set by typst: PDF/A from the printed content alone, the same bytes every time.

Content goes in as one JSON text that the templates read; nothing anybody typed is ever part of a template.
"""

import json
import re
import unicodedata
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal
from unicodedata import normalize

import typst
from anyascii import anyascii

TEMPLATES = Path(__file__).resolve().parent.parent / "templates" / "papers"
# What the fonts beside the templates can draw: Latin, Greek and Cyrillic. A character without a glyph is no PDF/A.
_NOT_DRAWN = re.compile(
    r"[^\n\x20-\x7E\xA0-\xAC\xAE-\u0131\u0134-\u0148\u014A-\u017E\u0192\u0218-\u021B\u02C6\u02DA\u02DC\u0386"
    r"\u0388-\u038A\u038C\u038E-\u03A1\u03A3-\u03CE\u0401-\u045F\u0490\u0491\u1E80-\u1E85\u1E9E\u1EF2\u1EF3"
    r"\u2013\u2014\u2018-\u201A\u201C-\u201E\u2022\u2026\u2039\u203A\u20AC\u2116\u2122\u2212]+"
)
_NOT_PRINTED = re.compile(r"[^\x20-\x7E]")
Template = Literal["paper", "packing_slip", "customs"]


def render(template: Template, content: Mapping[str, Any], *, made_at: datetime) -> bytes:
    """Return the PDF of this content. `made_at` is the only time in it, so it never changes."""
    made: Any = _compiler(template).compile(
        format="pdf",
        # Archival and accessible: ISO 19005-2, level A, and ISO 14289-1.
        pdf_standards=["a-2a", "ua-1"],
        timestamp=int(made_at.astimezone(UTC).timestamp()),
        sys_inputs={"content": json.dumps(drawable(content))},
    )
    assert isinstance(made, bytes)
    return made


@lru_cache
def _compiler(template: Template) -> typst.Compiler:
    return typst.Compiler(
        TEMPLATES / f"{template}.typ",
        root=TEMPLATES,
        font_paths=typst.Fonts(
            include_system_fonts=False, include_embedded_fonts=False, font_paths=[TEMPLATES / "fonts"]
        ),
    )


def can_print(text: str) -> bool:
    """Whether papers show the text as it is written, or at least in its own script without rare accents."""
    strange = "".join(_NOT_DRAWN.findall(normalize("NFC", text)))
    return all(unicodedata.name(letter, "").startswith("LATIN ") for letter in strange if letter.isalpha())


def drawable(value: Any) -> Any:
    """The same content with characters the fonts lack written in Latin letters: 東京 as DongJing."""
    if isinstance(value, str):
        return _NOT_DRAWN.sub(lambda found: _NOT_PRINTED.sub(" ", anyascii(found.group())), normalize("NFC", value))
    if isinstance(value, Mapping):
        return {name: drawable(entry) for name, entry in value.items()}
    if isinstance(value, list | tuple):
        return [drawable(entry) for entry in value]
    return value
