"""Fixed vocabularies of selling. Codes are stored and shown in the API: never rename one.

What providers say has words of theirs: one that is not listed here is shown as it came.
"""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class PaymentMethod(TextChoices):
    """Ways to pay, by the code of their gateway."""

    DEMO = "demo", _("Demo payment (no money moves)")
    STRIPE = "stripe", _("Card or PayPal")
    BANK_TRANSFER = "bank_transfer", _("Bank transfer")
    COVERED = "covered", _("Nothing left to pay")


class MailKind(TextChoices):
    """Mails about an order. Of the last two an order may have several, each with a number behind its kind."""

    AWAITING_TRANSFER = "awaiting_transfer", _("Please transfer the amount")
    PAID = "paid", _("Order confirmed")
    VOUCHER_PAID = "voucher_paid", _("Gift vouchers confirmed")
    PAYMENT_RETURNED = "payment_returned", _("Payment returned")
    EXPIRED = "expired", _("Not paid in time")
    CANCELLED = "cancelled", _("Order cancelled")
    SHIPPED = "shipped", _("Parcel on its way")
    CREDITED = "credited", _("Money given back")
    WITHDRAWAL = "withdrawal", _("Please send the pieces back")


class OrderEventKind(TextChoices):
    """What can happen to an order."""

    PLACED = "placed", _("Placed")
    PAYMENT_STARTED = "payment_started", _("Payment started")
    PAYMENT_FAILED = "payment_failed", _("Payment failed")
    PAYMENT_VOIDED = "payment_voided", _("Payment voided")
    PAYMENT_EXPIRED = "payment_expired", _("Payment page expired")
    PAID = "paid", _("Paid")
    PAPER_ISSUED = "paper_issued", _("Paper issued")
    VOUCHERS_MAILED = "vouchers_mailed", _("Gift vouchers mailed")
    EXPIRED = "expired", _("Expired, not paid in time")
    CANCELLED = "cancelled", _("Cancelled")
    PACKED = "packed", _("Packed")
    UNPACKED = "unpacked", _("Unpacked")
    SHIPPED = "shipped", _("Shipped")
    DELIVERED = "delivered", _("Delivered")
    WITHDRAWAL_STATED = "withdrawal_stated", _("Withdrawal received")
    WITHDRAWAL_REQUESTED = "withdrawal_requested", _("Pieces asked back")
    WITHDRAWAL_REFUSED = "withdrawal_refused", _("Withdrawal refused")
    PIECE_ARRIVED = "piece_arrived", _("Piece came back")
    RETURNED = "returned", _("Returned")
    PIECE_GRADED_AGAIN = "piece_graded_again", _("Piece graded again")
    CREDITED = "credited", _("Money given back")
    REFUND_FAILED = "refund_failed", _("Refund failed")
    REFUND_TRIED_AGAIN = "refund_tried_again", _("Refund tried again")
    REFUND_BY_DISPUTE = "refund_by_dispute", _("Given back by the bank, through the dispute")
    DISPUTE_OPENED = "dispute_opened", _("Dispute opened")
    DISPUTE_WON = "dispute_won", _("Dispute won")
    DISPUTE_LOST = "dispute_lost", _("Dispute lost")


