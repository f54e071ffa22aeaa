"""Selling gift vouchers: an order without pieces, placed at once and paid like any other.

A voucher is good for goods of any tax treatment (a multi-purpose voucher, Directive 2006/112/EC, articles 30a and
30b): no VAT is due when it is sold, but when it is spent. So such an order has neither lines nor tax.
"""

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from checkout import orders
from checkout.attempts import VOUCHER_ORDERS
from checkout.clock import database_now
from checkout.currency import quote_for
from checkout.errors import OrderNotFound, TooManyVoucherOrders, TotalChanged
from checkout.models import GiftVoucher, Order, OrderState
from checkout.visitors import Visitor
from shop.models import ShopSettings

OFFERED_EUR = (Decimal(10), Decimal(20), Decimal(50), Decimal(100))
LEAST_EUR, MOST_EUR = Decimal(5), Decimal(250)
UNPAID_AT_ONCE = 5


@dataclass(frozen=True, slots=True)
class Gift:
    """A voucher as somebody wants to buy it (EUR). Without a recipient's address it goes to the buyer."""

    amount_eur: Decimal
    recipient_name: str = ""
    recipient_email: str = ""
    sender_name: str = ""
    message: str = ""


def place(
    gift: Gift, *, visitor: Visitor, email: str, token: str, currency: str, shown_total: Decimal, language: str
) -> Order:
    """Order a gift voucher; a second call with the same token gives the same order.

    `token` is the order's link, made when its form was shown; `shown_total` what the buyer agreed to, in
    `currency`. Raises TotalChanged, TooManyVoucherOrders, CurrencyNotOffered, and OrderNotFound for a token that
    is another visitor's.
    """
    placed = _placed(token)
    if placed is None:
        _refuse_flood(visitor)
        try:
            with transaction.atomic():
                placed = _place(gift, visitor, email, token, currency, shown_total, language)
            VOUCHER_ORDERS.count(visitor)
        except IntegrityError:
            # The button was pressed twice: the first press has just used the token.
            placed = _placed(token)
            if placed is None:
                raise
    if placed.visitor_key != visitor.key:
        raise OrderNotFound
    return placed


def _placed(token: str) -> Order | None:
    return Order.objects.placed().filter(token=token).first()


def _refuse_flood(visitor: Visitor) -> None:
    """Each order may be paid by transfer and is then written about: nobody gets to send mails by the dozen."""
    unpaid = Order.objects.filter(visitor_key=visitor.key, state=OrderState.AWAITING_PAYMENT, vouchers_eur__gt=0)
    if VOUCHER_ORDERS.is_reached(visitor) or unpaid.count() >= UNPAID_AT_ONCE:
        raise TooManyVoucherOrders


def _place(
    gift: Gift, visitor: Visitor, email: str, token: str, currency: str, shown_total: Decimal, language: str
) -> Order:
    quote, settings = quote_for(currency), ShopSettings.current()
    total = quote.convert(gift.amount_eur)
    if total != shown_total:
        raise TotalChanged(total=str(total), currency=currency)
    pk = _next_pk()
    order = Order.objects.create(
        pk=pk,
        number=orders.number_of(pk),
        token=token,
        state=OrderState.AWAITING_PAYMENT,
        visitor_key=visitor.key,
        user_id=visitor.user_id,
        email=email,
        language=language,
        currency=currency,
        rate_set_id=quote.rate_set_id,
        rate=quote.rate,
        vouchers_eur=gift.amount_eur,
        vouchers_amount=total,
        total_eur=gift.amount_eur,
        total_amount=total,
        points_per_euro=settings.points_per_euro,
        placed_at=timezone.now(),
        pay_by=database_now() + timedelta(minutes=settings.payment_reservation_minutes),
    )
    GiftVoucher.objects.create(
        order=order,
        amount_eur=gift.amount_eur,
        recipient_name=gift.recipient_name,
        recipient_email=gift.recipient_email or email,
        sender_name=gift.sender_name,
        message=gift.message,
        language=language,
    )
    orders.log(order, "placed")
    return order


def _next_pk() -> int:
    """The order's key, before its row: a placed order needs its number, which is made of the key."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval(pg_get_serial_sequence(%s, 'id'))", [Order._meta.db_table])
        return int(cursor.fetchone()[0])
