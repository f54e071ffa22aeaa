"""The checkout, a decision a page: who and where to, how, and is this right."""

from decimal import Decimal
from typing import Any, cast

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.views.decorators.http import require_http_methods

from catalog.cards import complete_cards
from checkout import drafts, inventory, orders, preferences, savings, shipping, tariff
from checkout.addresses import written
from checkout.errors import (
    AddressIncomplete,
    BasketEmpty,
    CannotShip,
    OrderNotFound,
    ShippingMethodUnavailable,
    TotalChanged,
)
from checkout.forms import AddressForm, ConfirmForm, ContactForm, MethodForm
from checkout.gateways import offered
from checkout.models import Order
from checkout.preferences import COUNTRY_COOKIE, VisitorRequest
from checkout.summary import Summary, summarise
from checkout.views.basket import buyer, show_basket
from checkout.views.guards import private_page
from checkout.views.parcels import join_offer
from checkout.views.payment import go_to_payment
from checkout.visitors import Visitor
from shop.posts import same_origin_post

_CONTACT_FIELDS = ("email", "phone", "buyer_note")
_ADDRESS_FIELDS = ("name", "company", "line1", "line2", "city", "region", "postcode")


def shopper(request: HttpRequest) -> tuple[Visitor, Order]:
    """The visitor and what they have filled in so far. Raises BasketEmpty without a live reservation."""
    visitor = buyer(request)
    if visitor is None or not inventory.count_live(visitor)[0]:
        raise BasketEmpty
    return visitor, drafts.start(visitor, language=get_language() or "en")


def show_empty(request: HttpRequest, refusal: BasketEmpty) -> HttpResponse:
    """The basket, with a sentence on why there is nothing to check out."""
    return show_basket(request, notice=refusal.text, status=refusal.status)


# Who and where to


@same_origin_post
@require_http_methods(["GET", "HEAD", "POST"])
@private_page
def address(request: HttpRequest) -> HttpResponse:
    """Email and addresses, by the rules of the country; a country we do not ship to is refused before."""
    try:
        visitor, draft = shopper(request)
    except BasketEmpty as refusal:
        return show_empty(request, refusal)
    country = _country(request)
    summary = _summary(request, visitor, country=country)
    # Where the postcode decides, it has to be asked for.
    if summary.offer is None or not (summary.offer.options or summary.offer.needs_postcode):
        return _show_address(request, summary, country=country)
    forms = _address_forms(request, draft, country)
    if request.method == "POST" and _are_valid(forms, summary):
        _keep(draft, forms)
        response = redirect("checkout:method")
        preferences.remember(response, COUNTRY_COOKIE, country)
        return response
    return _show_address(request, summary, country=country, **forms)


def _country(request: HttpRequest) -> str:
    """The country the form was made for, else the one the visitor chose."""
    posted = request.POST.get("country", "")
    return posted if preferences.is_country(posted) else cast(VisitorRequest, request).country


def _summary(request: HttpRequest, visitor: Visitor, *, country: str, postcode: str | None = None) -> Summary:
    summary = summarise(
        inventory.live_reservations(visitor),
        currency=cast(VisitorRequest, request).currency,
        country=country,
        postcode=postcode,
    )
    complete_cards([line.listing for line in summary.lines])
    return summary


def _address_forms(request: HttpRequest, draft: Order, country: str) -> dict[str, Any]:
    posted = request.POST if request.method == "POST" else None
    kept, billing = draft.shipping_address, _own_billing_address(draft)
    if kept is None and request.user.is_authenticated:
        kept = drafts.remembered_address(request.user, country)
    billing_country = request.POST.get("billing_country", "")
    if not preferences.is_country(billing_country):
        billing_country = billing.country.code if billing else country
    email = draft.email or (request.user.email if request.user.is_authenticated else "")
    contact = ContactForm(
        posted,
        country=country,
        initial={
            "email": email,
            "phone": kept.phone if kept else "",
            "buyer_note": draft.buyer_note,
            "is_billed_elsewhere": billing is not None,
        },
    )
    is_billed_elsewhere = bool(posted.get("is_billed_elsewhere")) if posted else billing is not None
    return {
        "contact": contact,
        "shipping_form": AddressForm(posted, country=country, initial=_fields_of(kept)),
        "billing_form": AddressForm(
            posted if is_billed_elsewhere else None,
            country=billing_country,
            purpose="billing",
            prefix="billing",
            initial=_fields_of(billing),
        ),
    }


