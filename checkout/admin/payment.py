"""Payments, refunds, disputes and what providers tell: read; asked again; refunds by transfer confirmed by hand."""

from typing import ClassVar

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminTextInputWidget

from checkout import payments, reconciliation, settlement
from checkout.admin.amounts import amount_of
from checkout.models import BalanceDifference, Dispute, Payment, PaymentState, ProviderEvent, Refund
from checkout.money import from_minor_units
from shop.admin_base import Deed, DeedForm, ReadOnlyAdmin, ReadOnlyTabular, coloured, link_to, moment

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

REFUND_COLOURS = {
    Refund.State.DUE: "warning",
    Refund.State.PENDING: "info",
    Refund.State.DONE: "success",
    Refund.State.FAILED: "danger",
}


def _why(refund: Refund) -> str:
    """The credit's reason; without one the money came for an order that could not be kept."""
    return refund.credit.reason if refund.credit else str(_("The order could not be kept"))


class RefundRows(ReadOnlyTabular):
    model = Refund
    fields = ("page", "sum", "state", "why", "reference", "done_at")
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[Refund]:
        refunds: QuerySet[Refund] = super().get_queryset(request)
        return refunds.select_related("credit", "payment")

    @admin.display(description=_("decided"))
    def page(self, refund: Refund) -> str:
        return link_to("checkout_refund", refund.pk, moment(refund.created_at))

    @admin.display(description=_("amount"))
    def sum(self, refund: Refund) -> str:
        return amount_of(refund.amount, refund.payment.currency)

    @admin.display(description=_("reason"))
    def why(self, refund: Refund) -> str:
        return _why(refund)


class DisputeRows(ReadOnlyTabular):
    model = Dispute
    fields = ("page", "state", "reason", "sum", "reference", "closed_at")
    readonly_fields = fields

    @admin.display(description=_("opened"))
    def page(self, dispute: Dispute) -> str:
        return link_to("checkout_dispute", dispute.pk, moment(dispute.opened_at))

    @admin.display(description=_("amount"))
    def sum(self, dispute: Dispute) -> str:
        return _disputed(dispute)


def _disputed(dispute: Dispute) -> str:
    return amount_of(from_minor_units(dispute.amount_minor, dispute.payment.currency), dispute.payment.currency)


@admin.register(Payment)
class PaymentAdmin(ReadOnlyAdmin):
    list_display = ("__str__", "order", "gateway", "state_label", "sum", "created_at", "captured_at")
    list_filter = ("state", "gateway", "currency")
    list_select_related = ("order",)
    search_fields = ("order__number", "reference", "intent_reference")
    date_hierarchy = "created_at"
    fields = (
        ("order", "attempt", "gateway"),
        ("state", "sum", "refunded"),
        "failure_code",
        ("reference", "intent_reference", "balance_reference"),
        ("fee", "net"),
        ("created_at", "expires_at", "authorised_at"),
        ("captured_at", "closed_at"),
    )
    readonly_fields = ("sum", "refunded", "fee", "net")
    inlines = (RefundRows, DisputeRows)
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

    @admin.display(description=_("refunded"))
    def refunded(self, payment: Payment) -> str:
        return amount_of(payment.refunded_amount, payment.currency)

    @admin.display(description=_("provider's fee"))
    def fee(self, payment: Payment) -> str:
        return _settled(payment, payment.fee_minor)

    @admin.display(description=_("credited to the account"))
    def net(self, payment: Payment) -> str:
        return _settled(payment, payment.net_minor)


def _settled(payment: Payment, minor: int | None) -> str:
    """An amount in the currency of the shop's account; known some time after the capture."""
    if minor is None or not payment.settled_currency:
        return "–"
    return amount_of(from_minor_units(minor, payment.settled_currency), payment.settled_currency)


class PaidOutForm(DeedForm):
    reference = forms.CharField(label=_("Reference of the transfer"), max_length=120, widget=UnfoldAdminTextInputWidget)


