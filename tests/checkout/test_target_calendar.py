"""On which days the European Central Bank publishes rates."""

from datetime import UTC, date, datetime

import pytest

from checkout.target_calendar import easter_sunday, is_publication_day, latest_due, missed_days


@pytest.mark.parametrize(
    ("year", "month", "day"),
    [
        (1818, 3, 22),
        (1943, 4, 25),
        (2000, 4, 23),
        (2008, 3, 23),
        (2024, 3, 31),
        (2025, 4, 20),
        (2026, 4, 5),
        (2038, 4, 25),
    ],
)
def test_easter(year: int, month: int, day: int) -> None:
    assert easter_sunday(year) == date(year, month, day)


@pytest.mark.parametrize(
    ("day", "is_open"),
    [
        ("2026-04-02", True),  # Maundy Thursday
        ("2026-04-03", False),
        ("2026-04-06", False),
        ("2026-04-07", True),
        ("2026-05-01", False),
        ("2026-12-24", True),
        ("2026-12-25", False),
        ("2026-12-28", True),
        ("2027-01-01", False),
        ("2026-11-21", False),  # Saturday
        ("2026-11-20", True),
    ],
)
def test_publication_days(day: str, is_open: bool) -> None:
    assert is_publication_day(date.fromisoformat(day)) is is_open


@pytest.mark.parametrize(
    ("now", "due"),
    [
        (datetime(2026, 11, 20, 16, 59, tzinfo=UTC), "2026-11-19"),  # 17:59 in Frankfurt
        (datetime(2026, 11, 20, 17, 0, tzinfo=UTC), "2026-11-20"),
        (datetime(2026, 11, 22, 12, 0, tzinfo=UTC), "2026-11-20"),
        (datetime(2026, 7, 1, 16, 0, tzinfo=UTC), "2026-07-01"),  # summer time
        (datetime(2026, 4, 7, 12, 0, tzinfo=UTC), "2026-04-02"),  # Easter
    ],
)
def test_latest_rates_that_should_be_out(now: datetime, due: str) -> None:
    assert latest_due(now) == date.fromisoformat(due)


def test_missed_days_count_publication_days_only() -> None:
    tuesday_evening = datetime(2026, 4, 7, 18, 0, tzinfo=UTC)
    assert missed_days(date(2026, 4, 7), tuesday_evening) == 0
    assert missed_days(date(2026, 4, 2), tuesday_evening) == 1
    assert missed_days(date(2026, 4, 1), tuesday_evening) == 2
    assert missed_days(date(2026, 4, 2), datetime(2026, 4, 7, 12, 0, tzinfo=UTC)) == 0
