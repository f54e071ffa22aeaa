"""Questions about what Stripe knows beyond one payment: events, disputes, and the account's balance."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

import stripe

from checkout.gateways.stripe.connection import connect, speaking
from checkout.gateways.stripe.webhooks import ProviderNotice

_PAGE = 100


class DisputeStatus(StrEnum):
    OPEN = "open"
    WON = "won"
    LOST = "lost"


_DISPUTES = {"lost": DisputeStatus.LOST}
_DISPUTES |= dict.fromkeys(("won", "warning_closed", "prevented"), DisputeStatus.WON)


@dataclass(frozen=True, slots=True)
class ProviderDispute:
    """A dispute as Stripe has it now. `amount_minor` in the payment's minor units."""

    reference: str
    intent_reference: str
    status: DisputeStatus
    reason: str
    amount_minor: int
    opened_at: datetime


@dataclass(frozen=True, slots=True)
class BalanceMove:
    """One line of the account's balance and what it belongs to.

    `amount_minor` and `currency` are those of the charge or refund itself; below zero where money left.
    """

    reference: str
    kind: str
    source: str
    intent_reference: str
    amount_minor: int
    currency: str
    created_at: datetime


# Captures, what went back, and what came back from that. PayPal's are called payments.
CAPTURES = ("charge", "payment")
REFUNDS = ("refund", "payment_refund")
RETURNED_REFUNDS = ("refund_failure", "payment_failure_refund")


def events_since(since: datetime, *, kinds: list[str]) -> Iterator[ProviderNotice]:
    """Events of these kinds made since then, newest first; at most twenty kinds. Raises GatewayUnreachable."""
    with speaking():
        found = connect().v1.events.list({"created": {"gte": int(since.timestamp())}, "types": kinds, "limit": _PAGE})
        for event in found.auto_paging_iter():
            yield ProviderNotice(
                event_id=event.id,
                kind=event.type,
                object_id=str(event.data.object["id"]),
                created_at=datetime.fromtimestamp(event.created, UTC),
            )


def dispute(reference: str) -> ProviderDispute:
    """Raises GatewayUnreachable."""
    with speaking():
        found = connect().v1.disputes.retrieve(reference)
        return ProviderDispute(
            reference=found.id,
            intent_reference=_id_of(found.payment_intent),
            status=_DISPUTES.get(found.status, DisputeStatus.OPEN),
            reason=found.reason,
            amount_minor=found.amount,
            opened_at=datetime.fromtimestamp(found.created, UTC),
        )


def intent_of_charge(reference: str) -> str:
    """The payment a charge belongs to. Raises GatewayUnreachable."""
    with speaking():
        return _id_of(connect().v1.charges.retrieve(reference).payment_intent)


def payment_of_intent(reference: str) -> int | None:
    """The number of the shop's payment that an intent was made for. Raises GatewayUnreachable."""
    with speaking():
        kept = connect().v1.payment_intents.retrieve(reference).metadata.to_dict()
        number = str(kept.get("payment", ""))
        return int(number) if number.isdecimal() else None


def balance_moves(since: datetime) -> Iterator[BalanceMove]:
    """Every capture and refund on the account's balance since then, newest first. Raises GatewayUnreachable."""
    with speaking():
        found = connect().v1.balance_transactions.list(
            {"created": {"gte": int(since.timestamp())}, "limit": _PAGE, "expand": ["data.source"]}
        )
        for entry in found.auto_paging_iter():
            if entry.type in CAPTURES + REFUNDS + RETURNED_REFUNDS:
                yield _move(entry)


def _move(entry: stripe.BalanceTransaction) -> BalanceMove:
    source = entry.source
    if isinstance(source, stripe.Charge):
        amount = source.amount_captured
    elif isinstance(source, stripe.Refund):
        amount = -source.amount if entry.type in REFUNDS else source.amount
    else:
        raise TypeError(f"{entry.id} comes from neither a charge nor a refund")
    return BalanceMove(
        reference=entry.id,
        kind=entry.type,
        source=source.id,
        intent_reference=_id_of(source.payment_intent),
        amount_minor=amount,
        currency=source.currency.upper(),
        created_at=datetime.fromtimestamp(entry.created, UTC),
    )


def _id_of(found: "str | stripe.PaymentIntent | None") -> str:
    """Expanded or not, the id."""
    if found is None:
        return ""
    return found if isinstance(found, str) else found.id
