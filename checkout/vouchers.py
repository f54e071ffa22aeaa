"""Gift vouchers: money under a code. Issued when paid for, spent in parts, given back to where it came from.

Every movement is an entry; a trigger keeps the balance as their sum and a check refuses to go below zero. The
voucher's row is locked before its balance is looked at, so that two buyers who spend it wait for each other.
"""

import re
from collections.abc import Iterable
from datetime import timedelta
from decimal import Decimal

import structlog
from babel.dates import format_date
from django.db import transaction
from django.db.models import Sum
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from checkout import tasks, voucher_tasks
from checkout.errors import VoucherMoveRefused
from checkout.models import GiftVoucher, Order, VoucherEntry
from checkout.models.voucher import CODE_ALPHABET
from checkout.points_ledger import months_later
from shop.models import ShopSettings, User

logger = structlog.get_logger(__name__)
Kind = VoucherEntry.Kind
ZERO = Decimal(0)
CODE_LETTERS = 16
REFUND_KEEPS = timedelta(days=90)
_CODE = re.compile(f"[{CODE_ALPHABET}]{{{CODE_LETTERS}}}")


def look_up(code: str) -> GiftVoucher | None:
    """The voucher of a code typed in any case, with or without its hyphens; None unless issued and not voided."""
    letters = re.sub(r"[\s-]", "", code).upper()
    if not _CODE.fullmatch(letters):
        return None
    return GiftVoucher.objects.filter(code=written(letters), issued_at__isnull=False, voided_at=None).first()


def written(letters: str) -> str:
    """A code's letters as they are stored and printed, in groups of four."""
    return "-".join(letters[start : start + 4] for start in range(0, CODE_LETTERS, 4))


def find(code: str) -> GiftVoucher | None:
    """The voucher of a code that can be spent today; one with nothing left is found too."""
    voucher = look_up(code)
    return None if voucher is None or _is_over(voucher) or _is_frozen(voucher) else voucher


def refusal_of(voucher: GiftVoucher) -> str:
    """Why a voucher pays for nothing now, as a sentence for who knows its code; empty when it does."""
    if voucher.issued_at is None or voucher.voided_at is not None:
        return _("This gift voucher is no longer valid.")
    if voucher.expires_on is not None and _is_over(voucher):
        day = format_date(voucher.expires_on, "d MMMM y", locale=get_language() or "en")
        return _("This gift voucher could be spent until %(day)s.") % {"day": day}
    if not voucher.balance_eur:
        return _("Nothing is left on this gift voucher.")
    if _is_frozen(voucher):
        return _("This gift voucher cannot be spent at the moment. Please write to us.")
    return ""


def _is_over(voucher: GiftVoucher) -> bool:
    return voucher.expires_on is not None and voucher.expires_on < timezone.localdate()


def _is_frozen(voucher: GiftVoucher) -> bool:
    """While the payment that bought it is disputed nothing leaves the house for it."""
    return voucher.order is not None and voucher.order.is_disputed


def take(order: Order) -> bool:
    """Spend what a placed order pays by voucher; what it has spent already it keeps. Needs a transaction.

    False when the voucher is voided, disputed or has less left: then nothing has changed.
    """
    if order.voucher_id is None or not order.voucher_eur:
        return True
    voucher = _lock(order.voucher_id)
    if _spent(voucher, order, kinds=(Kind.REDEEM, Kind.RELEASE)):
        return True
    if voucher.voided_at is not None or _is_frozen(voucher) or voucher.balance_eur < order.voucher_eur:
        return False
    times = voucher.entries.filter(order=order, kind=Kind.REDEEM).count()
    _enter(voucher, Kind.REDEEM, -order.voucher_eur, key=f"redeem-{order.pk}-{times + 1}", order=order)
    return True


def release(order: Order) -> None:
    """Give back what an order spent that ended without a sale. Doing it again changes nothing."""
    if order.voucher_id is None:
        return
    voucher = _lock(order.voucher_id)
    spent = _spent(voucher, order, kinds=(Kind.REDEEM, Kind.RELEASE))
    if spent:
        times = voucher.entries.filter(order=order, kind=Kind.RELEASE).count()
        _enter(voucher, Kind.RELEASE, spent, key=f"release-{order.pk}-{times + 1}", order=order)


def refund(order: Order, amount_eur: Decimal, *, key: str, by: User | None = None) -> None:
    """Give part (EUR) of what a paid order spent back to its voucher, once for each key. Needs a transaction.

    A voucher past its last day, or near it, can be spent for 90 days more: what was paid by it is not lost.
    Raises VoucherMoveRefused for more than the order spent and was not given back yet.
    """
    if order.voucher_id is None:
        raise VoucherMoveRefused
    voucher = _lock(order.voucher_id)
    key = f"refund-{order.pk}-{key}"
    if voucher.entries.filter(key=key).exists():
        return
    if not ZERO < amount_eur <= _spent(voucher, order, kinds=(Kind.REDEEM, Kind.RELEASE, Kind.REFUND)):
        raise VoucherMoveRefused
    _enter(voucher, Kind.REFUND, amount_eur, key=key, order=order, by=by)
    at_least = timezone.localdate() + REFUND_KEEPS
    if voucher.expires_on is not None and voucher.expires_on < at_least:
        voucher.expires_on = at_least
        voucher.save(update_fields=["expires_on"])


