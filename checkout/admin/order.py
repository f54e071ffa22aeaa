"""The order desk: what was ordered, where it goes, and what to do next."""

from decimal import Decimal
from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.contrib.admin.utils import flatten_fieldsets
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminDecimalFieldWidget, UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from checkout import credits, deliveries, orders, parcels, settlement
from checkout.admin.amounts import amount_of, in_both
from checkout.admin.order_rows import (
    AddressRows,
    CreditRows,
    EventRows,
    LineRows,
    MailRows,
    PaymentRows,
    PointsRows,
    WithdrawalRows,
)
from checkout.models import Order, OrderLine, OrderState
from shop.admin_base import Deed, DeedForm, ShopAdmin, age_of, coloured, count_of, link_to

STATE_COLOURS = {
    OrderState.AWAITING_PAYMENT: "info",
    OrderState.PAID: "warning",
    OrderState.PACKED: "warning",
    OrderState.SHIPPED: "success",
    OrderState.DELIVERED: "success",
    OrderState.EXPIRED: "danger",
    OrderState.CANCELLED: "danger",
    OrderState.WITHDRAWAL_REQUESTED: "primary",
    OrderState.RETURNED: "primary",
}


def said(name: str, description: Any) -> Any:
    """A column that says yes or no in words: the theme's red cross looks like trouble where there is none."""

    @admin.display(description=description)
    def column(_page: Any, row: Any) -> str:
        return str(_("Yes") if getattr(row, name) else _("No"))

    return column


