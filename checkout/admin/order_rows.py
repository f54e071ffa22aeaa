"""The parts of an order below it: pieces, addresses, payments, what was given back, events, mails, points."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from checkout.admin.amounts import amount_of, in_both
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
from checkout.money import BASE_CURRENCY
from shop.admin_base import ReadOnlyStacked, ReadOnlyTabular, link_to, moment


class LineRows(ReadOnlyTabular):
    model = OrderLine
    fields = ("piece", "title", "description", "price", "paid", "weight_g", "points", "returned_at")
    readonly_fields = fields

    @admin.display(description="SKU")
    def piece(self, line: OrderLine) -> str:
        return link_to("catalog_listing", line.listing_id, line.sku)

    @admin.display(description=_("price"))
    def price(self, line: OrderLine) -> str:
        return in_both(line.price_amount, line.price_eur, line.order.currency)

    @admin.display(description=_("less coupon and points"))
    def paid(self, line: OrderLine) -> str:
        return in_both(line.paid_amount, line.paid_eur, line.order.currency)


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
    fields = ("page", "gateway", "state", "failure_code", "sum", "refunded", "captured_at", "reference")
    readonly_fields = fields

    @admin.display(description=_("attempt"))
    def page(self, payment: Payment) -> str:
        return link_to("checkout_payment", payment.pk, str(payment.attempt))

    @admin.display(description=_("amount"))
    def sum(self, payment: Payment) -> str:
        return amount_of(payment.amount, payment.currency)

    @admin.display(description=_("refunded"))
    def refunded(self, payment: Payment) -> str:
        return amount_of(payment.refunded_amount, payment.currency)


class CreditRows(ReadOnlyTabular):
    model = Credit
    fields = ("page", "reason", "goods", "shipping", "money", "to_voucher", "decided_by")
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[Credit]:
        credits: QuerySet[Credit] = super().get_queryset(request)
        return credits.select_related("decided_by")

    @admin.display(description=_("decided"))
    def page(self, credit: Credit) -> str:
        return link_to("checkout_credit", credit.pk, moment(credit.created_at))

    @admin.display(description=_("goods"))
    def goods(self, credit: Credit) -> str:
        return amount_of(credit.goods_amount, credit.order.currency)

    @admin.display(description=_("shipping"))
    def shipping(self, credit: Credit) -> str:
        return amount_of(credit.shipping_amount, credit.order.currency)

    @admin.display(description=_("by the payment"))
    def money(self, credit: Credit) -> str:
        return amount_of(credit.money_amount, credit.order.currency)

    @admin.display(description=_("to the voucher"))
    def to_voucher(self, credit: Credit) -> str:
        return amount_of(credit.voucher_eur, BASE_CURRENCY)


class WithdrawalRows(ReadOnlyTabular):
    model = Withdrawal
    fields = ("page", "state", "is_in_time", "closed_at", "note")
    readonly_fields = fields

    @admin.display(description=_("stated"))
    def page(self, withdrawal: Withdrawal) -> str:
        return link_to("checkout_withdrawal", withdrawal.pk, moment(withdrawal.stated_at))


class EventRows(ReadOnlyTabular):
    model = OrderEvent
    fields = ("at", "kind", "note", "actor")
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[OrderEvent]:
        events: QuerySet[OrderEvent] = super().get_queryset(request)
        return events.select_related("actor")

    @admin.display(description=_("note"))
    def note(self, event: OrderEvent) -> str:
        return event.note


class MailRows(ReadOnlyTabular):
    model = OrderMail
    fields = ("about", "sent_at")
    readonly_fields = fields

    @admin.display(description=_("mail"))
    def about(self, mail: OrderMail) -> str:
        return str(mail)


class PointsRows(ReadOnlyTabular):
    model = PointsEntry
    fk_name = "order"
    fields = ("created_at", "kind", "pot", "points", "note")
