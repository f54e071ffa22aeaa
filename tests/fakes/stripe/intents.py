"""Payment intents, their charges and the balance, with the states Stripe enforces."""

from typing import Any

from tests.fakes.stripe import amounts
from tests.fakes.stripe.records import Json, Records
from tests.fakes.stripe.refusals import Refusal

DECLINES = {
    "pm_card_visa_chargeDeclined": "generic_decline",
    "pm_card_visa_chargeDeclinedInsufficientFunds": "insufficient_funds",
}
CHALLENGES = ("pm_card_threeDSecure2Required", "pm_card_authenticationRequired")
CANCELLABLE = (
    "requires_payment_method",
    "requires_confirmation",
    "requires_action",
    "requires_capture",
    "processing",
)
# How long a bank keeps authorised money aside.
AUTHORISATION = 7 * 24 * 60 * 60


class Intents:
    def __init__(self, records: Records) -> None:
        self.records = records
        # Stripe sometimes writes the balance transaction a moment after the capture.
        self.is_balance_late = False

    def create(self, parameters: Json) -> Json:
        currency = parameters["currency"]
        amount = amounts.checked(parameters["amount"], currency)
        methods = parameters.get("allowed_payment_method_types") or ["card"]
        if "paypal" in methods and currency not in amounts.PAYPAL:
            raise Refusal(400, f"paypal does not support {currency}.", code="payment_intent_invalid_parameter")
        intent = self.records.add(
            "payment_intent",
            "pi",
            amount=amount,
            currency=currency,
            amount_received=0,
            amount_capturable=0,
            status="requires_payment_method",
            capture_method=parameters.get("capture_method", "automatic_async"),
            payment_method=None,
            payment_method_types=methods,
            latest_charge=None,
            next_action=None,
            last_payment_error=None,
            cancellation_reason=None,
            metadata=parameters.get("metadata", {}),
            description=parameters.get("description"),
        )
        intent["client_secret"] = f"{intent['id']}_secret"
        self.records.emit("payment_intent.created", intent)
        if parameters.get("payment_method"):
            intent.update(payment_method=parameters["payment_method"], status="requires_confirmation")
        if parameters.get("confirm") == "true":
            self.confirm(intent, {})
        return intent

    def confirm(self, intent: Json, parameters: Json) -> Json:
        _require(intent, "requires_payment_method", "requires_confirmation", "requires_action")
        method = parameters.get("payment_method") or intent["payment_method"]
        if not method:
            raise Refusal(400, "You cannot confirm without a payment method.", code="payment_intent_unexpected_state")
        intent["payment_method"] = method
        if method in CHALLENGES:
            intent.update(status="requires_action", next_action={"type": "redirect_to_url"})
            self.records.emit("payment_intent.requires_action", intent)
            return intent
        return self._charge(intent, method)

    def answer_challenge(self, intent: Json, *, is_confirmed: bool) -> Json:
        """What the card's owner does at their bank."""
        _require(intent, "requires_action")
        intent["next_action"] = None
        if is_confirmed:
            return self._charge(intent, intent["payment_method"])
        error = {"type": "card_error", "code": "payment_intent_authentication_failure"}
        intent.update(status="requires_payment_method", payment_method=None, last_payment_error=error)
        self.records.emit("payment_intent.payment_failed", intent)
        return intent

    def _charge(self, intent: Json, method: str) -> Json:
        kind = "paypal" if method == "pm_paypal" else "card"
        charge = self.records.add(
            "charge",
            "ch",
            amount=intent["amount"],
            currency=intent["currency"],
            payment_intent=intent["id"],
            amount_captured=0,
            amount_refunded=0,
            captured=False,
            refunded=False,
            disputed=False,
            status="pending",
            balance_transaction=None,
            failure_code=None,
            payment_method_details={"type": kind},
        )
        intent["latest_charge"] = charge["id"]
        if method in DECLINES:
            charge.update(status="failed", failure_code="card_declined")
            error = {"type": "card_error", "code": "card_declined", "decline_code": DECLINES[method]}
            intent.update(status="requires_payment_method", payment_method=None, last_payment_error=error)
            self.records.emit("charge.failed", charge)
            self.records.emit("payment_intent.payment_failed", intent)
            raise Refusal(402, "Your card was declined.", charge=charge["id"], kind=error.pop("type"), **error)
        charge["status"] = "succeeded"
        intent["last_payment_error"] = None
        if intent["capture_method"] == "manual":
            charge["_lapses_at"] = self.records.now() + AUTHORISATION
            intent.update(status="requires_capture", amount_capturable=intent["amount"])
            self.records.emit("charge.succeeded", charge)
            self.records.emit("payment_intent.amount_capturable_updated", intent)
        else:
            self._take(intent, intent["amount"])
            self.records.emit("charge.succeeded", charge)
        return intent

    def capture(self, intent: Json, parameters: Json) -> Json:
        _require(intent, "requires_capture")
        amount = int(parameters.get("amount_to_capture", intent["amount_capturable"]))
        if not 0 < amount <= intent["amount_capturable"]:
            raise Refusal(400, "amount_to_capture is too large.", code="amount_too_large", param="amount_to_capture")
        charge = self._take(intent, amount)
        self.records.emit("charge.captured", charge)
        return intent

    def _take(self, intent: Json, amount: int) -> Json:
        charge = self.records.objects[intent["latest_charge"]]
        charge.update(captured=True, amount_captured=amount)
        intent.update(status="succeeded", amount_received=amount, amount_capturable=0)
        if not self.is_balance_late:
            self.settle(charge)
        self.records.emit("payment_intent.succeeded", intent)
        return charge

    def settle(self, charge: Json) -> None:
        """Write what a captured charge does to the balance, if that is not written yet."""
        if charge["captured"] and charge["balance_transaction"] is None:
            moved = self.move_balance("charge", charge["id"], charge["amount_captured"], charge["currency"])
            charge["balance_transaction"] = moved["id"]
            self.records.emit("charge.updated", charge)

    def move_balance(self, kind: str, source: str, amount: int, currency: str) -> Json:
        """A line of the account's balance, in euro. Fees are taken on charges and never given back."""
        settled = amounts.settled_eur_minor(amount, currency)
        fee = amounts.fee_minor(settled) if kind == "charge" else 0
        return self.records.add(
            "balance_transaction",
            "txn",
            amount=settled,
            currency="eur",
            fee=fee,
            net=settled - fee,
            type=kind,
            reporting_category=kind,
            source=source,
            exchange_rate=None if currency == "eur" else 1.0,
            status="pending",
            available_on=self.records.now() + 3 * 24 * 60 * 60,
        )

    def cancel(self, intent: Json, parameters: Json) -> Json:
        _require(intent, *CANCELLABLE)
        return self.end(intent, reason=parameters.get("cancellation_reason"))

    def end(self, intent: Json, *, reason: str | None) -> Json:
        intent.update(status="canceled", amount_capturable=0, next_action=None, cancellation_reason=reason)
        self.records.emit("payment_intent.canceled", intent)
        return intent

    def lapse(self) -> None:
        """Let go of authorised money that nobody took in time."""
        for charge in self.records.of_kind("charge"):
            intent = self.records.objects[charge["payment_intent"]]
            is_waiting = intent["status"] == "requires_capture" and intent["latest_charge"] == charge["id"]
            if is_waiting and charge["_lapses_at"] <= self.records.now():
                self.end(intent, reason="automatic")


def _require(intent: Json, *states: str) -> None:
    if intent["status"] not in states:
        message = f"This PaymentIntent's status is {intent['status']}, which does not allow this."
        raise Refusal(400, message, code="payment_intent_unexpected_state", payment_intent=_summary(intent))


def _summary(intent: Json) -> dict[str, Any]:
    return {"id": intent["id"], "object": "payment_intent", "status": intent["status"]}
