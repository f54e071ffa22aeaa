"""What a buyer wishes to use in a draft: a coupon, points, a gift voucher. The summary says what comes of it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from checkout import coupons, drafts, inventory, orders, rewards, vouchers
from checkout.attempts import WRONG_CODES
from checkout.errors import BasketEmpty, CheckoutError, CodeRefused, OrderMoveRefused, PointsRefused, TooManyCodes
from checkout.models import Coupon, GiftVoucher, Order, OrderState
from checkout.money import BASE_CURRENCY, round_amount
from checkout.summary import Summary, Wishes, summarise
from checkout.visitors import Visitor
from shop.models import ShopSettings


class Part(StrEnum):
    """What can be used, and taken out again."""

    COUPON = "coupon"
    VOUCHER = "voucher"
    POINTS = "points"


@dataclass(frozen=True, slots=True)
class Points:
    """What a signed-in buyer has and may use now. `most` is 0 where the goods are worth too little."""

    spendable: int
    worth_eur: Decimal
    most: int
    most_eur: Decimal
    minimum: int
    step: int
    used: int
    wanted: int

    @property
    def is_lowered(self) -> bool:
        """Whether fewer are used than were wished, because the basket has changed."""
        return self.used < self.wanted


@dataclass(frozen=True, slots=True)
class Problem:
    """What was refused: in which field, with what typed into it."""

    part: Part
    typed: str
    refusal: CheckoutError


@dataclass(frozen=True, slots=True)
class Savings:
    """A draft's wishes for its pages: what is applied, and why something is not."""

    coupon: Coupon | None
    coupon_refusal: str
    voucher: GiftVoucher | None
    voucher_refusal: str
    voucher_left_eur: Decimal
    points: Points | None


def of(draft: Order, summary: Summary) -> Savings:
    """The wishes of a draft beside what its summary makes of them."""
    voucher = draft.voucher
    return Savings(
        coupon=draft.coupon,
        coupon_refusal=summary.coupon_refusal,
        voucher=voucher,
        voucher_refusal=vouchers.refusal_of(voucher) if voucher else "",
        voucher_left_eur=voucher.balance_eur - summary.voucher_eur if voucher else Decimal(0),
        points=_points(draft, summary),
    )


def _points(draft: Order, summary: Summary) -> Points | None:
    account = rewards.account_of(draft.user) if draft.user else None
    if account is None:
        return None
    settings = ShopSettings.current()
    spendable = max(rewards.spendable(account), 0)
    return Points(
        spendable=spendable,
        worth_eur=_worth(spendable),
        most=summary.points_usable,
        most_eur=_worth(summary.points_usable),
        minimum=settings.points_minimum,
        step=settings.points_step,
        used=summary.points_used,
        wanted=draft.points_used,
    )


def _worth(points: int) -> Decimal:
    return round_amount(Decimal(points) / ShopSettings.current().points_for_one_euro, BASE_CURRENCY)


def enter_code(draft: Order, visitor: Visitor, code: str, *, currency: str) -> Part:
    """Use the coupon or the gift voucher that a code names, in whichever field it was typed.

    Raises CodeRefused with a sentence for the buyer, its amounts in their currency, TooManyCodes after too many
    unknown ones, BasketEmpty, CurrencyNotOffered and OrderMoveRefused.
    """
    found = _recognise(visitor, code)
    if isinstance(found, Coupon):
        summary = drafts.summary_of(draft, visitor, currency=currency)
        _accept(coupons.refusal_of(found, lines=summary.lines, email=draft.email, quote=summary.quote))
        _keep(draft, coupon=found)
        return Part.COUPON
    _accept(vouchers.refusal_of(found))
    _keep(draft, voucher=found)
    return Part.VOUCHER


def _recognise(visitor: Visitor, code: str) -> Coupon | GiftVoucher:
    if WRONG_CODES.is_reached(visitor):
        raise TooManyCodes
    # Both are looked for whatever it is, so that an unknown code takes as long as a known one.
    coupon, voucher = coupons.find(code), vouchers.look_up(code)
    found = coupon or voucher
    if found is None:
        WRONG_CODES.count(visitor)
        raise CodeRefused(coupons.unknown())
    return found


def _accept(refusal: str) -> None:
    if refusal:
        raise CodeRefused(refusal)


def wish(draft: Order, visitor: Visitor, *, coupon: str, gift_voucher: str, points: int, currency: str) -> None:
    """Use exactly this in a draft, whatever it wished before; codes are empty for none.

    Raises CodeRefused, which names the `field` concerned, TooManyCodes, PointsRefused, BasketEmpty.
    """
    _keep(draft, coupon=None, voucher=None, points_used=0)
    for field, code in (("coupon", coupon), ("gift_voucher", gift_voucher)):
        if code:
            with _naming(field):
                enter_code(draft, visitor, code, currency=currency)
    if points:
        use_points(draft, visitor, points)


def wishes(visitor: Visitor, *, email: str, coupon: str, gift_voucher: str, points: int, currency: str) -> Wishes:
    """The same for a basket without a draft: what a summary needs to know. Raises as `wish` does."""
    if points:
        raise PointsRefused
    summary = summarise(inventory.live_reservations(visitor), currency=currency)
    if not summary.lines:
        raise BasketEmpty
    found = Wishes(email=email)
    for field, code in (("coupon", coupon), ("gift_voucher", gift_voucher)):
        if not code:
            continue
        with _naming(field):
            known = _recognise(visitor, code)
            if isinstance(known, Coupon):
                _accept(coupons.refusal_of(known, lines=summary.lines, email=email, quote=summary.quote))
                found = replace(found, coupon=known)
            else:
                _accept(vouchers.refusal_of(known))
                found = replace(found, voucher=known)
    return found


@contextmanager
def _naming(field: str) -> Iterator[None]:
    """Say of a refused code which field it was given in."""
    try:
        yield
    except CodeRefused as refusal:
        raise CodeRefused(refusal.text, field=field) from refusal


def use_points(draft: Order, visitor: Visitor, points: int) -> None:
    """Use so many points of the signed-in buyer, 0 for none; rounded down to the shop's step.

    Raises PointsRefused for a guest, or more than can be used now; BasketEmpty and OrderMoveRefused.
    """
    if points and draft.user is None:
        raise PointsRefused
    most = drafts.summary_of(draft, visitor, currency=BASE_CURRENCY).points_usable
    settings = ShopSettings.current()
    if points > most:
        raise PointsRefused(_("For this order you can use %(most)d points at most.") % {"most": most})
    if 0 < points < settings.points_minimum:
        raise PointsRefused(_("Points can be used from %(minimum)d on.") % {"minimum": settings.points_minimum})
    _keep(draft, points_used=points - points % settings.points_step)


def remove(draft: Order, part: Part) -> None:
    """Take a wish back. Raises OrderMoveRefused for an order that is placed."""
    match part:
        case Part.COUPON:
            _keep(draft, coupon=None)
        case Part.VOUCHER:
            _keep(draft, voucher=None)
        case Part.POINTS:
            _keep(draft, points_used=0)


def _keep(draft: Order, **wishes: Any) -> None:
    with transaction.atomic():
        locked = orders.lock(draft.pk)
        if locked.state != OrderState.DRAFT:
            raise OrderMoveRefused
        for name, value in wishes.items():
            setattr(locked, name, value)
            setattr(draft, name, value)
        locked.save(update_fields=list(wishes))
