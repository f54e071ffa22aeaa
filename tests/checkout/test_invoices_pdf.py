"""Papers as files: PDF/A that is the same bytes each time, in every script, and takes nothing for markup."""

import re
import time
from collections.abc import Callable
from datetime import UTC, datetime
from io import BytesIO
from typing import Any

import pytest
from django.utils import timezone, translation
from django.utils.formats import date_format
from pypdf import PdfReader

from checkout import invoices, paper_layout
from shop.models import ShopSettings
from tests.checkout.pdfs import text_of_pdf
from tests.checkout.sold import Sold, credit, sell

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("shippable")]
MADE_AT = datetime(2026, 11, 22, 12, tzinfo=UTC)
MARKUP = "#panic() $x^2$ \\ ] ) *bold* _it_ `raw` <b> @ref // /* = #set text(red) \"'"
RENDER_SECONDS = 0.3


def a_pdf(**fields: Any) -> bytes:
    paper = invoices.issue_invoice(sell(Sold(**fields)).pk)
    assert paper is not None
    return invoices.pdf_of(paper)


def test_the_same_paper_is_the_same_bytes() -> None:
    paper = invoices.issue_invoice(sell(Sold(), Sold()).pk)
    assert paper is not None
    first = invoices.pdf_of(paper)
    paper_layout._compiler.cache_clear()
    assert invoices.pdf_of(paper) == first


def test_it_is_archival_tagged_and_says_what_it_is() -> None:
    pdf = a_pdf()
    reader = PdfReader(BytesIO(pdf))
    root: Any = reader.trailer["/Root"]
    assert reader.metadata is not None
    assert reader.metadata.title == f"Invoice {re.search('INV-[0-9-]+', text_of_pdf(pdf)).group()}"  # type: ignore[union-attr]
    assert reader.metadata.author == "Athens Collectibles"
    assert root["/Lang"].startswith("en")
    assert root["/MarkInfo"]["/Marked"]
    metadata = root["/Metadata"].get_data().decode()
    assert re.search(r"<pdfaid:part>2</pdfaid:part>", metadata)
    assert re.search(r"<pdfaid:conformance>A</pdfaid:conformance>", metadata)
    assert re.search(r"<pdfuaid:part>1</pdfuaid:part>", metadata)


def test_every_font_is_embedded() -> None:
    fonts = set()
    for page in PdfReader(BytesIO(a_pdf(title="Летят журавли · Όταν πετούν οι γερανοί"))).pages:
        resources: Any = page["/Resources"]
        for font in resources["/Font"].values():
            for descendant in font.get_object()["/DescendantFonts"]:
                descriptor = descendant.get_object()["/FontDescriptor"].get_object()
                assert {"/FontFile2", "/FontFile3"} & set(descriptor)
                fonts.add(descriptor["/FontName"].split("+")[-1])
    assert fonts == {"Commissioner-Regular", "Commissioner-SemiBold", "Literata-SemiBold"}


@pytest.mark.parametrize("title", ["Летят журавли", "Όταν πετούν οι γερανοί", "Żółć, Łódź, İstanbul, Þór, Škvorecký"])
def test_titles_keep_their_script(title: str) -> None:
    assert title in text_of_pdf(a_pdf(title=title))


@pytest.mark.parametrize(
    ("title", "latin"),
    [
        ("東京物語", "DongJing"),
        ("two\nlines\tand\x7f\x85\u2028more", "lines and more"),
        ("جدایی نادر از سیمین", "jdyy ndr"),
        ("Cle\u0301o 🎬\u200b\u202e", "Cléo"),
        ("Trần Anh", "Tran Anh"),
    ],
)
def test_scripts_that_the_fonts_lack_are_written_in_latin(title: str, latin: str) -> None:
    assert latin in text_of_pdf(a_pdf(title=title))


def test_every_character_that_is_let_through_is_drawn() -> None:
    everything = "".join(map(chr, range(0x20, 0x2300)))
    kept = "".join(char for char in everything if paper_layout.drawable(char) == char)
    assert len(kept) > 450
    paper = invoices.issue_invoice(sell(Sold()).pk)
    assert paper is not None
    content = paper.content["printed"] | {"notes": [" ".join(kept)], "title": kept, "footer": kept}
    # A character without a glyph would be an error: no PDF/A may have one.
    assert paper_layout.render("paper", content, made_at=MADE_AT)


def test_what_people_type_is_never_markup() -> None:
    ShopSettings(seller_name=MARKUP, seller_address=MARKUP, paper_footer_en=MARKUP, tax_wording_margin_en=MARKUP).save()
    order = sell(Sold(title=MARKUP, description=MARKUP))
    order.addresses.update(name=MARKUP[:120], line1=MARKUP, city=MARKUP, company=MARKUP)
    paper = invoices.issue_invoice(order.pk)
    assert paper is not None
    text = text_of_pdf(invoices.pdf_of(paper))
    assert text.count("#panic()") >= 7
    assert MARKUP in text


def test_an_endless_word_and_a_hundred_pieces_fit() -> None:
    paper = invoices.issue_invoice(sell(Sold(title="W" * 300), *[Sold() for _piece in range(40)]).pk)
    assert paper is not None
    assert len(PdfReader(BytesIO(invoices.pdf_of(paper))).pages) > 1


def test_it_is_set_quickly(record_property: Callable[[str, object], None]) -> None:
    paper = invoices.issue_invoice(sell(*[Sold(title=f"Film {number}") for number in range(10)]).pk)
    assert paper is not None
    paper_layout._compiler.cache_clear()
    times = []
    for _round in range(5):
        begun = time.perf_counter()
        invoices.pdf_of(paper)
        times.append(time.perf_counter() - begun)
    record_property("figures", f"invoice of ten lines as PDF/A: first {times[0]:.3f} s, then {min(times[1:]):.3f} s")
    assert min(times) < RENDER_SECONDS


def test_numbers_and_dates_of_a_greek_credit_note_stay_in_one_piece() -> None:
    order = sell(Sold(), language="el")
    invoices.issue_invoice(order.pk)
    paper = invoices.issue_credit_note(credit(order, "10.00").pk)
    lines = PdfReader(BytesIO(invoices.pdf_of(paper))).pages[0].extract_text().replace("\xa0", " ").splitlines()
    with translation.override("el"):
        day = date_format(timezone.localdate(), "j E Y")
    assert sum(day in line for line in lines) == 2
    assert paper.label in lines
