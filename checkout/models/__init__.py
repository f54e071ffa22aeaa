"""The tables of selling."""

from checkout.models.currency import Rate, RateSet
from checkout.models.discount import Coupon, CouponUse
from checkout.models.order import Order, OrderAddress, OrderEvent, OrderLine, OrderMail, OrderState, TaxTreatment
from checkout.models.paper import Paper, PaperCounter
from checkout.models.payment import DemoPayment, Payment, PaymentState, Refund, RefundState
from checkout.models.provider import BalanceDifference, Dispute, ProviderEvent
from checkout.models.reservation import Reservation
from checkout.models.returns import Credit, CreditLine, ReturnedPiece, Withdrawal
from checkout.models.rewards import PointsAccount, PointsEntry, PointsNotice
from checkout.models.shipping import (
    FreeShipping,
    Method,
    PackagingWeight,
    ParcelSettings,
    PostcodeRule,
    ShippingRate,
    Zone,
    ZoneCountry,
)
from checkout.models.voucher import GiftVoucher, VoucherEntry
from checkout.models.watch import Watch

__all__ = [
    "BalanceDifference",
    "Coupon",
    "CouponUse",
    "Credit",
    "CreditLine",
    "DemoPayment",
    "Dispute",
    "FreeShipping",
    "GiftVoucher",
    "Method",
    "Order",
    "OrderAddress",
    "OrderEvent",
    "OrderLine",
    "OrderMail",
    "OrderState",
    "PackagingWeight",
    "Paper",
    "PaperCounter",
    "ParcelSettings",
    "Payment",
    "PaymentState",
    "PointsAccount",
    "PointsEntry",
    "PointsNotice",
    "PostcodeRule",
    "ProviderEvent",
    "Rate",
    "RateSet",
    "Refund",
    "RefundState",
    "Reservation",
    "ReturnedPiece",
    "ShippingRate",
    "TaxTreatment",
    "VoucherEntry",
    "Watch",
    "Withdrawal",
    "Zone",
    "ZoneCountry",
]
