"""The mail that brings a gift voucher, in the language it was bought in."""

from django.conf import settings
from django.core.mail import EmailMessage
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone, translation

from checkout.models import GiftVoucher
from shop.models import ShopSettings


def send(*, voucher_id: int, is_again: bool = False) -> bool:
    """Mail a voucher that can be spent to whom it is for, once unless asked for again; True when it went out now.

    Sent first and noted after: a crash in between sends it twice rather than never. Call outside any transaction.
    """
    voucher = GiftVoucher.objects.get(pk=voucher_id)
    if voucher.issued_at is None or voucher.voided_at is not None or not voucher.recipient_email:
        return False
    if voucher.mailed_at is not None and not is_again:
        return False
    shop = ShopSettings.current()
    with translation.override(voucher.language):
        context = {
            "voucher": voucher,
            "shop": shop,
            "link": settings.BASE_URL + reverse("checkout:vouchers"),
            "home": settings.BASE_URL + reverse("home"),
        }
        subject = " ".join(render_to_string("checkout/mail/voucher_subject.txt", context).split())
        body = render_to_string("checkout/mail/voucher.txt", context)
    EmailMessage(
        subject,
        body,
        from_email=settings.DEFAULT_FROM_EMAIL,
        to=[voucher.recipient_email],
        reply_to=[shop.seller_email],
    ).send()
    GiftVoucher.objects.filter(pk=voucher.pk).update(mailed_at=timezone.now())
    return True
