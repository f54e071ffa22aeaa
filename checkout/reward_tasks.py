"""Jobs about reward points. Each may run twice without harm."""

from procrastinate.contrib.django import app

from checkout.tasks import MAIL_RETRIES


@app.periodic(cron="37 2 * * *", periodic_id="look_after_points")
@app.task(name="look_after_points", queue="sales", queueing_lock="look_after_points")
def look_after_points(timestamp: int) -> None:
    """Make points available whose time has come, let old ones expire, and announce who loses some soon."""
    from checkout import reward_upkeep

    reward_upkeep.confirm_due()
    reward_upkeep.expire_due()
    for account_id in reward_upkeep.accounts_to_notify():
        send_points_notice.defer(account_id=account_id)


@app.task(name="send_points_notice", queue="mail", retry=MAIL_RETRIES)
def send_points_notice(*, account_id: int) -> None:
    """Write to a customer whose points expire soon, once for each last day."""
    from checkout import reward_upkeep

    reward_upkeep.notify(account_id=account_id)
