"""The books for the accountant: what was bought, what was sold, and the VAT of each month, for a range of days.

The sales book holds the rows that were frozen with every invoice and credit note, so it adds up to the papers. The
purchase book is that of the margin scheme (Directive 2006/112/EC, article 324). Days are those of the shop's time zone.
"""

import csv
import re
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import IO, Any

from django.db.models import F, OuterRef, Q, Subquery
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from openpyxl import Workbook

from catalog.models import PurchaseRecord
from checkout.models import OrderAddress, OrderLine, Paper
from checkout.models.order import HOLDING_STATES, TaxTreatment

ZERO = Decimal("0.00")
CHUNK = 500
Cell = str | Decimal | date | None


@dataclass(frozen=True, slots=True)
class Book:
    """A book as it is written down: its name for files, its columns, its rows."""

    name: str
    columns: tuple[Any, ...]
    rows: Iterable[tuple[Cell, ...]]


# What was sold


def sales_book(first: date, last: date) -> Book:
    """Every line of every invoice and credit note issued from the first day to the last, in order of issue."""
    columns = (
        _("Number"), _("Kind"), _("Date"), _("Order"), _("SKU"), _("Title"), _("Taxed as"), _("Taxed in"), _("Sent to"),
        _("VAT rate, percent"), _("Gross (EUR)"), _("Cost (EUR)"), _("Margin (EUR)"), _("VAT (EUR)"), _("Currency"),
        _("Exchange rate"), _("Gross in the currency"),
    )  # fmt: skip
    return Book("sales", columns, _sales_rows(first, last))


def _sales_rows(first: date, last: date) -> Iterator[tuple[Cell, ...]]:
    for paper in _papers(first, last):
        head = (paper.label, paper.kind, timezone.localtime(paper.issued_at).date(), paper.order.number)
        for row in paper.content["rows"]:
            yield (
                *head,
                row["sku"],
                row["title"],
                row["treatment"],
                row["country"],
                paper.sent_to or "",
                Decimal(row["rate"]),
                Decimal(row["gross_eur"]),
                _decimal(row["cost_eur"]),
                _decimal(row["margin_eur"]),
                Decimal(row["vat_eur"]),
                paper.currency,
                paper.order.rate,
                Decimal(row["gross_amount"]),
            )


def _papers(first: date, last: date) -> Iterator[Any]:
    start, end = _midnight(first), _midnight(last + timedelta(days=1))
    sent_to = OrderAddress.objects.filter(order=OuterRef("order"), kind=OrderAddress.Kind.SHIPPING)
    papers = Paper.objects.filter(issued_at__gte=start, issued_at__lt=end).select_related("order")
    papers = papers.annotate(sent_to=Subquery(sent_to.values("country")[:1])).order_by("issued_at", "pk")
    return papers.iterator(chunk_size=CHUNK)


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))


def _decimal(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


# What was bought


def purchase_book(first: date, last: date) -> Book:
    """Every piece bought from the first day to the last, and those of which nobody knows when, with its sale."""
    columns = (
        _("Bought on"), _("SKU"), _("Title"), _("Bought from"), _("Seller's country"), _("Document"), _("Cost (EUR)"),
        _("Sold on"), _("Order"), _("Note"),
    )  # fmt: skip
    return Book("purchases", columns, _purchase_rows(first, last))


def _purchase_rows(first: date, last: date) -> Iterator[tuple[Cell, ...]]:
    sale = OrderLine.objects.filter(
        listing=OuterRef("listing"), returned_at__isnull=True, order__state__in=HOLDING_STATES
    ).order_by("-pk")
    records = (
        PurchaseRecord.objects.filter(Q(bought_on__range=(first, last)) | Q(bought_on__isnull=True))
        .select_related("listing__edition")
        .prefetch_related("listing__edition__edition_films__film")
        .annotate(
            sold_at=Subquery(sale.values("order__paid_at")[:1]), sold_in=Subquery(sale.values("order__number")[:1])
        )
        .order_by(F("bought_on").asc(nulls_last=True), "pk")
    )
    for record in records.iterator(chunk_size=CHUNK):
        yield (
            record.bought_on,
            record.listing.sku,
            record.listing.title,
            record.seller_kind,
            record.seller_country,
            record.document,
            record.cost_eur,
            timezone.localtime(record.sold_at).date() if record.sold_at else None,
            record.sold_in or "",
            record.note,
        )


# What is owed


def vat_book(first: date, last: date) -> Book:
    """The VAT of each month by treatment, country and rate; that of margins is the sum of each piece's own.

    A piece sold at a loss has no VAT and lowers no other's (individual margins, Directive 2006/112/EC, article 315).
    """
    columns = (
        _("Month"), _("Taxed as"), _("Taxed in"), _("VAT rate, percent"), _("Gross (EUR)"), _("Margin (EUR)"),
        _("VAT (EUR)"),
    )  # fmt: skip
    return Book("vat", columns, _vat_rows(first, last))


def _vat_rows(first: date, last: date) -> Iterator[tuple[Cell, ...]]:
    sums: dict[tuple[str, str, str, Decimal], list[Decimal]] = {}
    for paper in _papers(first, last):
        month = f"{timezone.localtime(paper.issued_at):%Y-%m}"
        for row in paper.content["rows"]:
            key = (month, row["treatment"], row["country"], Decimal(row["rate"]))
            entry = sums.setdefault(key, [ZERO, ZERO, ZERO])
            entry[0] += Decimal(row["gross_eur"])
            entry[1] += _decimal(row["margin_eur"]) or ZERO
            entry[2] += Decimal(row["vat_eur"])
    for (month, treatment, country, rate), (gross, margin, vat) in sorted(sums.items()):
        yield month, treatment, country, rate, gross, margin if treatment == TaxTreatment.MARGIN else None, vat


# Files

# What a spreadsheet would take for a formula, and what neither file may hold.
_FORMULA = re.compile(r"^[\s]*[=+\-@\t\r]")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")


def neutral(text: str) -> str:
    """The text as no spreadsheet calculates it: an apostrophe before what looks like a formula."""
    clean = _CONTROL.sub("", text)
    return f"'{clean}" if _FORMULA.match(clean) else clean


def _written(cell: Cell) -> str:
    if cell is None:
        return ""
    if isinstance(cell, Decimal):
        return f"{cell:f}"
    return cell.isoformat() if isinstance(cell, date) else neutral(cell)


class _Line:
    """A file that gives back what the csv module writes to it."""

    def write(self, text: str) -> str:
        return text


def as_csv(book: Book) -> Iterator[str]:
    """The book line by line, for a streamed answer; it begins with the mark by which Excel knows UTF-8."""
    writer = csv.writer(_Line())
    yield "\ufeff" + writer.writerow([str(column) for column in book.columns])
    for row in book.rows:
        yield writer.writerow([_written(cell) for cell in row])


def as_xlsx(book: Book) -> IO[bytes]:
    """The book as an Excel file, written row by row to disk; the caller closes it."""
    workbook = Workbook(write_only=True)
    sheet = workbook.create_sheet(book.name)
    sheet.append([str(column) for column in book.columns])
    for row in book.rows:
        sheet.append([neutral(cell) if isinstance(cell, str) else cell for cell in row])
    file = tempfile.TemporaryFile()  # noqa: SIM115 - closed by the answer that streams it
    workbook.save(file)
    file.seek(0)
    return file
