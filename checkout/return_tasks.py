"""Jobs about withdrawals and parcels. Each may run twice without harm."""

from procrastinate import RetryStrategy
from procrastinate.contrib.django import app

from checkout.tasks import MAIL_RETRIES


@app.task(name="acknowledge_withdrawal", queue="mail", retry=MAIL_RETRIES)
def acknowledge_withdrawal(*, withdrawal_id: int) -> None:
    """Mail the receipt of a withdrawal, once."""
    from checkout import withdrawal_mail

    withdrawal_mail.acknowledge(withdrawal_id=withdrawal_id)


@app.task(name="refuse_withdrawal", queue="mail", retry=MAIL_RETRIES)
def refuse_withdrawal(*, withdrawal_id: int) -> None:
    """Mail why a withdrawal has no effect."""
    from checkout import withdrawal_mail

    withdrawal_mail.refuse(withdrawal_id=withdrawal_id)


# 2 s, 4 s, 8 s … 17 minutes: an order that is being packed or paid at this moment soon is not.
@app.task(name="carry_out_withdrawal", queue="sales", retry=RetryStrategy(max_attempts=10, exponential_wait=2))
def carry_out_withdrawal(*, withdrawal_id: int) -> None:
    """Do what follows from a confirmed withdrawal; once, however often it runs."""
    from checkout import withdrawals
    from checkout.models import Withdrawal

    withdrawals.carry_out(Withdrawal.objects.get(pk=withdrawal_id))


@app.periodic(cron="41 2 * * *", periodic_id="settle_parcels")
@app.task(name="settle_parcels", queue="sales", queueing_lock="settle_parcels")
def settle_parcels(timestamp: int) -> None:
    """Take parcels as delivered that nobody said anything about, and forget statements nobody confirmed."""
    from checkout import deliveries, withdrawals

    deliveries.deliver_overdue()
    withdrawals.forget_unconfirmed()
