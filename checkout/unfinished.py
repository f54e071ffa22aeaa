"""Bringing forward what was left unfinished, whoever died or did not answer on the way."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

import structlog

from checkout import credits, parcels, payments, settlement
from checkout.errors import CheckoutError
from checkout.models import Payment, PaymentState, Refund, RefundState
from checkout.models.payment import OPEN_PAYMENT_STATES

logger = structlog.get_logger(__name__)
# Something is under way at the provider that nobody else may come back for.
IN_FLIGHT_STATES = (PaymentState.CREATED, PaymentState.AUTHORISED, PaymentState.CAPTURING)
# How long one round waits for answers that do not come.
MOST_SILENT_SECONDS = 30


def bring_forward(*, is_thorough: bool = True) -> dict[str, int]:
    """Bring everything unfinished forward: open payments, overdue orders, decided refunds. Returns counts.

    One that fails is logged and does not keep the others waiting; while a provider is silent, the rest of the
    round is left to the next. Without `is_thorough`, attempts that only wait for their buyer are not asked about.
    """
    this = Round()
    states = OPEN_PAYMENT_STATES if is_thorough else IN_FLIGHT_STATES
    for payment in Payment.objects.filter(state__in=states).exclude(gateway="bank_transfer"):
        this.try_to("payments", partial(settlement.refresh, payment))
    for order in settlement.overdue():
        this.try_to("orders", partial(settlement.expire, order))
    if is_thorough:
        for joined in parcels.over_since():
            this.try_to("orders", partial(credits.return_passed_on, joined))
    for refund in Refund.objects.filter(state=RefundState.DUE).exclude(payment__gateway="bank_transfer"):
        this.try_to("refunds", partial(payments.pay_out, refund))
    for refund in Refund.objects.filter(state=RefundState.PENDING).exclude(payment__gateway="bank_transfer"):
        this.try_to("refunds", partial(payments.refresh_refund, refund))
    return this.counts


@dataclass
class Round:
    """One round: what was done, and how long was waited in vain."""

    counts: dict[str, int] = field(
        default_factory=lambda: {"payments": 0, "orders": 0, "refunds": 0, "failed": 0},
    )
    silent_seconds: float = 0

    def try_to(self, name: str, step: Callable[[], object]) -> None:
        if self.silent_seconds >= MOST_SILENT_SECONDS:
            self.counts["failed"] += 1
            return
        started = time.monotonic()
        try:
            step()
        except CheckoutError as error:
            self.counts["failed"] += 1
            # Time, not failures: a provider that refuses one payment at once may know the others.
            self.silent_seconds += time.monotonic() - started
            logger.warning("reconcile_step_failed", code=error.code)
        except Exception:
            # Whatever is wrong with one payment or order must not leave all the others unsettled, minute after minute.
            self.counts["failed"] += 1
            logger.exception("reconcile_step_broken")
        else:
            self.counts[name] += 1
