"""The ECB's feed: what is accepted, what waits, what is refused; nothing is ever half-written."""

import io
import zipfile
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import httpx
import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction
from django.utils import timezone
from pytest_django import Settings

from checkout import currency, rate_tasks
from checkout.currency import Outcome
from checkout.gateways import ecb
from checkout.gateways.ecb import Document, FeedError
from checkout.models.currency import Rate, RateSet, RateSetStatus, RateSource

SAMPLE = (Path(__file__).parent / "eurofxref-daily.xml").read_bytes()
EVENING = datetime(2026, 10, 30, 17, 30, tzinfo=UTC)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("that_evening")]


@pytest.fixture
def that_evening() -> Iterator[None]:
    with time_machine.travel(EVENING, tick=False):
        yield


def document(body: bytes = SAMPLE, etag: str = "") -> Document:
    return Document(body=body, etag=etag, last_modified="")


def changed(old: str, new: str) -> bytes:
    assert old.encode() in SAMPLE
    return SAMPLE.replace(old.encode(), new.encode())


def add_set(day: str, **rates: str) -> RateSet:
    rate_set = RateSet.objects.create(
        date=date.fromisoformat(day),
        source=RateSource.HISTORY,
        sha256="0" * 64,
        fetched_at=timezone.now(),
        status=RateSetStatus.ACCEPTED,
    )
    for code, rate in rates.items():
        Rate.objects.create(rate_set=rate_set, currency=code, rate=Decimal(rate))
    return rate_set


def answering(answer: Callable[[httpx.Request], httpx.Response]) -> httpx.MockTransport:
    return httpx.MockTransport(answer)


def test_a_good_feed_becomes_the_rates_in_use() -> None:
    assert currency.current_rate_set() is None
    assert currency.store_daily(document()) is Outcome.ACCEPTED
    current = currency.current_rate_set()
    assert current is not None
    assert current.date == date(2026, 10, 30)
    assert len(current.rates) == 29
    assert current.rates["USD"] == Decimal("1.1172")
    assert current.rates["IDR"] == Decimal("20275.17")
    rate_set = RateSet.objects.get()
    assert (rate_set.source, rate_set.reason) == (RateSource.DAILY, "")
    assert rate_set.sha256 == document().sha256


def test_the_same_feed_again_changes_nothing() -> None:
    currency.store_daily(document())
    assert currency.store_daily(document()) is Outcome.UNCHANGED
    assert currency.store_daily(document(SAMPLE.replace(b"Reference rates", b"Reference  rates"))) is Outcome.UNCHANGED
    assert RateSet.objects.count() == 1


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "not_xml"),
        (b"Service unavailable", "not_xml"),
        (b"\x00\xff\xfe garbage", "not_xml"),
        (SAMPLE[: len(SAMPLE) // 2], "not_xml"),
        (SAMPLE.replace(b'encoding="UTF-8"', b'encoding="KLINGON-8"'), "not_xml"),
        (b"<html><body>moved</body></html>", "wrong_format"),
        (SAMPLE.replace(b"vocabulary/2002-08-01/eurofxref", b"vocabulary/2099/eurofxref"), "wrong_format"),
        (SAMPLE.replace(b"www.gesmes.org", b"gesmes.example"), "wrong_format"),
        (SAMPLE.replace(b"time='2026-10-30'", b""), "wrong_format"),
        (SAMPLE.replace(b"time='2026-10-30'", b"time='30.10.2026'"), "bad_date"),
        (SAMPLE.replace(b"time='2026-10-30'", b"time=''"), "bad_date"),
        (SAMPLE.replace(b"currency='CHF'", b"currency='USD'"), "wrong_format"),
        (SAMPLE.replace(b"currency='CHF'", b"currency='chf'"), "wrong_format"),
        (SAMPLE.replace(b"rate='", b"rate='x"), "no_rates"),
        (SAMPLE.replace(b"<Cube currency", b"<Other currency"), "no_rates"),
        (SAMPLE.replace(b"2026-10-30", b"2026-10-31"), "date_in_future"),
        (SAMPLE + b" " * 1_000_000, "too_large"),
        (
            b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;">]><x>&b;</x>',
            "forbidden_xml",
        ),
        (b'<?xml version="1.0"?><!DOCTYPE x SYSTEM "file:///etc/passwd"><x/>', "forbidden_xml"),
        (
            b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><x>&e;</x>',
            "forbidden_xml",
        ),
    ],
)
def test_an_unusable_feed_is_refused_and_writes_nothing(body: bytes, code: str) -> None:
    yesterday = add_set("2026-10-29", USD="1.113")
    with pytest.raises(FeedError) as refusal:
        currency.store_daily(document(body))
    assert refusal.value.code == code
    assert RateSet.objects.get() == yesterday
    current = currency.current_rate_set()
    assert current is not None
    assert current.date == date(2026, 10, 29)


