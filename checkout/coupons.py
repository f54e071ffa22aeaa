"""Coupons: what a code is good for, how it lowers each piece's price, and whose use it is.

`use_count` and the rows of `CouponUse` change together, under the coupon's row lock; the database refuses a use
above the limit or a customer's second use of one slot, should anything ever write past this module.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import count
from typing import Protocol

from babel.dates import format_datetime
from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from catalog.models import Listing
from checkout.currency import CurrencyQuote
from checkout.models import Coupon, CouponUse, Order
from checkout.models.discount import CODE_PATTERN
from checkout.money import BASE_CURRENCY, apportion, format_amount, round_amount, total

ZERO = Decimal(0)


class PricedPiece(Protocol):
    """A piece of a basket: all that a coupon asks about it. `price_eur` is before any saving."""

    @property
    def listing(self) -> Listing: ...

    @property
    def price_eur(self) -> Decimal: ...


def find(code: str) -> Coupon | None:
    """The active coupon of a code, typed in any case and with spaces around it."""
    written = code.strip().upper()
    if not re.fullmatch(CODE_PATTERN, written):
        return None
    return Coupon.objects.filter(code=written, is_active=True).first()


def unknown() -> str:
    """What is said of a code that is none, or none any more: both sound alike, so that guessing teaches nothing."""
    return _("We do not know this code. Please check how it is written.")


def refusal_of(
    coupon: Coupon, *, lines: Sequence[PricedPiece], email: str, quote: CurrencyQuote, now: datetime | None = None
) -> str:
    """Why the coupon lowers nothing in this basket, as a sentence for the buyer; empty when it does.

    `email` is the order's, empty while it is not known; amounts are told in the currency of the `quote`; `now`
    defaults to the present (aware).
    """
    now = now or timezone.now()
    if not coupon.is_active:
        return unknown()
    if coupon.starts_at is not None and now < coupon.starts_at:
        return _("This coupon can be used from %(moment)s.") % {"moment": _moment(coupon.starts_at)}
    if coupon.ends_at is not None and now >= coupon.ends_at:
        return _("This coupon could be used until %(moment)s.") % {"moment": _moment(coupon.ends_at)}
    if coupon.limit is not None and coupon.use_count >= coupon.limit:
        return _("This coupon has been used up.")
    return _refusal_by_goods(coupon, lines, quote) or _refusal_by_customer(coupon, email)


def _refusal_by_goods(coupon: Coupon, lines: Sequence[PricedPiece], quote: CurrencyQuote) -> str:
    scope = _Scope.of(coupon)
    goods_eur = total(line.price_eur for line in lines if scope.covers(line.listing))
    if not goods_eur:
        return _("This coupon is for other pieces than those in your basket.")
    missing_eur = coupon.minimum_eur - goods_eur
    if missing_eur <= 0:
        return ""
    amounts = {"minimum": _told(coupon.minimum_eur, quote), "missing": _told(missing_eur, quote)}
    if scope.is_everything:
        return _("This coupon needs goods for %(minimum)s; %(missing)s more is missing.") % amounts
    return _("This coupon needs %(minimum)s of the pieces it is for; %(missing)s more is missing.") % amounts


def _refusal_by_customer(coupon: Coupon, email: str) -> str:
    if coupon.limit_per_customer is None or not email:
        return ""
    if len(_slots_taken(coupon, email)) < coupon.limit_per_customer:
        return ""
    return _("You have used this coupon as often as one customer may.")


def _moment(at: datetime) -> str:
    return format_datetime(timezone.localtime(at), "d MMMM y, HH:mm", locale=get_language() or "en")


def _told(amount_eur: Decimal, quote: CurrencyQuote) -> str:
    """An amount in the buyer's currency, beside the euro that the coupon goes by."""
    language = get_language() or "en"
    euro = format_amount(amount_eur, BASE_CURRENCY, language)
    if quote.currency == BASE_CURRENCY:
        return euro
    return f"{format_amount(quote.convert(amount_eur), quote.currency, language)} ({euro})"


