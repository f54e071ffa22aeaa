"""What lowers or pays a basket or an order, as the API takes and shows it: coupon, points, gift voucher."""

from typing import Any

from rest_framework import serializers

from checkout.api.offers import shown_amount
from checkout.models import Order
from checkout.money import BASE_CURRENCY
from checkout.summary import Summary
from shop.api.fields import AmountSerializer, amount

CODE_LENGTH = 40


class WishesSerializer(serializers.Serializer[Any]):
    """What the buyer wants to use. A code is recognised in either field; points need an account, which has no API."""

    coupon = serializers.CharField(max_length=CODE_LENGTH, required=False, allow_blank=True, default="")
    gift_voucher = serializers.CharField(max_length=CODE_LENGTH, required=False, allow_blank=True, default="")
    points = serializers.IntegerField(min_value=0, max_value=10**9, required=False, default=0)


class SavingSerializer(serializers.Serializer[Any]):
    """One saving in the base and in the presentment currency."""

    base = AmountSerializer()
    presentment = AmountSerializer()


class CouponSavingSerializer(SavingSerializer):
    code = serializers.CharField()


class PointsSavingSerializer(SavingSerializer):
    points = serializers.IntegerField()


class VoucherPaymentSerializer(SavingSerializer):
    code_end = serializers.CharField(help_text="The last letters of the code, which is itself money.")


class SavingsSerializer(serializers.Serializer[Any]):
    """What is used, null where nothing is. Coupon, points and `shipping_discount` lower the total; a voucher pays."""

    coupon = CouponSavingSerializer(allow_null=True)
    points = PointsSavingSerializer(allow_null=True)
    shipping_discount = SavingSerializer(allow_null=True)
    gift_voucher = VoucherPaymentSerializer(allow_null=True)


def savings_form(of: Order | Summary) -> dict[str, Any]:
    """The savings of an order or a basket, which call their parts alike."""
    coupon, voucher = of.coupon, of.voucher
    return {
        "coupon": {"code": coupon.code, **_both(of, "coupon")} if coupon else None,
        "points": {"points": of.points_used, **_both(of, "points")} if of.points_used else None,
        "shipping_discount": _both(of, "shipping_discount") if of.shipping_discount_eur else None,
        "gift_voucher": {"code_end": voucher.code[-4:], **_both(of, "voucher")} if voucher else None,
    }


def _both(of: Order | Summary, part: str) -> dict[str, Any]:
    return {
        "base": amount(getattr(of, f"{part}_eur"), BASE_CURRENCY),
        "presentment": shown_amount(getattr(of, f"{part}_amount"), of.currency),
    }
