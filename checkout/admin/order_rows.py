"""The parts of an order below it: pieces, addresses, payments, what was given back, events, mails, points."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html

from checkout.models import (
    Credit,
    OrderAddress,
    OrderEvent,
    OrderLine,
    OrderMail,
    Payment,
    PointsEntry,
    Withdrawal,
)
from shop.admin_base import ReadOnlyStacked, ReadOnlyTabular


class LineRows(ReadOnlyTabular):
    model = OrderLine
    fields = (
        "piece",
        "title",
        "description",
        "price_eur",
        "price_amount",
        "weight_g",
        "points",
        "returned_at",
    )
    readonly_fields = fields

    @admin.display(description="SKU")
    def piece(self, line: OrderLine) -> str:
        address = reverse("admin:catalog_listing_change", args=(line.listing_id,))
        return format_html('<a href="{}">{}</a>', address, line.sku)


class AddressRows(ReadOnlyStacked):
    model = OrderAddress
    fields = (
        ("kind", "name", "company"),
        ("line1", "line2"),
        ("postcode", "city", "region"),
        ("country", "phone"),
    )


class PaymentRows(ReadOnlyTabular):
    model = Payment
    fields = (
        "attempt",
        "gateway",
        "state",
        "amount",
        "currency",
        "refunded_amount",
        "captured_at",
        "reference",
    )
    show_change_link = True


class CreditRows(ReadOnlyTabular):
    model = Credit
    fields = ("created_at", "reason", "goods_amount", "shipping_amount", "money_amount", "voucher_eur")
    show_change_link = True


class WithdrawalRows(ReadOnlyTabular):
    model = Withdrawal
    fields = ("confirmed_at", "state", "is_in_time", "closed_at", "note")
    show_change_link = True


class EventRows(ReadOnlyTabular):
    model = OrderEvent
    fields = ("at", "kind", "text", "actor")

    def get_queryset(self, request: HttpRequest) -> QuerySet[OrderEvent]:
        events: QuerySet[OrderEvent] = super().get_queryset(request)
        return events.select_related("actor")


class MailRows(ReadOnlyTabular):
    model = OrderMail
    fields = ("kind", "sent_at")


class PointsRows(ReadOnlyTabular):
    model = PointsEntry
    fk_name = "order"
    fields = ("created_at", "kind", "pot", "points", "note")
