"""What an order uses up besides pieces: a coupon's use, a voucher's money, points. Taken and let go together.

All three join the caller's transaction, in which the order is locked. Their rows are locked in one order
everywhere, coupon, voucher, points account, and before those of listings.
"""

from django.db import transaction

from checkout import coupons, rewards, vouchers
from checkout.models import Coupon, GiftVoucher, Order


def lock(order: Order) -> None:
    """Lock the rows that `take` will change, before anybody looks at what they allow."""
    if order.coupon_id is not None:
        Coupon.objects.select_for_update(of=("self",)).get(pk=order.coupon_id)
    if order.voucher_id is not None:
        GiftVoucher.objects.select_for_update(of=("self",)).get(pk=order.voucher_id)
    rewards.lock(order)


def take(order: Order) -> bool:
    """Hold for the order what its frozen amounts say it uses; what it holds already it keeps.

    False when a part is not to be had any more: then nothing was taken.
    """
    with transaction.atomic():
        if coupons.take(order) and vouchers.take(order) and rewards.take(order):
            return True
        transaction.set_rollback(True)
    return False


def release(order: Order) -> None:
    """Give back what an order held that ended without a sale. Doing it again changes nothing."""
    coupons.release(order)
    vouchers.release(order)
    rewards.release(order)
