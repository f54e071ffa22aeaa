"""How Stripe says no."""

from typing import Any

# Said after the work had begun, so said again whenever its idempotency key comes back. What was wrong with the
# request itself is not kept: it may be put right and sent again.
_KEPT = frozenset(
    {
        "amount_too_large",
        "charge_already_refunded",
        "charge_disputed",
        "payment_intent_unexpected_state",
        "session_not_open",
    }
)


class Refusal(Exception):
    """An answer of 4xx, in the words of Stripe's API."""

    def __init__(self, status: int, message: str, *, kind: str = "invalid_request_error", **facts: Any) -> None:
        super().__init__(message)
        self.status = status
        self.is_kept = status == 402 or facts.get("code") in _KEPT
        self.body = {"error": {"type": kind, "message": message, **facts}}
