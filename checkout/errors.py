"""What selling may refuse, each with a code, a status and a sentence the customer can act on."""

from collections.abc import Sequence

from django.utils.translation import gettext_lazy as _

from shop.errors import ShopError


class CheckoutError(ShopError):
    """Base of all refusals of selling."""


class UnknownListing(CheckoutError):
    code = "unknown_listing"
    status = 404
    message = _("We have no piece with this number.")


class ListingUnavailable(CheckoutError):
    """Somebody else holds the piece or it is sold. Names the pieces, never the holder."""

    code = "listing_unavailable"
    status = 409
    message = _("Somebody else has this piece. It may come back if they do not buy it.")

    def __init__(self, skus: Sequence[str]) -> None:
        super().__init__(skus=list(skus))
        self.skus = list(skus)


class ReservationPaused(CheckoutError):
    code = "reservation_paused"
    status = 409
    message = _("You have just held this piece and somebody else is asking for it. Please try again a little later.")


class TooManyReservations(CheckoutError):
    code = "too_many_reservations"
    status = 409
    message = _("You are holding as many pieces as one visitor may. Please buy or release some first.")


class TooManyFromHere(CheckoutError):
    code = "too_many_reservations_from_address"
    status = 429
    message = _("Too many pieces are being held from your network. Please sign in or try again later.")


class NotReserved(CheckoutError):
    code = "not_reserved"
    status = 409
    message = _("This piece is no longer reserved for you. Please reserve it again.")


class BasketEmpty(CheckoutError):
    code = "basket_empty"
    status = 409
    message = _("Your basket is empty or your reservations have run out.")


class TotalChanged(CheckoutError):
    """The total shown is not the total now: show the new one and ask again; never charge silently."""

    code = "total_changed"
    status = 409
    message = _("The total has changed since it was shown. Please look at the new total and confirm again.")


class CannotShip(CheckoutError):
    code = "cannot_ship"
    status = 422
    message = _("We cannot ship to this address.")


class ShippingMethodUnavailable(CheckoutError):
    code = "shipping_method_unavailable"
    status = 422
    message = _("This way of shipping is not possible for your parcel. Please choose another.")


class AddressIncomplete(CheckoutError):
    code = "address_incomplete"
    status = 422
    message = _("Please complete the address and the email first.")


class OrderNotFound(CheckoutError):
    code = "order_not_found"
    status = 404
    message = _("There is no such order.")


class OrderMoveRefused(CheckoutError):
    code = "order_move_refused"
    status = 409
    message = _("The order's state does not allow this.")


class OrderNotPayable(CheckoutError):
    code = "order_not_payable"
    status = 409
    message = _("This order cannot be paid any more.")


class PaymentMethodUnavailable(CheckoutError):
    code = "payment_method_unavailable"
    status = 422
    message = _("This way of paying is not offered. Please choose another.")


class PaymentUnconfirmed(CheckoutError):
    """The provider did not answer in time. Nothing is lost: the attempt goes on under the same key."""

    code = "payment_unconfirmed"
    status = 503
    message = _("The payment service did not answer. Your order is kept; please try again in a moment.")


class CreditTooMuch(CheckoutError):
    """More than was paid, or than is left of it after earlier credits; or nothing at all."""

    code = "credit_too_much"
    status = 422
    message = _("No more can be given back than was paid and is left. Please look at the amounts again.")


class CodeRefused(CheckoutError):
    """A coupon or voucher code that is none, or of no use for this basket; the sentence says why."""

    code = "code_refused"
    status = 422
    message = _("We do not know this code. Please check how it is written.")


class TooManyCodes(CheckoutError):
    """Guessing codes is slowed down, for one visitor and for a network."""

    code = "too_many_codes"
    status = 429
    message = _("Too many codes were wrong. Please wait a few minutes and try again.")


class VoucherMoveRefused(CheckoutError):
    code = "voucher_move_refused"
    status = 409
    message = _("The gift voucher does not allow this.")


class PaperNotIssued(CheckoutError):
    """No such invoice or credit note, or not yet: it is issued by a job, moments after the payment."""

    code = "paper_not_issued"
    status = 404
    message = _("This paper is not there yet. It is issued once the payment has arrived; please look again shortly.")


class WatchNotFound(CheckoutError):
    code = "watch_not_found"
    status = 404
    message = _("Nobody waits for a piece by this link: the mail was sent, or it was ended.")


class WithdrawalNotFound(CheckoutError):
    code = "withdrawal_not_found"
    status = 404
    message = _("There is no such statement. Please begin again.")


class WithdrawalRefused(CheckoutError):
    """What staff wanted to do with a withdrawal does not fit its state."""

    code = "withdrawal_refused"
    status = 409
    message = _("The withdrawal's state, or that of its order, does not allow this.")


class ReturnRefused(CheckoutError):
    code = "return_refused"
    status = 409
    message = _("The state of the returned piece does not allow this.")


class PointsRefused(CheckoutError):
    """So many points cannot be used for this basket; the sentence says how many can."""

    code = "points_refused"
    status = 422
    message = _("Points can only be used by their owner. Please sign in.")


class TooManyVoucherOrders(CheckoutError):
    code = "too_many_voucher_orders"
    status = 429
    message = _("You have ordered several gift vouchers that are not paid yet. Please pay them first, or try later.")


class NoCustomsNeeded(CheckoutError):
    """The parcel stays inside the customs union, or is collected."""

    code = "no_customs_needed"
    status = 404
    message = _("This parcel needs no customs form.")
