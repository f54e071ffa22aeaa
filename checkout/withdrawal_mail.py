"""Mails about withdrawals: the receipt, which goes to whoever stated it, and a refusal."""

from django.conf import settings
from django.core.mail import EmailMessage
from django.template.loader import render_to_string
from django.utils import timezone, translation

from checkout.models import Withdrawal
from shop.models import ShopSettings


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
    shop = ShopSettings.current()
    with translation.override(found.language):
        context = {"withdrawal": found, "shop": shop}
        subject = " ".join(render_to_string(f"checkout/mail/{kind}_subject.txt", context).split())
        body = render_to_string(f"checkout/mail/{kind}.txt", context)
    EmailMessage(
        subject,
        body,
        from_email=settings.DEFAULT_FROM_EMAIL,
        to=[found.email],
        reply_to=[shop.seller_email],
    ).send()
