"""Invoices and credit notes: issued once, numbered without gaps, frozen, and what they say."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.core import mail
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from catalog.models import PurchaseRecord
from checkout import invoices, paper_content, paper_tasks
from checkout.models import Order, Paper, PaperCounter
from checkout.money import total
from shop.models import ApiKey, Scope, ShopSettings, User
from tests.api.program import Program
from tests.catalog.pieces import a_listed_piece
from tests.checkout.pdfs import text_of_pdf
from tests.checkout.sold import Sold, credit, sell
from tests.checkout.storefront import decide, order

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("shippable")]
RunTasks = Callable[[], int]


def issued(order: Order) -> Paper:
    paper = invoices.issue_invoice(order.pk)
    assert paper is not None
    return paper


def printed(paper: Paper) -> str:
    return text_of_pdf(invoices.pdf_of(paper))


# Issued once


def test_paying_an_order_issues_its_invoice(client: Client, run_tasks: RunTasks) -> None:
    placed = order(client, a_listed_piece())
    decide(client, placed, "approve")
    run_tasks()
    paper = Paper.objects.get()
    assert (paper.order, paper.kind) == (placed, "invoice")
    assert paper.label == f"INV-{timezone.localtime().year}-000001"


def test_asked_again_it_gives_the_same_paper() -> None:
    sold = sell(Sold())
    paper = issued(sold)
    assert issued(sold) == paper
    refund = credit(sold, "10.00")
    note = invoices.issue_credit_note(refund.pk)
    assert invoices.issue_credit_note(refund.pk) == note
    assert Paper.objects.count() == 2


def test_an_order_that_was_never_paid_gets_none(client: Client) -> None:
    placed = order(client, a_listed_piece())
    assert invoices.issue_invoice(placed.pk) is None
    assert not Paper.objects.exists()


def test_a_credit_note_issues_the_invoice_it_corrects_first() -> None:
    sold = sell(Sold())
    note = invoices.issue_credit_note(credit(sold, "4.00").pk)
    invoice = sold.papers.get(kind="invoice")
    assert invoice.label in printed(note)
    assert (note.label, note.total_eur) == (f"CRN-{note.year}-000001", Decimal("4.00"))


def test_papers_whose_job_was_lost_are_issued_within_the_quarter_of_an_hour(run_tasks: RunTasks) -> None:
    sold = sell(Sold(), at=timezone.now() - timedelta(minutes=3))
    just_paid = sell(Sold())
    paper_tasks.issue_missing_papers(0)
    run_tasks()
    assert sold.papers.count() == 1
    assert just_paid.papers.count() == 0


def test_a_credit_note_whose_job_was_lost_is_issued_too(run_tasks: RunTasks) -> None:
    refund = credit(sell(Sold()), "1.00")
    unguarded("UPDATE checkout_credit SET created_at = created_at - interval '3 minutes' WHERE id = %s", refund.pk)
    paper_tasks.issue_missing_papers(0)
    run_tasks()
    assert Paper.objects.filter(credit=refund).count() == 1


# Numbers


def test_numbers_follow_one_another_in_each_series_and_year() -> None:
    with time_machine.travel(datetime(2026, 12, 31, 21, 59, tzinfo=UTC), tick=False):  # 23:59 in Athens
        first, second = issued(sell(Sold())), issued(sell(Sold()))
        note = invoices.issue_credit_note(credit(first.order, "1.00").pk)
    with time_machine.travel(datetime(2026, 12, 31, 22, 0, tzinfo=UTC), tick=False):
        third = issued(sell(Sold()))
    labels = [paper.label for paper in (first, second, note, third)]
    assert labels == ["INV-2026-000001", "INV-2026-000002", "CRN-2026-000001", "INV-2027-000001"]


def test_a_failed_issue_leaves_no_gap(monkeypatch: pytest.MonkeyPatch) -> None:
    sold = sell(Sold())
    with monkeypatch.context() as broken:
        broken.setattr(paper_content, "of_invoice", lambda *_args, **_kwargs: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            invoices.issue_invoice(sold.pk)
    assert not PaperCounter.objects.filter(last_number__gt=0).exists()
    assert issued(sold).number == 1


def test_a_paper_that_does_not_add_up_gets_no_number(monkeypatch: pytest.MonkeyPatch) -> None:
    sold = sell(Sold())
    monkeypatch.setattr(invoices.sales_rows, "rows_of_invoice", lambda _order: [])
    with pytest.raises(ValueError, match="do not add up"):
        invoices.issue_invoice(sold.pk)
    assert not PaperCounter.objects.exists()


def test_the_database_refuses_a_gap_a_change_and_a_deletion() -> None:
    paper = issued(sell(Sold()))
    other = sell(Sold())
    gap = Paper(
        kind="invoice", series=paper.series, year=paper.year, number=3, label="INV-3", order=other, language="en",
        currency="EUR", total_eur=1, total_amount=1,
    )  # fmt: skip
    with pytest.raises(IntegrityError, match="would leave a gap"), transaction.atomic():
        gap.save()
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        Paper.objects.filter(pk=paper.pk).update(total_eur=0)
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM checkout_paper WHERE id = %s", [paper.pk])


# What they say


def test_a_margin_sale_says_so_and_names_no_vat() -> None:
    text = printed(issued(sell(Sold("12.00"), shipping="8.90")))
    assert "Margin scheme – second-hand goods" in text
    assert "VAT" not in text
    assert "24" not in text.replace("2024", "")
    assert "€20.90" in text


@pytest.mark.parametrize(("oss_mode", "line"), [("never", "Greece, 24 %"), ("always", "Germany, 19 %")])
def test_taxed_sales_name_the_rate_and_the_vat_contained(oss_mode: str, line: str) -> None:
    ShopSettings(oss_mode=oss_mode).save()
    paper = issued(sell(Sold("119.00", scheme="standard"), Sold("11.90", scheme="standard")))
    rate = Decimal(19 if oss_mode == "always" else 24)
    vat = total(Decimal(row["vat_eur"]) for row in paper.content["rows"])
    assert abs(vat - Decimal("130.90") * rate / (100 + rate)) <= Decimal("0.01")
    text = printed(paper)
    assert line in text
    assert f"€{vat}" in text
    assert f"€{Decimal('130.90') - vat}" in text


def test_northern_ireland_is_named_where_its_rate_is_due() -> None:
    ShopSettings(oss_mode="always").save()
    sold = sell(Sold("12.00", scheme="standard"), country="GB", postcode="BT1 1AA")
    assert "Northern Ireland, 20 % €10.00 €2.00 €12.00" in printed(issued(sold))


def test_an_order_from_before_shares_were_frozen_still_adds_up() -> None:
    sold = sell(Sold("5.00"), Sold("10.00"), shipping="8.90")
    for line in sold.lines.all():
        unguarded("UPDATE checkout_orderline SET shipping_share_eur = 0 WHERE id = %s", line.pk)
    assert [row["gross_eur"] for row in issued(sold).content["rows"]] == ["7.97", "15.93"]


def test_exports_and_sellers_without_vat_say_why_there_is_none() -> None:
    assert "Export outside the European Union" in printed(issued(sell(Sold(), country="CH")))
    ShopSettings(vat_mode="not_registered").save()
    assert "not registered for VAT" in printed(issued(sell(Sold())))


def test_lines_taxed_differently_each_lead_to_their_wording() -> None:
    ShopSettings(oss_mode="never").save()
    sold = sell(Sold("12.00"), Sold("25.00", scheme="standard"), vouchers=("50.00",))
    content = issued(sold).content["printed"]
    assert [(line["mark"], line["rate"]) for line in content["lines"]] == [("¹", ""), ("", "24\xa0%"), ("²", "")]
    assert content["notes"][0].startswith("¹ Margin scheme")
    assert content["notes"][1].startswith("² Gift vouchers are sold without VAT")


def test_amounts_are_those_the_buyer_paid_with_the_rate_and_its_date() -> None:
    sold = sell(Sold("5.00", points="1.00"), currency="USD", rate="1.1172", shipping="8.90", spent_voucher="4.00")
    text = printed(issued(sold))
    for shown in (
        "$5.59",
        "$9.94",
        "-$1.12",
        "$14.41",
        "Paid by gift voucher",
        "$4.47",
        "1 EUR = 1.1172 USD",
        "€12.90",
    ):
        assert shown in text


def test_in_greek_for_an_order_in_greek() -> None:
    ShopSettings(oss_mode="never").save()
    sold = sell(Sold(scheme="standard"), Sold(title="Летят журавли"), language="el", country="GR")
    paper = issued(sold)
    text = printed(paper)
    with translation.override("el"):
        expected = (_("Invoice"), _("Total"), _("Shipping"))
    for shown in (
        *expected,
        "Καθεστώς περιθωρίου κέρδους",
        "Ελλάδα, 24 %",
        "Μαρία Παπαδοπούλου",
        "Летят журавли",
        "20,00 €",
    ):
        assert shown in text


def test_later_changes_do_not_reach_an_issued_paper() -> None:
    paper = issued(sell(Sold()))
    before = invoices.pdf_of(paper)
    ShopSettings(seller_name="Somebody Else", tax_wording_margin_en="Other words").save()
    assert invoices.pdf_of(Paper.objects.get()) == before


def test_a_joined_order_that_made_the_parcel_cheaper_adds_up() -> None:
    sold = sell(Sold("12.00", scheme="standard"), Sold("9.00"), shipping_discount="3.33")
    paper = issued(sold)
    assert total(Decimal(row["gross_eur"]) for row in paper.content["rows"]) == sold.total_eur == Decimal("17.67")


# Credit notes


def test_a_whole_order_credited_in_parts_takes_back_all_of_its_vat() -> None:
    ShopSettings(oss_mode="never").save()
    sold = sell(Sold("12.37"), Sold("25.01", scheme="standard"), Sold("1.00", cost="9.00"), shipping="8.90")
    issued(sold)
    for goods, shipping in (
        (("5.00", "0.01"), "3.33"),
        (("7.37", "25.00", "0.40"), "0.01"),
        (("0", "0", "0.60"), "5.56"),
    ):
        invoices.issue_credit_note(credit(sold, *goods, shipping=shipping).pk)
    rows = [row for paper in Paper.objects.all() for row in paper.content["rows"]]
    for sku in sold.lines.values_list("sku", flat=True):
        of_line = [row for row in rows if row["sku"] == sku]
        assert total(Decimal(row["vat_eur"]) for row in of_line) == 0, sku
        assert total(Decimal(row["gross_eur"]) for row in of_line) == 0, sku


def test_the_shipping_kept_from_a_piece_given_back_is_taxed_without_its_cost() -> None:
    sold = sell(Sold("10.00", cost="12.00"), shipping="6.20")
    rows = issued(sold).content["rows"]
    assert rows[0]["vat_eur"] == "0.81"  # 4.20 × 24 / 124
    note = invoices.issue_credit_note(credit(sold, "10.00").pk)
    # 6.20 × 24 / 124 = 1.20 is more than was contained before: a credit never adds tax.
    assert Decimal(note.content["rows"][0]["vat_eur"]) == 0


def test_a_credit_note_names_what_is_credited_and_how_it_went_back() -> None:
    ShopSettings(oss_mode="always").save()
    sold = sell(Sold("12.00"), Sold("25.00", scheme="standard", title="Ballad of a Soldier"), shipping="8.90")
    text = printed(invoices.issue_credit_note(credit(sold, "0", "20.00", shipping="2.00", reason="Withdrawal").pk))
    for shown in ("Credit note", "Ballad of a Soldier", "€20.00", "€2.00", "€22.00", "Withdrawal", "Germany, 19 %"):
        assert shown in text
    assert "The Cranes Are Flying" not in text


def test_vouchers_given_back_are_credited_without_vat() -> None:
    sold = sell(vouchers=("20.00", "30.00"))
    note = invoices.issue_credit_note(credit(sold, other="30.00").pk)
    assert "Gift voucher" in printed(note)
    assert note.content["rows"][0]["treatment"] == "voucher"


# Never VAT on a margin line


def test_nothing_a_buyer_gets_shows_the_vat_on_a_margin(client: Client, run_tasks: RunTasks) -> None:
    ShopSettings(seller_address="Ermou 1").save()
    piece = a_listed_piece()
    PurchaseRecord.objects.create(listing=piece, cost_eur=Decimal("1.23"), seller_kind="private")
    placed = order(client, piece)
    decide(client, placed, "approve")
    run_tasks()
    placed.refresh_from_db()
    invoices.issue_credit_note(credit(placed, "5.00").pk)
    line = placed.lines.get()
    assert line.tax_treatment == "margin"
    _key, secret = ApiKey.issue(name="desk", scopes=[Scope.ORDERS_READ, Scope.CUSTOMERS_PII])
    pages = [
        client.get(path).content.decode()
        for path in (f"/orders/{placed.token}/", f"/el/orders/{placed.token}/", f"/api/v1/orders/{placed.token}/")
    ]
    pages += [Program(key=secret).get("/orders/").content.decode()]
    pages += [message.subject + message.body for message in mail.outbox]
    pages += [printed(paper) for paper in Paper.objects.all()]
    assert len(pages) >= 7
    margin = line.paid_eur + line.shipping_share_eur - Decimal("1.23")
    for page in pages:
        for amount in (line.tax_eur, margin, Decimal("1.23")):
            for text in (f"{amount}", f"{amount}".replace(".", ",")):
                assert text not in page
        for text in ("24%", "24 %", "24\xa0%", "24.00", "tax_eur", "cost_eur", "margin_eur"):
            assert text not in page


# Downloads


def test_whoever_has_the_link_gets_the_papers(client: Client) -> None:
    sold = sell(Sold())
    invoice = issued(sold)
    note = invoices.issue_credit_note(credit(sold, "1.00").pk)
    for path, paper in (
        (f"/orders/{sold.token}/invoice.pdf", invoice),
        (f"/orders/{sold.token}/credit-notes/{note.label}.pdf", note),
    ):
        for start in ("", "/api/v1"):
            answer = client.get(start + path)
            assert answer.status_code == 200
            assert answer["Content-Type"] == "application/pdf"
            assert "no-store" in answer["Cache-Control"]
            assert answer["Content-Disposition"] == f'inline; filename="{paper.label}.pdf"'
            assert answer.content == invoices.pdf_of(paper)


def test_before_it_is_issued_there_is_a_page_that_says_so(client: Client) -> None:
    sold = sell(Sold())
    other = sell(Sold())
    note = invoices.issue_credit_note(credit(other, "1.00").pk)
    answer = client.get(f"/orders/{sold.token}/invoice.pdf")
    assert answer.status_code == 404
    assert "This paper is not there yet." in answer.content.decode()
    assert client.get(f"/orders/{sold.token}/credit-notes/{note.label}.pdf").status_code == 404
    answer = client.get(f"/api/v1/orders/{sold.token}/invoice.pdf", headers={"Accept": "application/pdf"})
    assert (answer.status_code, answer.json()["code"]) == (404, "paper_not_issued")


def test_an_invoice_is_read_in_few_queries(client: Client, django_assert_max_num_queries: Any) -> None:
    sold = sell(*[Sold() for _piece in range(5)])
    issued(sold)
    client.get("/healthz")
    with django_assert_max_num_queries(12):
        client.get(f"/orders/{sold.token}/invoice.pdf")


# Invariants


GAPS = """
SELECT series, year, c.last_number, count(p.id), max(p.number)
  FROM checkout_papercounter c FULL JOIN checkout_paper p USING (series, year)
 GROUP BY series, year, c.last_number