def test_a_feed_older_than_the_rates_in_use_is_refused() -> None:
    currency.store_daily(document())
    with pytest.raises(FeedError) as refusal:
        currency.store_daily(document(changed("2026-10-30", "2026-10-29")))
    assert refusal.value.code == "older_than_newest"


def test_other_rates_for_a_date_in_use_are_refused() -> None:
    currency.store_daily(document())
    with pytest.raises(FeedError) as refusal:
        currency.store_daily(document(changed("1.1172", "1.1173")))
    assert refusal.value.code == "differs_from_accepted"
    assert Rate.objects.get(currency="USD").rate == Decimal("1.1172")


@pytest.mark.parametrize(
    "text",
    ["0", "0.0", "-1.1172", "NaN", "Infinity", "1e3", "1,1172", "", "1_000", "١", "1.12345678", "9" * 30],
)
def test_a_feed_with_a_rate_that_is_none_waits_without_it(text: str) -> None:
    body = changed("rate='1.1172'", f"rate='{text}'")
    assert currency.store_daily(document(body)) is Outcome.WAITING
    rate_set = RateSet.objects.get()
    assert rate_set.reason.startswith("USD:")
    assert rate_set.rates.count() == 28
    assert currency.current_rate_set() is None


def test_a_feed_without_a_major_currency_waits() -> None:
    body = SAMPLE.replace(b"<Cube currency='GBP' rate='0.8338'/>", b"")
    assert currency.store_daily(document(body)) is Outcome.WAITING
    assert RateSet.objects.get().reason == "GBP: missing"


def test_a_feed_without_a_minor_currency_is_accepted() -> None:
    body = SAMPLE.replace(b"<Cube currency='ISK' rate='136'/>", b"")
    assert currency.store_daily(document(body)) is Outcome.ACCEPTED
    assert "ISK" not in currency.offered_currencies()


@pytest.mark.parametrize(
    ("before", "outcome"),
    [
        ("0.931", Outcome.ACCEPTED),  # 1.1172 is 20 % above it exactly
        ("0.930999", Outcome.WAITING),
        ("1.3965", Outcome.ACCEPTED),  # and 20 % below this
        ("1.396501", Outcome.WAITING),
        ("111.72", Outcome.WAITING),
    ],
)
def test_a_jump_over_a_fifth_waits(before: str, outcome: Outcome) -> None:
    add_set("2026-10-29", USD=before)
    assert currency.store_daily(document()) is outcome


def test_a_waiting_set_is_not_in_use_until_staff_accept_it() -> None:
    add_set("2026-10-29", USD="2.5")
    currency.store_daily(document())
    waiting = RateSet.objects.waiting().get()
    assert "USD: 2.5" in waiting.reason
    assert currency.quote_for("USD").rate == Decimal("2.5")
    currency.accept(waiting)
    assert currency.quote_for("USD").rate == Decimal("1.1172")
    assert RateSet.objects.get(pk=waiting.pk).decided_at == EVENING
    with pytest.raises(currency.DecisionNotPossible):
        currency.reject(waiting)


def test_a_rejected_set_does_not_come_back_with_the_same_document() -> None:
    add_set("2026-10-29", USD="2.5")
    currency.store_daily(document())
    currency.reject(RateSet.objects.waiting().get())
    assert currency.store_daily(document()) is Outcome.UNCHANGED
    assert currency.quote_for("USD").rate == Decimal("2.5")


def test_a_corrected_document_makes_the_waiting_one_undecidable() -> None:
    currency.store_daily(document(changed("rate='1.1172'", "rate='0'")))
    assert currency.store_daily(document()) is Outcome.ACCEPTED
    with pytest.raises(currency.DecisionNotPossible):
        currency.accept(RateSet.objects.waiting().get())


