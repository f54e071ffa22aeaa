"""The demo's visitors read the mails it would have sent."""

from pathlib import Path
from typing import Any

import pytest
from django.core.mail import EmailMessage, get_connection
from django.test import Client

FILES = "django.core.mail.backends.filebased.EmailBackend"


@pytest.mark.django_db
def test_mails_are_shown_newest_first_with_links(client: Client, settings: Any, tmp_path: Path) -> None:
    settings.EMAIL_BACKEND = FILES
    settings.EMAIL_FILE_PATH = tmp_path
    connection = get_connection()
    for subject in ("Η παραγγελία σας", "Second"):
        body = "Ευχαριστούμε! http://localhost/orders/abc/"
        EmailMessage(subject, body, to=["anna@example.com"], connection=connection).send()
    page = client.get("/demo/mail/").content.decode()
    assert page.index("Second") < page.index("Η παραγγελία σας")
    assert "Ευχαριστούμε!" in page
    assert 'href="http://localhost/orders/abc/"' in page


@pytest.mark.django_db
def test_without_mails_the_page_says_so(client: Client, settings: Any, tmp_path: Path) -> None:
    settings.EMAIL_FILE_PATH = tmp_path / "none"
    assert "No mail yet." in client.get("/demo/mail/").content.decode()
