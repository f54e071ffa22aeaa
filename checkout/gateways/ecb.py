"""The European Central Bank's reference rates: fetching the daily feed, and reading it and the history file.

Formats:
https://www.ecb.europa.eu/stats/policy_and_exchange_rates/euro_reference_exchange_rates/html/index.en.html
"""

import csv
import hashlib
import io
import re
import time
import zipfile
import zlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from xml.etree.ElementTree import ParseError

import httpx
from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

# How bytes travel; tests put a feed of their own in its place.
Transport = httpx.BaseTransport

MAX_BYTES = 1_000_000
MAX_HISTORY_BYTES = 20_000_000
TIMEOUT_SECONDS = 10.0
_PLAIN_NUMBER = re.compile(r"[0-9]{1,12}(\.[0-9]{1,6})?")

_ENVELOPE = "{http://www.gesmes.org/xml/2002-08-01}Envelope"
_CUBE = "{http://www.ecb.int/vocabulary/2002-08-01/eurofxref}Cube"


class FeedError(Exception):
    """The feed cannot be used.

    `code` is stable: `unreachable`, `http_status`, `too_large`, `not_xml`, `forbidden_xml`, `wrong_format`,
    `bad_date`, `no_rates`, `older_than_newest`, `date_in_future` or `differs_from_accepted`.
    """

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code


@dataclass(frozen=True, slots=True)
class Document:
    """What the feed's server answered, with what it said for the next conditional request."""

    body: bytes
    etag: str
    last_modified: str

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.body).hexdigest()


@dataclass(frozen=True, slots=True)
class DatedRates:
    """The rates of one date as stated. `unusable` maps a currency to the text that is no rate."""

    date: date
    rates: dict[str, Decimal]
    unusable: dict[str, str] = field(default_factory=dict)


def fetch(url: str, *, etag: str = "", last_modified: str = "", transport: Transport | None = None) -> Document | None:
    """Return the feed's document, or None when it is still the one with that ETag or date.

    Gives up after ten seconds in all and after one megabyte. Raises FeedError.
    """
    # Uncompressed, so that the limit on what is read is also the limit on what is kept.
    headers = {"Accept": "application/xml, text/xml", "Accept-Encoding": "identity"}
    if etag:
        headers["If-None-Match"] = etag
    if last_modified:
        headers["If-Modified-Since"] = last_modified
    give_up_at = time.monotonic() + TIMEOUT_SECONDS
    try:
        with (
            httpx.Client(timeout=TIMEOUT_SECONDS, transport=transport) as client,
            client.stream("GET", url, headers=headers) as answer,
        ):
            if answer.status_code == httpx.codes.NOT_MODIFIED:
                return None
            if answer.status_code != httpx.codes.OK:
                raise FeedError("http_status", str(answer.status_code))
            body = _read(answer, give_up_at)
            return Document(
                body=body,
                etag=answer.headers.get("ETag", "")[:200],
                last_modified=answer.headers.get("Last-Modified", "")[:60],
            )
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise FeedError("unreachable", type(error).__name__) from error


def _read(answer: httpx.Response, give_up_at: float) -> bytes:
    if answer.headers.get("Content-Encoding", "identity") != "identity":
        raise FeedError("wrong_format", "compressed although asked not to")
    body = bytearray()
    for chunk in answer.iter_raw():
        body += chunk
        if len(body) > MAX_BYTES:
            raise FeedError("too_large", f"over {MAX_BYTES} bytes")
        # httpx limits each read, not all of them: a server dripping bytes would hold the worker for hours.
        if time.monotonic() > give_up_at:
            raise FeedError("unreachable", f"not complete after {TIMEOUT_SECONDS:.0f} seconds")
    return bytes(body)


def read_daily(body: bytes) -> DatedRates:
    """Return the rates in a daily feed document. Raises FeedError when it is not one."""
    if len(body) > MAX_BYTES:
        raise FeedError("too_large", f"over {MAX_BYTES} bytes")
    try:
        envelope = fromstring(body, forbid_dtd=True)
    except DefusedXmlException as error:
        raise FeedError("forbidden_xml", type(error).__name__) from error
    except (ParseError, ValueError, LookupError) as error:  # LookupError: an encoding Python does not know
        raise FeedError("not_xml", str(error)) from error
    if envelope.tag != _ENVELOPE:
        raise FeedError("wrong_format", f"root element {envelope.tag[:80]}")
    days = envelope.findall(f"{_CUBE}/{_CUBE}[@time]")
    if len(days) != 1:
        raise FeedError("wrong_format", f"{len(days)} dates instead of one")
    pairs = [(cube.get("currency", ""), cube.get("rate", "")) for cube in days[0].findall(_CUBE)]
    return _dated_rates(days[0].get("time", ""), pairs)


def read_history(body: bytes) -> list[DatedRates]:
    """Return the rates of every date in the ECB's history (CSV, or the zip it comes in), oldest first.

    Currencies without a rate on a date ("N/A") are left out. Raises FeedError.
    """
    if body[:4] == b"PK\x03\x04":
        body = _unzip(body)
    try:
        rows = list(csv.reader(io.StringIO(body.decode("ascii"))))
    except (UnicodeDecodeError, csv.Error) as error:
        raise FeedError("wrong_format", "not a table of plain text") from error
    if not rows or [cell.strip() for cell in rows[0][:1]] != ["Date"]:
        raise FeedError("wrong_format", "the first column is not Date")
    currencies = [cell.strip() for cell in rows[0][1:]]
    days = []
    for row in rows[1:]:
        pairs = zip(currencies, (cell.strip() for cell in row[1:]), strict=False)
        known = [(currency, text) for currency, text in pairs if currency and text not in {"", "N/A"}]
        days.append(_dated_rates(row[0] if row else "", known))
    return sorted(days, key=lambda day: day.date)


def _unzip(body: bytes) -> bytes:
    try:
        with zipfile.ZipFile(io.BytesIO(body)) as archive, archive.open(archive.namelist()[0]) as table:
            text = table.read(MAX_HISTORY_BYTES + 1)
    except (zipfile.BadZipFile, zlib.error, IndexError, EOFError, NotImplementedError, RuntimeError) as error:
        raise FeedError("wrong_format", "not a zip file of one table") from error
    if len(text) > MAX_HISTORY_BYTES:
        raise FeedError("too_large", f"over {MAX_HISTORY_BYTES} bytes")
    return text


def _dated_rates(date_text: str, pairs: Iterable[tuple[str, str]]) -> DatedRates:
    try:
        day = date.fromisoformat(date_text)
    except ValueError as error:
        raise FeedError("bad_date", date_text[:40]) from error
    rates: dict[str, Decimal] = {}
    unusable: dict[str, str] = {}
    for currency, text in pairs:
        if len(currency) != 3 or not (currency.isascii() and currency.isupper()):
            raise FeedError("wrong_format", f"currency {currency[:20]!r}")
        if currency in rates or currency in unusable:
            raise FeedError("wrong_format", f"{currency} twice")
        rate = _rate(text)
        if rate is None:
            unusable[currency] = text[:40]
        else:
            rates[currency] = rate
    if not rates:
        raise FeedError("no_rates", f"{len(unusable)} unusable")
    return DatedRates(date=day, rates=rates, unusable=unusable)


def _rate(text: str) -> Decimal | None:
    """Return the rate, or None for what is no plain number above zero that the database can hold exactly."""
    rate = Decimal(text) if _PLAIN_NUMBER.fullmatch(text) else Decimal(0)
    return rate or None
