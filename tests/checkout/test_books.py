"""The books: they add up to what was sold and credited, say what was bought, and calculate nothing by themselves."""

import csv
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from io import BytesIO, StringIO
from typing import Any

import pytest
import time_machine
from django.test import Client
from openpyxl import load_workbook

from catalog.models import PurchaseRecord
from checkout import books, invoices
from checkout.models import Credit, Order
from checkout.money import total
from shop import staff
from shop.models import ShopSettings
from tests.admin.conftest import as_member
from tests.catalog.pieces import a_listed_piece
from tests.checkout.sold import Sold, credit, sell

__all__ = ["as_member"]
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("shippable")]
FIRST, LAST = date(2000, 1, 1), date(2100, 1, 1)


def read(book: books.Book) -> list[dict[str, str]]:
    return list(csv.DictReader(StringIO("".join(books.as_csv(book)).removeprefix("\ufeff"))))


def sums(rows: list[dict[str, str]], column: str) -> Decimal:
    return total(Decimal(row[column]) for row in rows)


@pytest.fixture
def month_of_sales() -> list[Order]:
    """Orders of every treatment, in three currencies, some of them given back in part or whole."""
    ShopSettings(oss_mode="always").save()
    orders = [
        sell(Sold("12.37"), Sold("25.01", scheme="standard", coupon="2.00"), shipping="8.90"),
        sell(Sold("5.00", cost="9.00"), country="GR", shipping="3.00", shipping_discount="3.00"),
        sell(Sold("119.00", scheme="standard", points="20.00"), currency="USD", rate="1.1172", shipping="8.90"),
        sell(Sold("1200.00"), Sold("7.77"), country="JP", currency="JPY", rate="175.68", shipping="15.00"),
        sell(vouchers=("20.00", "30.00"), spent_voucher="5.00"),
        sell(Sold("10.00"), vouchers=("15.00",)),
    ]
    for order in orders:
        invoices.issue_invoice(order.pk)
    credit(orders[0], "12.37", "20.00", shipping="4.44")
    credit(orders[2], "33.33")
    credit(orders[4], other="30.00")
    credit(orders[0], "0", "3.01", shipping="4.46")
    for given_back in Credit.objects.order_by("pk"):
        invoices.issue_credit_note(given_back.pk)
    return orders


def test_the_sales_book_adds_up_to_the_orders_less_what_was_credited(month_of_sales: list[Order]) -> None:
    rows = read(books.sales_book(FIRST, LAST))
    credits = Credit.objects.all()
    sold = total(order.total_eur for order in month_of_sales)
    assert sums(rows, "Gross (EUR)") == sold - total(row.goods_eur + row.shipping_eur for row in credits)
    for currency in ("EUR", "USD", "JPY"):
        of_currency = [row for row in rows if row["Currency"] == currency]
        charged = total(order.total_amount for order in month_of_sales if order.currency == currency)
        returned = total(row.goods_amount + row.shipping_amount for row in credits if row.order.currency == currency)
        assert sums(of_currency, "Gross in the currency") == charged - returned


def test_the_vat_in_the_books_is_that_of_the_lines_still_sold(month_of_sales: list[Order]) -> None:
    rows = read(books.sales_book(FIRST, LAST))
    whole = month_of_sales[0]
    assert sums([row for row in rows if row["Order"] == whole.number], "VAT (EUR)") == 0
    for order in (month_of_sales[1], month_of_sales[3], month_of_sales[5]):
        of_order = [row for row in rows if row["Order"] == order.number]
        assert sums(of_order, "VAT (EUR)") == total(line.tax_eur for line in order.lines.all())
    by_month = read(books.vat_book(FIRST, LAST))
    assert sums(by_month, "VAT (EUR)") == sums(rows, "VAT (EUR)")
    assert sums(by_month, "Gross (EUR)") == sums(rows, "Gross (EUR)")


def test_margins_are_taxed_piece_by_piece_and_never_below_zero() -> None:
    for piece in (Sold("10.00", cost="40.00"), Sold("14.40", cost="2.00")):
        invoices.issue_invoice(sell(piece, country="GR").pk)
    rows = read(books.sales_book(FIRST, LAST))
    assert [(row["Margin (EUR)"], row["VAT (EUR)"]) for row in rows] == [("-30.00", "0.00"), ("12.40", "2.40")]
    (month,) = read(books.vat_book(FIRST, LAST))
    assert (month["Taxed as"], month["Taxed in"], month["VAT (EUR)"]) == ("margin", "GR", "2.40")


