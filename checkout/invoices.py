"""Invoices and credit notes: one invoice a paid order, one credit note a credit, numbered without gaps."""

from datetime import datetime, timedelta
from decimal import Decimal

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone, translation

from checkout import orders, paper_content, paper_layout, sales_rows
from checkout.errors import PaperNotIssued
from checkout.models import Credit, Order, Paper, PaperCounter
from checkout.money import total
from checkout.sales_rows import SalesRow
from shop.models import ShopSettings

JOB_TIME = timedelta(minutes=2)


def issue_invoice(order_id: int) -> Paper | None:
    """Issue the invoice of a paid order, once however often it is asked; None for an order never paid."""
    with transaction.atomic():
        return _invoice_of(orders.lock(order_id))


def issue_credit_note(credit_id: int) -> Paper:
    """Issue the credit note of a credit, once however often it is asked, after the order's invoice."""
    with transaction.atomic():
        credit = Credit.objects.get(pk=credit_id)
        credit.order = orders.lock(credit.order_id)
        found = Paper.objects.filter(credit=credit).first()
        if found is not None:
            return found
        invoice = _invoice_of(credit.order)
        if invoice is None:
            raise PaperNotIssued
        return _issue_credit_note(credit, invoice)


def _invoice_of(order: Order) -> Paper | None:
    """The invoice of a locked order, issued now if it was not yet."""
    found = Paper.objects.filter(order=order, kind=Paper.Kind.INVOICE).first()
    if found is not None or order.paid_at is None:
        return found
    rows = sales_rows.rows_of_invoice(order)
    _check(rows, order.total_eur, order.total_amount)
    now = timezone.now()
    paper = _numbered(ShopSettings.current().invoice_series, now)
    paper.kind = Paper.Kind.INVOICE
    paper.total_eur, paper.total_amount = order.total_eur, order.total_amount
    with translation.override(order.language):
        printed = paper_content.of_invoice(order, rows, label=paper.label, issued_at=now)
    return _store(paper, order, printed, rows)


def _issue_credit_note(credit: Credit, invoice: Paper) -> Paper:
    order = credit.order
    rows = sales_rows.rows_of_credit(credit)
    eur, amount = credit.goods_eur + credit.shipping_eur, credit.goods_amount + credit.shipping_amount
    _check(rows, -eur, -amount)
    now = timezone.now()
    paper = _numbered(ShopSettings.current().credit_note_series, now)
    paper.kind = Paper.Kind.CREDIT_NOTE
    paper.credit = credit
    paper.total_eur, paper.total_amount = eur, amount
    with translation.override(order.language):
        printed = paper_content.of_credit_note(credit, rows, label=paper.label, issued_at=now, invoice=invoice)
    return _store(paper, order, printed, rows)


def _check(rows: list[SalesRow], eur: Decimal, amount: Decimal) -> None:
    # A number once given stays: a paper whose rows say another sum than its total must not get one.
    if total(row.gross_eur for row in rows) != eur or total(row.gross_amount for row in rows) != amount:
        raise ValueError("the rows of a paper do not add up to its total")


def _numbered(series: str, now: datetime) -> Paper:
    """A paper with the next number of its series and year, whose row stays locked until the paper is stored."""
    year = timezone.localtime(now).year
    PaperCounter.objects.bulk_create([PaperCounter(series=series, year=year)], ignore_conflicts=True)
    counter = PaperCounter.objects.select_for_update().get(series=series, year=year)
    counter.last_number += 1
    counter.save(update_fields=["last_number"])
    label = f"{series}-{year}-{counter.last_number:06d}"
    return Paper(series=series, year=year, number=counter.last_number, label=label, issued_at=now)


def _store(paper: Paper, order: Order, printed: paper_content.Content, rows: list[SalesRow]) -> Paper:
    paper.order = order
    paper.language = order.language
    paper.currency = order.currency
    paper.content = {"printed": printed, "rows": [row.as_json() for row in rows]}
    paper.save(force_insert=True)
    orders.log(order, "paper_issued", text=paper.label)
    return paper


def without_paper(*, limit: int = 200) -> tuple[list[int], list[int]]:
    """Keys of orders without an invoice and of credits without a credit note, though their job had time to run."""
    since = timezone.now() - JOB_TIME
    papers = Paper.objects.filter(order=OuterRef("pk"), kind=Paper.Kind.INVOICE)
    paid = Order.objects.filter(~Exists(papers), paid_at__lt=since).order_by("paid_at", "pk")
    credited = Credit.objects.filter(paper__isnull=True, created_at__lt=since, order__paid_at__isnull=False)
    credited = credited.order_by("pk")
    return list(paid.values_list("pk", flat=True)[:limit]), list(credited.values_list("pk", flat=True)[:limit])


def invoice_of(order: Order) -> Paper:
    """The invoice of an order. Raises PaperNotIssued."""
    found = order.papers.filter(kind=Paper.Kind.INVOICE).first()
    if found is None:
        raise PaperNotIssued
    return found


def credit_note_of(order: Order, label: str) -> Paper:
    """The order's credit note with this number. Raises PaperNotIssued."""
    found = order.papers.filter(kind=Paper.Kind.CREDIT_NOTE, label=label).first()
    if found is None:
        raise PaperNotIssued
    return found


def pdf_of(paper: Paper) -> bytes:
    """The paper as PDF/A, from what was frozen when it was issued: the same bytes for ever."""
    return paper_layout.render("paper", paper.content["printed"], made_at=paper.issued_at)
