"""Withdrawals, pieces on their way back, and what was credited: read, and moved along by buttons."""

from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.db.models import Case, IntegerField, QuerySet, Value, When
from django.http import HttpRequest
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext_lazy as _
from unfold.widgets import (
    UnfoldAdminDecimalFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanWidget,
)

from catalog.vocabularies import Grade
from checkout import returns, withdrawals
from checkout.admin.amounts import amount_of, in_both
from checkout.models import Credit, CreditLine, Order, Refund, ReturnedPiece, Withdrawal
from checkout.money import BASE_CURRENCY
from shop.admin_base import Deed, DeedForm, ReadOnlyAdmin, ReadOnlyTabular, coloured, link_to

STATE_COLOURS = {
    Withdrawal.State.STATED: "info",
    Withdrawal.State.CONFIRMED: "warning",
    Withdrawal.State.SETTLED: "success",
    Withdrawal.State.REFUSED: "danger",
}

MOST_ORDERS = 10


class MatchForm(DeedForm):
    order_number = forms.CharField(label=_("Order"), max_length=16, widget=UnfoldAdminTextInputWidget)
    skus = forms.CharField(
        label=_("SKUs of the pieces"),
        max_length=2000,
        required=False,
        help_text=_("Empty: those the statement names, or all where it says nothing."),
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 2}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["order_number"].initial = str(self.row.order or self.row.order_number)  # type: ignore[attr-defined]


class ReasonForm(DeedForm):
    reason = forms.CharField(
        label=_("Reason"), max_length=300, widget=UnfoldAdminTextInputWidget, help_text=_("The buyer reads it.")
    )


class SettleForm(DeedForm):
    without_missing = forms.BooleanField(
        label=_("Settle without the pieces that have not arrived"), required=False, widget=UnfoldBooleanWidget
    )


class ReceiveForm(DeedForm):
    grade_found = forms.ChoiceField(
        label=_("Grade found"),
        choices=[("", "–"), *Grade.choices],
        required=False,
        widget=UnfoldAdminSelectWidget,
    )
    deduction_eur = forms.DecimalField(
        label=_("Deduction for lost value (EUR)"),
        min_value=0,
        max_digits=8,
        decimal_places=2,
        initial=0,
        widget=UnfoldAdminDecimalFieldWidget,
        help_text=_("Only for handling beyond what is needed to look at the piece."),
    )
    note = forms.CharField(
        label=_("Reason for the deduction"), max_length=300, required=False, widget=UnfoldAdminTextInputWidget
    )


class PieceRows(ReadOnlyTabular):
    model = ReturnedPiece
    fields = ("page", "received_at", "grade_found", "deduction_eur", "note", "regraded_at")
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[ReturnedPiece]:
        pieces: QuerySet[ReturnedPiece] = super().get_queryset(request)
        return pieces.select_related("line")

    @admin.display(description=_("piece"))
    def page(self, row: ReturnedPiece) -> str:
        return link_to("checkout_returnedpiece", row.pk, str(row.line))


def _is_open(withdrawal: Withdrawal) -> bool:
    return withdrawal.state == Withdrawal.State.CONFIRMED


def _is_asked_back(withdrawal: Withdrawal) -> bool:
    order = withdrawal.order
    return _is_open(withdrawal) and order is not None and order.state == "withdrawal_requested"


_OPEN_FIRST = Case(
    When(state=Withdrawal.State.CONFIRMED, then=Value(0)), default=Value(1), output_field=IntegerField()
).asc()


