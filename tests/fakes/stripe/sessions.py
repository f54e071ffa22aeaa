"""Checkout sessions: a page of Stripe's where the buyer pays, open for a while."""

from tests.fakes.stripe import amounts
from tests.fakes.stripe.intents import Intents
from tests.fakes.stripe.records import Json, Records
from tests.fakes.stripe.refusals import Refusal

SHORTEST, LONGEST = 30 * 60, 24 * 60 * 60
# What a buyer does on the page, and the payment method Stripe would see.
METHODS = {
    "card": "pm_card_visa",
    "declined": "pm_card_visa_chargeDeclined",
    "insufficient_funds": "pm_card_visa_chargeDeclinedInsufficientFunds",
    "challenge": "pm_card_threeDSecure2Required",
    "challenge_failed": "pm_card_threeDSecure2Required",
    "paypal": "pm_paypal",
}


class Sessions:
    def __init__(self, records: Records, intents: Intents, pages: str) -> None:
        self.records = records
        self.intents = intents
        # Where the hosted pages are.
        self.pages = pages

    def create(self, parameters: Json) -> Json:
        for name in ("line_items", "success_url", "mode"):
            if not parameters.get(name):
                raise Refusal(400, f"Missing required param: {name}.", code="parameter_missing", param=name)
        expires_at = int(parameters.get("expires_at", self.records.now() + LONGEST))
        if not SHORTEST <= expires_at - self.records.now() <= LONGEST:
            message = "The `expires_at` timestamp must be between 30 minutes and 24 hours from now."
            raise Refusal(400, message, param="expires_at")
        currency, total = _total_of(parameters["line_items"])
        amounts.checked(total, currency, param="line_items")
        methods = parameters.get("allowed_payment_method_types") or ["card"]
        if "paypal" in methods and currency not in amounts.PAYPAL:
            raise Refusal(400, f"The payment method type `paypal` does not support `{currency}`.", param="currency")
        session = self.records.add(
            "checkout.session",
            "cs_test",
            mode=parameters["mode"],
            ui_mode=parameters.get("ui_mode", "hosted_page"),
            status="open",
            payment_status="unpaid",
            amount_subtotal=total,
            amount_total=total,
            currency=currency,
            payment_intent=None,
            allowed_payment_method_types=methods,
            client_reference_id=parameters.get("client_reference_id"),
            customer_email=parameters.get("customer_email"),
            metadata=parameters.get("metadata", {}),
            locale=parameters.get("locale", "auto"),
            success_url=parameters["success_url"],
            cancel_url=parameters.get("cancel_url"),
            expires_at=expires_at,
            _intent=parameters.get("payment_intent_data", {}),
            _lines=parameters["line_items"],
        )
        session["url"] = f"{self.pages}/pay/{session['id']}"
        return session

    def pay(self, session: Json, *, method: str) -> Json:
        """The buyer pays, or tries to. A declined or unconfirmed card leaves the session open."""
        if session["status"] != "open":
            raise Refusal(400, f"The session is {session['status']}.", code="session_not_open")
        if method == "paypal" and "paypal" not in session["allowed_payment_method_types"]:
            raise Refusal(400, "PayPal is not offered for this session.", code="payment_method_not_available")
        intent = self._intent_of(session)
        try:
            self.intents.confirm(intent, {"payment_method": METHODS[method]})
        except Refusal:
            return session
        if intent["status"] == "requires_action" and method != "challenge":
            self.intents.answer_challenge(intent, is_confirmed=False)
        return self._finish(session)

    def answer_challenge(self, session: Json, *, is_confirmed: bool) -> Json:
        """The buyer answers their bank's 3-D Secure question."""
        self.intents.answer_challenge(self._intent_of(session), is_confirmed=is_confirmed)
        return self._finish(session)

    def is_challenged(self, session: Json) -> bool:
        return bool(session["payment_intent"]) and self._intent_of(session)["status"] == "requires_action"

    def _intent_of(self, session: Json) -> Json:
        if session["payment_intent"] is not None:
            return self.records.find(session["payment_intent"], "payment_intent")
        intent = self.intents.create(
            {
                "amount": session["amount_total"],
                "currency": session["currency"],
                "capture_method": session["_intent"].get("capture_method", "automatic_async"),
                "metadata": session["_intent"].get("metadata", {}),
                "description": session["_intent"].get("description"),
                "allowed_payment_method_types": session["allowed_payment_method_types"],
            }
        )
        session["payment_intent"] = intent["id"]
        return intent

    def _finish(self, session: Json) -> Json:
        status = self._intent_of(session)["status"]
        if status in ("succeeded", "requires_capture"):
            session.update(status="complete", payment_status="paid" if status == "succeeded" else "unpaid", url=None)
            self.records.emit("checkout.session.completed", session)
        return session

    def expire(self, session: Json) -> Json:
        if session["status"] != "open":
            message = f"Only Checkout Sessions with a status in [open] can be expired; this one is {session['status']}."
            raise Refusal(400, message, code="session_not_open")
        session.update(status="expired", url=None)
        if session["payment_intent"] is not None:
            self.intents.end(self._intent_of(session), reason="expired")
        self.records.emit("checkout.session.expired", session)
        return session

    def lapse(self) -> None:
        """Close the pages whose time is over."""
        for session in self.records.of_kind("checkout.session"):
            if session["status"] == "open" and session["expires_at"] <= self.records.now():
                self.expire(session)


def _total_of(lines: list[Json]) -> tuple[str, int]:
    currencies = {line["price_data"]["currency"] for line in lines}
    if len(currencies) != 1:
        raise Refusal(400, "All line items must have the same currency.", param="line_items")
    for line in lines:
        if not line["price_data"].get("product_data", {}).get("name"):
            raise Refusal(400, "Missing required param: product_data[name].", code="parameter_missing")
        if int(line["price_data"]["unit_amount"]) < 0:
            raise Refusal(400, "Invalid non-negative integer.", code="parameter_invalid_integer")
    total = sum(int(line["price_data"]["unit_amount"]) * int(line.get("quantity", 1)) for line in lines)
    return currencies.pop(), total
