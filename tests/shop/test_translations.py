"""Greek is complete: every text marked for translation in code and templates has a translation that fits it.

Reads the sources itself, because GNU gettext is not on everybody's machine.
"""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po
from django.conf import settings
from django.utils import translation
from django.utils.translation.template import templatize

MARKERS = {
    "_": (None, 0),
    "gettext": (None, 0),
    "gettext_lazy": (None, 0),
    "gettext_noop": (None, 0),
    "ngettext": (None, 0),
    "ngettext_lazy": (None, 0),
    "pgettext": (0, 1),
    "pgettext_lazy": (0, 1),
    "npgettext": (0, 1),
    "npgettext_lazy": (0, 1),
}
PLACEHOLDER = re.compile(r"%\([a-z_]+\)[sd]|%[sd]|\{[a-z_]*\}")
Text = tuple[str | None, str]


def text_of(node: ast.AST) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def texts_in_code(source: str) -> Iterator[Text]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call):
            name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
            context_at, text_at = MARKERS.get(name, (None, -1))
            if 0 <= text_at < len(node.args) and (text := text_of(node.args[text_at])):
                yield (text_of(node.args[context_at]) if context_at is not None else None), text


def texts_in_template(source: str) -> Iterator[Text]:
    """Django turns a template into calls of gettext for its own extraction; those calls are read here."""
    for call in re.finditer(r" (n?p?gettext)\((.*?)\) ", templatize(source), re.DOTALL):
        arguments = re.findall(
            r"""u?("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|r?'''.*?'''|\"\"\".*?\"\"\")""", call[2], re.DOTALL
        )
        values = [ast.literal_eval(argument) for argument in arguments]
        if "p" in call[1].removeprefix("n")[:1]:
            yield values[0], values[1]
        elif values:
            yield None, values[0]


def sources() -> Iterator[tuple[Path, Iterator[Text]]]:
    for app in ("shop", "catalog", "checkout"):
        for path in sorted((settings.BASE_DIR / app).rglob("*.py")):
            if "migrations" not in path.parts:
                yield path, texts_in_code(path.read_text(encoding="utf-8"))
    for path in sorted((settings.BASE_DIR / "templates").rglob("*.*")):
        if path.suffix in (".html", ".txt"):
            yield path, texts_in_template(path.read_text(encoding="utf-8"))


@cache
def greek() -> Catalog:
    path = settings.BASE_DIR / "locale" / "el" / "LC_MESSAGES" / "django.po"
    with path.open("rb") as file:
        return read_po(file, locale="el")


def strings(message: Message) -> list[str]:
    return [message.string] if isinstance(message.string, str) else list(message.string)


def test_every_text_is_translated():
    missing = []
    seen = set()
    for path, texts in sources():
        for context, text in texts:
            seen.add(text)
            message = greek().get(text, context)
            if message is None or message.fuzzy or not all(strings(message)):
                missing.append(f"{path.relative_to(settings.BASE_DIR)}: {text}")
    assert len(seen) > 1000, "the sources were not read"
    assert {"Will it play?", "Reserve this piece"} <= seen
    assert missing == [], "run `make messages` and translate these"


def test_translations_keep_their_placeholders():
    wrong = []
    for message in greek():
        originals = [message.id] if isinstance(message.id, str) else list(message.id)
        allowed = {frozenset(PLACEHOLDER.findall(original)) for original in originals}
        wrong += [
            text for text in strings(message) if message.id and frozenset(PLACEHOLDER.findall(text)) not in allowed
        ]
    assert wrong == []


@pytest.mark.parametrize(("language", "text"), [("el", "Καλάθι"), ("en", "Basket")])
def test_the_compiled_translations_are_in_use(language, text):
    with translation.override(language):
        assert translation.gettext("Basket") == text
