"""The staff site's pages about selling."""

from checkout.admin import (
    coupon,
    currency,
    order,
    paper,
    payment,
    reservation,
    returns,
    rewards,
    shipping,
    voucher,
    watch,
)

__all__ = [
    "coupon",
    "currency",
    "order",
    "paper",
    "payment",
    "reservation",
    "returns",
    "rewards",
    "shipping",
    "voucher",
    "watch",
]
