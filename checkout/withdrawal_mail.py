"""Mails about withdrawals: the receipt, which goes to whoever stated it, and a refusal."""

from django.utils import timezone, translation

from checkout import letters
from checkout.models import Withdrawal


def acknowledge(*, withdrawal_id: int) -> bool:
    """Send the receipt of a withdrawal, once: its content, date and time on a durable medium.

    Article 11a(4) of Directive 2011/83/EU. It says nothing of the order it may belong to: whoever typed a
    stranger's address must not learn anything by it. Sent first and noted after.
    """
    found = Withdrawal.objects.get(pk=withdrawal_id)
    if found.acknowledged_at is not None:
        return False
    _send(found, "withdrawal_received")
    found.acknowledged_at = timezone.now()
    found.save(update_fields=["acknowledged_at"])
    return True


def refuse(*, withdrawal_id: int) -> None:
    """Say why a withdrawal has no effect, to the address it was stated from."""
    _send(Withdrawal.objects.get(pk=withdrawal_id), "withdrawal_refused")


def _send(found: Withdrawal, kind: str) -> None:
    with translation.override(found.language):
        letters.send(kind, {"withdrawal": found}, to=found.email)
