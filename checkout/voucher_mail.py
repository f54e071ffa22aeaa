"""The mail that brings a gift voucher, in the language it was bought in."""

from django.conf import settings
from django.urls import reverse
from django.utils import timezone, translation

from checkout import letters
from checkout.models import GiftVoucher


def send(*, voucher_id: int, is_again: bool = False) -> bool:
    """Mail a voucher that can be spent to whom it is for, once unless asked for again; True when it went out now.

    Sent first and noted after: a crash in between sends it twice rather than never. Call outside any transaction.
    """
    voucher = GiftVoucher.objects.get(pk=voucher_id)
    if voucher.issued_at is None or voucher.voided_at is not None or not voucher.recipient_email:
        return False
    if voucher.mailed_at is not None and not is_again:
        return False
    with translation.override(voucher.language):
        context = {
            "voucher": voucher,
            "link": settings.BASE_URL + reverse("checkout:vouchers"),
            "home": settings.BASE_URL + reverse("home"),
        }
        letters.send("voucher", context, to=voucher.recipient_email)
    GiftVoucher.objects.filter(pk=voucher.pk).update(mailed_at=timezone.now())
    return True