def shares(coupon: Coupon, lines: Sequence[PricedPiece]) -> list[Decimal]:
    """By how much the coupon lowers each piece (EUR): nothing out of its scope, never more than the price.

    The shares add up to the cent: to the percentage of the goods in scope, rounded once, or to the amount, of
    which no more is used than those goods cost. A free shipping coupon lowers no piece.
    """
    scope = _Scope.of(coupon)
    weights = [line.price_eur if scope.covers(line.listing) else ZERO for line in lines]
    goods_eur = total(weights)
    if coupon.kind == Coupon.Kind.FREE_SHIPPING or not goods_eur:
        return [ZERO] * len(weights)
    if coupon.percent is not None:
        saved_eur = round_amount(goods_eur * coupon.percent / 100, BASE_CURRENCY)
    else:
        saved_eur = min(coupon.amount_eur or ZERO, goods_eur)
    return apportion(saved_eur, weights)


@dataclass(frozen=True)
class _Scope:
    """What a coupon is for: every piece, or those it names and those whose SKU begins as it says."""

    piece_ids: frozenset[int]
    prefixes: tuple[str, ...]

    @classmethod
    def of(cls, coupon: Coupon) -> "_Scope":
        return cls(frozenset(coupon.listings.values_list("pk", flat=True)), tuple(coupon.sku_prefixes))

    @property
    def is_everything(self) -> bool:
        return not self.piece_ids and not self.prefixes

    def covers(self, listing: Listing) -> bool:
        return self.is_everything or listing.pk in self.piece_ids or listing.sku.startswith(self.prefixes)


def fold(email: str) -> str:
    """The address a customer is counted by, whatever the case it was typed in."""
    return email.strip().lower()


def take(order: Order) -> bool:
    """Note a placed order's use of its coupon; what it holds already it keeps. Needs a transaction.

    False when the limit, in all or of this customer, is reached: then nothing has changed.
    """
    if order.coupon_id is None:
        return True
    coupon = _lock(order.coupon_id)
    use = CouponUse.objects.filter(order=order).first()
    if use is not None and use.released_at is None:
        return True
    if coupon.limit is not None and coupon.use_count >= coupon.limit:
        return False
    email = fold(order.email)
    taken = _slots_taken(coupon, email)
    if coupon.limit_per_customer is not None and len(taken) >= coupon.limit_per_customer:
        return False
    CouponUse.objects.update_or_create(
        order=order,
        defaults={
            "coupon": coupon,
            "email": email,
            "slot": next(slot for slot in count() if slot not in taken),
            "used_at": timezone.now(),
            "released_at": None,
        },
    )
    Coupon.objects.filter(pk=coupon.pk).update(use_count=F("use_count") + 1)
    return True


def release(order: Order) -> None:
    """Give back the use of an order that ended without a sale. Doing it again changes nothing."""
    use = CouponUse.objects.filter(order=order).first()
    if use is None:
        return
    _lock(use.coupon_id)
    released = CouponUse.objects.filter(pk=use.pk, released_at__isnull=True).update(released_at=timezone.now())
    if released:
        Coupon.objects.filter(pk=use.coupon_id).update(use_count=F("use_count") - 1)


def duplicate(coupon: Coupon) -> Coupon:
    """A coupon with the same rules and a code of its own, not active and never used."""
    with transaction.atomic():
        listings = list(coupon.listings.all())
        code = _free_code(coupon.code)
        copy = Coupon.objects.get(pk=coupon.pk)
        copy.pk, copy.code, copy.is_active, copy.use_count = None, code, False, 0
        copy.created_at = timezone.now()
        copy.save(force_insert=True)
        copy.listings.set(listings)
    return copy


def _free_code(code: str) -> str:
    stem = code[:28].rstrip("-")
    taken = set(Coupon.objects.filter(code__startswith=f"{stem}-").values_list("code", flat=True))
    return next(found for number in count(2) if (found := f"{stem}-{number}") not in taken)


def _slots_taken(coupon: Coupon, email: str) -> set[int]:
    uses = CouponUse.objects.filter(coupon=coupon, email=fold(email), released_at__isnull=True)
    return set(uses.values_list("slot", flat=True))


def _lock(coupon_id: int) -> Coupon:
    return Coupon.objects.select_for_update(of=("self",)).get(pk=coupon_id)