def test_a_book_has_the_days_asked_for_by_the_shops_clock() -> None:
    for moment in (datetime(2026, 10, 31, 21, 59), datetime(2026, 10, 31, 22, 1), datetime(2026, 11, 30, 21, 59)):  # noqa: DTZ001
        with time_machine.travel(moment.replace(tzinfo=UTC), tick=False):
            invoices.issue_invoice(sell(Sold()).pk)
    rows = read(books.sales_book(date(2026, 11, 1), date(2026, 11, 30)))
    assert [row["Date"] for row in rows] == ["2026-11-01", "2026-11-30"]
    assert [row["Month"] for row in read(books.vat_book(date(2026, 10, 1), date(2026, 11, 30)))] == [
        "2026-10",
        "2026-11",
    ]


def test_the_purchase_book_has_every_piece_bought_and_its_sale() -> None:
    sold = sell(Sold(cost="3.50"))
    record = PurchaseRecord.objects.get()
    PurchaseRecord.objects.filter(pk=record.pk).update(bought_on=date(2026, 3, 1), seller_country="DE", document="K-17")
    undated = PurchaseRecord.objects.create(listing=a_listed_piece(), seller_kind="own")
    PurchaseRecord.objects.create(listing=a_listed_piece(), seller_kind="own", bought_on=date(2025, 3, 1))
    rows = read(books.purchase_book(date(2026, 1, 1), date(2026, 12, 31)))
    assert [row["SKU"] for row in rows] == [record.listing.sku, undated.listing.sku]
    bought = [rows[0][name] for name in ("Bought on", "Bought from", "Seller's country", "Document", "Cost (EUR)")]
    assert bought == ["2026-03-01", "private", "DE", "K-17", "3.50"]
    assert (rows[0]["Order"], bool(rows[0]["Sold on"])) == (sold.number, True)
    assert (rows[1]["Order"], rows[1]["Sold on"], rows[1]["Cost (EUR)"]) == ("", "", "")


def test_books_are_read_in_few_queries(django_assert_max_num_queries: Any) -> None:
    for _order in range(4):
        invoices.issue_invoice(sell(Sold(), Sold()).pk)
    for book in (books.sales_book, books.purchase_book, books.vat_book):
        with django_assert_max_num_queries(6):
            assert read(book(FIRST, LAST))


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", " =1", "\r\n=cmd|'/c calc'!A1"])
def test_no_cell_is_a_formula(text: str) -> None:
    assert books.neutral(text).startswith("'")


def test_a_title_that_looks_like_a_formula_is_text_in_both_files() -> None:
    invoices.issue_invoice(sell(Sold(title='=HYPERLINK("http://example.com")\x0b')).pk)
    (row,) = read(books.sales_book(FIRST, LAST))
    assert row["Title"] == '\'=HYPERLINK("http://example.com")'
    with books.as_xlsx(books.sales_book(FIRST, LAST)) as file:
        cells = list(load_workbook(BytesIO(file.read())).active)[1]  # type: ignore[arg-type]
    assert [cell.data_type for cell in cells].count("f") == 0
    assert cells[5].value == '\'=HYPERLINK("http://example.com")'


def test_numbers_and_days_are_numbers_and_days_in_excel() -> None:
    invoices.issue_invoice(sell(Sold("10.00"), country="GR").pk)
    with books.as_xlsx(books.sales_book(FIRST, LAST)) as file:
        sheet: Any = load_workbook(BytesIO(file.read())).active
    names = [cell.value for cell in sheet[1]]
    values = dict(zip(names, (cell.value for cell in sheet[2]), strict=True))
    assert values["Gross (EUR)"] == 10
    assert values["VAT (EUR)"] == 1.55
    assert isinstance(values["Date"], datetime)


# Who may have them


@pytest.mark.parametrize(("group", "status"), [(staff.OWNER, 200), (staff.CATALOGUER, 403), (staff.ORDER_DESK, 403)])
def test_costs_are_for_the_owner(as_member: Callable[[str], Client], group: str, status: int) -> None:
    assert as_member(group).get("/staff/checkout/paper/books/").status_code == status


@pytest.mark.parametrize("book", ["sales", "purchases", "vat"])
@pytest.mark.parametrize("file", ["csv", "xlsx"])
def test_the_owner_downloads_a_book(as_member: Callable[[str], Client], book: str, file: str) -> None:
    invoices.issue_invoice(sell(Sold()).pk)
    client = as_member(staff.OWNER)
    answer = client.get(f"/staff/checkout/paper/books/?book={book}&first=2020-01-01&last=2099-12-31&file={file}")
    assert answer.status_code == 200
    assert f'filename="{book}-2020-01-01-2099-12-31.{file}"' in answer["Content-Disposition"]
    assert answer.streaming
    body = b"".join(answer)  # type: ignore[arg-type]
    assert body.startswith(b"PK" if file == "xlsx" else "\ufeff".encode())


def test_days_that_make_no_sense_are_refused(as_member: Callable[[str], Client]) -> None:
    page = as_member(staff.OWNER).get("/staff/checkout/paper/books/?book=vat&first=2026-02-02&last=2026-01-01&file=csv")
    assert "The first day is after the last." in page.content.decode()
