"""Writing one mail from its two templates. What is mailed to whom, and how often, is decided by the callers."""

from collections.abc import Mapping, Sequence

from django.conf import settings
from django.core.mail import EmailMessage
from django.template.loader import render_to_string

from shop.models import ShopSettings


def send(
    name: str, context: Mapping[str, object], *, to: str, attachments: Sequence[tuple[str, str, str]] = ()
) -> None:
    """Send `checkout/mail/<name>.txt` in the active language; answers go to the seller.

    The templates know `shop` besides what is in `context`. Call outside any transaction.
    """
    shop = ShopSettings.current()
    known = {"shop": shop, **context}
    # One line, whatever a name in it holds: a subject with a line break would be a header of its own.
    subject = " ".join(render_to_string(f"checkout/mail/{name}_subject.txt", known).split())
    EmailMessage(
        subject,
        render_to_string(f"checkout/mail/{name}.txt", known),
        from_email=settings.DEFAULT_FROM_EMAIL,
        to=[to],
        reply_to=[shop.seller_email],
        attachments=list(attachments),
    ).send()