@admin.register(Withdrawal)
class WithdrawalAdmin(ReadOnlyAdmin):
    """Open ones first, by the day their money is due."""

    list_display = ("order_number", "found_order", "name", "state_label", "confirmed_at", "refund_due", "is_in_time")
    list_filter = ("state", "is_in_time")
    search_fields = ("order_number", "order__number", "name", "email")
    list_select_related = ("order",)
    date_hierarchy = "confirmed_at"
    fields = (
        ("order", "order_number", "state"),
        ("name", "email", "language"),
        ("statement", "orders_of_email"),
        ("stated_at", "confirmed_at", "acknowledged_at"),
        ("refund_due", "is_in_time", "closed_at"),
        "note",
    )
    readonly_fields = ("refund_due", "orders_of_email")
    inlines = (PieceRows,)
    deeds: ClassVar = (
        Deed(
            name="accept",
            label=_("Accept though late"),
            do=lambda row, by: withdrawals.accept_late(row, by=by),
            done=_("%(row)s is accepted."),
            is_offered=lambda row: (
                _is_open(row) and row.order is not None and row.is_in_time is False and not _is_asked_back(row)
            ),
            permission="checkout.change_withdrawal",
            icon="check",
            explanation=_("The period was over; the buyer gets the same mail as in time."),
            is_main=True,
        ),
        Deed(
            name="match",
            label=_("Say which order and pieces"),
            do=lambda row, by, **answers: withdrawals.match(row, by=by, **answers),
            done=_("%(row)s is assigned."),
            is_offered=lambda row: _is_open(row) and not _is_asked_back(row),
            permission="checkout.change_withdrawal",
            icon="link",
            form=MatchForm,
            explanation=_("What has not left is cancelled and paid back at once; what has left is asked back."),
            is_main=True,
        ),
        Deed(
            name="settle",
            label=_("Settle"),
            do=lambda row, by, **answers: returns.settle(row, by=by, **answers),
            done=_("%(row)s is settled and the money on its way."),
            is_offered=_is_asked_back,
            permission="checkout.change_withdrawal",
            icon="payments",
            form=SettleForm,
            explanation=_(
                "Gives back what the pieces that arrived cost, less deductions; with the last piece of an order also "
                "the shipping, up to the cheapest usual delivery. Points follow."
            ),
            is_main=True,
        ),
        Deed(
            name="refuse",
            label=_("Refuse"),
            do=lambda row, by, reason: withdrawals.refuse(row, reason=reason, by=by),
            done=_("%(row)s is refused; the buyer gets a mail."),
            is_offered=_is_open,
            permission="checkout.change_withdrawal",
            icon="block",
            form=ReasonForm,
            explanation=_("For example when the period is over or nothing was bought under this number."),
            is_danger=True,
        ),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Withdrawal]:
        """Without those nobody confirmed: they are not statements yet."""
        rows: QuerySet[Withdrawal] = super().get_queryset(request)
        return rows.exclude(state=Withdrawal.State.STATED)

    def get_ordering(self, request: HttpRequest) -> Any:
        return (_OPEN_FIRST, "confirmed_at", "id")

    @coloured(description=_("state"), ordering="state", colours=STATE_COLOURS)
    def state_label(self, withdrawal: Withdrawal) -> tuple[str, str]:
        return withdrawal.state, withdrawal.get_state_display()

    @admin.display(description=_("order"), ordering="order__number")
    def found_order(self, withdrawal: Withdrawal) -> str:
        if withdrawal.order is None:
            return str(_("not found"))
        return link_to("checkout_order", withdrawal.order.pk, withdrawal.order.number)

    @admin.display(description=_("orders with this address"))
    def orders_of_email(self, withdrawal: Withdrawal) -> str:
        """Where to look for the order when the number was mistyped."""
        found = Order.objects.placed().filter(email__iexact=withdrawal.email).order_by("-pk")[:MOST_ORDERS]
        links = ((link_to("checkout_order", order.pk, order.number),) for order in found)
        return format_html_join(" · ", "{}", links) or "–"

    @admin.display(description=_("money due by"), ordering="confirmed_at")
    def refund_due(self, withdrawal: Withdrawal) -> str:
        due = withdrawals.refund_due_on(withdrawal)
        if due is None or not _is_open(withdrawal):
            return "–"
        day = date_format(due)
        return format_html("<b>{}</b>", day) if due < timezone.localdate() else day


