"""What the double-submit tests are made of: one press of a button, and what it did to the whole database."""

import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from django.apps import apps
from django.core import mail
from django.db import connection, connections, models
from django.db.models import Count, Q, Sum
from django.test import Client

AT_ONCE = 8
# What a visit leaves behind, and the memory of keys itself: no effect of a press.
UNCOUNTED_APPS = ("sessions", "contenttypes", "procrastinate")
UNCOUNTED_MODELS = ("shop.IdempotencyRecord", "admin.LogEntry")
# Numbers that name a row rather than measure anything.
NAMING = ("id", "version", "number")

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
    for model in apps.get_models():
        if model._meta.app_label not in UNCOUNTED_APPS and model._meta.label not in UNCOUNTED_MODELS:
            found |= _counted(model)
    with connection.cursor() as cursor:
        cursor.execute("SELECT task_name, count(*) FROM procrastinate_jobs GROUP BY task_name")
        found |= {f"job {task}": Decimal(count) for task, count in cursor.fetchall()}
    return found | {name: Decimal(number) for name, number in also().items()}


def _counted(model: type[models.Model]) -> Effects:
    """Rows of a table, the sums of its numbers, in how many a text is given, and how many are in each state."""
    label, rows = model._meta.label, model._default_manager.order_by()
    columns = model._meta.concrete_fields
    totals: dict[str, Any] = {column.attname: Sum(column.attname) for column in columns if _measures(column)}
    totals |= {
        column.attname: Count("pk", filter=~Q(**{column.attname: ""}))
        for column in columns
        if isinstance(column, models.CharField | models.TextField) and not column.primary_key
    }
    answers = rows.aggregate(rows=Count("*"), **{f"of_{name}": total for name, total in totals.items()})
    found = {label: Decimal(answers["rows"])}
    found |= {f"{label}.{name}": Decimal(str(answers[f"of_{name}"] or 0)) for name in totals}
    for column in columns:
        if column.name.endswith(("state", "status", "moderation")) and column.choices:
            counted = rows.values_list(column.attname).annotate(rows=Count("*"))
            found |= {f"{label}.{column.name}={state}": Decimal(count) for state, count in counted}
    return found


def _measures(column: Any) -> bool:
    is_number = isinstance(column, models.DecimalField | models.IntegerField | models.FloatField)
    return is_number and not column.primary_key and column.name not in NAMING
