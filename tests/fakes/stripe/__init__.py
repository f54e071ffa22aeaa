"""Stripe, as far as the shop uses it: strict about parameters and states, and able to fail.

It stands behind the SDK's own HTTP seam, so the gateway's code runs unchanged:

    fake = FakeStripe()
    client = stripe.StripeClient("sk_test_fake", http_client=fake)

or as a process with a payment page: `python -m tests.fakes.stripe --port 8111`, with `STRIPE_API_BASE` set to it.

What tests may call, all of it safe from several threads:

    pay(session_id, method=…)            the buyer pays: card, declined, insufficient_funds, challenge,
    answer_challenge(session_id, …)      challenge_failed, paypal; and answers 3-D Secure
    session(session_id)                  what the hosted page shows
    expire(session_id), advance(seconds) a session's time is over; all of the provider's time moves
    lapse_authorisation(intent_id)       the bank lets go of authorised money
    dispute(intent_id), close_dispute(dispute_id, is_won=…)
    refund_next_as("pending"), finish_refund(refund_id, "failed")
    delay_balance(), settle_balance()    balance transactions that come late
    move_money(source, amount=…)         a line on the balance that the shop knows nothing of
    fail_next("lost_reply", on="capture") and unreachable, error, kept_error, rate_limited, slow
    events, signed(event), shuffled(copies=3, seed=1), webhook = callable(body, signature)
    made("refund"), calls                what there is, and what was asked for
"""

from tests.fakes.stripe.fake import FakeStripe, LostReply
from tests.fakes.stripe.refusals import Refusal

__all__ = ["FakeStripe", "LostReply", "Refusal"]