class Failure(TextChoices):
    """Why no money moved: what the shop notes itself, then what banks answer most.

    https://docs.stripe.com/declines/codes, https://docs.stripe.com/api/refunds/object#refund_object-failure_reason
    """

    PIECE_GONE = "piece_gone", _("The piece was gone; the money was not taken")
    AUTHORISATION_LAPSED = "authorisation_lapsed", _("The bank's promise lapsed before the money was taken")
    REFUSED = "refused", _("The provider refused it")
    AMOUNT_TOO_SMALL = "amount_too_small", _("The amount is below what the provider takes")
    AMOUNT_TOO_LARGE = "amount_too_large", _("The amount is above what the provider takes")
    DECLINED = "declined", _("Declined by the bank")
    CARD_DECLINED = "card_declined", _("Card declined")
    GENERIC_DECLINE = "generic_decline", _("Card declined, without a reason")
    DO_NOT_HONOR = "do_not_honor", _("Card declined; the buyer has to ask their bank")
    CALL_ISSUER = "call_issuer", _("Card declined; the buyer has to call their bank")
    TRY_AGAIN_LATER = "try_again_later", _("The bank could not answer; it may work later")
    PROCESSING_ERROR = "processing_error", _("Something broke while the card was charged")
    ISSUER_NOT_AVAILABLE = "issuer_not_available", _("The card's bank could not be reached")
    INSUFFICIENT_FUNDS = "insufficient_funds", _("Not enough money on the account")
    CARD_LIMIT = "card_velocity_exceeded", _("The card's limit is reached")
    WITHDRAWAL_LIMIT = "withdrawal_count_limit_exceeded", _("The card's limit of payments is reached")
    EXPIRED_CARD = "expired_card", _("The card has expired")
    LOST_CARD = "lost_card", _("The card is reported lost")
    STOLEN_CARD = "stolen_card", _("The card is reported stolen")
    PICKUP_CARD = "pickup_card", _("The card cannot be used; it may be lost or stolen")
    FRAUDULENT = "fraudulent", _("The provider suspects fraud")
    INCORRECT_NUMBER = "incorrect_number", _("Wrong card number")
    INVALID_NUMBER = "invalid_number", _("No card number")
    INCORRECT_CVC = "incorrect_cvc", _("Wrong security code")
    INVALID_CVC = "invalid_cvc", _("No security code")
    INCORRECT_ZIP = "incorrect_zip", _("Wrong postcode")
    INVALID_ACCOUNT = "invalid_account", _("The card or its account is not valid")
    CARD_NOT_SUPPORTED = "card_not_supported", _("The card does not do such payments")
    CURRENCY_NOT_SUPPORTED = "currency_not_supported", _("The card does not take this currency")
    TRANSACTION_NOT_ALLOWED = "transaction_not_allowed", _("The bank does not allow this payment")
    AUTHENTICATION_REQUIRED = "authentication_required", _("The bank asks the buyer to confirm the payment")
    AUTHENTICATION_FAILED = "payment_intent_authentication_failure", _("The buyer did not confirm it to their bank")
    CHARGE_DISPUTED = "charge_disputed", _("The payment is disputed")
    CHARGE_REFUNDED = "charge_already_refunded", _("The payment was given back already")
    PENDING_DISPUTED = "charge_for_pending_refund_disputed", _("The buyer disputed the payment meanwhile")
    REFUND_CARD_GONE = "expired_or_canceled_card", _("The card has expired or was cancelled")
    REFUND_CARD_LOST = "lost_or_stolen_card", _("The card is lost or stolen")
    MERCHANT_REQUEST = "merchant_request", _("Stopped at the shop's request")
    UNKNOWN = "unknown", _("The bank did not say why")


class DisputeReason(TextChoices):
    """What a buyer told their bank. https://docs.stripe.com/disputes/categories"""

    FRAUDULENT = "fraudulent", _("The buyer says they did not pay this")
    UNRECOGNISED = "unrecognized", _("The buyer does not recognise the payment")
    NOT_RECEIVED = "product_not_received", _("The buyer says nothing arrived")
    NOT_AS_DESCRIBED = "product_unacceptable", _("The buyer says the piece is not as described")
    CREDIT_NOT_PROCESSED = "credit_not_processed", _("The buyer waits for money back")
    DUPLICATE = "duplicate", _("The buyer says they paid twice")
    SUBSCRIPTION = "subscription_canceled", _("The buyer says they cancelled it")
    BY_CUSTOMER = "customer_initiated", _("Asked for by the buyer")
    BANK_CANNOT_PROCESS = "bank_cannot_process", _("The bank cannot process the payment")
    DEBIT_NOT_AUTHORISED = "debit_not_authorized", _("The buyer did not allow the debit")
    WRONG_ACCOUNT = "incorrect_account_details", _("Wrong account details")
    INSUFFICIENT_FUNDS = "insufficient_funds", _("Not enough money on the account")
    GENERAL = "general", _("No reason given")


class BalanceProblem(TextChoices):
    """How the provider's books differ from the shop's."""

    CAPTURE_UNKNOWN = "capture_unknown", _("A payment the shop does not know")
    CAPTURE_NOT_NOTED = "capture_not_noted", _("A payment the shop did not note as captured")
    CAPTURE_DIFFERS = "capture_differs", _("A payment of another amount")
    CAPTURE_MISSING = "capture_missing", _("A payment the provider does not show")
    REFUND_UNKNOWN = "refund_unknown", _("A refund the shop does not know")
    REFUND_NOT_NOTED = "refund_not_noted", _("A refund the shop did not note")
    REFUND_DIFFERS = "refund_differs", _("A refund of another amount")
    REFUND_MISSING = "refund_missing", _("A refund the provider does not show")


# Events whose note is a code of another vocabulary.
NOTES: dict[str, type[TextChoices]] = {
    OrderEventKind.PAYMENT_STARTED: PaymentMethod,
    OrderEventKind.PAYMENT_FAILED: Failure,
    OrderEventKind.PAYMENT_VOIDED: Failure,
    OrderEventKind.REFUND_FAILED: Failure,
    OrderEventKind.DISPUTE_OPENED: DisputeReason,
    OrderEventKind.DISPUTE_WON: DisputeReason,
    OrderEventKind.DISPUTE_LOST: DisputeReason,
}


def label_of(code: str, vocabulary: type[TextChoices]) -> str:
    """A code in words; one of a provider's that is not listed as it came."""
    return str(vocabulary(code).label) if code in vocabulary.values else code
