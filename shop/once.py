"""One effect for one form of the staff site, however often and however parallel its button is pressed.

Django masks the CSRF token anew each time it shows a page, so the token names the page; together with what was
typed it names the press. The same page with other fields, as after the browser's *back*, is another press.
"""

import hashlib
from collections.abc import Callable
from typing import Any

from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext as _

from shop.models import IdempotencyRecord
from shop.problems import IdempotencyKeyBusy


def save_once(request: HttpRequest, save: Callable[[], HttpResponse]) -> HttpResponse:
    """Save a form of Django's admin once; a second press waits for the first and is led where that one was.

    The memory of the press is committed together with what it saved. A form shown again with its errors, or in a
    pop-up that closes itself, is not remembered: the first saved nothing, the second cannot be pressed again.
    """
    press = _press(request)
    if press is None:
        return save()
    with transaction.atomic():
        record, is_first = IdempotencyRecord.objects.get_or_create(**press)
        if not is_first:
            return HttpResponseRedirect(bytes(record.answer).decode())
        response = save()
        if isinstance(response, HttpResponseRedirect):
            _note(record, response.url)
        else:
            record.delete()
    return response


def do_once(request: HttpRequest, do: Callable[[], str]) -> str:
    """Call a domain function with transactions of its own once; gives the address to go to, to every press.

    One that refuses or fails is forgotten, and may be pressed again. One whose process died is not repeated: it may
    have given money back; staff see what it did, and open the page anew. Raises IdempotencyKeyBusy.
    """
    press = _press(request)
    if press is None:
        return do()
    with transaction.atomic(durable=True):
        record, is_first = IdempotencyRecord.objects.get_or_create(**press)
    if record.status is not None:
        return bytes(record.answer).decode()
    if not is_first:
        raise IdempotencyKeyBusy(_("This is being done already. Please look again in a moment."))
    try:
        address = do()
    except BaseException:
        record.delete()
        raise
    _note(record, address)
    return address


def _press(request: HttpRequest) -> dict[str, Any] | None:
    """What names the press; None without a token, when nothing tells two presses from two wishes."""
    if not request.POST.get("csrfmiddlewaretoken"):
        return None
    typed = sorted((name, tuple(values)) for name, values in request.POST.lists())
    files = sorted((name, str(file.name), file.size) for name, files in request.FILES.lists() for file in files)
    digest = hashlib.sha256(repr((typed, files)).encode()).hexdigest()
    return {
        "client": hashlib.sha256(f"staff:{request.user.pk}".encode()).hexdigest(),
        "key": digest,
        "method": "POST",
        "path": request.path[:300],
        "body_digest": digest,
    }


def _note(record: IdempotencyRecord, address: str) -> None:
    record.status = 302
    record.answer = address.encode()
    record.save(update_fields=["status", "answer"])
