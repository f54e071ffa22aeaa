"""Pages by opaque cursors over stable keys: nothing is counted, and the last page costs what the first does."""

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

import orjson
from django.db.models import Q, QuerySet
from rest_framework import serializers
from rest_framework.request import Request

from shop import problems

LIMIT = 50
LIMIT_MAX = 200
CURSOR_MAX = 600


@dataclass(frozen=True)
class Cursor:
    """A place in a list: just after the row with this key, or just before it. `order` names the list's order."""

    order: str
    key: tuple[str, int]
    is_backwards: bool = False

    def text(self) -> str:
        parts = [self.order, *self.key, int(self.is_backwards)]
        return base64.urlsafe_b64encode(orjson.dumps(parts)).decode().rstrip("=")


def read_cursor(text: str, order: str) -> Cursor | None:
    """The cursor of a text, None for the first page. Raises InvalidCursor, also for one of another order."""
    if not text:
        return None
    try:
        parts = orjson.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        found_order, value, row, is_backwards = parts
    except (ValueError, TypeError, binascii.Error) as error:
        raise problems.InvalidCursor from error
    well_formed = (
        found_order == order
        and isinstance(value, str)
        and "\x00" not in value
        and type(row) is int
        and 0 <= row < 2**63
        and is_backwards in (0, 1)
    )
    if not well_formed:
        raise problems.InvalidCursor
    return Cursor(order, (value, row), bool(is_backwards))


class PageArguments(serializers.Serializer[Any]):
    """The arguments every list takes."""

    limit = serializers.IntegerField(min_value=1, max_value=LIMIT_MAX, default=LIMIT, help_text="Rows a page.")
    cursor = serializers.CharField(
        required=False, max_length=CURSOR_MAX, help_text="From `next` or `previous` of another page."
    )


@dataclass(frozen=True)
class Page:
    """One page's rows and the cursors of its neighbours."""

    results: Sequence[Any]
    next_cursor: Cursor | None
    previous_cursor: Cursor | None

    def body(self, request: Request) -> dict[str, Any]:
        return {
            "next": _address(request, self.next_cursor),
            "previous": _address(request, self.previous_cursor),
            "results": self.results,
        }

    def showing(self, results: Sequence[Any]) -> "Page":
        """The same page with its rows in another form."""
        return replace(self, results=results)

    def headers(self, request: Request) -> dict[str, str]:
        """A Link header (RFC 8288) with the same neighbours."""
        neighbours = (("next", self.next_cursor), ("prev", self.previous_cursor))
        links = [f'<{_address(request, cursor)}>; rel="{rel}"' for rel, cursor in neighbours if cursor]
        return {"Link": ", ".join(links)} if links else {}


def neighbours(
    order: str, keys: Sequence[tuple[str, int]], *, cursor: Cursor | None, has_more: bool
) -> tuple[Cursor | None, Cursor | None]:
    """Cursors after and before a page whose rows have these keys.

    `has_more`: rows remain in the direction that was read. In the other one there is the page we came from.
    """
    if not keys:
        return None, None
    is_backwards = cursor is not None and cursor.is_backwards
    has_next = has_more or is_backwards
    has_previous = has_more if is_backwards else cursor is not None
    return (
        Cursor(order, keys[-1]) if has_next else None,
        Cursor(order, keys[0], is_backwards=True) if has_previous else None,
    )


def page_of_queryset(
    queryset: QuerySet[Any], *, column: str, is_descending: bool, cursor: Cursor | None, limit: int
) -> Page:
    """A page of a queryset in the order of a text column and the key, or of `pk` alone: one query and prefetches."""
    is_downwards = is_descending != (cursor is not None and cursor.is_backwards)
    if cursor is not None:
        beyond = "lt" if is_downwards else "gt"
        value, pk = cursor.key
        if column == "pk" and value != str(pk):
            raise problems.InvalidCursor
        queryset = queryset.filter(Q(**{f"{column}__{beyond}": value}) | Q(**{column: value, f"pk__{beyond}": pk}))
    sign = "-" if is_downwards else ""
    rows = list(queryset.order_by(f"{sign}{column}", f"{sign}pk")[: limit + 1])
    shown = rows[:limit]
    if cursor is not None and cursor.is_backwards:
        shown.reverse()
    keys = [(str(getattr(row, column)), row.pk) for row in shown]
    next_cursor, previous_cursor = neighbours(column, keys, cursor=cursor, has_more=len(rows) > limit)
    return Page(shown, next_cursor, previous_cursor)


def _address(request: Request, cursor: Cursor | None) -> str | None:
    if cursor is None:
        return None
    arguments = request.query_params.copy()
    arguments["cursor"] = cursor.text()
    return request.build_absolute_uri(f"{request.path}?{urlencode(list(_pairs(arguments)))}")


def _pairs(arguments: Any) -> Any:
    for name, values in arguments.lists():
        for value in values:
            yield name, value


def page_of(serializer: type[serializers.Serializer[Any]], name: str) -> type[serializers.Serializer[Any]]:
    """The serializer of a page of such rows, for the OpenAPI document."""
    return type(
        name,
        (serializers.Serializer,),
        {
            "next": serializers.URLField(allow_null=True),
            "previous": serializers.URLField(allow_null=True),
            "results": serializer(many=True),
        },
    )
