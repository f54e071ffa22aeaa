"""Work of the kernel on a clock."""

from procrastinate.contrib.django import app


@app.periodic(cron="23 * * * *")
@app.task(name="forget_idempotency_keys", queueing_lock="forget_idempotency_keys")
def forget_idempotency_keys(timestamp: int) -> None:
    """Delete answers kept for repeated requests once they are a day old."""
    from shop.api import idempotency

    idempotency.forget_old()
