"""What the double-submit tests are made of: one press of a button, and what it did to the whole database."""

import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import cache
from typing import Any

from django.apps import apps
from django.core import mail
from django.db import connection, connections, models
from django.test import Client

AT_ONCE = 8
# What a visit leaves behind, and the memory of keys itself: no effect of a press.
UNCOUNTED_APPS = ("sessions", "contenttypes", "procrastinate")
UNCOUNTED_MODELS = ("shop.IdempotencyRecord", "admin.LogEntry")
# Columns that name a row rather than measure anything, or note that somebody was there.
NAMING = ("id", "version", "number", "last_used_at", "last_login")

Effects = dict[str, Decimal]


@dataclass(frozen=True)
class Press:
    """What a browser or a program sends when a button is pressed."""

    client: Client
    path: str
    fields: Any = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    is_json: bool = False

    def send(self, *, client: Client | None = None) -> Any:
        as_json = {"content_type": "application/json"} if self.is_json else {}
        return (client or self.client).post(self.path, self.fields, headers=dict(self.headers), **as_json)

    def without(self, header: str) -> "Press":
        return replace(self, headers={name: value for name, value in self.headers.items() if name != header})

    def send_at_once(self) -> list[Any]:
        """The same press by so many threads at the same moment, each with a connection of its own."""
        start = threading.Barrier(AT_ONCE)

        def run(_number: int) -> Any:
            client = Client()
            client.cookies.update(self.client.cookies)
            try:
                start.wait(timeout=30)
                return self.send(client=client)
            finally:
                connections.close_all()

        with ThreadPoolExecutor(AT_ONCE) as pool:
            return list(pool.map(run, range(AT_ONCE)))


@contextmanager
def no_job_can_be_queued() -> Iterator[None]:
    """While the block runs, a transaction that queues a job fails at its very end."""
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE FUNCTION refuse_job() RETURNS trigger LANGUAGE plpgsql AS"
            " $$ BEGIN RAISE EXCEPTION 'no job can be queued'; END $$"
        )
        cursor.execute(
            "CREATE CONSTRAINT TRIGGER refuse_job AFTER INSERT ON procrastinate_jobs"
            " DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION refuse_job()"
        )
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DROP TRIGGER refuse_job ON procrastinate_jobs")
            cursor.execute("DROP FUNCTION refuse_job()")


def effects_of(act: Callable[[], Any], also: Callable[[], Mapping[str, int]] = dict) -> Effects:
    """What changed while `act` ran: rows made or gone, numbers moved, states entered, jobs queued, mails sent."""
    before = _everything(also)
    act()
    after = _everything(also)
    changes = {name: after.get(name, Decimal(0)) - before.get(name, Decimal(0)) for name in {*before, *after}}
    return {name: change for name, change in sorted(changes.items()) if change}


def _everything(also: Callable[[], Mapping[str, int]]) -> Effects:
    found: Effects = {"mails": Decimal(len(mail.outbox))}
    names, statement = _question()
    with connection.cursor() as cursor:
        cursor.execute(statement)
        answers = dict(cursor.fetchall())
        cursor.execute("SELECT task_name, count(*) FROM procrastinate_jobs GROUP BY task_name")
        found |= {f"job {task}": Decimal(count) for task, count in cursor.fetchall()}
    for label, columns in names.items():
        found |= dict(zip(columns, answers[label], strict=True))
    return found | {name: Decimal(number) for name, number in also().items()}


@cache
def _question() -> tuple[dict[str, list[str]], str]:
    """One statement that measures every table, and what its figures are called, by table."""
    names, parts = {}, []
    for model in apps.get_models():
        label = model._meta.label
        if model._meta.app_label in UNCOUNTED_APPS or label in UNCOUNTED_MODELS:
            continue
        figures = dict(_figures(model))
        names[label] = list(figures)
        array = ", ".join(f"coalesce({figure}, 0)::numeric" for figure in figures.values())
        parts.append(f"SELECT '{label}', ARRAY[{array}] FROM \"{model._meta.db_table}\"")  # noqa: S608
    return names, " UNION ALL ".join(parts)


def _figures(model: type[models.Model]) -> Iterator[tuple[str, str]]:
    """Rows of a table, the sums of its numbers, in how many a thing is given, and how many are in each state."""
    label = model._meta.label
    yield label, "count(*)"
    for column in model._meta.concrete_fields:
        name, sql = f"{label}.{column.attname}", f'"{column.column}"'
        is_text = isinstance(column, models.CharField | models.TextField)
        if column.primary_key or column.name in NAMING:
            continue
        if isinstance(column, models.DecimalField | models.IntegerField | models.FloatField):
            yield name, f"sum({sql})"
        elif is_text or column.null:
            is_given = f"{sql} <> ''" if is_text else f"{sql} IS NOT NULL"
            yield name, f"count(*) FILTER (WHERE {is_given})"
        if is_text and column.choices and column.name.endswith(("state", "status", "moderation")):
            for state, _name in column.flatchoices:
                yield f"{name}={state}", f"count(*) FILTER (WHERE {sql} = '{state}')"
