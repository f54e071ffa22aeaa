"""Several querysets in one round trip.

A listing page shows rows of some thirty tables. Asking for each by itself costs thirty round trips;
asking for all as one statement of sub-selects costs one, and the rows come back as model instances.
"""

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connections, models
from django.db.models.sql.compiler import SQLCompiler


def fetch_together(querysets: Mapping[str, models.QuerySet[Any]]) -> dict[str, list[Any]]:
    """Rows of each queryset, as instances, by one SQL statement.

    The querysets select whole rows of one table: no select_related, no annotations.
    """
    return Together(querysets).fetch({})


class Together:
    """Querysets compiled once, to be run again and again with other values.

    Django's compiling costs more than PostgreSQL's answering. A value that changes stands in the querysets as
    one of `PLACES`, each of which must be used for one thing only.
    """

    PLACES = tuple(range(-9_000_001, -9_000_005, -1))

    def __init__(self, querysets: Mapping[str, models.QuerySet[Any]]) -> None:
        self._models = {name: queryset.model for name, queryset in querysets.items()}
        self._params: list[Any] = []
        self._alias = "default"
        parts = []
        for name, queryset in querysets.items():
            self._alias = queryset.db
            compiler: SQLCompiler = queryset.query.get_compiler(using=queryset.db)
            try:
                sql, params = compiler.as_sql()
            except EmptyResultSet:  # a filter that can match nothing
                continue
            parts.append(f"(SELECT coalesce(json_agg(row_to_json(t)), '[]')::text FROM ({sql}) t) AS \"{name}\"")  # noqa: S608 - Django’s own SQL
            self._params.extend(params)
        self._sql = f"SELECT {', '.join(parts)}" if parts else ""

    def fetch(self, values: Mapping[int, int]) -> dict[str, list[Any]]:
        """The rows, with each place in `values` taken by its value."""
        found: dict[str, list[Any]] = {name: [] for name in self._models}
        if not self._sql:
            return found
        params = [values.get(param, param) if isinstance(param, int) else param for param in self._params]
        with connections[self._alias].cursor() as cursor:
            cursor.execute(self._sql, params)
            row = cursor.fetchone()
            columns = [column.name for column in cursor.description]
        for name, text in zip(columns, row, strict=True):
            found[name] = _instances(self._models[name], text, self._alias)
        return found


def _instances(model: type[models.Model], text: str, alias: str) -> list[Any]:
    fields = model._meta.concrete_fields
    names = [field.attname for field in fields]
    return [
        model.from_db(alias, names, [_value(field, row[field.column]) for field in fields])
        for row in json.loads(text, parse_float=Decimal)
    ]


def _value(field: models.Field[Any, Any], value: Any) -> Any:
    """What the database driver would have given; JSON has no dates and drops a decimal's trailing zeros."""
    if value is None or isinstance(field, models.FileField):
        return value
    if isinstance(value, str | bool | list) and not isinstance(field, models.DateField):
        return value
    return field.to_python(value)


def places(name: int, count: int) -> list[int]:
    """So many places of a `Together` for a list of keys; lists used in one statement have different names."""
    first = -9_100_000 - name * 1_000
    return list(range(first, first - count, -1))


def padded(keys: Sequence[int]) -> list[int]:
    """Keys, the last repeated until they are 4, 8, 16 …: few lengths make few statements to compile."""
    size = max(4, 1 << (len(keys) - 1).bit_length())
    return [*keys, *[keys[-1]] * (size - len(keys))]


def attach(parents: list[Any], children: list[Any], *, by: str, name: str) -> None:
    """Give each parent its children as if prefetched under the related name."""
    groups: dict[Any, list[Any]] = {}
    for child in children:
        groups.setdefault(getattr(child, by), []).append(child)
    for parent in parents:
        rows = getattr(parent, name).all()
        rows._result_cache = groups.get(parent.pk, [])
        if not hasattr(parent, "_prefetched_objects_cache"):
            parent._prefetched_objects_cache = {}
        parent._prefetched_objects_cache[name] = rows


def link(rows: list[Any], field: str, targets: Mapping[Any, Any]) -> None:
    """Set a foreign key's cached object on each row from a mapping by primary key."""
    for row in rows:
        key = getattr(row, f"{field}_id")
        if key is not None and key in targets:
            setattr(row, field, targets[key])