HAVING count(p.id) <> coalesce(max(p.number), 0) OR count(DISTINCT p.number) <> count(p.id)
    OR coalesce(c.last_number, -1) <> coalesce(max(p.number), 0)
"""
WITHOUT_INVOICE = """
SELECT o.id, o.number, o.paid_at FROM checkout_order o
 WHERE o.paid_at < now() - interval '15 minutes'
   AND NOT EXISTS (SELECT 1 FROM checkout_paper p WHERE p.order_id = o.id AND p.kind = 'invoice')
"""
WITHOUT_CREDIT_NOTE = """
SELECT c.id, c.order_id, c.created_at FROM checkout_credit c
 WHERE c.created_at < now() - interval '15 minutes'
   AND NOT EXISTS (SELECT 1 FROM checkout_paper p WHERE p.credit_id = c.id)
"""


def broken(sql: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return len(cursor.fetchall())


def unguarded(sql: str, key: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(sql, [key])
        cursor.execute("SET LOCAL session_replication_role = origin")


def test_a_gap_in_the_numbers_is_found() -> None:
    issued(sell(Sold()))
    second = issued(sell(Sold()))
    assert broken(GAPS) == 0
    unguarded("UPDATE checkout_paper SET number = 5 WHERE id = %s", second.pk)
    assert broken(GAPS) == 1
    unguarded("DELETE FROM checkout_paper WHERE id = %s", second.pk)
    assert broken(GAPS) == 1  # the counter still knows of it


def test_a_sale_without_its_papers_is_found_after_a_quarter_of_an_hour() -> None:
    before = timezone.now() - timedelta(minutes=16)
    sold = sell(Sold(), at=before)
    sell(Sold(), at=timezone.now() - timedelta(minutes=14))
    assert broken(WITHOUT_INVOICE) == 1
    issued(sold)
    assert broken(WITHOUT_INVOICE) == 0
    refund = credit(sold, "1.00")
    assert broken(WITHOUT_CREDIT_NOTE) == 0
    unguarded("UPDATE checkout_credit SET created_at = created_at - interval '16 minutes' WHERE id = %s", refund.pk)
    assert broken(WITHOUT_CREDIT_NOTE) == 1
    invoices.issue_credit_note(refund.pk)
    assert broken(WITHOUT_CREDIT_NOTE) == 0


# For staff


def test_staff_see_papers_and_print_slips(client: Client) -> None:
    sold = sell(Sold(), country="CH")
    Order.objects.filter(pk=sold.pk).update(has_customs=True)
    paper = issued(sold)
    client.force_login(
        User.objects.create_superuser("root@example.com"),
        backend="allauth.account.auth_backends.AuthenticationBackend",
    )
    page = client.get(f"/staff/checkout/order/{sold.pk}/change/").content.decode()
    for path in (f"paper/{paper.pk}/pdf", f"paper/orders/{sold.pk}/packing-slip", f"paper/orders/{sold.pk}/customs"):
        assert f"/staff/checkout/{path}/" in page
        assert client.get(f"/staff/checkout/{path}/")["Content-Type"] == "application/pdf"
    assert "cost_eur" not in client.get(f"/staff/checkout/paper/{paper.pk}/change/").content.decode()
