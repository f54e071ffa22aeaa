"""Gift vouchers for staff: their ledger, and issuing, mailing again and voiding. Whole codes only for who may void."""

import re
from decimal import Decimal
from typing import Any, ClassVar

from django import forms
from django.conf import settings
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from checkout import vouchers
from checkout.models import GiftVoucher, VoucherEntry
from checkout.money import BASE_CURRENCY, format_amount
from shop.admin_base import Deed, DeedForm, ReadOnlyAdmin, ReadOnlyTabular, ShopAdmin, coloured

# What a typing mistake may cost at most.
MOST_BY_HAND_EUR = Decimal(500)
ENDING_LETTERS = 4
_MAY_SEE_CODES = "checkout.change_giftvoucher"


class GoodwillForm(forms.ModelForm[GiftVoucher]):
    """A voucher that staff give away."""

    language = forms.ChoiceField(label=_("language"), choices=settings.LANGUAGES, widget=UnfoldAdminSelectWidget)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # The page that only shows a voucher has no fields.
        if "note" in self.fields:
            self.fields["note"].required = True
            self.fields["note"].label = _("Reason")
            self.fields["recipient_email"].help_text = _("The code is mailed here; without it you hand it over.")
            self.fields["expires_on"].help_text = _("Empty: as the shop settings say.")

    def clean_amount_eur(self) -> Decimal:
        amount: Decimal = self.cleaned_data["amount_eur"]
        if not 0 < amount <= MOST_BY_HAND_EUR:
            raise ValidationError(_("From €0.01 to €%(most)d."), params={"most": int(MOST_BY_HAND_EUR)})
        return amount

    def clean_expires_on(self) -> Any:
        day = self.cleaned_data["expires_on"]
        if day is not None and day < timezone.localdate():
            raise ValidationError(_("This day is over."))
        return day


class ReasonForm(DeedForm):
    reason = forms.CharField(label=_("Reason"), max_length=200, widget=UnfoldAdminTextInputWidget)


class EntryRows(ReadOnlyTabular):
    model = VoucherEntry
    fields = ("created_at", "kind", "amount_eur", "order", "note", "created_by")

    def get_queryset(self, request: HttpRequest) -> QuerySet[VoucherEntry]:
        entries: QuerySet[VoucherEntry] = super().get_queryset(request)
        return entries.select_related("order", "created_by")


def _can_be_spent(voucher: GiftVoucher) -> bool:
    return voucher.issued_at is not None and voucher.voided_at is None


@admin.register(GiftVoucher)
class GiftVoucherAdmin(ShopAdmin):
    form = GoodwillForm
    compressed_fields = False
    list_display = ("ending", "situation", "amount_eur", "balance_eur", "order", "recipient_email", "expires_on")
    list_filter = (("issued_at", admin.EmptyFieldListFilter), ("voided_at", admin.EmptyFieldListFilter))
    list_select_related = ("order",)
    search_fields = ("order__number", "recipient_email", "recipient_name")
    search_help_text = _("Order, recipient, the whole code or its last four letters.")
    date_hierarchy = "created_at"
    inlines = (EntryRows,)
    deeds: ClassVar = (
        Deed(
            name="send-again",
            label=_("Mail again"),
            do=lambda voucher, by: vouchers.send_again(voucher),
            done=_("The voucher %(row)s is being mailed once more."),
            is_offered=lambda voucher: _can_be_spent(voucher) and bool(voucher.recipient_email),
            permission=_MAY_SEE_CODES,
            icon="forward_to_inbox",
            explanation=_("To the address it was mailed to before."),
        ),
        Deed(
            name="void",
            label=_("Void"),
            do=lambda voucher, by, reason: vouchers.void(voucher, reason=reason, by=by),
            done=_("The voucher %(row)s is void."),
            is_offered=_can_be_spent,
            permission=_MAY_SEE_CODES,
            icon="block",
            form=ReasonForm,
            explanation=_("What is left is taken off, and nobody can spend it any more. What was spent stays spent."),
            is_danger=True,
        ),
    )
    _given = ("amount_eur", ("recipient_name", "recipient_email"), "sender_name", "message", "language", "expires_on")
    _shown = (
        ("amount_eur", "balance_eur", "order"),
        ("recipient_name", "recipient_email", "sender_name"),
        ("message", "language", "note"),
        ("created_at", "issued_at", "mailed_at"),
        ("expires_on", "voided_at"),
    )

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        if obj is None:
            return (*self._given, "note")
        return ("code" if request.user.has_perm(_MAY_SEE_CODES) else "ending", *self._shown)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return ("code", "ending", "balance_eur", "created_at", "issued_at", "mailed_at", "voided_at")

    def get_inlines(self, request: HttpRequest, obj: Any) -> Any:
        return self.inlines if obj else ()

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        # Never parts of a code: whoever sees only its end could find out the rest letter by letter.
        letters = re.sub(r"[\s-]", "", search_term).upper()
        if re.fullmatch(f"[A-Z0-9]{{{vouchers.CODE_LETTERS}}}", letters):
            found = vouchers.written(letters)
            return queryset.filter(code=found), False
        if re.fullmatch(f"[A-Z0-9]{{{ENDING_LETTERS}}}", letters):
            return queryset.filter(code__endswith=letters), False
        found_rows, has_duplicates = super().get_search_results(request, queryset, search_term)
        return found_rows, has_duplicates

    def save_model(self, request: HttpRequest, obj: GiftVoucher, form: Any, change: bool) -> None:
        vouchers.issue_by_hand(obj, note=obj.note, by=request.user)  # type: ignore[arg-type]  # signed in

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @admin.display(description=_("code"))
    def ending(self, voucher: GiftVoucher) -> str:
        return str(voucher)

    @coloured(
        description=_("state"),
        colours={"unpaid": "info", "valid": "success", "spent": "", "over": "warning", "void": "danger"},
    )
    def situation(self, voucher: GiftVoucher) -> tuple[str, str]:
        if voucher.voided_at is not None:
            return "void", str(_("void"))
        if voucher.issued_at is None:
            return "unpaid", str(_("not paid"))
        if voucher.expires_on is not None and voucher.expires_on < timezone.localdate():
            return "over", str(_("expired"))
        if not voucher.balance_eur:
            return "spent", str(_("spent"))
        left = format_amount(voucher.balance_eur, BASE_CURRENCY, get_language() or "en")
        return "valid", str(_("%(left)s left")) % {"left": left}


@admin.register(VoucherEntry)
class VoucherEntryAdmin(ReadOnlyAdmin):
    list_display = ("created_at", "voucher", "kind", "amount_eur", "order", "note", "created_by")
    list_filter = ("kind",)
    list_select_related = ("voucher", "order", "created_by")
    search_fields = ("order__number", "key")
    date_hierarchy = "created_at"
