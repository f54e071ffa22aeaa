"""The period in which a consumer may withdraw, in days of the shop's own calendar."""

from datetime import date, datetime, time, timedelta

from django.utils import timezone

from shop.models import ShopSettings


def last_day(arrived_on: date) -> date:
    """The last day to withdraw from what arrived on that day.

    The day of arrival does not count, and a period that would end on a Saturday or Sunday ends on the Monday
    (Regulation (EEC, Euratom) 1182/71, article 3).
    """
    last = arrived_on + timedelta(days=ShopSettings.current().withdrawal_days)
    while last.weekday() >= 5:
        last += timedelta(days=1)
    return last


def arrived_before(today: date) -> datetime:
    """Whatever arrived before this moment can no longer be withdrawn from on that day."""
    first_open = today - timedelta(days=ShopSettings.current().withdrawal_days)
    while last_day(first_open - timedelta(days=1)) >= today:
        first_open -= timedelta(days=1)
    return timezone.make_aware(datetime.combine(first_open, time.min))
