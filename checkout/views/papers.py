"""An order's invoice and credit notes, for whoever has the order's link."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from checkout import invoices, orders
from checkout.models import Paper
from checkout.views.guards import secret_link


def pdf_response(pdf: bytes, name: str) -> HttpResponse:
    """A PDF that the browser shows, and saves under this name."""
    return HttpResponse(
        pdf, content_type="application/pdf", headers={"Content-Disposition": f'inline; filename="{name}.pdf"'}
    )


def paper_response(paper: Paper) -> HttpResponse:
    return pdf_response(invoices.pdf_of(paper), paper.label)


@require_safe
@secret_link
def invoice(request: HttpRequest, token: str) -> HttpResponse:
    """The order's invoice as PDF/A, once it is issued."""
    return paper_response(invoices.invoice_of(orders.by_token(token)))


@require_safe
@secret_link
def credit_note(request: HttpRequest, token: str, label: str) -> HttpResponse:
    """One of the order's credit notes as PDF/A."""
    return paper_response(invoices.credit_note_of(orders.by_token(token), label))
