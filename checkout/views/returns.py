"""Withdrawing from a contract in two steps (Directive 2011/83/EU, article 11a), for anybody, at any time."""

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from checkout import orders, withdrawals
from checkout.models import Order, Withdrawal
from checkout.models.order import new_token
from checkout.views.guards import private_page, secret_link
from shop.counting import count
from shop.models import ShopSettings
from shop.network import client_address
from shop.posts import same_origin_post
from shop.problems import TooManyRequests

STATEMENTS_AN_HOUR = 10
HOUR = 3600


class WithdrawalForm(forms.Form):
    """What the law lets the statement ask for: who, which contract, where the receipt goes."""

    token = forms.RegexField(r"^[A-Za-z0-9_-]{43}$", required=False, widget=forms.HiddenInput, initial=new_token)
    name = forms.CharField(label=_("Your name"), max_length=120, widget=forms.TextInput(attrs={"autocomplete": "name"}))
    order_number = forms.CharField(
        label=_("Order number"), max_length=40, help_text=_("It begins with AC- and is in our mail to you.")
    )
    email = forms.EmailField(
        label=_("Email"),
        max_length=254,
        help_text=_("The one the order was placed with. The receipt goes there at once."),
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )
    statement = forms.CharField(
        label=_("Only some of the pieces?"),
        max_length=2000,
        required=False,
        help_text=_("Then give their numbers (SKU). Empty: the whole order."),
        widget=forms.Textarea(attrs={"rows": 2}),
    )


class OrderWithdrawalForm(WithdrawalForm):
    """The same on an order's own page: its pieces are ticked instead of typed."""

    pieces = forms.MultipleChoiceField(
        label=_("Pieces"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("Please choose at least one piece.")},
    )

    def __init__(self, data: object = None, *, order: Order) -> None:
        lines = [line for line in order.lines.all() if line.returned_at is None]
        address = order.shipping_address
        super().__init__(
            data,  # type: ignore[arg-type]  # a QueryDict or None, as for any form
            initial={
                "name": address.name if address else "",
                "order_number": order.number,
                "email": order.email,
                "pieces": [line.sku for line in lines],
            },
        )
        del self.fields["statement"], self.fields["order_number"]
        self.fields["pieces"].choices = [(line.sku, f"{line.title} ({line.sku})") for line in lines]  # type: ignore[attr-defined]
        self.fields["pieces"].required = bool(lines)
        self.is_whole_of = len(lines)

    def clean(self) -> dict[str, object]:
        cleaned: dict[str, object] = super().clean() or {}
        chosen = cleaned.get("pieces") or []
        assert isinstance(chosen, list)
        cleaned["statement"] = "" if len(chosen) == self.is_whole_of else "\n".join(chosen)
        return cleaned


@same_origin_post
@require_http_methods(["GET", "HEAD", "POST"])
@private_page
def withdrawal(request: HttpRequest) -> HttpResponse:
    """The statement, without an order's link: matched by number and email later, which is never disclosed."""
    form = WithdrawalForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        _count(request)
        words = form.cleaned_data
        found = withdrawals.state(language=get_language() or "en", **words | {"token": words["token"] or None})
        return redirect("checkout:confirm_withdrawal", token=found.token)
    return _show(request, form, order=None)


@same_origin_post
@require_http_methods(["GET", "HEAD", "POST"])
@secret_link
def withdraw_order(request: HttpRequest, token: str) -> HttpResponse:
    """The statement from an order's own page, filled in already."""
    order = orders.by_token(token)
    form = OrderWithdrawalForm(request.POST if request.method == "POST" else None, order=order)
    if form.is_bound and form.is_valid():
        _count(request)
        found = withdrawals.state(
            order=order,
            order_number=order.number,
            language=get_language() or "en",
            name=form.cleaned_data["name"],
            email=form.cleaned_data["email"],
            statement=form.cleaned_data["statement"],
            token=form.cleaned_data["token"] or None,
        )
        return redirect("checkout:confirm_withdrawal", token=found.token)
    return _show(request, form, order=order)


def _show(request: HttpRequest, form: WithdrawalForm, *, order: Order | None) -> HttpResponse:
    context = {"form": form, "order": order, "settings": ShopSettings.current()}
    return render(request, "checkout/withdrawal.html", context, status=422 if form.errors else 200)


@same_origin_post
@require_http_methods(["GET", "HEAD", "POST"])
@secret_link
def confirm_withdrawal(request: HttpRequest, token: str) -> HttpResponse:
    """What was stated, and the one button that makes it count; afterwards, when that was."""
    if request.method == "POST":
        return redirect("checkout:confirm_withdrawal", token=withdrawals.confirm(token).token)
    found = withdrawals.by_token(token)
    context = {"withdrawal": found, "is_stated": found.state == Withdrawal.State.STATED}
    return render(request, "checkout/withdrawal_confirm.html", context)


def _count(request: HttpRequest) -> None:
    """Each statement leads to a mail to an address somebody typed: few of them an hour. Raises TooManyRequests."""
    if count(f"withdrawals:{client_address(request)}", seconds=HOUR) > STATEMENTS_AN_HOUR:
        raise TooManyRequests(
            gettext("Too many statements came from your network. Please try again in an hour or write to us.")
        )
