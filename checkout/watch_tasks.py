"""Jobs for those who wait for a piece. Each may run twice without harm."""

from procrastinate.contrib.django import app

from checkout.tasks import MAIL_RETRIES


@app.periodic(cron="* * * * *")
@app.task(name="announce_available", queue="sales", queueing_lock="announce_available")
def announce_available(timestamp: int) -> None:
    """Tell who waits for a piece that it can be had again, and forget who has waited for too long."""
    from checkout import watches

    watches.announce()
    watches.forget_old()


@app.task(name="tell_watcher", queue="mail", retry=MAIL_RETRIES)
def tell_watcher(*, watch_id: int) -> None:
    """Mail that a piece can be had again, once."""
    from checkout import watches

    watches.tell(watch_id=watch_id)
