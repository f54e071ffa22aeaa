"""The tables of selling."""

from checkout.models.currency import Rate, RateSet
from checkout.models.order import Order, OrderAddress, OrderEvent, OrderLine, OrderMail, OrderState
from checkout.models.payment import DemoPayment, Payment, PaymentState, Refund
from checkout.models.reservation import Reservation
from checkout.models.rewards import PointsAccount, PointsEntry
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

__all__ = [
    "DemoPayment",
    "FreeShipping",
    "Method",
    "Order",
    "OrderAddress",
    "OrderEvent",
    "OrderLine",
    "OrderMail",
    "OrderState",
    "PackagingWeight",
    "ParcelSettings",
    "Payment",
    "PaymentState",
    "PointsAccount",
    "PointsEntry",
    "PostcodeRule",
    "Rate",
    "RateSet",
    "Refund",
    "Reservation",
    "ShippingRate",
    "Zone",
    "ZoneCountry",
]
