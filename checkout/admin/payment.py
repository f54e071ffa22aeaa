"""Payments and refunds: read; asked again at the provider; refunds by transfer confirmed by hand."""

from typing import ClassVar

from django import forms
from django.contrib import admin
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminTextInputWidget

from checkout import payments, settlement
from checkout.admin.order import amount_of
from checkout.models import Payment, PaymentState, Refund
from shop.admin_base import Deed, DeedForm, ReadOnlyAdmin, ReadOnlyTabular, coloured

STATE_COLOURS = {
    PaymentState.CREATED: "info",
    PaymentState.ACTION_REQUIRED: "info",
    PaymentState.AUTHORISED: "warning",
    PaymentState.CAPTURING: "warning",
    PaymentState.CAPTURED: "success",
    PaymentState.PART_REFUNDED: "primary",
    PaymentState.REFUNDED: "primary",
    PaymentState.FAILED: "danger",
    PaymentState.VOIDED: "danger",
    PaymentState.EXPIRED: "danger",
}


class RefundRows(ReadOnlyTabular):
    model = Refund
    fields = ("created_at", "amount", "state", "reason_key", "reference", "done_at")
    show_change_link = True


@admin.register(Payment)
class PaymentAdmin(ReadOnlyAdmin):
    list_display = ("__str__", "order", "gateway", "state_label", "sum", "created_at", "captured_at")
    list_filter = ("state", "gateway", "currency")
    list_select_related = ("order",)
    search_fields = ("order__number", "reference")
    date_hierarchy = "created_at"
    fields = (
        ("order", "attempt", "gateway"),
        ("state", "sum", "refunded_amount"),
        ("amount_minor", "currency", "reference"),
        ("created_at", "expires_at", "authorised_at"),
        ("captured_at", "closed_at", "failure_code"),
    )
    readonly_fields = ("sum",)
    inlines = (RefundRows,)
    deeds: ClassVar = (
        Deed(
            name="refresh",
            label=_("Ask the provider"),
            do=lambda payment, by: settlement.refresh(payment),
            done=_("The provider was asked about %(row)s."),
            is_offered=lambda payment: payment.is_open and payment.gateway != "bank_transfer",
            permission="checkout.change_payment",
            icon="sync",
            explanation=_("Asks how far the payment is, and does what follows from the answer."),
        ),
    )

    @coloured(description=_("state"), ordering="state", colours=STATE_COLOURS)
    def state_label(self, payment: Payment) -> tuple[str, str]:
        return payment.state, payment.get_state_display()

    @admin.display(description=_("amount"), ordering="amount")
    def sum(self, payment: Payment) -> str:
        return amount_of(payment.amount, payment.currency)


class PaidOutForm(DeedForm):
    reference = forms.CharField(label=_("Reference of the transfer"), max_length=120, widget=UnfoldAdminTextInputWidget)


def _is_open(refund: Refund) -> bool:
    return refund.state != Refund.State.DONE


@admin.register(Refund)
class RefundAdmin(ReadOnlyAdmin):
    list_display = ("payment", "amount", "state", "reason_key", "created_at", "done_at")
    list_filter = ("state", "payment__gateway")
    list_select_related = ("payment__order",)
    search_fields = ("payment__order__number", "reference")
    fields = (("payment", "amount", "state"), ("reason_key", "reference"), ("created_at", "done_at"))
    deeds: ClassVar = (
        Deed(
            name="pay-out",
            label=_("Pay out again"),
            do=lambda refund, by: payments.pay_out(refund),
            done=_("The refund was sent to the provider."),
            is_offered=lambda refund: _is_open(refund) and refund.payment.gateway != "bank_transfer",
            permission="checkout.change_refund",
            icon="currency_exchange",
            explanation=_("The provider pays a refund once, however often it is asked."),
            is_main=True,
        ),
        Deed(
            name="paid-out",
            label=_("Transfer sent"),
            do=lambda refund, by, reference: payments.confirm_paid_out(refund, reference=reference),
            done=_("The refund is noted as paid out."),
            is_offered=lambda refund: _is_open(refund) and refund.payment.gateway == "bank_transfer",
            permission="checkout.change_refund",
            icon="account_balance",
            form=PaidOutForm,
            explanation=_("After you have sent the money from the shop's account."),
            is_main=True,
        ),
    )