def _own_billing_address(draft: Order) -> Any:
    found = draft.billing_address
    return found if found is not None and found != draft.shipping_address else None


def _fields_of(address: Any) -> dict[str, str]:
    return {name: getattr(address, name) for name in _ADDRESS_FIELDS} if address else {}


def _are_valid(forms: dict[str, Any], summary: Summary) -> bool:
    """Check all forms, so that every error is shown at once, and whether we ship to the postcode."""
    checked = [form.is_valid() for form in forms.values() if form.is_bound]
    shipping_form = forms["shipping_form"]
    postcode = shipping_form.cleaned_data.get("postcode")
    if postcode and "postcode" not in shipping_form.errors:
        offer = shipping.quote(
            shipping_form.country,
            [line.weight_g for line in summary.lines],
            summary.goods_eur,
            postcode,
        )
        if not offer.options:
            shipping_form.add_error("postcode", offer.refused_reason)
            return False
    return all(checked)


def _keep(draft: Order, forms: dict[str, Any]) -> None:
    contact = forms["contact"].cleaned_data
    billing = forms["billing_form"]
    drafts.set_address(
        draft,
        email=contact["email"],
        shipping={**forms["shipping_form"].address, "phone": contact["phone"]},
        billing=billing.address if billing.is_bound else None,
        buyer_note=contact["buyer_note"],
    )


def _show_address(request: HttpRequest, summary: Summary, *, country: str, **forms: Any) -> HttpResponse:
    has_errors = any(form.is_bound and form.errors for form in forms.values())
    context = {
        **forms,
        "summary": summary,
        "country": country,
        "country_name": tariff.country_name(country, get_language() or "en"),
        "countries": shipping.country_choices(),
        "has_errors": has_errors,
        "step": 1,
    }
    return render(request, "checkout/address.html", context, status=422 if has_errors else 200)


# How


@same_origin_post
@require_http_methods(["GET", "HEAD", "POST"])
@private_page
def method(request: HttpRequest) -> HttpResponse:
    """How the parcel travels and how it is paid, from what is offered for this address and currency."""
    try:
        visitor, draft = shopper(request)
    except BasketEmpty as refusal:
        return show_empty(request, refusal)
    if draft.shipping_address is None:
        return redirect("checkout:address")
    currency = cast(VisitorRequest, request).currency
    summary = drafts.summary_of(draft, visitor, currency=currency)
    if summary.offer is None or not summary.offer.options:
        return redirect("checkout:address")
    # Where nothing is due nobody is asked for money, whatever was chosen.
    gateways = offered.for_currency(currency, summary.due_amount or None)
    default = summary.offer.default
    form = MethodForm(
        request.POST if request.method == "POST" else None,
        options=summary.offer.options,
        gateways=gateways,
        initial={
            "shipping_method": draft.shipping_method or (default.method if default else ""),
            "payment_method": draft.payment_method or (gateways[0].code if gateways else ""),
        },
    )
    if form.is_bound and form.is_valid():
        drafts.set_methods(draft, **form.cleaned_data)
        return redirect("checkout:review")
    context = {
        "form": form,
        "summary": summary,
        "options": summary.offer.options,
        "gateways": gateways,
        "is_euro": currency == "EUR",
        "transfer_in_euro": any(row.code == "bank_transfer" for row in offered.for_currency("EUR")),
        "join": join_offer(visitor, draft, currency=currency),
        "step": 2,
    }
    return render(request, "checkout/method.html", context, status=422 if form.errors else 200)


# Is this right


