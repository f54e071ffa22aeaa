"""What buyers fill in: which piece, who and where, how it is shipped and paid."""

from collections.abc import Sequence
from typing import Any, ClassVar

from django import forms
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from checkout import tariff
from checkout.addresses import AddressRules, rules_of, tidy_line, tidy_phone, tidy_postcode
from checkout.gateways.base import Gateway
from checkout.paper_layout import can_print
from checkout.shipping import ShippingOption


class SkuForm(forms.Form):
    """Which piece a button belongs to."""

    sku = forms.CharField(max_length=24)


class ContactForm(forms.Form):
    """Who buys."""

    email = forms.EmailField(
        label=_("Email"),
        max_length=254,
        help_text=_("For the confirmation and the link to your order. Nothing else."),
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )
    phone = forms.CharField(
        label=_("Phone"),
        max_length=32,
        required=False,
        help_text=_("For the courier, when nobody is at home."),
        widget=forms.TextInput(attrs={"autocomplete": "tel", "type": "tel"}),
    )
    buyer_note = forms.CharField(
        label=_("Anything we should know?"),
        max_length=500,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    is_billed_elsewhere = forms.BooleanField(label=_("The invoice goes to another address"), required=False)

    def __init__(self, *args: Any, country: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.country = country

    def clean_phone(self) -> str:
        given: str = self.cleaned_data["phone"]
        if not given.strip():
            return ""
        phone = tidy_phone(given, self.country)
        if phone is None:
            raise forms.ValidationError(
                _("This does not look like a phone number. With a country code it works from anywhere."),
                code="invalid",
            )
        return phone


class AddressForm(forms.Form):
    """A postal address by the rules of its country: which fields, what they are called, which are required."""

    name = forms.CharField(label=_("Name"), max_length=120)
    company = forms.CharField(label=_("Company"), max_length=120)
    line1 = forms.CharField(label=_("Street and number"), max_length=160)
    line2 = forms.CharField(label=_("Flat, floor, second line"), max_length=160)
    city = forms.CharField(label=_("City"), max_length=100)
    region = forms.CharField(label=_("Region"), max_length=100)
    postcode = forms.CharField(label=_("Postcode"), max_length=20)

    AUTOCOMPLETE: ClassVar[dict[str, str]] = {
        "name": "name",
        "company": "organization",
        "line1": "address-line1",
        "line2": "address-line2",
        "city": "address-level2",
        "region": "address-level1",
        "postcode": "postal-code",
    }

    def __init__(self, *args: Any, country: str, purpose: str = "shipping", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.country = country
        self.rules = rules_of(country)
        self._follow(self.rules, purpose)

    def _follow(self, rules: AddressRules, purpose: str) -> None:
        self.fields = {name: self.fields[name] for name in rules.order}
        if rules.regions:
            self.fields["region"] = forms.ChoiceField(
                label=self.fields["region"].label,
                choices=[("", _("Please choose")), *rules.regions],
            )
        for name, field in self.fields.items():
            field.required = name in rules.required
            field.label = rules.labels.get(name, field.label)
            field.widget.is_required = field.required
            field.widget.attrs["autocomplete"] = f"{purpose} {self.AUTOCOMPLETE[name]}"
        if "postcode" in self.fields and rules.postcode_example:
            self.fields["postcode"].help_text = _("For example %(example)s") % {"example": rules.postcode_example}

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        for name, value in list(cleaned.items()):
            cleaned[name] = tidy_postcode(value) if name == "postcode" else tidy_line(value)
            if self.fields[name].required and not cleaned[name] and name not in self.errors:
                self.add_error(name, forms.ValidationError(_("This field is required."), code="required"))
            elif not can_print(value):
                # Written by its sound it would be wrong more often than not: 東京 is no DongJing.
                text = _("Please write this in Latin letters, as on a parcel from abroad.")
                self.add_error(name, forms.ValidationError(text, code="script"))
        postcode = cleaned.get("postcode")
        if postcode and not self.rules.is_postcode(postcode):
            self.add_error(
                "postcode",
                forms.ValidationError(
                    _("This is not a postcode of %(country)s; they look like %(example)s."),
                    code="invalid",
                    params={
                        "country": tariff.country_name(self.country, get_language() or "en"),
                        "example": self.rules.postcode_example,
                    },
                ),
            )
        return cleaned

    @property
    def address(self) -> dict[str, str]:
        """The fields of an OrderAddress, once the form is valid."""
        return {**self.cleaned_data, "country": self.country}


class MethodForm(forms.Form):
    """How the parcel goes and how it is paid, from what is offered."""

    shipping_method = forms.ChoiceField(
        label=_("Shipping"), error_messages={"required": _("Please choose how it should be shipped.")}
    )
    payment_method = forms.ChoiceField(
        label=_("Payment"), error_messages={"required": _("Please choose how you want to pay.")}
    )

    def __init__(
        self, *args: Any, options: Sequence[ShippingOption], gateways: Sequence[Gateway], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.fields["shipping_method"].choices = [(row.method, row.name) for row in options]  # type: ignore[attr-defined]
        self.fields["payment_method"].choices = [(row.code, row.name) for row in gateways]  # type: ignore[attr-defined]


class ConfirmForm(forms.Form):
    """What the buyer saw when they pressed the button: the draft, the total and a fingerprint of its parts."""

    token = forms.CharField(max_length=43)
    total = forms.DecimalField(max_digits=14, decimal_places=2)
    currency = forms.CharField(max_length=3)
    fingerprint = forms.CharField(max_length=32)


class GatewayForm(forms.Form):
    """How an order that waits for its payment is to be paid."""

    payment_method = forms.CharField(max_length=20)
