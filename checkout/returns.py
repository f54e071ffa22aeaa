"""Pieces that come back: received and looked at one by one, settled together, graded again before they are offered."""

from collections.abc import Sequence
from decimal import Decimal

from django.db import transaction
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from catalog.vocabularies import ListingState
from checkout import credits, inventory, orders, withdrawals
from checkout.errors import ReturnRefused, WithdrawalRefused
from checkout.models import Credit, Order, OrderLine, OrderState, ReturnedPiece, Withdrawal
from shop.models import User


def receive(
    piece: ReturnedPiece, *, grade_found: str = "", deduction_eur: Decimal = Decimal(0), note: str = "", by: User
) -> None:
    """Note that a piece has arrived, how it was found, and what handling took off its value (EUR).

    A deduction needs a reason: the consumer answers only for handling beyond what is needed to look at the piece
    (Directive 2011/83/EU, article 14(2)). Raises ReturnRefused.
    """
    with transaction.atomic(durable=True):
        found = _lock(piece)
        order = found.withdrawal.order
        if order is None or found.withdrawal.state != Withdrawal.State.CONFIRMED or found.received_at is not None:
            raise ReturnRefused
        if deduction_eur and not note.strip():
            raise ReturnRefused(_("A deduction needs a reason, which the buyer will read."))
        if deduction_eur > credits.left_of(order).lines[found.line].eur:
            raise ReturnRefused(_("The deduction is more than was paid for the piece."))
        found.received_at = timezone.now()
        found.received_by = by
        found.grade_found = grade_found
        found.deduction_eur = deduction_eur
        found.note = note
        found.save(update_fields=["received_at", "received_by", "grade_found", "deduction_eur", "note"])
        orders.log(order, "piece_arrived", by=by, text=found.line.sku)


def _lock(piece: ReturnedPiece) -> ReturnedPiece:
    """The piece with its withdrawal, the order's row locked first."""
    if piece.withdrawal.order_id:
        orders.lock(piece.withdrawal.order_id)
    rows = ReturnedPiece.objects.select_for_update(of=("self",)).select_related("withdrawal__order", "line")
    return rows.get(pk=piece.pk)


def settle(withdrawal: Withdrawal, *, by: User, without_missing: bool = False) -> None:
    """Give back what the pieces that have arrived cost, less deductions, and close the withdrawal.

    Shipping as `withdrawals.shipping_back` says. The order is returned when nothing of it is left with the buyer.
    Raises ReturnRefused while pieces are missing, unless that is accepted, and when none has arrived.
    """
    with transaction.atomic(durable=True):
        if withdrawal.order_id is None:
            raise WithdrawalRefused
        order = orders.lock(withdrawal.order_id)
        found = Withdrawal.objects.select_for_update(of=("self",)).get(pk=withdrawal.pk)
        if found.state != Withdrawal.State.CONFIRMED or order.state != OrderState.WITHDRAWAL_REQUESTED:
            raise WithdrawalRefused
        pieces = list(found.pieces.select_related("line").order_by("line_id"))
        arrived = [piece for piece in pieces if piece.received_at is not None]
        missing = [piece.line.sku for piece in pieces if piece.received_at is None]
        if not arrived or (missing and not without_missing):
            raise ReturnRefused(_("These pieces have not arrived: %(skus)s.") % {"skus": ", ".join(missing)})
        with translation.override(order.language):
            credit = _credit(order, found, arrived, by=by)
        lines = [piece.line for piece in arrived]
        OrderLine.objects.filter(pk__in=[line.pk for line in lines]).update(returned_at=timezone.now())
        inventory.take_back(lines)
        is_all_back = not order.lines.filter(returned_at=None).exists()
        state = OrderState.RETURNED if is_all_back else OrderState.DELIVERED
        orders.move(order, state, kind="returned", by=by, text=", ".join(line.sku for line in lines))
        found.state = Withdrawal.State.SETTLED
        found.closed_at = timezone.now()
        found.save(update_fields=["state", "closed_at"])
    credits.pay_out(credit)


def _credit(order: Order, found: Withdrawal, arrived: Sequence[ReturnedPiece], *, by: User) -> Credit:
    left = credits.left_of(order)
    lines = [piece.line for piece in arrived]
    worth = {
        piece.line: credits.without(
            left.lines[piece.line],
            credits.Money(piece.line.paid_eur, piece.line.paid_amount),
            piece.deduction_eur,
            order.currency,
        )
        for piece in arrived
    }
    freight = withdrawals.shipping_back(order, lines)
    worth = credits.fitting(worth, left.in_all - freight)
    return credits.decide(
        order,
        reason_key=f"withdrawal-{found.pk}",
        reason="; ".join(piece.note for piece in arrived if piece.deduction_eur) or _("Withdrawal"),
        lines={line: (money.eur, money.amount) for line, money in worth.items()},
        shipping=(freight.eur, freight.amount),
        returned=lines,
        by=by,
    )


def regrade(piece: ReturnedPiece, *, by: User) -> None:
    """Note that staff looked at a returned piece and graded it again: its listing may be a draft now.

    Raises ReturnRefused before the return is settled. Saying it twice changes nothing.
    """
    with transaction.atomic(durable=True):
        found = _lock(piece)
        if found.line.returned_at is None or found.line.listing.state != ListingState.RETURNED:
            raise ReturnRefused
        if found.regraded_at is None:
            found.regraded_at = timezone.now()
            found.save(update_fields=["regraded_at"])
            if found.withdrawal.order is not None:
                orders.log(found.withdrawal.order, "piece_graded_again", by=by, text=found.line.sku)