@same_origin_post
@require_http_methods(["GET", "HEAD", "POST"])
@private_page
def review(request: HttpRequest) -> HttpResponse:
    """Everything once more, and the button that orders. The second press gives the first one's order."""
    if request.method == "POST":
        return _place(request)
    try:
        visitor, draft = shopper(request)
    except BasketEmpty as refusal:
        return show_empty(request, refusal)
    return missing_step(request, visitor, draft) or show_review(request, visitor, draft)


def missing_step(request: HttpRequest, visitor: Visitor, draft: Order) -> HttpResponse | None:
    """Back to the page whose answer is missing or no longer possible."""
    currency = cast(VisitorRequest, request).currency
    if draft.shipping_address is None or not draft.email:
        return redirect("checkout:address")
    summary = drafts.summary_of(draft, visitor, currency=currency)
    if summary.offer is None or not summary.offer.options:
        return redirect("checkout:address")
    gateways = offered.for_currency(currency, summary.due_amount or None)
    is_payable = draft.payment_method in {gateway.code for gateway in gateways}
    if not draft.shipping_method or summary.option is None or not is_payable:
        return redirect("checkout:method")
    return None


def _place(request: HttpRequest) -> HttpResponse:
    visitor = buyer(request)
    form = ConfirmForm(request.POST)
    if visitor is None or not form.is_valid():
        return redirect("checkout:review")
    shown = form.cleaned_data
    draft = Order.objects.filter(token=shown["token"], visitor_key=visitor.key, state="draft").first()
    try:
        if draft is not None and (step := missing_step(request, visitor, draft)):
            return step
        order = orders.place(
            token=shown["token"],
            visitor=visitor,
            currency=cast(VisitorRequest, request).currency,
            shown_total=shown["total"],
            shown_fingerprint=shown["fingerprint"],
        )
    except BasketEmpty as refusal:
        # A second click at the same moment: the first one has just ordered what was in the basket.
        placed = Order.objects.placed().filter(token=shown["token"], visitor_key=visitor.key).first()
        return go_to_payment(request, placed, placed.payment_method) if placed else show_empty(request, refusal)
    except TotalChanged as refusal:
        return show_review(request, visitor, draft, refusal=refusal, shown=shown)
    except (AddressIncomplete, CannotShip, OrderNotFound):
        return redirect("checkout:address")
    except ShippingMethodUnavailable:
        return redirect("checkout:method")
    return go_to_payment(request, order, order.payment_method)


def show_review(
    request: HttpRequest,
    visitor: Visitor,
    draft: Order | None,
    *,
    refusal: TotalChanged | None = None,
    shown: dict[str, Any] | None = None,
    problem: savings.Problem | None = None,
) -> HttpResponse:
    """The review page; with what was refused beside its field."""
    if draft is None:
        return redirect("checkout:address")
    summary = drafts.summary_of(draft, visitor, currency=cast(VisitorRequest, request).currency)
    complete_cards([line.listing for line in summary.lines])
    context = {
        "draft": draft,
        "summary": summary,
        "fingerprint": drafts.fingerprint_of(draft, summary),
        "gateway": offered.by_code(draft.payment_method),
        "shipping_address": draft.shipping_address,
        "shipping_lines": written(draft.shipping_address),
        "billing_lines": written(billing) if (billing := _own_billing_address(draft)) else [],
        "billing_address": _own_billing_address(draft),
        "refusal": refusal,
        "old_total": _old_total(summary, shown) if shown else None,
        "savings": savings.of(draft, summary),
        "problem": problem,
        "step": 3,
    }
    refused = refusal or (problem and problem.refusal)
    return render(request, "checkout/review.html", context, status=refused.status if refused else 200)


def _old_total(summary: Summary, shown: dict[str, Any]) -> tuple[Decimal, str] | None:
    """The total the buyer saw, to be struck out, when it is one and differs from the new one."""
    total, currency = shown["total"], shown["currency"]
    if (total, currency) == (summary.total_amount, summary.currency) or not preferences.is_currency(currency):
        return None
    return total, currency