@admin.register(Refund)
class RefundAdmin(ReadOnlyAdmin):
    list_display = ("payment", "sum", "state_label", "why", "created_at", "done_at")
    list_filter = ("state", "payment__gateway")
    list_select_related = ("payment__order", "credit")
    search_fields = ("payment__order__number", "reference")
    fields = (("payment", "sum", "state"), ("why", "reference", "tries"), ("created_at", "done_at", "reason_key"))
    readonly_fields = ("sum", "why")
    deeds: ClassVar = (
        Deed(
            name="pay-out",
            label=_("Pay out again"),
            do=lambda refund, by: payments.pay_out(refund),
            done=_("The refund was sent to the provider."),
            is_offered=lambda refund: refund.state == Refund.State.DUE and refund.payment.gateway != "bank_transfer",
            permission="checkout.change_refund",
            icon="currency_exchange",
            explanation=_("The provider pays a refund once, however often it is asked."),
            is_main=True,
        ),
        Deed(
            name="ask",
            label=_("Ask the provider"),
            do=lambda refund, by: payments.refresh_refund(refund),
            done=_("The provider was asked about the refund."),
            is_offered=lambda refund: refund.state == Refund.State.PENDING,
            permission="checkout.change_refund",
            icon="sync",
            explanation=_("Banks take up to ten days to take a refund in, or to send it back."),
        ),
        Deed(
            name="try-again",
            label=_("Try again"),
            do=lambda refund, by: payments.try_refund_again(refund, by=by),
            done=_("The provider was asked for the refund anew."),
            is_offered=lambda refund: refund.state == Refund.State.FAILED and refund.payment.gateway != "bank_transfer",
            permission="checkout.change_refund",
            icon="currency_exchange",
            explanation=_("The last try gave nothing back. This is a new one; the money is still sent only once."),
            is_main=True,
        ),
        Deed(
            name="paid-out",
            label=_("Transfer sent"),
            do=lambda refund, by, reference: payments.confirm_paid_out(refund, reference=reference),
            done=_("The refund is noted as paid out."),
            is_offered=payments.is_sent_by_hand,
            permission="checkout.change_refund",
            icon="account_balance",
            form=PaidOutForm,
            explanation=_("After you have sent the money from the shop's account."),
            is_main=True,
        ),
    )

    @coloured(description=_("state"), ordering="state", colours=REFUND_COLOURS)
    def state_label(self, refund: Refund) -> tuple[str, str]:
        return refund.state, refund.get_state_display()

    @admin.display(description=_("amount"), ordering="amount")
    def sum(self, refund: Refund) -> str:
        return amount_of(refund.amount, refund.payment.currency)

    @admin.display(description=_("reason"))
    def why(self, refund: Refund) -> str:
        return _why(refund)


@admin.register(Dispute)
class DisputeAdmin(ReadOnlyAdmin):
    """Answered in the provider's dashboard; here one sees what is frozen by it."""

    list_display = ("reference", "payment", "state", "reason", "opened_at", "closed_at")
    list_filter = ("state", "reason")
    list_select_related = ("payment__order",)
    search_fields = ("reference", "payment__order__number")
    fields = (("payment", "reference"), ("state", "reason", "sum"), ("opened_at", "closed_at"))
    readonly_fields = ("sum",)

    @admin.display(description=_("amount"))
    def sum(self, dispute: Dispute) -> str:
        return _disputed(dispute)


@admin.register(ProviderEvent)
class ProviderEventAdmin(ReadOnlyAdmin):
    list_display = ("event_id", "kind", "object_id", "created_at", "received_at", "processed_at", "outcome")
    list_filter = ("gateway", "kind", ("processed_at", admin.EmptyFieldListFilter))
    search_fields = ("event_id", "object_id")
    fields = (("gateway", "event_id", "kind"), ("object_id", "outcome"), ("created_at", "received_at", "processed_at"))


class SettleForm(DeedForm):
    note = forms.CharField(label=_("What it was"), max_length=300, widget=UnfoldAdminTextInputWidget)


@admin.register(BalanceDifference)
class BalanceDifferenceAdmin(ReadOnlyAdmin):
    list_display = ("reference", "problem", "text", "found_at", "settled_at")
    list_filter = ("problem", ("settled_at", admin.EmptyFieldListFilter))
    search_fields = ("reference", "text")
    fields = (("gateway", "reference", "problem"), ("text", "found_at"), ("settled_at", "settled_by"), ("note",))
    deeds: ClassVar = (
        Deed(
            name="settle",
            label=_("Settled"),
            do=lambda row, by, note: reconciliation.settle(row, note=note, by=by),
            done=_("The difference is noted as settled."),
            is_offered=lambda row: row.settled_at is None,
            permission="checkout.change_balancedifference",
            icon="check",
            form=SettleForm,
            explanation=_("Once you have found out where the money came from or went."),
            is_main=True,
        ),
    )
