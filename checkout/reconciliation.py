"""What does not rest on being told: asking about everything unfinished, and comparing books with the provider's."""

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from functools import partial

import structlog
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from checkout import payments, provider_events, unfinished
from checkout.gateways.base import GatewayUnreachable
from checkout.gateways.stripe import enquiries
from checkout.gateways.stripe.enquiries import BalanceMove
from checkout.models import BalanceDifference, Dispute, Payment, ProviderEvent, Refund, RefundState
from shop.models import User

logger = structlog.get_logger(__name__)
STRIPE = provider_events.STRIPE
# Events whose job gave up, or died before it was noted: taken up again after this long.
STUCK = timedelta(minutes=15)
# Several nights see each line of the balance, so one that failed is made up for by the next.
NIGHTS = timedelta(days=4)
# What happened just now may still be on its way from one book into the other.
SETTLING = timedelta(hours=1)


def reconcile() -> dict[str, int]:
    """Bring everything unfinished forward and look for what was never told. Returns counts."""
    counts = unfinished.bring_forward()
    if not settings.STRIPE_SECRET_KEY:
        return counts
    this = unfinished.Round(counts | {"events": 0, "resumed": 0, "fees": 0})
    try:
        this.counts["events"] = provider_events.fetch_missed()
    except GatewayUnreachable as error:
        # The next run goes on from here.
        this.counts["failed"] += 1
        logger.warning("reconcile_interrupted", error=str(error))
        return this.counts
    stuck = ProviderEvent.objects.filter(
        gateway=STRIPE, processed_at=None, received_at__lt=timezone.now() - STUCK
    ).order_by("id")
    # Each by itself: one that can never be followed must not keep the others waiting, run after run.
    for event in stuck:
        this.try_to("resumed", partial(provider_events.process, event))
    for payment in Payment.objects.filter(gateway=STRIPE, state__in=payments.MONEY_STATES, balance_reference=""):
        this.try_to("fees", partial(payments.fetch, payment))
    return this.counts


def compare_balances(*, now: datetime | None = None) -> list[BalanceDifference]:
    """Compare the last nights' captures and refunds with the account's balance; returns what was not known to differ.

    Raises GatewayUnreachable.
    """
    if not settings.STRIPE_SECRET_KEY:
        return []
    until = (now or timezone.now()) - SETTLING
    since = until - NIGHTS
    moves = [move for move in enquiries.balance_moves(since) if move.created_at <= until]
    found = [*_differences(moves), *_missing(moves, since=since, until=until)]
    fresh = []
    with transaction.atomic():
        for reference, problem, text in found:
            row, is_new = BalanceDifference.objects.get_or_create(
                gateway=STRIPE, reference=reference, problem=problem, defaults={"text": text[:300]}
            )
            if is_new:
                fresh.append(row)
                logger.error("balance_differs", reference=reference, problem=problem, text=text)
    logger.info("balances_compared", moves=len(moves), differences=len(found), **_sums(moves))
    return fresh


def _sums(moves: Iterable[BalanceMove]) -> dict[str, dict[str, int]]:
    """What was captured and what was given back, in minor units of each currency."""
    captured: Counter[str] = Counter()
    refunded: Counter[str] = Counter()
    for move in moves:
        (captured if move.kind in enquiries.CAPTURES else refunded)[move.currency] += move.amount_minor
    return {"captured": dict(captured), "refunded": dict(refunded)}


def _differences(moves: list[BalanceMove]) -> Iterator[tuple[str, str, str]]:
    """What the balance shows and the shop does not, as (reference, problem, details)."""
    returned = {move.source for move in moves if move.kind in enquiries.RETURNED_REFUNDS}
    for move in moves:
        if move.kind in enquiries.CAPTURES:
            payment = Payment.objects.filter(gateway=STRIPE, intent_reference=move.intent_reference).first()
            if payment is None:
                yield move.reference, "capture_unknown", f"{move.intent_reference}: {_shown(move)}"
            elif payment.state not in payments.MONEY_STATES:
                yield move.reference, "capture_not_noted", f"{payment}: {_shown(move)}"
            elif move.amount_minor != payment.amount_minor:
                yield move.reference, "capture_differs", f"{payment}: {_shown(move)}, not {payment.amount_minor}"
        elif move.kind in enquiries.REFUNDS and move.source not in returned:
            refund = Refund.objects.filter(payment__gateway=STRIPE, reference=move.source).first()
            if refund is None:
                yield move.reference, "refund_unknown", f"{move.intent_reference}: {_shown(move)}"
            elif refund.state not in (RefundState.DONE, RefundState.PENDING):
                yield move.reference, "refund_not_noted", f"{refund}: {_shown(move)}"
            elif -move.amount_minor != refund.amount_minor:
                yield move.reference, "refund_differs", f"{refund}: {_shown(move)}, not {refund.amount_minor}"


def _missing(moves: list[BalanceMove], *, since: datetime, until: datetime) -> Iterator[tuple[str, str, str]]:
    """What the shop noted and the balance does not show. An hour at the far end may belong to the night before."""
    window = (since + SETTLING, until)
    captured = {move.intent_reference for move in moves if move.kind in enquiries.CAPTURES}
    for payment in Payment.objects.filter(gateway=STRIPE, captured_at__range=window):
        if payment.intent_reference not in captured:
            yield payment.intent_reference or payment.reference, "capture_missing", str(payment)
    refunded = {move.source for move in moves if move.kind in enquiries.REFUNDS}
    returned = {move.source for move in moves if move.kind in enquiries.RETURNED_REFUNDS}
    done = Refund.objects.filter(payment__gateway=STRIPE, state=RefundState.DONE, created_at__range=window)
    for refund in done.exclude(reference__in=Dispute.objects.values("reference")):
        if refund.reference not in refunded - returned:
            yield refund.reference, "refund_missing", str(refund)


def _shown(move: BalanceMove) -> str:
    return f"{move.amount_minor} {move.currency}"


def settle(difference: BalanceDifference, *, note: str, by: User) -> BalanceDifference:
    """Staff found out what a difference was."""
    with transaction.atomic():
        difference = BalanceDifference.objects.select_for_update(of=("self",)).get(pk=difference.pk)
        difference.settled_at = timezone.now()
        difference.settled_by = by
        difference.note = note[:300]
        difference.save(update_fields=["settled_at", "settled_by", "note"])
    return difference