def issue(order: Order) -> bool:
    """Issue the vouchers a paid order bought and mail them; True when there were any. Needs a transaction.

    The caller then marks the order delivered. Doing it again issues nothing.
    """
    bought = list(order.bought_vouchers.select_for_update(of=("self",)).filter(issued_at=None, voided_at=None))
    for voucher in bought:
        _issue(voucher, note="", by=None)
    if bought:
        tasks.send_order_mail.defer(order_id=order.pk, kind="voucher_paid")
    return bool(bought)


def issue_by_hand(voucher: GiftVoucher, *, note: str, by: User) -> GiftVoucher:
    """Give a voucher away: store it, worth its amount at once, and mail it where it has an address."""
    with transaction.atomic():
        voucher.note = note
        voucher.save()
        _issue(voucher, note=note, by=by)
    return voucher


def _issue(voucher: GiftVoucher, *, note: str, by: User | None) -> None:
    _enter(voucher, Kind.ISSUE, voucher.amount_eur, key=f"issue-{voucher.pk}", order=voucher.order, note=note, by=by)
    voucher.issued_at = timezone.now()
    months = ShopSettings.current().voucher_months
    if voucher.expires_on is None and months:
        voucher.expires_on = months_later(timezone.localdate(), months)
    voucher.save(update_fields=["issued_at", "expires_on"])
    if voucher.recipient_email:
        voucher_tasks.send_voucher.defer(voucher_id=voucher.pk)


def void(voucher: GiftVoucher, *, reason: str, by: User) -> None:
    """Take what is left off a voucher and let nobody spend it again. Raises VoucherMoveRefused when it is voided.

    What is refunded to it later by an order it has paid stays on it, for staff to see to.
    """
    with transaction.atomic():
        voucher = _lock(voucher.pk)
        if voucher.issued_at is None or voucher.voided_at is not None:
            raise VoucherMoveRefused
        _void(voucher, reason=reason, by=by)


def void_bought(order: Order, *, by: User | None = None) -> bool:
    """Void the vouchers an order bought, whose money goes back. Needs a transaction, with the order locked.

    False when anything of any of them is spent: then nothing has changed.
    """
    bought = list(order.bought_vouchers.select_for_update(of=("self",)).filter(voided_at=None).order_by("pk"))
    if any(voucher.issued_at and voucher.balance_eur != voucher.amount_eur for voucher in bought):
        return False
    for voucher in bought:
        _void(voucher, reason=str(order), by=by)
    return True


def _void(voucher: GiftVoucher, *, reason: str, by: User | None) -> None:
    if voucher.balance_eur:
        _enter(voucher, Kind.VOID, -voucher.balance_eur, key=f"void-{voucher.pk}", note=reason, by=by)
    voucher.voided_at = timezone.now()
    voucher.save(update_fields=["voided_at"])


def send_again(voucher: GiftVoucher) -> None:
    """Mail a voucher once more. Raises VoucherMoveRefused for one that cannot be spent or has no address."""
    with transaction.atomic():
        voucher = _lock(voucher.pk)
        if voucher.issued_at is None or voucher.voided_at is not None or not voucher.recipient_email:
            raise VoucherMoveRefused
        voucher_tasks.send_voucher.defer(voucher_id=voucher.pk, is_again=True)


def expire_due(*, limit: int = 200) -> int:
    """Write off what is left of vouchers whose last day is over. Returns how many."""
    today = timezone.localdate()
    with transaction.atomic(durable=True):
        due = GiftVoucher.objects.filter(expires_on__lt=today, balance_eur__gt=0, voided_at=None).order_by("pk")
        expired = list(due.select_for_update(of=("self",), skip_locked=True)[:limit])
        for voucher in expired:
            # The day is in the key: a voucher may live again after a refund, and end a second time.
            _enter(voucher, Kind.EXPIRE, -voucher.balance_eur, key=f"expire-{voucher.pk}-{today:%Y%m%d}")
    return len(expired)


def _spent(voucher: GiftVoucher, order: Order, *, kinds: Iterable[Kind]) -> Decimal:
    """What the order has spent of the voucher (EUR), less what of these kinds came back."""
    entries = voucher.entries.filter(order=order, kind__in=list(kinds))
    return -(entries.aggregate(Sum("amount_eur"))["amount_eur__sum"] or ZERO)


def _enter(
    voucher: GiftVoucher,
    kind: Kind,
    amount_eur: Decimal,
    *,
    key: str,
    order: Order | None = None,
    note: str = "",
    by: User | None = None,
) -> None:
    VoucherEntry.objects.create(
        voucher=voucher, kind=kind, amount_eur=amount_eur, key=key, order=order, note=note[:200], created_by=by
    )
    logger.info("voucher_entry", voucher=voucher.pk, kind=kind.value)


def _lock(voucher_id: int) -> GiftVoucher:
    return GiftVoucher.objects.select_for_update(of=("self",)).get(pk=voucher_id)
