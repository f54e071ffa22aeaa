"""Jobs that keep the exchange rates up to date. Periodic times are UTC."""

import structlog
from django.core.mail import mail_managers
from django.utils import timezone
from procrastinate.contrib.django import app

from checkout import currency, target_calendar
from checkout.gateways.ecb import FeedError

log = structlog.get_logger("checkout.rates")


# From 16:05 Brussels time, winter (15:05 UTC) and summer (14:05 UTC), until the evening.
@app.periodic(cron="5-59/10 14-20 * * *", periodic_id="poll_rates")
@app.task(name="poll_rates", queueing_lock="poll_rates")
def poll_rates(timestamp: int) -> None:
    """Fetch the feed on publication days until the day's set is there; a further run does nothing."""
    today = timezone.now().astimezone(target_calendar.FRANKFURT).date()
    newest = currency.newest_accepted()
    if not target_calendar.is_publication_day(today) or (newest is not None and newest.date >= today):
        return
    try:
        outcome = currency.fetch_daily()
    except FeedError as error:
        # Expected now and then, and tried again in ten minutes: yesterday's rates stay, with their date.
        log.warning("rate_feed_unusable", code=error.code, detail=str(error))
        return
    log.info("rate_feed_read", outcome=outcome.value)


@app.periodic(cron="30 18 * * *", periodic_id="warn_of_old_rates")
@app.task(name="warn_of_old_rates", queueing_lock="warn_of_old_rates")
def warn_of_old_rates(timestamp: int) -> None:
    """Tell staff, once a day, that rates of a publication day are missing or wait for a decision."""
    missed = currency.missed_publication_days()
    if missed == 0:
        return
    newest = currency.newest_accepted()
    log.warning("rates_missing", missed_days=missed, newest=newest.date.isoformat() if newest else None)
    mail_managers(
        "Exchange rates are out of date",
        f"Newest accepted rates: {newest.date if newest else 'none'}. Missed publication days: {missed}.\n"
        "Look at the rate sets in the admin: one may be waiting for your decision.",
        fail_silently=True,
    )
