"""Orders that travel in one parcel: a second order joins an earlier one of the same buyer that is not packed yet.

The joined order pays what its pieces add to the shipping of the parcel. A parcel is named by its leader, the
order that was there first. Everything that concerns several of its orders locks the leader first, then the others
by primary key: whoever places a joining order holds the leader's row too, so a parcel cannot be packed meanwhile.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import CharField, Exists, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Cast, Concat

from checkout.models import Credit, Order, OrderAddress, OrderLine, OrderState, Withdrawal
from checkout.models.order import HOLDING_STATES
from checkout.money import total
from checkout.visitors import Visitor

# Names the credit that gives an order the shipping back which it had passed on, together with whom to.
PASSED_ON = "passed-on-"
_PLACE_FIELDS = ("name", "company", "line1", "line2", "city", "region", "postcode")


@dataclass(frozen=True, slots=True)
class ParcelSoFar:
    """What is in a parcel already: weights (grams) and price (EUR) of its pieces, and what its shipping cost.

    `shipping_eur` is what its orders were quoted for shipping in all, whether or not a coupon paid for it, less what
    a withdrawal gave back. `given_eur` of it nobody paid: a coupon did, or it was given back for another reason.
    """

    weights_g: tuple[int, ...]
    goods_eur: Decimal
    shipping_eur: Decimal
    method: str
    given_eur: Decimal = Decimal(0)

    @property
    def paid_eur(self) -> Decimal:
        """What can be taken off again where another piece makes the parcel cheaper."""
        return max(self.shipping_eur - self.given_eur, Decimal(0))


def joinable(visitor: Visitor | None, draft: Order) -> Order | None:
    """The order in whose parcel the draft could travel: the one it has chosen, else the newest; None without one.

    Paid, not packed, with goods to ship to the same address, of the same buyer: the same browser or the same
    signed-in customer. Not while it is disputed or withdrawn from, nor while another joining order is unpaid:
    what that one adds would be unknown.
    """
    address = draft.shipping_address
    if visitor is None or address is None:
        return None
    # On a browser that several people use, one customer's order is never shown to another.
    is_same_buyer = Q(visitor_key=visitor.key) & (Q(user=None) | Q(user=draft.user_id))
    if draft.user_id is not None:
        is_same_buyer |= Q(user=draft.user_id)
    candidates = (
        Order.objects.filter(is_same_buyer, state=OrderState.PAID, is_disputed=False, joins=None)
        .filter(pk__in=OrderLine.objects.filter(returned_at=None).values("order"))
        .exclude(withdrawals__state=Withdrawal.State.CONFIRMED)
        .exclude(joined_by__state=OrderState.AWAITING_PAYMENT)
        .exclude(pk=draft.pk)
        .prefetch_related("addresses")
        .order_by("-pk")
    )
    fitting = [order for order in candidates if _is_same_place(order.shipping_address, address)]
    chosen = next((order for order in fitting if order.pk == draft.joins_id), None)
    return chosen or next(iter(fitting), None)


def _is_same_place(one: OrderAddress | None, other: OrderAddress) -> bool:
    return one is not None and _plain(one) == _plain(other)


def _plain(address: OrderAddress) -> list[str]:
    texts = [" ".join(getattr(address, field).split()).casefold() for field in _PLACE_FIELDS]
    return [*texts, address.country.code]


def so_far(order: Order) -> ParcelSoFar:
    """What is in the leader's parcel now, its joined orders included."""
    aboard = list(parcel_of(order).prefetch_related("lines"))
    lines = [line for row in aboard for line in row.lines.all() if line.returned_at is None]
    credited = Credit.objects.filter(order__in=aboard)
    withdrawn = credited.filter(reason_key__startswith="withdrawal-")
    by_coupon = total(row.shipping_discount_eur for row in aboard if row.shipping_eur)
    return ParcelSoFar(
        weights_g=tuple(line.weight_g for line in lines),
        goods_eur=total(line.price_eur for line in lines),
        shipping_eur=total(_quoted(row) for row in aboard) - total(row.shipping_eur for row in withdrawn),
        method=order.shipping_method,
        given_eur=by_coupon + total(row.shipping_eur for row in credited.exclude(reason_key__startswith="withdrawal-")),
    )


def _quoted(order: Order) -> Decimal:
    """What shipping the order was quoted (EUR): below zero where its pieces made the parcel cheaper."""
    # A discount beside a price is a coupon for free shipping; without a price it is what joining saved.
    return order.shipping_eur or -order.shipping_discount_eur


def passed_on_eur(order: Order) -> Decimal:
    """How much of the order's shipping (EUR) it has back already: as the discount of orders that joined it."""
    going_on = Order.objects.filter(
        joins=order, shipping_eur=0, state__in=(*HOLDING_STATES, OrderState.AWAITING_PAYMENT)
    )
    return total(going_on.values_list("shipping_discount_eur", flat=True))


def over_since() -> QuerySet[Order]:
    """Orders that had made the parcel they joined cheaper, and are over as the other one is, which lacks its shipping.

    Those for which it has it back are left out.
    """
    over = (OrderState.CANCELLED, OrderState.EXPIRED, OrderState.RETURNED)
    cheaper = Order.objects.filter(shipping_eur=0, shipping_discount_eur__gt=0, state__in=over, joins__state__in=over)
    name = Concat(Value(PASSED_ON), Cast(OuterRef("pk"), CharField()))
    settled = Credit.objects.filter(order=OuterRef("joins"), reason_key=name)
    return cheaper.exclude(joins__refund_state=Order.Refund.FULL).filter(~Exists(settled)).order_by("pk")


def parcel_of(order: Order) -> QuerySet[Order]:
    """The orders that travel with this one, itself included, by primary key.

    Before packing: all paid ones of the parcel. From then on those that were packed together; an order that was
    paid when the parcel had left, or whose leader was cancelled, is a parcel of its own.
    """
    whole = Order.objects.filter(Q(pk=leader_id(order)) | Q(joins=leader_id(order)))
    if order.packed_at is not None:
        together = Q(packed_at=order.packed_at)
    elif order.state == OrderState.PAID:
        together = Q(state=OrderState.PAID)
    else:
        together = Q(pk=order.pk)
    is_over = Q(state__in=(OrderState.CANCELLED, OrderState.EXPIRED)) & ~Q(pk=order.pk)
    return whole.filter(together).exclude(is_over).order_by("pk")


def leader_id(order: Order) -> int:
    return order.joins_id or order.pk


def companions(order: Order) -> list[Order]:
    """The other orders in the same parcel."""
    return [row for row in parcel_of(order) if row.pk != order.pk]


def awaited(order: Order) -> QuerySet[Order]:
    """Orders that will travel in this parcel once they are paid."""
    return Order.objects.filter(joins=leader_id(order), state=OrderState.AWAITING_PAYMENT).exclude(pk=order.pk)


def lock(order: Order) -> Sequence[Order]:
    """All orders of the parcel, locked until the end of the transaction: the leader first."""
    lead = leader_id(order)
    list(Order.objects.filter(pk=lead).select_for_update(of=("self",)).values("pk"))
    others = Order.objects.filter(joins=lead).exclude(state=OrderState.DRAFT).order_by("pk")
    list(others.select_for_update(of=("self",)).values("pk"))
    return list(parcel_of(Order.objects.get(pk=order.pk)))