class ShipForm(DeedForm):
    carrier = forms.CharField(label=_("Carrier"), max_length=60, required=False, widget=UnfoldAdminTextInputWidget)
    tracking_number = forms.CharField(
        label=_("Tracking number"), max_length=60, required=False, widget=UnfoldAdminTextInputWidget
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["carrier"].initial = self.row.carrier  # type: ignore[attr-defined]


class CancelForm(DeedForm):
    reason = forms.CharField(label=_("Reason"), max_length=200, required=False, widget=UnfoldAdminTextInputWidget)


class GiveBackForm(DeedForm):
    """An amount on one piece or on the shipping, in the order's currency."""

    SHIPPING: ClassVar[str] = "shipping"

    part = forms.ChoiceField(label=_("For"), widget=UnfoldAdminSelectWidget)
    amount = forms.DecimalField(
        label=_("Amount"), min_value=0, max_digits=12, decimal_places=2, widget=UnfoldAdminDecimalFieldWidget
    )
    reason = forms.CharField(
        label=_("Reason"), max_length=200, widget=UnfoldAdminTextInputWidget, help_text=_("The buyer reads it.")
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        order: Any = self.row
        left = credits.left_of(order)
        choices = [(line.sku, f"{line.sku} {line.title}", money) for line, money in left.lines.items()]
        choices.append((self.SHIPPING, str(_("Shipping")), left.shipping))
        self.fields["part"].choices = [  # type: ignore[attr-defined]
            (key, f"{name}: {amount_of(money.amount, order.currency)}") for key, name, money in choices if money.amount
        ]
        self.fields["amount"].help_text = order.currency


def _give_back(order: Order, by: Any, *, part: str, amount: Any, reason: str) -> None:
    is_shipping = part == GiveBackForm.SHIPPING
    credits.give_part(
        order,
        lines={} if is_shipping else {part: amount},
        shipping=amount if is_shipping else Decimal(0),
        reason=reason,
        by=by,
    )


def _is_in(*states: str) -> Any:
    return lambda order: order.state in states


def _awaits_transfer(order: Order) -> bool:
    """A transfer may also arrive after it was given up; then the money is here and somebody has to say so."""
    states = {payment.state for payment in order.payments.all() if payment.gateway == "bank_transfer"}
    return bool(states) and states <= set(settlement.TRANSFER_STATES)


@admin.register(Order)
class OrderAdmin(ShopAdmin):
    """Nothing of an order is typed over: buttons call what the shop itself calls, only the note is free."""

    compressed_fields = False
    list_display = (
        "number",
        "state_label",
        "placed_at",
        "age",
        "piece_count",
        "total",
        "country",
        "dispute_label",
    )
    list_filter = ("state", "payment_method", "currency", "refund_state", "is_disputed", "is_late")
    search_fields = ("number", "email", "lines__sku", "tracking_number", "addresses__name")
    date_hierarchy = "placed_at"
    ordering = ("-placed_at", "-id")
    actions = ("pack_chosen",)
    inlines = (LineRows, AddressRows, PaymentRows, CreditRows, WithdrawalRows, EventRows, MailRows, PointsRows)
    deeds: ClassVar = (
        Deed(
            name="confirm-transfer",
            label=_("Confirm bank transfer"),
            do=lambda order, by: settlement.confirm_transfer(order, by=by),
            done=_("The transfer for %(row)s is confirmed."),
            is_offered=_awaits_transfer,
            permission="checkout.change_order",
            icon="account_balance",
            explanation=_("Only when the full amount, with the order's number, is on the account statement."),
            is_main=True,
        ),
        Deed(
            name="pack",
            label=_("Packed"),
            do=lambda order, by: orders.pack(order, by=by),
            done=_("%(row)s is packed."),
            is_offered=_is_in(OrderState.PAID),
            permission="checkout.change_order",
            icon="inventory_2",
            is_main=True,
        ),
        Deed(
            name="unpack",
            label=_("Unpack"),
            do=lambda order, by: orders.unpack(order, by=by),
            done=_("%(row)s is to be packed again."),
            is_offered=_is_in(OrderState.PACKED),
            permission="checkout.change_order",
            icon="unarchive",
            explanation=_("All orders of the parcel wait for packing again."),
        ),
        Deed(
            name="ship",
            label=_("Shipped"),
            do=lambda order, by, **parcel: orders.ship(order, by=by, **parcel),
            done=_("%(row)s is on its way; the buyer gets a mail."),
            is_offered=_is_in(OrderState.PACKED),
            permission="checkout.change_order",
            icon="local_shipping",
            form=ShipForm,
            explanation=_("The buyer gets a mail with the tracking number."),
            is_main=True,
        ),
        Deed(
            name="deliver",
            label=_("Delivered"),
            do=lambda order, by: orders.deliver(order, by=by),
            done=_("%(row)s has arrived."),
            is_offered=_is_in(OrderState.SHIPPED),
            permission="checkout.change_order",
            icon="task_alt",
            explanation=_("From now on the days of the right of withdrawal are counted."),
            is_main=True,
        ),
        Deed(
            name="give-back",
            label=_("Give part back"),
            do=_give_back,
            done=_("The money for %(row)s is on its way back; the buyer gets a mail."),
            is_offered=lambda order: order.paid_at is not None and order.refund_state != Order.Refund.FULL,
            permission="checkout.change_refund",
            icon="currency_exchange",
            form=GiveBackForm,
            explanation=_("An amount on one piece or on the shipping, while the buyer keeps what they bought."),
        ),
        Deed(
            name="cancel",
            label=_("Cancel order"),
            do=lambda order, by, reason: settlement.cancel(order, by=by, reason=reason),
            done=_("%(row)s is cancelled."),
            is_offered=_is_in(OrderState.AWAITING_PAYMENT, OrderState.PAID, OrderState.PACKED),
            permission="checkout.change_order",
            icon="cancel",
            form=CancelForm,
            explanation=_("The pieces are free again and what was paid is returned in full."),
            is_danger=True,
        ),
    )
    fieldsets = (
        (
            None,
            {
                "fields": (
                    ("number", "state", "refund_state"),
                    ("email", "user", "language"),
                    ("buyer_note", "staff_note"),
                )
            },
        ),
        (
            _("Money"),
            {
                "fields": (
                    ("goods", "shipping", "discount", "tax"),
                    ("total", "currency", "rate", "rate_set"),
                    ("payment_method", "paid_by_voucher", "points_per_euro"),
                )
            },
        ),
        (
            _("Parcel"),
            {
                "fields": (
                    ("shipping_method_name", "parcel_weight_g", "customs"),
                    ("carrier", "tracking", "travels_with"),
                    "to_print",
                )
            },
        ),
        (
            _("Times"),
            {
                "fields": (
                    ("placed_at", "pay_by", "paid_at"),
                    ("packed_at", "shipped_at", "delivered_at"),
                    ("closed_at", "late", "disputed"),
                )
            },
        ),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Order]:
        """Placed orders: a draft is a form somebody is still filling in."""
        placed: QuerySet[Order] = super().get_queryset(request).exclude(state=OrderState.DRAFT)
        counted = placed.annotate(line_total=count_of(OrderLine.objects.all(), by="order"))
        return counted.select_related("rate_set", "user").prefetch_related("addresses", "payments")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return [name for name in flatten_fieldsets(self.get_fieldsets(request, obj)) if name != "staff_note"]

    def save_model(self, request: HttpRequest, obj: Order, form: Any, change: bool) -> None:
        obj.save(update_fields=["staff_note"])

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @coloured(description=_("state"), ordering="state", colours=STATE_COLOURS)
    def state_label(self, order: Order) -> tuple[str, str]:
        return order.state, order.get_state_display()

    @coloured(description=_("disputed"), ordering="is_disputed", colours={"yes": "danger"})
    def dispute_label(self, order: Order) -> tuple[str, str] | None:
        return ("yes", str(_("disputed"))) if order.is_disputed else None

    @admin.display(description=_("waiting"), ordering="placed_at")
    def age(self, order: Order) -> str:
        """How long somebody waits for us: since payment, while the parcel is still here."""
        since = order.paid_at if order.state in (OrderState.PAID, OrderState.PACKED) else None
        return age_of(since) if since else "–"

    @admin.display(description=_("pieces"), ordering="line_total")
    def piece_count(self, order: Any) -> int:
        return int(order.line_total)

    @admin.display(description=_("total"), ordering="total_eur")
    def total(self, order: Order) -> str:
        return self._both(order, "total")

    @admin.display(description=_("paid by voucher"))
    def paid_by_voucher(self, order: Order) -> str:
        return self._both(order, "voucher")

    @admin.display(description=_("to"))
    def country(self, order: Order) -> str:
        address = order.shipping_address
        return str(address.country.name) if address else "–"

    customs = said("has_customs", _("customs declaration"))
    late = said("is_late", _("paid late"))
    disputed = said("is_disputed", _("disputed"))

    @admin.display(description=_("to print"))
    def to_print(self, order: Order) -> str:
        """Links to the invoice, the credit notes, the packing slip and the customs form."""
        papers = [(reverse("admin:checkout_paper_pdf", args=(row.pk,)), row.label) for row in order.papers.all()]
        forms = [("packing_slip", _("Packing slip"))]
        if order.has_customs:
            forms.append(("customs_form", _("Customs declaration")))
        links = papers + [(reverse(f"admin:checkout_{name}", args=(order.pk,)), title) for name, title in forms]
        return format_html_join(" · ", '<a class="row-link" href="{}">{}</a>', links)

    @admin.display(description=_("tracking number"))
    def tracking(self, order: Order) -> str:
        address = deliveries.tracking_url(order)
        if not address:
            return order.tracking_number
        return format_html('<a class="row-link" href="{}">{}</a>', address, order.tracking_number)

    @admin.display(description=_("in one parcel with"))
    def travels_with(self, order: Order) -> str:
        links = [(link_to("checkout_order", row.pk, row.number),) for row in parcels.companions(order)]
        return format_html_join(", ", "{}", links) or "–"

    @admin.display(description=_("goods"))
    def goods(self, order: Order) -> str:
        return self._both(order, "goods")

    @admin.display(description=_("shipping"))
    def shipping(self, order: Order) -> str:
        return self._both(order, "shipping")

    @admin.display(description=_("discount"))
    def discount(self, order: Order) -> str:
        return self._both(order, "discount")

    @admin.display(description=_("tax not included"))
    def tax(self, order: Order) -> str:
        return self._both(order, "tax")

    def _both(self, order: Order, part: str) -> str:
        return in_both(getattr(order, f"{part}_amount"), getattr(order, f"{part}_eur"), order.currency)

    @admin.action(description=_("Packed"), permissions=["change"])
    def pack_chosen(self, request: HttpRequest, rows: QuerySet[Order]) -> None:
        chosen = list(rows)
        # Of orders that share a parcel one is enough: the others are packed with it.
        leads = {parcels.leader_id(row): row for row in reversed(chosen) if row.state == OrderState.PAID}
        others = [row for row in chosen if row.state != OrderState.PAID]
        self.do_to_all(
            request, [*leads.values(), *others], lambda order, by: orders.pack(order, by=by), str(_("Packed"))
        )
