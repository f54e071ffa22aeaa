"""What buyers of gift vouchers fill in."""

from decimal import Decimal
from typing import Any, ClassVar

from django import forms
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from checkout.money import BASE_CURRENCY, format_amount
from checkout.voucher_orders import LEAST_EUR, MOST_EUR, OFFERED_EUR, Gift

OWN = "own"


def euro(amount: Decimal) -> str:
    return format_amount(amount, BASE_CURRENCY, get_language() or "en")


class VoucherForm(forms.Form):
    """How much, for whom, from whom."""

    AMOUNTS: ClassVar[tuple[Decimal, ...]] = OFFERED_EUR

    amount = forms.ChoiceField(label=_("Value"), initial=str(OFFERED_EUR[1]), required=False)
    own_amount = forms.DecimalField(
        label=_("Another value in euro"), required=False, max_digits=6, decimal_places=2, localize=True
    )
    recipient_name = forms.CharField(
        label=_("Name"), max_length=120, required=False, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )
    recipient_email = forms.EmailField(
        label=_("Their email"),
        max_length=254,
        required=False,
        help_text=_("Leave it empty to get the code yourself, for a card or to hand over."),
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
    )
    sender_name = forms.CharField(
        label=_("Your name"), max_length=120, required=False, widget=forms.TextInput(attrs={"autocomplete": "name"})
    )
    message = forms.CharField(
        label=_("Message"), max_length=500, required=False, widget=forms.Textarea(attrs={"rows": 3})
    )
    email = forms.EmailField(
        label=_("Your email"),
        max_length=254,
        help_text=_("For the confirmation and the link to your order. Nothing else."),
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [(str(value), euro(value)) for value in self.AMOUNTS]
        self.fields["amount"].choices = [*choices, (OWN, _("Another value"))]  # type: ignore[attr-defined]
        bounds = {"least": euro(LEAST_EUR), "most": euro(MOST_EUR)}
        self.fields["own_amount"].help_text = _("From %(least)s to %(most)s.") % bounds
        self.fields["own_amount"].widget.attrs |= {"inputmode": "decimal", "autocomplete": "off"}

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if "own_amount" in self.errors or "amount" in self.errors:
            return cleaned
        own, chosen = cleaned.get("own_amount"), cleaned.get("amount")
        # An amount that was typed is meant, whichever button is still pressed beside it.
        amount = own if own is not None else Decimal(chosen) if chosen not in (None, "", OWN) else None
        if amount is None:
            self.add_error("own_amount", forms.ValidationError(_("Please choose a value."), code="required"))
        elif not LEAST_EUR <= amount <= MOST_EUR:
            self.add_error(
                "own_amount",
                forms.ValidationError(
                    _("Gift vouchers are worth from %(least)s to %(most)s."),
                    code="invalid",
                    params={"least": euro(LEAST_EUR), "most": euro(MOST_EUR)},
                ),
            )
        cleaned["amount_eur"] = amount
        return cleaned

    @property
    def gift(self) -> Gift:
        """What is wanted, once the form is valid."""
        texts = ("recipient_name", "recipient_email", "sender_name", "message")
        return Gift(self.cleaned_data["amount_eur"], **{name: self.cleaned_data[name] for name in texts})


class AgreedForm(forms.Form):
    """What the buyer of a voucher saw when they pressed the button, and how they pay."""

    token = forms.RegexField(r"^[A-Za-z0-9_-]{43}$")
    total = forms.DecimalField(max_digits=14, decimal_places=2)
    currency = forms.CharField(max_length=3)
    payment_method = forms.CharField(max_length=20)


class CodeForm(forms.Form):
    """A voucher's code, to be told what is left on it."""

    code = forms.CharField(
        label=_("Code"),
        max_length=40,
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false"}),
    )
