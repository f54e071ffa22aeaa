"""Orders that a gift voucher or a coupon pays in full: nothing is asked of anybody, and no provider is called."""

from datetime import datetime
from decimal import Decimal
from typing import ClassVar

from checkout.gateways.base import GatewayUnreachable, ProviderPayment, ProviderRefund, ProviderStatus
from checkout.models import Payment
from checkout.vocabularies import PaymentMethod


class CoveredGateway:
    """Never chosen by a buyer: settlement takes it when nothing is left to pay."""

    code: ClassVar[str] = "covered"
    name = PaymentMethod.COVERED.label

    def is_offered(self, currency: str, amount: Decimal | None = None) -> bool:
        return False

    def create(self, payment: Payment, *, return_url: str, expires_at: datetime) -> ProviderPayment:
        return self._record(payment, pay_url=return_url, expires_at=expires_at)

    def fetch(self, payment: Payment) -> ProviderPayment:
        return self._record(payment)

    def capture(self, payment: Payment) -> ProviderPayment:
        return self._record(payment)

    def void(self, payment: Payment) -> ProviderPayment:
        """An attempt that settlement ends before it was completed took nothing."""
        return self._record(payment, status=ProviderStatus.VOIDED)

    def refund(self, payment: Payment, *, amount_minor: int, key: str) -> ProviderRefund | None:
        """There is no money to send back; what the voucher paid goes back to the voucher."""
        return None

    def fetch_refund(self, reference: str) -> ProviderRefund:
        raise GatewayUnreachable("nothing is ever refunded here")

    def _record(
        self,
        payment: Payment,
        *,
        status: ProviderStatus = ProviderStatus.CAPTURED,
        pay_url: str = "",
        expires_at: datetime | None = None,
    ) -> ProviderPayment:
        return ProviderPayment(
            reference=f"covered-{payment.pk}",
            status=status,
            currency=payment.currency,
            amount_minor=payment.amount_minor,
            pay_url=pay_url,
            expires_at=expires_at,
        )
