"""Paying by bank transfer: nobody to call; staff confirm what the account statement shows."""

from datetime import datetime
from decimal import Decimal
from typing import ClassVar

from checkout.gateways.base import ProviderPayment, ProviderRefund, ProviderStatus, RefundStatus
from checkout.models import Payment, PaymentState
from checkout.vocabularies import PaymentMethod
from shop.models import ShopSettings

_STATUS = {
    PaymentState.CAPTURED: ProviderStatus.CAPTURED,
    PaymentState.PART_REFUNDED: ProviderStatus.CAPTURED,
    PaymentState.REFUNDED: ProviderStatus.CAPTURED,
    PaymentState.VOIDED: ProviderStatus.VOIDED,
    PaymentState.EXPIRED: ProviderStatus.EXPIRED,
    PaymentState.FAILED: ProviderStatus.DECLINED,
}


class BankTransferGateway:
    """Offered once the account to pay to is known. The order's number is the reference."""

    code: ClassVar[str] = "bank_transfer"
    name = PaymentMethod.BANK_TRANSFER.label

    def is_offered(self, currency: str, amount: Decimal | None = None) -> bool:
        # A transfer arrives in euro: in another currency the amount could not be what was shown.
        return currency == "EUR" and bool(ShopSettings.current().bank_iban)

    def create(self, payment: Payment, *, return_url: str, expires_at: datetime) -> ProviderPayment:
        return self._record(payment, pay_url=return_url, expires_at=expires_at)

    def fetch(self, payment: Payment) -> ProviderPayment:
        return self._record(payment)

    def capture(self, payment: Payment) -> ProviderPayment:
        return self._record(payment)

    def void(self, payment: Payment) -> ProviderPayment:
        return ProviderPayment(
            reference=payment.reference,
            status=ProviderStatus.VOIDED,
            currency=payment.currency,
            amount_minor=payment.amount_minor,
        )

    def refund(self, payment: Payment, *, amount_minor: int, key: str) -> None:
        """Staff send the money back by hand; the refund stays due until they say so."""

    def fetch_refund(self, reference: str) -> ProviderRefund:
        return ProviderRefund(reference=reference, status=RefundStatus.DONE)

    def _record(self, payment: Payment, *, pay_url: str = "", expires_at: datetime | None = None) -> ProviderPayment:
        return ProviderPayment(
            reference=f"{payment.order.number}-{payment.attempt}",
            status=_STATUS.get(PaymentState(payment.state), ProviderStatus.OPEN),
            currency=payment.currency,
            amount_minor=payment.amount_minor,
            pay_url=pay_url,
            expires_at=expires_at,
        )
