"""What a change causes is a job of the same transaction; a job may run twice and has one effect."""


import pytest
from django.core.mail import EmailMessage
from django.db import transaction

from checkout.gateways import offered
from checkout.models import Payment
from tests.outbox import QUESTIONS, LeftInsideTransaction


@pytest.mark.django_db
def test_no_mail_leaves_inside_a_transaction() -> None:
    with pytest.raises(LeftInsideTransaction), transaction.atomic():
        EmailMessage("Hello", "", "shop@example.com", ["anna@example.com"]).send()
    assert EmailMessage("Hello", "", "shop@example.com", ["anna@example.com"]).send() == 1


@pytest.mark.django_db
@pytest.mark.parametrize("question", QUESTIONS)
@pytest.mark.parametrize("code", sorted(offered._ALL))
def test_no_provider_is_asked_inside_a_transaction(code: str, question: str) -> None:
    with pytest.raises(LeftInsideTransaction), transaction.atomic():
        getattr(offered.by_code(code), question)(Payment())
