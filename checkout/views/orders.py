"""An order's page behind its unguessable link, and the orders of a signed-in customer."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from allauth.account.models import EmailAddress
from allauth.account.views import logout
from django.contrib.auth.decorators import login_required
from django.db.models import prefetch_related_objects
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from catalog.cards import complete_cards
from checkout import deliveries, orders, parcels, reward_history, settlement, visitors, withdrawals
from checkout.addresses import written
from checkout.errors import OrderMoveRefused
from checkout.gateways import offered
from checkout.models import Order, OrderState, Paper, Payment, PaymentState, Withdrawal
from checkout.money import BASE_CURRENCY
from checkout.views.guards import private_page, secret_link
from shop.models import ShopSettings, User
from shop.posts import same_origin_post


@dataclass(frozen=True)
class Step:
    """One point of an order's way: when it was reached, or None while it lies ahead."""

    label: str
    at: datetime | None


@require_safe
@secret_link
def order(request: HttpRequest, token: str) -> HttpResponse:
    """Everything about an order, for whoever has its link."""
    found = orders.by_token(token)
    lines = list(found.lines.all())
    complete_cards([line.listing for line in lines])
    payment = _payment_shown(found)
    shipping_address, billing_address = found.shipping_address, found.billing_address
    context = {
        **_after_sale(found),
        "order": found,
        "has_euro": found.currency != BASE_CURRENCY,
        "lines": lines,
        "steps": _steps(found),
        "payment": payment,
        "gateway_name": offered.by_code(found.payment_method).name if found.payment_method else "",
        "is_transfer_open": found.is_payable and payment is not None and payment.gateway == "bank_transfer",
        "settings": ShopSettings.current(),
        "shipping_address": shipping_address,
        "shipping_lines": written(shipping_address) if shipping_address else [],
        "billing_address": billing_address,
        "billing_lines": written(billing_address) if billing_address != shipping_address else [],
    }
    return render(request, "checkout/order.html", context)


def _after_sale(found: Order) -> dict[str, Any]:
    """What came after the sale: what was given back, what is on its way back, what travels along."""
    prefetch_related_objects([found], "credits__refunds", "withdrawals__pieces__line", "papers")
    counted = [row for row in found.withdrawals.all() if row.state != Withdrawal.State.STATED]
    return {
        "credits": sorted(found.credits.all(), key=lambda row: row.pk),
        "withdrawals": sorted(counted, key=lambda row: row.pk),
        "companions": parcels.companions(found) if found.is_paid else [],
        "tracking_url": deliveries.tracking_url(found),
        "papers": [(paper, _paper_address(found, paper)) for paper in reversed(found.papers.all())],
        "can_withdraw": found.state not in (*withdrawals.OVER, OrderState.WITHDRAWAL_REQUESTED),
        "withdraw_until": withdrawals.ends_at(found),
    }


def _paper_address(found: Order, paper: Paper) -> str:
    if paper.kind == Paper.Kind.INVOICE:
        return reverse("checkout:invoice", kwargs={"token": found.token})
    return reverse("checkout:credit_note", kwargs={"token": found.token, "label": paper.label})


def _payment_shown(found: Order) -> Payment | None:
    """The attempt that counts: one with money, else the last."""
    attempts = sorted(found.payments.all(), key=lambda row: row.attempt, reverse=True)
    money = (PaymentState.CAPTURED, PaymentState.PART_REFUNDED, PaymentState.REFUNDED)
    return next((row for row in attempts if row.state in money), attempts[0] if attempts else None)


def _steps(found: Order) -> list[Step]:
    if found.state in (OrderState.EXPIRED, OrderState.CANCELLED):
        ending = _("Cancelled") if found.state == OrderState.CANCELLED else _("Ended without payment")
        reached = [Step(_("Ordered"), found.placed_at), Step(_("Paid"), found.paid_at)]
        return [*(step for step in reached if step.at), Step(ending, found.closed_at)]
    parcel = [Step(_("Packed"), found.packed_at), Step(_("Sent"), found.shipped_at)]
    steps = [
        Step(_("Ordered"), found.placed_at),
        Step(_("Paid"), found.paid_at),
        # Gift vouchers travel by mail.
        *(parcel if not found.vouchers_eur else []),
        Step(_("Delivered"), found.delivered_at),
    ]
    if found.state in (OrderState.WITHDRAWAL_REQUESTED, OrderState.RETURNED):
        # The last one is what is in progress; an earlier one may be about other pieces.
        last = max(found.withdrawals.all(), key=lambda row: row.pk, default=None)
        done = last.closed_at if last and found.state == OrderState.RETURNED else None
        steps = [step for step in steps if step.at]
        steps += [Step(_("Withdrawal received"), last.confirmed_at if last else None), Step(_("Returned"), done)]
    return steps


@same_origin_post
@require_POST
@secret_link
def cancel_order(request: HttpRequest, token: str) -> HttpResponse:
    """Cancel an order that was not paid yet; its pieces are free again at once."""
    found = orders.by_token(token)
    if found.state == OrderState.CANCELLED:
        # A second click: the first has done it.
        return redirect(found)
    if not found.is_payable:
        raise OrderMoveRefused(_("This order can no longer be cancelled here. Please write to us."))
    settlement.cancel(found, reason=_("At the buyer's request"))
    return redirect(found)


@private_page
def sign_out(request: HttpRequest) -> HttpResponse:
    """Leave the account, and the basket with it: on a shared computer the next visitor begins with an empty one."""
    was_signed_in = request.user.is_authenticated
    response: HttpResponse = logout(request)
    if was_signed_in and not request.user.is_authenticated:
        response.delete_cookie(visitors.COOKIE, samesite="Lax")
    return response


@login_required
@require_safe
@private_page
def my_orders(request: HttpRequest) -> HttpResponse:
    """The account's first page: orders and points."""
    user = request.user
    assert isinstance(user, User)
    context = {
        "orders": orders.orders_of(user),
        "points": reward_history.overview_of(user, is_whole=request.GET.get("points") == "all"),
        "has_unverified": EmailAddress.objects.filter(user=user, verified=False).exists(),
        "settings": ShopSettings.current(),
    }
    return render(request, "account/my_orders.html", context)
