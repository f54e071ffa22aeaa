"""The mails of the demo, which has no one to send them to. Only there with DEMO=1."""

import email.policy
from email.message import EmailMessage
from pathlib import Path
from typing import NamedTuple

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

SHOWN = 50
# What Django's file backend writes after each mail.
SEPARATOR = b"-" * 79 + b"\n"


class Mail(NamedTuple):
    sent: str
    to: str
    subject: str
    text: str


@never_cache
@require_safe
def mails(request: HttpRequest) -> HttpResponse:
    """The newest mails, newest first."""
    folder = Path(settings.EMAIL_FILE_PATH)
    files = sorted(folder.glob("*.log"), key=lambda path: path.stat().st_mtime, reverse=True)[:SHOWN]
    newest = [mail for path in files for mail in reversed(read_mails(path.read_bytes()))][:SHOWN]
    return render(request, "demo/mail.html", {"mails": newest})


def read_mails(text: bytes) -> list[Mail]:
    """The mails of one file, in the order they were sent."""
    found = []
    for part in text.split(SEPARATOR):
        if part.strip():
            message = email.message_from_bytes(part.lstrip(), EmailMessage, policy=email.policy.default)
            body = message.get_body(("plain",))
            found.append(
                Mail(
                    sent=str(message["Date"]),
                    to=str(message["To"]),
                    subject=str(message["Subject"]),
                    text=body.get_content() if isinstance(body, EmailMessage) else "",
                )
            )
    return found
