"""What the shop asks of a payment provider, in the same words for all of them."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, ClassVar, Protocol

from checkout.models import Payment


class ProviderStatus(StrEnum):
    """How far the provider says a payment is."""

    OPEN = "open"
    AUTHORISED = "authorised"
    CAPTURED = "captured"
    DECLINED = "declined"
    VOIDED = "voided"
    EXPIRED = "expired"


class RefundStatus(StrEnum):
    """How far the provider says a refund is."""

    PENDING = "pending"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class BalanceEntry:
    """What captured money did to the shop's account: minor units of the account's own currency."""

    reference: str
    currency: str
    fee_minor: int
    net_minor: int


@dataclass(frozen=True, slots=True)
class ProviderPayment:
    """The provider's own record of a payment, as fetched just now. `amount_minor` in its minor units.

    `intent_reference`: the provider's second name for it, by which its events and refunds call it.
    """

    reference: str
    status: ProviderStatus
    currency: str
    amount_minor: int
    pay_url: str = ""
    expires_at: datetime | None = None
    failure_code: str = ""
    intent_reference: str = ""
    balance: BalanceEntry | None = None


@dataclass(frozen=True, slots=True)
class ProviderRefund:
    """The provider's own record of a refund."""

    reference: str
    status: RefundStatus
    failure_code: str = ""


class GatewayUnreachable(Exception):
    """The provider did not answer in time or answered nonsense; what happened there is unknown."""


class Gateway(Protocol):
    """A provider. Every call may be repeated: the provider recognises the payment's keys."""

    code: ClassVar[str]
    name: Any

    def is_offered(self, currency: str, amount: Decimal | None = None) -> bool:
        """Whether buyers may choose it now, in this currency and, where it is known, for this amount."""

    def create(self, payment: Payment, *, return_url: str, expires_at: datetime) -> ProviderPayment:
        """Open the payment at the provider; again with the same payment gives the same record.

        `return_url`: a path of the shop. A payment the provider will not open comes back as declined.
        """

    def fetch(self, payment: Payment) -> ProviderPayment:
        """The provider's record now."""

    def capture(self, payment: Payment) -> ProviderPayment:
        """Take the authorised money."""

    def void(self, payment: Payment) -> ProviderPayment:
        """Let the authorised money go, or close a payment that was never authorised."""

    def refund(self, payment: Payment, *, amount_minor: int, key: str) -> ProviderRefund | None:
        """Give money back once for each key. None: staff send it by hand and say so."""

    def fetch_refund(self, reference: str) -> ProviderRefund:
        """The provider's record of a refund now."""
