"""Paying an order: to the provider, back from it, and again when it did not work."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from checkout import orders, payments, settlement
from checkout.errors import ListingUnavailable, OrderNotPayable, PaymentMethodUnavailable, PaymentUnconfirmed
from checkout.forms import GatewayForm
from checkout.gateways import offered
from checkout.models import Order, Payment, PaymentState
from checkout.views.basket import show_unavailable
from checkout.views.guards import secret_link
from shop.posts import same_origin_post

# How soon a page that waits for the provider asks again.
ASK_AGAIN_SECONDS = 5


def go_to_payment(request: HttpRequest, order: Order, gateway_code: str) -> HttpResponse:
    """Open the payment, or the one that is open already, and send the buyer there."""
    try:
        payment = settlement.start_payment(order, gateway_code=gateway_code)
    except OrderNotPayable:
        return redirect(order)
    except ListingUnavailable as refusal:
        return show_unavailable(request, refusal)
    except PaymentMethodUnavailable as refusal:
        return _show_pay(request, order, problem=refusal.text, status=refusal.status)
    except PaymentUnconfirmed:
        return _show_unconfirmed(request, order)
    if payment.is_open and payment.pay_url:
        return redirect(payment.pay_url)
    return redirect(order)


@same_origin_post
@require_http_methods(["GET", "HEAD", "POST"])
@secret_link
def pay(request: HttpRequest, token: str) -> HttpResponse:
    """Choose how to pay an order that waits for it; also where a buyer lands whose card was declined."""
    order = orders.by_token(token)
    if not order.is_payable:
        return redirect(order)
    if request.method == "POST":
        form = GatewayForm(request.POST)
        chosen = form.cleaned_data["payment_method"] if form.is_valid() else ""
        return go_to_payment(request, order, chosen)
    return _show_pay(request, order)


def _show_pay(request: HttpRequest, order: Order, *, problem: str = "", status: int = 200) -> HttpResponse:
    context: dict[str, Any] = {
        "order": order,
        "gateways": offered.for_currency(order.currency, order.due_amount or None),
        "chosen": order.payment_method,
        "last": _last_attempt(order),
        "problem": problem,
        "step": 4,
    }
    return render(request, "checkout/pay.html", context, status=status)


def _last_attempt(order: Order) -> Payment | None:
    return order.payments.order_by("-attempt").first()


@require_safe
@secret_link
def payment_return(request: HttpRequest, token: str) -> HttpResponse:
    """Where the provider sends the buyer back to. What happened is asked of the provider, never of the address."""
    order = orders.by_token(token)
    attempt = payments.open_attempt(order) or _last_attempt(order)
    if attempt is None:
        return redirect(order)
    try:
        attempt = settlement.refresh(attempt)
    except PaymentUnconfirmed:
        return _show_unconfirmed(request, order)
    order.refresh_from_db()
    is_transfer = attempt.gateway == "bank_transfer" and attempt.state == PaymentState.ACTION_REQUIRED
    if order.is_payable and not is_transfer:
        return redirect("checkout:pay", token=order.token)
    return redirect(order)


def _show_unconfirmed(request: HttpRequest, order: Order) -> HttpResponse:
    """The provider did not answer: nothing is lost, and the page looks again by itself."""
    context = {"order": order, "seconds": ASK_AGAIN_SECONDS}
    response = render(request, "checkout/unconfirmed.html", context, status=503)
    response.headers["Retry-After"] = str(ASK_AGAIN_SECONDS)
    return response
