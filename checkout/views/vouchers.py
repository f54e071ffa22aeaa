"""Gift vouchers: chosen, looked at once more, ordered; and what is left on one."""

from typing import Any, cast

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.views.decorators.http import require_http_methods

from checkout import coupons, payments, voucher_orders, vouchers
from checkout.attempts import WRONG_CODES
from checkout.currency import quote_for
from checkout.errors import (
    CheckoutError,
    CodeRefused,
    OrderNotFound,
    PaymentMethodUnavailable,
    TooManyCodes,
    TooManyVoucherOrders,
    TotalChanged,
)
from checkout.gateways import offered
from checkout.models import GiftVoucher, Order
from checkout.models.order import new_token
from checkout.preferences import VisitorRequest
from checkout.views.guards import private_page
from checkout.views.payment import go_to_payment
from checkout.visitors import buyer_of, remember
from checkout.voucher_forms import AgreedForm, CodeForm, VoucherForm
from shop.models import ShopSettings
from shop.posts import same_origin_post


@same_origin_post
@require_http_methods(["GET", "HEAD", "POST"])
def show_vouchers(request: HttpRequest) -> HttpResponse:
    """The form that sells vouchers, and the one that tells what is left; posted, the last look before ordering."""
    if request.method == "POST":
        return _choose(request)
    return _show_form(request, VoucherForm())


@private_page
def _choose(request: HttpRequest) -> HttpResponse:
    form = VoucherForm(request.POST)
    if "change" in request.POST or not form.is_valid():
        return _show_form(request, form, status=200 if "change" in request.POST else 422)
    return _show_review(request, form)


def _show_form(request: HttpRequest, form: VoucherForm, *, status: int = 200, **more: Any) -> HttpResponse:
    context = {"form": form, "code_form": CodeForm(), "months": ShopSettings.current().voucher_months, **more}
    return render(request, "checkout/vouchers.html", context, status=status)


def _show_review(
    request: HttpRequest,
    form: VoucherForm,
    *,
    agreed: AgreedForm | None = None,
    refusal: CheckoutError | None = None,
) -> HttpResponse:
    """What is about to be bought, with the button that orders. A link for the order comes with it."""
    currency = cast(VisitorRequest, request).currency
    gift = form.gift
    quote = quote_for(currency)
    total = quote.convert(gift.amount_eur)
    context = {
        "form": form,
        "gift": gift,
        "currency": currency,
        "total": total,
        "quote": quote,
        "gateways": offered.for_currency(currency, total),
        "chosen": agreed["payment_method"].value() if agreed else "",
        "token": agreed["token"].value() if agreed else new_token(),
        "refusal": refusal,
        "settings": ShopSettings.current(),
    }
    response = render(request, "checkout/vouchers_review.html", context, status=refusal.status if refusal else 200)
    # Who buys is known by this cookie when the button is pressed.
    remember(response, buyer_of(request)[1])
    return response


@same_origin_post
@require_http_methods(["GET", "HEAD", "POST"])
@private_page
def order_voucher(request: HttpRequest) -> HttpResponse:
    """The button that orders a voucher; the second press gives the first one's order."""
    form, agreed = VoucherForm(request.POST), AgreedForm(request.POST)
    if request.method != "POST" or not form.is_valid() or not agreed["token"].value():
        return redirect("checkout:vouchers")
    try:
        placed = _place(request, form, agreed)
    except (PaymentMethodUnavailable, TooManyVoucherOrders, TotalChanged) as refusal:
        return _show_review(request, form, agreed=agreed, refusal=refusal)
    except OrderNotFound:
        return redirect("checkout:vouchers")
    return go_to_payment(request, placed, agreed.cleaned_data["payment_method"])


def _place(request: HttpRequest, form: VoucherForm, agreed: AgreedForm) -> Order:
    if not agreed.is_valid():
        raise PaymentMethodUnavailable
    given, currency = agreed.cleaned_data, cast(VisitorRequest, request).currency
    if given["currency"] != currency:
        # Chosen in another tab: so many euro are not so many dollars.
        raise TotalChanged
    payments.gateway_of(given["payment_method"], currency)
    return voucher_orders.place(
        form.gift,
        visitor=buyer_of(request)[0],
        email=form.cleaned_data["email"],
        token=given["token"],
        currency=currency,
        shown_total=given["total"],
        language=get_language() or "en",
    )


@same_origin_post
@require_http_methods(["GET", "HEAD", "POST"])
@private_page
def voucher_balance(request: HttpRequest) -> HttpResponse:
    """What is left on a voucher, for whoever knows its code."""
    if request.method != "POST":
        return redirect("checkout:vouchers")
    visitor, token = buyer_of(request)
    form = CodeForm(request.POST)
    voucher: GiftVoucher | None = None
    refusal: CheckoutError | None = None
    if form.is_valid():
        voucher = vouchers.look_up(form.cleaned_data["code"]) if not WRONG_CODES.is_reached(visitor) else None
        if WRONG_CODES.is_reached(visitor):
            refusal = TooManyCodes()
        elif voucher is None:
            WRONG_CODES.count(visitor)
            refusal = CodeRefused(coupons.unknown())
    if refusal is not None:
        form.add_error("code", refusal.text)
    status = refusal.status if refusal else 422 if form.errors else 200
    more = {"code_form": form, "voucher": voucher, "spent_up": vouchers.refusal_of(voucher) if voucher else ""}
    response = _show_form(request, VoucherForm(), status=status, **more)
    remember(response, token)
    return response