# The request


def test_it_asks_only_for_what_changed() -> None:
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        if request.headers.get("If-None-Match") == '"v1"':
            return httpx.Response(304)
        return httpx.Response(
            200,
            content=iter([SAMPLE]),
            headers={"ETag": '"v1"', "Last-Modified": "Fri, 30 Oct 2026 15:00:00 GMT"},
        )

    assert currency.fetch_daily(transport=answering(answer)) is Outcome.ACCEPTED
    assert currency.fetch_daily(transport=answering(answer)) is Outcome.UNCHANGED
    assert "If-None-Match" not in seen[0].headers
    assert seen[1].headers["If-Modified-Since"] == "Fri, 30 Oct 2026 15:00:00 GMT"


def refuse(request: httpx.Request) -> httpx.Response:
    raise httpx.ConnectTimeout("too slow", request=request)


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (refuse, "unreachable"),
        (lambda _request: httpx.Response(500), "http_status"),
        (
            lambda _request: httpx.Response(302, headers={"Location": "http://169.254.169.254/"}),
            "http_status",
        ),
        (lambda _request: httpx.Response(200, content=iter([b" " * 1_000_001])), "too_large"),
        (
            lambda _request: httpx.Response(200, content=iter([SAMPLE]), headers={"Content-Encoding": "br"}),
            "wrong_format",
        ),
    ],
)
def test_a_bad_answer_is_refused(answer: Callable[[httpx.Request], httpx.Response], code: str) -> None:
    with pytest.raises(FeedError) as refusal:
        currency.fetch_daily(transport=answering(answer))
    assert refusal.value.code == code
    assert not RateSet.objects.exists()


def test_a_server_that_drips_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter(range(0, 1000, 4))
    monkeypatch.setattr(ecb.time, "monotonic", lambda: next(clock))

    def answer(_request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, content=(SAMPLE[index : index + 1] for index in range(len(SAMPLE))))

    with pytest.raises(FeedError, match="not complete after 10 seconds"):
        currency.fetch_daily(transport=answering(answer))


# The history


def test_the_bundled_history_is_loaded_once() -> None:
    assert currency.load_bundled_history() == 90
    assert currency.load_bundled_history() == 0
    current = currency.current_rate_set()
    assert current is not None
    assert (current.date, current.rates["USD"]) == (date(2026, 10, 30), Decimal("1.1172"))
    assert Rate.objects.count() == 90 * 29


def test_the_daily_feed_of_a_bundled_date_is_nothing_new() -> None:
    currency.load_bundled_history()
    assert currency.store_daily(document()) is Outcome.UNCHANGED


def test_the_ecbs_zip_is_read() -> None:
    table = b"Date, USD, JPY, CYP, \n2026-10-30, 1.1172, 175.68, N/A, \n2026-10-29, 1.113, 175.92, N/A, \n"
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("eurofxref-hist.csv", table)
    assert currency.load_history(packed.getvalue()) == 2
    newest = currency.newest_accepted()
    assert newest is not None
    assert dict(newest.rates.values_list("currency", "rate")) == {
        "USD": Decimal("1.1172"),
        "JPY": Decimal("175.68"),
    }


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "wrong_format"),
        (b"Day,USD\n2026-10-30,1.1", "wrong_format"),
        ("Date,USD\n2026-10-30,1.1€".encode(), "wrong_format"),
        (b"Date,USD\n2026-10-29,1.1\n2026-10-30,NaN\n", "no_rates"),
        (b"Date,USD,GBP\n2026-10-29,1.1,1\n2026-10-30,1.1,-1\n", "wrong_format"),
        (b"Date,USD\n2026-10-29,1.1\n30/10/2026,1.1\n", "bad_date"),
        (b"Date,USD\n2026-10-29,1.1\n2026-10-31,1.1\n", "date_in_future"),
        (b"PK\x03\x04 not really", "wrong_format"),
    ],
)
def test_a_broken_history_writes_nothing(body: bytes, code: str) -> None:
    with pytest.raises(FeedError) as refusal:
        currency.load_history(body)
    assert refusal.value.code == code
    assert not RateSet.objects.exists()


