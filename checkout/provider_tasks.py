"""Work that payment providers cause: their events, and comparing their books with ours. Safe to run twice."""

from procrastinate import RetryStrategy
from procrastinate.contrib.django import app

from checkout.errors import PaymentUnconfirmed

# 2 s, 4 s, 8 s … 17 minutes: half an hour in all; reconciliation goes on from there.
EVENT_RETRIES = RetryStrategy(max_attempts=10, exponential_wait=2, retry_exceptions=[PaymentUnconfirmed])


@app.task(name="process_provider_event", queue="sales", retry=EVENT_RETRIES)
def process_provider_event(*, event_pk: int) -> None:
    """Ask the provider about what an event names, and do what follows."""
    from checkout import provider_events
    from checkout.models import ProviderEvent

    provider_events.process(ProviderEvent.objects.get(pk=event_pk))


@app.periodic(cron="*/10 * * * *")
@app.task(name="reconcile_payments", queue="sales", queueing_lock="reconcile_payments")
def reconcile_payments(timestamp: int) -> None:
    """Ask about every unfinished payment, and for the events that never came."""
    from checkout import reconciliation

    reconciliation.reconcile()


@app.periodic(cron="41 2 * * *")
@app.task(name="compare_balances", queue="sales", queueing_lock="compare_balances")
def compare_balances(timestamp: int) -> None:
    """Compare what was captured and refunded with the provider's balance."""
    from checkout import reconciliation

    reconciliation.compare_balances()
