"""Jobs about gift vouchers. Each may run twice without harm."""

from procrastinate.contrib.django import app

from checkout.tasks import MAIL_RETRIES


@app.task(name="send_voucher", queue="mail", retry=MAIL_RETRIES)
def send_voucher(*, voucher_id: int, is_again: bool = False) -> None:
    """Mail a voucher to whom it is for; once, unless staff ask for it again."""
    from checkout import voucher_mail

    voucher_mail.send(voucher_id=voucher_id, is_again=is_again)


@app.periodic(cron="7 1 * * *", periodic_id="expire_vouchers")
@app.task(name="expire_vouchers", queue="sales", queueing_lock="expire_vouchers")
def expire_vouchers(timestamp: int) -> None:
    """Write off what is left of vouchers whose last day is over."""
    from checkout import vouchers

    while vouchers.expire_due():
        pass