@admin.register(ReturnedPiece)
class ReturnedPieceAdmin(ReadOnlyAdmin):
    list_display = ("piece", "withdrawal", "received_at", "grade_found", "deduction_eur", "regraded_at")
    list_filter = (("received_at", admin.EmptyFieldListFilter), ("regraded_at", admin.EmptyFieldListFilter))
    list_select_related = ("line__listing", "withdrawal__order")
    search_fields = ("line__sku", "withdrawal__order_number", "withdrawal__order__number")
    fields = (
        ("piece", "withdrawal"),
        ("received_at", "received_by", "grade_found"),
        ("deduction_eur", "note"),
        "regraded_at",
    )
    readonly_fields = ("piece",)
    deeds: ClassVar = (
        Deed(
            name="receive",
            label=_("Arrived"),
            do=lambda piece, by, **answers: returns.receive(piece, by=by, **answers),
            done=_("%(row)s has arrived."),
            is_offered=lambda piece: piece.received_at is None and _is_asked_back(piece.withdrawal),
            permission="checkout.change_returnedpiece",
            icon="move_to_inbox",
            form=ReceiveForm,
            explanation=_("Look at every part before you press. A deduction needs a reason, which the buyer reads."),
            is_main=True,
        ),
        Deed(
            name="regrade",
            label=_("Graded again"),
            do=lambda piece, by: returns.regrade(piece, by=by),
            done=_("%(row)s is graded again: its listing can be put back to draft and on offer."),
            is_offered=lambda piece: piece.line.returned_at is not None and piece.regraded_at is None,
            permission="checkout.change_returnedpiece",
            icon="grade",
            explanation=_("First change the grades, defects and photos of the listing to what it is now."),
            is_main=True,
        ),
    )

    @admin.display(description=_("piece"), ordering="line__sku")
    def piece(self, row: ReturnedPiece) -> str:
        return format_html("{} {}", link_to("catalog_listing", row.line.listing_id, row.line.sku), row.line.title)


class CreditLineRows(ReadOnlyTabular):
    model = CreditLine
    fields = ("line", "sum")
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[CreditLine]:
        rows: QuerySet[CreditLine] = super().get_queryset(request)
        return rows.select_related("line", "credit__order")

    @admin.display(description=_("amount"))
    def sum(self, row: CreditLine) -> str:
        return in_both(row.amount, row.amount_eur, row.credit.order.currency)


class RefundRows(ReadOnlyTabular):
    model = Refund
    fields = ("page", "sum", "state", "reference", "done_at")
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[Refund]:
        rows: QuerySet[Refund] = super().get_queryset(request)
        return rows.select_related("payment__order")

    @admin.display(description=_("payment"))
    def page(self, refund: Refund) -> str:
        return link_to("checkout_refund", refund.pk, str(refund.payment))

    @admin.display(description=_("amount"))
    def sum(self, refund: Refund) -> str:
        return amount_of(refund.amount, refund.payment.currency)


@admin.register(Credit)
class CreditAdmin(ReadOnlyAdmin):
    list_display = ("created_at", "order", "reason", "total", "money", "to_voucher", "decided_by")
    list_select_related = ("order", "decided_by")
    search_fields = ("order__number", "reason", "reason_key")
    date_hierarchy = "created_at"
    fields = (
        ("order", "created_at", "decided_by"),
        ("reason", "reason_key"),
        ("goods", "shipping", "total"),
        ("money", "to_voucher"),
    )
    readonly_fields = ("goods", "shipping", "total", "money", "to_voucher")
    inlines = (CreditLineRows, RefundRows)

    @admin.display(description=_("goods"))
    def goods(self, credit: Credit) -> str:
        return in_both(credit.goods_amount, credit.goods_eur, credit.order.currency)

    @admin.display(description=_("shipping"))
    def shipping(self, credit: Credit) -> str:
        return in_both(credit.shipping_amount, credit.shipping_eur, credit.order.currency)

    @admin.display(description=_("in all"))
    def total(self, credit: Credit) -> str:
        amount, eur = credit.goods_amount + credit.shipping_amount, credit.goods_eur + credit.shipping_eur
        return in_both(amount, eur, credit.order.currency)

    @admin.display(description=_("by the payment"), ordering="money_amount")
    def money(self, credit: Credit) -> str:
        return amount_of(credit.money_amount, credit.order.currency)

    @admin.display(description=_("to the voucher"), ordering="voucher_eur")
    def to_voucher(self, credit: Credit) -> str:
        return amount_of(credit.voucher_eur, BASE_CURRENCY)
