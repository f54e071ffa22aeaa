"""Work done after the transaction that asked for it, or on a clock. Each task may run twice without harm."""

from procrastinate import RetryStrategy
from procrastinate.contrib.django import app

# 3 s, 9 s, 27 s … and at last 16 hours: a day in all, which is longer than a mail server is away.
MAIL_RETRIES = RetryStrategy(max_attempts=10, exponential_wait=3)


@app.task(name="send_order_mail", queue="mail", retry=MAIL_RETRIES)
def send_order_mail(*, order_id: int, kind: str) -> None:
    """Send one mail about an order; it is sent once however often the task runs."""
    from checkout import mail

    mail.send(order_id=order_id, kind=kind)


@app.periodic(cron="* * * * *")
@app.task(name="tidy_reservations", queue="sales", queueing_lock="tidy_reservations")
def tidy_reservations(timestamp: int) -> None:
    """Put lapsed pieces back on offer, end orders that were not paid in time, go on with what was interrupted."""
    from checkout import inventory, unfinished

    inventory.tidy()
    unfinished.bring_forward(is_thorough=False)


@app.periodic(cron="17 3 * * *")
@app.task(name="nightly", queue="sales", queueing_lock="nightly")
def nightly(timestamp: int) -> None:
    """Forget abandoned drafts and old events of providers, and prove the invariants."""
    from checkout import drafts, invariants, provider_events

    drafts.forget()
    provider_events.forget_old()
    invariants.report_broken()
