"""One effect for one Idempotency-Key, however often and however parallel a request arrives.

The key's row is claimed before the effect and holds the answer after it. Refusals (4xx) are answers and are kept
too; what may pass by itself (429, 5xx) is not, so that the same key can be tried again.
"""

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from django.db import connection, transaction
from django.http import HttpResponse
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from shop import problems
from shop.api.errors import problem_response
from shop.errors import ShopError
from shop.models import ApiKey, IdempotencyRecord

KEPT_FOR = timedelta(hours=24)
# A run that has not answered for so long died with its process; its effects are safe to repeat.
TAKEN_OVER_AFTER = timedelta(seconds=60)
_KEY = re.compile(r"[\x21-\x7e]{1,255}")

Effect = Callable[[], Response]


@dataclass(frozen=True)
class Asked:
    """What makes a request the same request: who, under which key, and what."""

    client: str
    key: str
    method: str
    path: str
    body_digest: str


def read(request: Request, *, owner: str) -> Asked:
    """The request as its key sees it. `owner` is the secret the caller acts by: a basket's or an order's token.

    Raises IdempotencyKeyMissing.
    """
    key = request.headers.get("Idempotency-Key", "")
    if not _KEY.fullmatch(key):
        raise problems.IdempotencyKeyMissing
    api_key = request.auth.pk if isinstance(request.auth, ApiKey) else ""
    return Asked(
        client=hashlib.sha256(f"{api_key}:{owner}".encode()).hexdigest(),
        key=key,
        method=request.method or "",
        path=request.path[:300],
        body_digest=hashlib.sha256(request._request.body).hexdigest(),
    )


def once_in_transaction(asked: Asked, effect: Effect, render: Callable[[Response], Response]) -> HttpResponse:
    """Run an effect of the database alone: key, effect and answer are committed together or not at all.

    The effect undoes its own half-done work when it refuses. `render` makes the answer's bytes.
    """
    with transaction.atomic(durable=True):
        # Waiting for the other request would tie up a connection; its client is told to come back instead.
        if not _lock(asked):
            raise problems.IdempotencyKeyBusy(retry_after=1)
        record = IdempotencyRecord.objects.filter(client=asked.client, key=asked.key).first()
        if record is not None:
            return _again(record, asked)
        response, is_kept = _run(effect)
        render(response)
        if is_kept:
            IdempotencyRecord.objects.create(**vars(asked), status=response.status_code, **_stored(response))
    return response


def once_in_steps(asked: Asked, effect: Effect, render: Callable[[Response], Response]) -> HttpResponse:
    """Run an effect that calls a payment provider between its own transactions.

    The key is claimed first; a claim whose process died may be taken over, because each step of such an effect
    finds what was done already.
    """
    now = timezone.now()
    with transaction.atomic(durable=True):
        record, is_new = IdempotencyRecord.objects.get_or_create(
            client=asked.client, key=asked.key, defaults={**vars(asked), "started_at": now}
        )
        if not is_new:
            record = IdempotencyRecord.objects.select_for_update().get(pk=record.pk)
            if record.status is not None or not _is_same(record, asked):
                return _again(record, asked)
            if now - record.started_at < TAKEN_OVER_AFTER:
                raise problems.IdempotencyKeyBusy(retry_after=1)
            record.started_at = now
            record.save(update_fields=["started_at"])
    mine = IdempotencyRecord.objects.filter(pk=record.pk, started_at=now, status__isnull=True)
    try:
        response, is_kept = _run(effect)
        render(response)
    except BaseException:
        mine.delete()
        raise
    if is_kept:
        mine.update(status=response.status_code, **_stored(response))
    else:
        mine.delete()
    return response


def forget_old() -> int:
    """Delete keys older than a day: their answers hold orders with addresses. Returns how many."""
    return IdempotencyRecord.objects.filter(started_at__lt=timezone.now() - KEPT_FOR).delete()[0]


def _lock(asked: Asked) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 0))", [f"idempotency:{asked.client}:{asked.key}"]
        )
        return bool(cursor.fetchone()[0])


def _run(effect: Effect) -> tuple[Response, bool]:
    """The effect's answer, and whether it is to be kept."""
    try:
        response = effect()
    except ShopError as error:
        response = problem_response(error)
    return response, response.status_code < 500 and response.status_code != 429


def _stored(response: Response) -> dict[str, object]:
    return {"content_type": response.headers["Content-Type"], "answer": response.content}


def _is_same(record: IdempotencyRecord, asked: Asked) -> bool:
    return (record.method, record.path, record.body_digest) == (asked.method, asked.path, asked.body_digest)


def _again(record: IdempotencyRecord, asked: Asked) -> HttpResponse:
    if not _is_same(record, asked):
        raise problems.IdempotencyKeyReused
    return HttpResponse(
        bytes(record.answer),
        status=record.status,
        content_type=record.content_type,
        headers={"Idempotent-Replayed": "true"},
    )
