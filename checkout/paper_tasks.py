"""Jobs that issue papers. Each may run any number of times: a paper is issued once."""

import structlog
from procrastinate import RetryStrategy
from procrastinate.contrib.django import app

log = structlog.get_logger("checkout.papers")
RETRIES = RetryStrategy(max_attempts=8, exponential_wait=3)


@app.task(name="issue_invoice", queue="sales", retry=RETRIES)
def issue_invoice(*, order_id: int) -> None:
    """Issue the invoice of an order that was just paid."""
    from checkout import invoices

    invoices.issue_invoice(order_id)


@app.task(name="issue_credit_note", queue="sales", retry=RETRIES)
def issue_credit_note(*, credit_id: int) -> None:
    """Issue the credit note of what was just credited."""
    from checkout import invoices

    invoices.issue_credit_note(credit_id)


# Whatever lost its job is found within the quarter of an hour that the invariant allows.
@app.periodic(cron="*/5 * * * *")
@app.task(name="issue_missing_papers", queue="sales", queueing_lock="issue_missing_papers")
def issue_missing_papers(timestamp: int) -> None:
    """Ask again for the papers of paid orders and credits that have none."""
    from checkout import invoices

    order_ids, credit_ids = invoices.without_paper()
    for order_id in order_ids:
        issue_invoice.defer(order_id=order_id)
    for credit_id in credit_ids:
        issue_credit_note.defer(credit_id=credit_id)
    if order_ids or credit_ids:
        log.warning("papers_were_missing", orders=len(order_ids), credits=len(credit_ids))
