"""Papers: invoices and credit notes to read, slips and forms to print, and the books for the accountant."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from checkout import books, customs, packing_slips
from checkout.admin.amounts import amount_of
from checkout.models import Order, Paper
from checkout.money import BASE_CURRENCY
from checkout.views.papers import paper_response, pdf_response
from shop.admin_base import ReadOnlyAdmin

# Costs are in them: for whoever may see what pieces were bought for.
BOOK_PERMISSIONS = ("checkout.view_paper", "catalog.view_purchaserecord")
BOOKS: dict[str, Callable[..., books.Book]] = {
    "sales": books.sales_book,
    "purchases": books.purchase_book,
    "vat": books.vat_book,
}


class BookForm(forms.Form):
    """Which book, of which days, as which file."""

    book = forms.ChoiceField(
        label=_("Book"),
        choices=(("sales", _("Sales book")), ("purchases", _("Purchase book")), ("vat", _("VAT by month"))),
        widget=UnfoldAdminSelectWidget,
    )
    first = forms.DateField(label=_("From"), widget=UnfoldAdminTextInputWidget(attrs={"type": "date"}))
    last = forms.DateField(label=_("To"), widget=UnfoldAdminTextInputWidget(attrs={"type": "date"}))
    file = forms.ChoiceField(
        label=_("File"), choices=(("xlsx", "Excel"), ("csv", "CSV")), widget=UnfoldAdminSelectWidget
    )

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or {}
        if "first" in given and "last" in given and given["first"] > given["last"]:
            raise forms.ValidationError(_("The first day is after the last."))
        return given


def show_books(request: HttpRequest) -> HttpResponseBase:
    """The books: choose one, and it is written while it is sent."""
    if not request.user.has_perms(BOOK_PERMISSIONS):
        raise PermissionDenied
    today = timezone.localdate()
    last_month = today.replace(day=1) - timedelta(days=1)
    form = BookForm(request.GET or None, initial={"first": last_month.replace(day=1), "last": last_month})
    if form.is_valid():
        return _file(**form.cleaned_data)
    context = {**admin.site.each_context(request), "title": _("Books"), "form": form}
    return TemplateResponse(request, "admin_shop/books.html", context)


def _file(*, book: str, first: Any, last: Any, file: str) -> HttpResponseBase:
    written = BOOKS[book](first, last)
    name = f"{written.name}-{first}-{last}.{file}"
    if file == "xlsx":
        return FileResponse(books.as_xlsx(written), as_attachment=True, filename=name)
    return StreamingHttpResponse(
        books.as_csv(written),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def packing_slip(request: HttpRequest, order_id: int) -> HttpResponse:
    """The packing slip of the parcel an order travels in."""
    order = _order(request, order_id)
    return pdf_response(packing_slips.pdf_of(order), f"{order.number}-packing-slip")


def customs_form(request: HttpRequest, order_id: int) -> HttpResponse:
    """The customs declaration of the parcel an order travels in."""
    declared = customs.declare(_order(request, order_id))
    return pdf_response(customs.pdf_of(declared), f"{declared.orders[0].number}-{declared.form}")


def _order(request: HttpRequest, order_id: int) -> Order:
    if not request.user.has_perm("checkout.view_order"):
        raise PermissionDenied
    return get_object_or_404(Order.objects.placed(), pk=order_id)


def paper_pdf(request: HttpRequest, paper_id: int) -> HttpResponse:
    """An invoice or credit note, as the buyer gets it."""
    if not request.user.has_perm("checkout.view_paper"):
        raise PermissionDenied
    return paper_response(get_object_or_404(Paper, pk=paper_id))


@admin.register(Paper)
class PaperAdmin(ReadOnlyAdmin):
    """What was issued, as it was issued. The frozen content is not shown: it holds what pieces cost."""

    list_display = ("label", "kind", "order", "issued_at", "total", "total_paid_in", "pdf")
    list_filter = ("kind", "series", "year", "currency")
    list_select_related = ("order",)
    search_fields = ("label", "order__number", "order__email")
    date_hierarchy = "issued_at"
    ordering = ("-issued_at", "-id")
    fields = (("label", "kind", "issued_at"), ("order", "language"), ("total", "total_paid_in"), "pdf")
    readonly_fields: ClassVar = ("total", "total_paid_in", "pdf")

    def get_urls(self) -> list[URLPattern]:
        def staff(view: Callable[..., HttpResponseBase]) -> Any:
            return self.admin_site.admin_view(view)

        return [
            path("books/", staff(show_books), name="checkout_books"),
            path("<int:paper_id>/pdf/", staff(paper_pdf), name="checkout_paper_pdf"),
            path("orders/<int:order_id>/packing-slip/", staff(packing_slip), name="checkout_packing_slip"),
            path("orders/<int:order_id>/customs/", staff(customs_form), name="checkout_customs_form"),
            *super().get_urls(),
        ]

    @admin.display(description=_("total (EUR)"), ordering="total_eur")
    def total(self, paper: Paper) -> str:
        return amount_of(paper.total_eur, BASE_CURRENCY)

    @admin.display(description=_("total as charged"), ordering="total_amount")
    def total_paid_in(self, paper: Paper) -> str:
        return amount_of(paper.total_amount, paper.currency)

    @admin.display(description="PDF")
    def pdf(self, paper: Paper) -> str:
        address = reverse("admin:checkout_paper_pdf", args=(paper.pk,))
        return format_html('<a class="row-link" href="{}">{}.pdf</a>', address, paper.label)
