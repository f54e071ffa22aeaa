"""The days on which the European Central Bank publishes its reference rates: the opening days of TARGET."""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

FRANKFURT = ZoneInfo("Europe/Berlin")
# Published "around 16:00 CET"; two hours are allowed before a day counts as missed.
PUBLISHED_BY = time(18, 0)


def easter_sunday(year: int) -> date:
    """Return Easter Sunday of the Gregorian calendar, by the computus of Meeus, Jones and Butcher."""
    golden = year % 19
    century, of_century = divmod(year, 100)
    leap_centuries, century_rest = divmod(century, 4)
    moon_shift = (century - (century + 8) // 25 + 1) // 3
    epact = (19 * golden + century - leap_centuries - moon_shift + 15) % 30
    leap_years, year_rest = divmod(of_century, 4)
    weekday = (32 + 2 * century_rest + 2 * leap_years - epact - year_rest) % 7
    correction = (golden + 11 * epact + 22 * weekday) // 451
    month, day = divmod(epact + weekday - 7 * correction + 114, 31)
    return date(year, month, day + 1)


def is_publication_day(day: date) -> bool:
    """Whether TARGET is open: no weekend, 1 January, Good Friday, Easter Monday, 1 May, 25 or 26 December."""
    easter = easter_sunday(day.year)
    return (
        day.weekday() < 5
        and (day.month, day.day) not in {(1, 1), (5, 1), (12, 25), (12, 26)}
        and day not in {easter - timedelta(days=2), easter + timedelta(days=1)}
    )


def latest_due(now: datetime) -> date:
    """Return the newest date whose rates should be out at that moment."""
    local = now.astimezone(FRANKFURT)
    day = local.date() if local.time() >= PUBLISHED_BY else local.date() - timedelta(days=1)
    while not is_publication_day(day):
        day -= timedelta(days=1)
    return day


def missed_days(newest: date, now: datetime) -> int:
    """Return on how many publication days after `newest` rates were due and have not come."""
    due = latest_due(now)
    return sum(is_publication_day(newest + timedelta(days=days)) for days in range(1, (due - newest).days + 1))