# What the database itself refuses


@pytest.mark.parametrize("rate", ["0", "-1", "NaN"])
def test_the_database_holds_no_rate_that_is_none(rate: str) -> None:
    rate_set = add_set("2026-10-29")
    with (
        pytest.raises(IntegrityError, match="rate_is_finite_and_above_zero"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(
            "INSERT INTO checkout_rate (rate_set_id, currency, rate) VALUES (%s, 'USD', %s::numeric)",
            [rate_set.pk, rate],
        )


def test_rates_never_change() -> None:
    add_set("2026-10-29", USD="1.113")
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        Rate.objects.update(rate=2)
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        Rate.objects.all().delete()
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        RateSet.objects.filter(pk=add_set("2026-10-28").pk).delete()


@pytest.mark.parametrize(
    "change", [{"status": "rejected"}, {"status": "waiting", "reason": "x"}, {"date": date(2020, 1, 1)}]
)
def test_an_accepted_set_stays_as_it_is(change: dict[str, object]) -> None:
    add_set("2026-10-29", USD="1.113")
    with pytest.raises(IntegrityError, match="only be accepted or rejected, once"), transaction.atomic():
        RateSet.objects.update(**change)


def test_a_waiting_set_cannot_be_rewritten_while_it_is_accepted() -> None:
    currency.store_daily(document(changed("rate='1.1172'", "rate='0'")))
    with pytest.raises(IntegrityError, match="only be accepted or rejected, once"), transaction.atomic():
        RateSet.objects.update(status="accepted", date=date(2026, 10, 28))


# Command and jobs


def test_the_command_loads_the_bundled_history(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("fetch_rates", "--bundled")
    assert capsys.readouterr().out == "90 rate sets added; rates in use: 2026-10-30\n"


def test_the_command_loads_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "hist.csv").write_text("Date,USD\n2026-10-30,1.1172\n")
    call_command("fetch_rates", "--history", str(tmp_path / "hist.csv"))
    assert "1 rate sets added" in capsys.readouterr().out


def test_the_command_fails_with_a_sentence_when_the_feed_cannot_be_reached(settings: Settings) -> None:
    settings.ECB_FEED_URL = "http://127.0.0.1:9/feed.xml"  # the discard port: nothing listens
    with pytest.raises(CommandError, match=r"unreachable: ConnectError\. The rates in use stay"):
        call_command("fetch_rates")


@pytest.fixture
def fetches(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    made: list[str] = []

    def fetch() -> Outcome:
        made.append("fetch")
        return Outcome.UNCHANGED

    monkeypatch.setattr(currency, "fetch_daily", fetch)
    return made


def test_polling_stops_when_the_days_rates_are_there(fetches: list[str]) -> None:
    add_set("2026-10-29", USD="1.113")
    rate_tasks.poll_rates(timestamp=0)
    assert fetches == ["fetch"]
    add_set("2026-10-30", USD="1.1172")
    rate_tasks.poll_rates(timestamp=0)
    assert fetches == ["fetch"]


def test_polling_rests_when_the_bank_does(fetches: list[str]) -> None:
    with time_machine.travel(datetime(2026, 10, 31, 16, tzinfo=UTC)):  # a Saturday
        rate_tasks.poll_rates(timestamp=0)
    assert fetches == []


def test_polling_outlives_a_broken_feed(settings: Settings) -> None:
    settings.ECB_FEED_URL = "http://127.0.0.1:9/feed.xml"
    rate_tasks.poll_rates(timestamp=0)
    assert not RateSet.objects.exists()


def test_the_worker_knows_the_jobs(settings: Settings) -> None:
    assert rate_tasks.__name__ in settings.PROCRASTINATE_IMPORT_PATHS


def test_staff_hear_of_one_missed_day(settings: Settings, mailoutbox: list[object]) -> None:
    settings.MANAGERS = [("Owner", "owner@example.com")]
    add_set("2026-10-30", USD="1.1172")
    rate_tasks.warn_of_old_rates(timestamp=0)
    assert mailoutbox == []
    with time_machine.travel(datetime(2026, 11, 2, 18, 30, tzinfo=UTC)):  # Monday evening
        rate_tasks.warn_of_old_rates(timestamp=0)
    assert len(mailoutbox) == 1
