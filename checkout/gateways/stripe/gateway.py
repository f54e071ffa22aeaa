"""The gateway: every call may be made again, and every answer may have been lost before."""

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import ClassVar, TypeVar

import stripe
import structlog
from django.conf import settings
from stripe.checkout import Session

from checkout.gateways.base import ProviderPayment, ProviderRefund, ProviderStatus, RefundStatus
from checkout.gateways.stripe.answers import WITH_BALANCE, WITH_INTENT, payment_answer, refund_answer
from checkout.gateways.stripe.connection import connect, is_kept_answer, speaking
from checkout.gateways.stripe.session_parameters import is_chargeable, session_parameters
from checkout.models import Payment
from checkout.money import CURRENCIES
from checkout.vocabularies import PaymentMethod

logger = structlog.get_logger(__name__)
T = TypeVar("T")


class StripeGateway:
    code: ClassVar[str] = "stripe"
    name = PaymentMethod.STRIPE.label

    def is_offered(self, currency: str, amount: Decimal | None = None) -> bool:
        if not settings.STRIPE_SECRET_KEY or currency not in CURRENCIES:
            return False
        return amount is None or is_chargeable(amount, currency)

    def create(self, payment: Payment, *, return_url: str, expires_at: datetime) -> ProviderPayment:
        """Open the page; nobody but its buyer ever learns its address.

        The session ends 31 minutes after the attempt began, the least Stripe takes; where the claim holds less
        long the shop closes the page itself. When the time stated is too near by now (an attempt made again
        later, a clock that is wrong) nothing was opened and nothing will be under that key: the page is then
        opened without a time of its own, under a second key, and closed by the shop like any other.
        """
        timed = session_parameters(payment, return_url=return_url, expires_at=expires_at)
        untimed = session_parameters(payment, return_url=return_url, expires_at=None)
        sessions = connect().v1.checkout.sessions
        with speaking():
            try:
                try:
                    session = sessions.create(timed, {"idempotency_key": f"{payment.key}-create"})
                except stripe.StripeError as error:
                    if not (getattr(error, "param", None) == "expires_at" or is_kept_answer(error)):
                        raise
                    session = sessions.create(untimed, {"idempotency_key": f"{payment.key}-create-untimed"})
            except stripe.InvalidRequestError as error:
                logger.exception("stripe_session_refused", payment=payment.pk, code=error.code, param=error.param)
                return _refused(payment, error.code or "refused")
            return payment_answer(session)

    def fetch(self, payment: Payment) -> ProviderPayment:
        with speaking():
            return payment_answer(self._session(payment))

    def capture(self, payment: Payment) -> ProviderPayment:
        """Take the money; an intent that was captured before, or is gone, is reported as it is."""
        with speaking():
            session = self._session(payment)
            before = payment_answer(session)
            if before.status != ProviderStatus.AUTHORISED:
                return before
            try:
                intent = _with_keys(
                    lambda key: connect().v1.payment_intents.capture(
                        before.intent_reference, {"expand": WITH_BALANCE}, {"idempotency_key": key}
                    ),
                    f"{payment.key}-capture",
                    f"{payment.key}-capture-again",
                )
            except (stripe.InvalidRequestError, stripe.CardError) as error:
                logger.warning("stripe_capture_refused", payment=payment.pk, code=error.code)
                # Captured meanwhile, lapsed, or refused by the bank: what is still held then is let go.
                return self.void(payment)
            return payment_answer(session, intent)

    def void(self, payment: Payment) -> ProviderPayment:
        """Close the page first: only then nobody can pay any more. Captured money is reported, not touched."""
        with speaking():
            session = self._session(payment)
            if session.status == "open":
                try:
                    session = connect().v1.checkout.sessions.expire(payment.reference, {"expand": WITH_INTENT})
                except stripe.InvalidRequestError:
                    # Paid or expired in this very moment.
                    session = self._session(payment)
            answer = payment_answer(session)
            if answer.status != ProviderStatus.AUTHORISED:
                return answer
            try:
                intent = connect().v1.payment_intents.cancel(
                    answer.intent_reference, {"cancellation_reason": "abandoned", "expand": WITH_BALANCE}
                )
            except stripe.InvalidRequestError:
                return payment_answer(self._session(payment))
            return payment_answer(session, intent)

    def refund(self, payment: Payment, *, amount_minor: int, key: str) -> ProviderRefund:
        """Give money back. One that Stripe will not make comes back as failed, with its code.

        Stripe forgets keys after a day; what was made under one is found by it in the refund itself.
        """
        with speaking():
            intent = payment.intent_reference or payment_answer(self._session(payment)).intent_reference
            made = self._refund_by_key(intent, key)
            if made is not None:
                return refund_answer(made)
            try:
                made = _with_keys(
                    lambda one: connect().v1.refunds.create(
                        {
                            "payment_intent": intent,
                            "amount": amount_minor,
                            "metadata": {"order": payment.order.number, "payment": str(payment.pk), "key": key},
                        },
                        {"idempotency_key": one},
                    ),
                    key,
                    f"{key}-again",
                    unless=lambda: self._refund_by_key(intent, key),
                )
            except stripe.InvalidRequestError as error:
                logger.warning("stripe_refund_refused", payment=payment.pk, code=error.code)
                return ProviderRefund(reference="", status=RefundStatus.FAILED, failure_code=error.code or "refused")
            return refund_answer(made)

    def fetch_refund(self, reference: str) -> ProviderRefund:
        with speaking():
            return refund_answer(connect().v1.refunds.retrieve(reference))

    def _session(self, payment: Payment) -> Session:
        return connect().v1.checkout.sessions.retrieve(payment.reference, {"expand": WITH_INTENT})

    def _refund_by_key(self, intent: str, key: str) -> stripe.Refund | None:
        found = connect().v1.refunds.list({"payment_intent": intent, "limit": 100})
        for refund in found.auto_paging_iter():
            if refund.metadata and refund.metadata.to_dict().get("key") == key:
                return refund
        return None


def _with_keys(
    call: Callable[[str], T], first: str, second: str, *, unless: Callable[[], T | None] = lambda: None
) -> T:
    """Make a call under its key; under the second where the first is spent on an answer that says nothing.

    Stripe repeats a 500 for as long as it remembers the key, whatever has become of the call. `unless` looks
    whether it had its effect after all.
    """
    try:
        return call(first)
    except stripe.StripeError as error:
        if not is_kept_answer(error):
            raise
    return unless() or call(second)


def _refused(payment: Payment, code: str) -> ProviderPayment:
    return ProviderPayment(
        reference="",
        status=ProviderStatus.DECLINED,
        currency=payment.currency,
        amount_minor=payment.amount_minor,
        failure_code=code,
    )
