"""What can happen to money that was taken: refunds and disputes."""

from tests.fakes.stripe.intents import Intents
from tests.fakes.stripe.records import Json, Records
from tests.fakes.stripe.refusals import Refusal


class Refunds:
    def __init__(self, records: Records, intents: Intents) -> None:
        self.records = records
        self.intents = intents
        # States of the next refunds; succeeded when none is set.
        self.next_states: list[str] = []

    def create(self, parameters: Json) -> Json:
        charge = self._charge_of(parameters)
        left = charge["amount_captured"] - charge["amount_refunded"]
        if charge["disputed"]:
            raise Refusal(400, f"Charge {charge['id']} has been charged back.", code="charge_disputed")
        if left == 0:
            raise Refusal(400, f"Charge {charge['id']} has already been refunded.", code="charge_already_refunded")
        amount = int(parameters.get("amount", left))
        if not 0 < amount <= left:
            message = f"Refund amount ({amount}) is greater than unrefunded amount on charge ({left})."
            raise Refusal(400, message, code="amount_too_large", param="amount")
        state = self.next_states.pop(0) if self.next_states else "succeeded"
        refund = self.records.add(
            "refund",
            "re",
            amount=amount,
            currency=charge["currency"],
            charge=charge["id"],
            payment_intent=charge["payment_intent"],
            status="pending",
            reason=parameters.get("reason"),
            failure_reason=None,
            metadata=parameters.get("metadata", {}),
        )
        charge["amount_refunded"] += amount
        charge["refunded"] = charge["amount_refunded"] == charge["amount_captured"]
        moved = self.intents.move_balance("refund", refund["id"], -amount, charge["currency"])
        refund["balance_transaction"] = moved["id"]
        self.records.emit("refund.created", refund)
        self.records.emit("charge.refunded", charge)
        if state != "pending":
            self.finish(refund, state)
        return refund

    def finish(self, refund: Json, state: str) -> Json:
        """Decide a refund that is on its way; one that succeeded can still come back from the bank."""
        if state not in ("succeeded", "failed", "canceled") or refund["status"] in ("failed", "canceled"):
            raise ValueError(f"a refund that is {refund['status']} cannot become {state}")
        refund["status"] = state
        if state in ("failed", "canceled"):
            charge = self.records.objects[refund["charge"]]
            refund["failure_reason"] = "expired_or_canceled_card"
            charge["amount_refunded"] -= refund["amount"]
            charge["refunded"] = False
            moved = self.intents.move_balance("refund_failure", refund["id"], refund["amount"], refund["currency"])
            refund["failure_balance_transaction"] = moved["id"]
            self.records.emit("refund.failed", refund)
        self.records.emit("refund.updated", refund)
        return refund

    def _charge_of(self, parameters: Json) -> Json:
        if "charge" in parameters:
            return self.records.find(parameters["charge"], "charge")
        intent = self.records.find(parameters.get("payment_intent", ""), "payment_intent")
        if intent["status"] != "succeeded":
            message = "This PaymentIntent does not have a successful charge to refund."
            raise Refusal(400, message, code="resource_missing", param="payment_intent")
        return self.records.objects[intent["latest_charge"]]


class Disputes:
    def __init__(self, records: Records, intents: Intents) -> None:
        self.records = records
        self.intents = intents

    def open(self, intent: Json, *, reason: str) -> Json:
        """The buyer tells their bank that they do not owe this."""
        charge = self.records.objects[intent["latest_charge"]]
        charge["disputed"] = True
        dispute = self.records.add(
            "dispute",
            "dp",
            amount=charge["amount_captured"],
            currency=charge["currency"],
            charge=charge["id"],
            payment_intent=intent["id"],
            reason=reason,
            status="needs_response",
            metadata={},
        )
        self.records.emit("charge.dispute.created", dispute)
        self.intents.move_balance("adjustment", dispute["id"], -dispute["amount"], dispute["currency"])
        self.records.emit("charge.dispute.funds_withdrawn", dispute)
        return dispute

    def close(self, dispute: Json, *, is_won: bool) -> Json:
        """The bank decides."""
        dispute["status"] = "won" if is_won else "lost"
        self.records.emit("charge.dispute.closed", dispute)
        if is_won:
            self.records.objects[dispute["charge"]]["disputed"] = False
            self.intents.move_balance("adjustment", dispute["id"], dispute["amount"], dispute["currency"])
            self.records.emit("charge.dispute.funds_reinstated", dispute)
        return dispute
