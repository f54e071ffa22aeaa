"""Reading PDFs in tests."""

from io import BytesIO

from pypdf import PdfReader


def text_of_pdf(pdf: bytes) -> str:
    """What a PDF says, with single spaces."""
    text = " ".join(page.extract_text() for page in PdfReader(BytesIO(pdf)).pages)
    return " ".join(text.replace("\xa0", " ").split())
