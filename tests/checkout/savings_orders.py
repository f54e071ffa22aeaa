"""Coupons, gift vouchers and bare orders that use them, without a purchase around them."""

from decimal import Decimal
from itertools import count
from typing import Any

from django.db import transaction
from django.utils import timezone

from checkout import vouchers
from checkout.models import Coupon, GiftVoucher, Order, OrderState
from shop.models import User

_numbers = count(1)


def a_coupon(code: str = "WINTER", **fields: Any) -> Coupon:
    """Ten percent, unless told otherwise."""
    kind = fields.setdefault("kind", Coupon.Kind.PERCENT)
    if kind == Coupon.Kind.PERCENT:
        fields.setdefault("percent", Decimal(10))
    return Coupon.objects.create(code=code, **fields)


def a_voucher(amount: str = "20.00", *, is_issued: bool = True, **fields: Any) -> GiftVoucher:
    voucher = GiftVoucher.objects.create(amount_eur=Decimal(amount), **fields)
    if is_issued:
        with transaction.atomic():
            vouchers._issue(voucher, note="", by=None)
        voucher.refresh_from_db()
    return voucher


def an_owner(email: str = "owner@example.com") -> User:
    return User.objects.create_superuser(email, "a-long-passphrase")


def an_unpaid_order(
    *,
    coupon: Coupon | None = None,
    voucher: GiftVoucher | None = None,
    voucher_eur: str = "0",
    email: str = "buyer@example.com",
) -> Order:
    """A placed order in euro that costs 50, without lines; a coupon lowers it by 5."""
    saved, paid = Decimal(5 if coupon else 0), Decimal(voucher_eur)
    return Order.objects.create(
        number=f"T-{next(_numbers)}",
        state=OrderState.AWAITING_PAYMENT,
        visitor_key="a-visitor",
        email=email,
        placed_at=timezone.now(),
        coupon=coupon,
        voucher=voucher,
        voucher_eur=paid,
        voucher_amount=paid,
        shipping_eur=Decimal(50),
        shipping_amount=Decimal(50),
        coupon_eur=saved,
        coupon_amount=saved,
        discount_eur=saved,
        discount_amount=saved,
        total_eur=50 - saved,
        total_amount=50 - saved,
    )
