"""Reading and sending the staff site's forms as a browser would."""

from html.parser import HTMLParser
from typing import Any

from django.http import HttpResponse


class _Fields(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.values: dict[str, list[str]] = {}
        self._select = ""
        self._textarea = ""
        self._form = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        name = found.get("name", "")
        if tag == "select":
            self._select = name
        elif tag == "option" and self._select and "selected" in found:
            self.values.setdefault(self._select, []).append(found.get("value", ""))
        elif tag == "textarea":
            self._textarea = name
            self.values[name] = [""]
        elif tag == "input" and name:
            kind = found.get("type", "text")
            if kind in ("submit", "file") or (kind in ("checkbox", "radio") and "checked" not in found):
                return
            self.values.setdefault(name, []).append(found.get("value", "on" if kind == "checkbox" else ""))

    def handle_endtag(self, tag: str) -> None:
        if tag == "select":
            self._select = ""
        elif tag == "textarea":
            self._textarea = ""

    def handle_data(self, data: str) -> None:
        if self._textarea:
            # A browser drops the first line break of a text area.
            self.values[self._textarea] = [self.values[self._textarea][0] + data.removeprefix("\n")]


def fields_of(page: HttpResponse) -> dict[str, Any]:
    """What a browser would send if somebody pressed “save” without touching anything."""
    parser = _Fields()
    parser.feed(page.content.decode())
    return {
        name: values if len(values) > 1 else values[0]
        for name, values in parser.values.items()
        if not name.startswith(("csrf", "language", "next"))
    }


def messages_of(page: HttpResponse) -> list[str]:
    """The messages shown after a redirect was followed."""
    return [str(message) for message in page.context["messages"]]
