"""An order's life apart from its payment: placed once, packed, shipped, delivered."""

from collections.abc import Sequence
from decimal import Decimal

from django.conf import settings
from django.db import transaction
from django.db.models import Q, prefetch_related_objects
from django.db.models.functions import Lower
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from catalog.models import Listing
from checkout import discounts, drafts, inventory, parcels, tasks, tax
from checkout.errors import (
    AddressIncomplete,
    CannotShip,
    OrderMoveRefused,
    OrderNotFound,
    ShippingMethodUnavailable,
    TotalChanged,
)
from checkout.models import Order, OrderEvent, OrderLine, OrderState
from checkout.models.order import ORDER_MOVES
from checkout.summary import Summary, SummaryLine
from checkout.visitors import Visitor
from shop.models import ShopSettings, User

_TIMES = {
    OrderState.PAID: "paid_at",
    OrderState.PACKED: "packed_at",
    OrderState.SHIPPED: "shipped_at",
    OrderState.DELIVERED: "delivered_at",
    OrderState.EXPIRED: "closed_at",
    OrderState.CANCELLED: "closed_at",
}


def by_token(token: str) -> Order:
    """The placed order behind an unguessable link, with what its page shows. Raises OrderNotFound."""
    order = (
        Order.objects.placed()
        .filter(token=token)
        .select_related("rate_set", "coupon", "voucher")
        .prefetch_related("lines__listing__edition__edition_films__film", "lines__listing__photos", "addresses")
        .prefetch_related("payments", "events")
        .first()
    )
    if order is None:
        raise OrderNotFound
    return order


def unpaid_of(visitor: Visitor | None) -> list[Order]:
    """The visitor's placed orders that wait for their payment, newest first."""
    if visitor is None:
        return []
    return list(Order.objects.filter(visitor_key=visitor.key, state=OrderState.AWAITING_PAYMENT))


def orders_of(user: User) -> list[Order]:
    """A signed-in customer's orders: placed while signed in, or as a guest under an address they have verified."""
    return list(
        Order.objects.placed()
        .annotate(folded=Lower("email"))
        .filter(Q(user=user) | Q(folded__in=user.verified_emails()))
        .prefetch_related("lines")
        .order_by("-placed_at")
    )


def place(
    *,
    token: str,
    visitor: Visitor,
    currency: str,
    shown_total: Decimal,
    shown_fingerprint: str | None = None,
) -> Order:
    """Freeze the visitor's draft into an order awaiting payment; a second call gives the same order.

    `shown_total` is the total the buyer agreed to, in `currency`; `shown_fingerprint` all they were shown.
    Raises OrderNotFound, BasketEmpty, AddressIncomplete, CannotShip, ShippingMethodUnavailable and
    TotalChanged; then nothing has changed.
    """
    with transaction.atomic():
        order = _lock_draft_of(token, visitor)
        if order.state != OrderState.DRAFT:
            return order
        discounts.lock(order)
        inventory.lock_basket(visitor)
        summary = drafts.summary_of(order, visitor, currency=currency)
        _check_complete(order, summary)
        is_as_shown = shown_fingerprint is None or shown_fingerprint == drafts.fingerprint_of(order, summary)
        if summary.total_amount != shown_total or not is_as_shown:
            raise TotalChanged(total=str(summary.total_amount), currency=currency)
        _freeze(order, summary)
        if not discounts.take(order):
            # Refused by what only the taking knows, such as the uses a customer has left under this address.
            raise TotalChanged(total=str(summary.total_amount), currency=currency)
        log(order, "placed")
    return order


def _lock_draft_of(token: str, visitor: Visitor) -> Order:
    """The visitor's draft, locked together with the order whose parcel it joins. Raises OrderNotFound."""
    found = Order.objects.filter(token=token, visitor_key=visitor.key).first()
    if found is None:
        raise OrderNotFound
    order = lock_with_leader(found)
    if order.state == OrderState.DRAFT and order.user_id not in (None, visitor.user_id):
        raise OrderNotFound  # begun in an account that is no longer signed in here: neither its orders nor its points
    if order.joins_id not in (None, found.joins_id):
        raise TotalChanged  # the choice changed in another tab between the look and the lock
    prefetch_related_objects([order], "addresses")
    return order


def _check_complete(order: Order, summary: Summary) -> None:
    if order.shipping_address is None or not order.email:
        raise AddressIncomplete
    if summary.offer is None or not summary.offer.options:
        raise CannotShip(summary.offer.refused_reason if summary.offer else None)
    if summary.option is None:
        raise ShippingMethodUnavailable


def number_of(order_id: int) -> str:
    """The number buyers are given, made of the order's key."""
    return f"AC-{100000 + order_id}"


def _freeze(order: Order, summary: Summary) -> None:
    option = summary.option
    assert option is not None  # _check_complete saw to it
    assert summary.shipping_amount is not None
    now = timezone.now()
    order.number = number_of(order.pk)
    order.currency = summary.currency
    order.rate_set_id = summary.quote.rate_set_id
    order.rate = summary.quote.rate
    order.goods_eur, order.goods_amount = summary.goods_eur, summary.goods_amount
    order.shipping_eur, order.shipping_amount = option.price_eur, summary.shipping_amount
    _freeze_savings(order, summary)
    order.total_eur, order.total_amount = summary.total_eur, summary.total_amount
    order.shipping_method = option.method
    order.shipping_method_name = option.name[:120]
    order.shipping_days_min, order.shipping_days_max = option.days_min, option.days_max
    order.parcel_weight_g = option.weight_g
    order.carrier = option.carrier
    order.has_customs = bool(summary.offer and summary.offer.needs_customs)
    order.points_per_euro = ShopSettings.current().points_per_euro
    order.placed_at = now
    order.pay_by = summary.until
    order.state = OrderState.AWAITING_PAYMENT
    order.save()
    with translation.override(order.language):
        lines = [_line(order, line, position) for position, line in enumerate(summary.lines, start=1)]
    tax.freeze(order, lines)
    OrderLine.objects.bulk_create(lines)


def _freeze_savings(order: Order, summary: Summary) -> None:
    order.coupon = summary.coupon if summary.coupon_eur or summary.shipping_discount_eur else None
    order.coupon_eur, order.coupon_amount = summary.coupon_eur, summary.coupon_amount
    order.points_used = summary.points_used
    order.points_eur, order.points_amount = summary.points_eur, summary.points_amount
    order.shipping_discount_eur = summary.shipping_discount_eur
    order.shipping_discount_amount = summary.shipping_discount_amount
    order.discount_eur, order.discount_amount = summary.discount_eur, summary.discount_amount
    order.voucher = summary.voucher if summary.voucher_eur else None
    order.voucher_eur, order.voucher_amount = summary.voucher_eur, summary.voucher_amount
    if summary.parcel is None:
        order.joins = None
    standard = summary.standard_shipping_eur
    order.standard_shipping_eur, order.standard_shipping_amount = standard, summary.quote.convert(standard)


def _line(order: Order, line: SummaryLine, position: int) -> OrderLine:
    listing = line.listing
    return OrderLine(
        order=order,
        listing=listing,
        reservation=line.reservation,
        position=position,
        sku=listing.sku,
        title=listing.title[:300],
        description=describe(listing)[:300],
        price_eur=line.price_eur,
        price_amount=line.price_amount,
        coupon_eur=line.coupon_eur,
        coupon_amount=line.coupon_amount,
        points_used=line.points_used,
        points_eur=line.points_eur,
        points_amount=line.points_amount,
        weight_g=line.weight_g,
        points=line.points,
        tax_scheme=listing.tax_scheme,
    )


def describe(listing: Listing) -> str:
    """One line that says which copy it is: format, regions, standard, label, grade."""
    edition = listing.edition
    parts = [
        str(edition.get_disc_format_display()) if edition.disc_format != "DVD" else "DVD",
        "+".join(edition.regions) and f"R{'+'.join(edition.regions)}",
        edition.video_standard,
        str(edition.label or ""),
        str(listing.get_headline_grade_display()),
    ]
    return ", ".join(part for part in parts if part)


def move(order: Order, state: OrderState, *, kind: str, by: User | None = None, text: str = "") -> None:
    """Move a locked order along and write it into its log. Raises OrderMoveRefused."""
    if state not in ORDER_MOVES[OrderState(order.state)]:
        raise OrderMoveRefused(state=order.state, wanted=state)
    order.state = state
    fields = ["state"]
    if state in _TIMES and getattr(order, _TIMES[state]) is None:
        setattr(order, _TIMES[state], timezone.now())
        fields.append(_TIMES[state])
    order.save(update_fields=fields)
    log(order, kind, by=by, text=text)


def log(order: Order, kind: str, *, by: User | None = None, text: str = "") -> None:
    """Write one event of an order; goes with the transaction that caused it."""
    OrderEvent.objects.create(order=order, kind=kind, actor=by, text=text[:300])


def lock(order_id: int) -> Order:
    """The order, locked until the end of the transaction. Take this lock before those of listings."""
    return Order.objects.select_for_update(of=("self",)).get(pk=order_id)


def lock_with_leader(order: Order) -> Order:
    """The order, locked after the one whose parcel it joins: what both agree on stays so until the end."""
    if order.joins_id is not None:
        lock(order.joins_id)
    return lock(order.pk)


def pack(order: Order, *, by: User | None = None) -> None:
    """The pieces are in their parcel, with those of all orders that travel in it.

    Raises OrderMoveRefused; also while a dispute is open, and while a joining order waits for its payment.
    """
    with transaction.atomic():
        aboard = _lock_parcel(order)
        waiting = parcels.awaited(order).first()
        if waiting is not None:
            raise OrderMoveRefused(
                _("%(order)s is to travel in this parcel and waits for its payment. Pack when it is paid or over.")
                % {"order": waiting}
            )
        now = timezone.now()
        for row in aboard:
            row.packed_at = now  # one moment for all: it tells who travels together
            row.save(update_fields=["packed_at"])
            move(row, OrderState.PACKED, kind="packed", by=by)


def unpack(order: Order, *, by: User | None = None, text: str = "") -> None:
    """The parcel is opened again before it leaves, for all orders in it. Raises OrderMoveRefused."""
    with transaction.atomic():
        for row in parcels.lock(order):
            move(row, OrderState.PAID, kind="unpacked", by=by, text=text)
            row.packed_at = None
            row.save(update_fields=["packed_at"])


def ship(order: Order, *, by: User | None = None, carrier: str = "", tracking_number: str = "") -> None:
    """The parcel has left; each buyer's order in it is told with its tracking number. Raises OrderMoveRefused."""
    with transaction.atomic():
        for row in _lock_parcel(order):
            row.carrier = carrier or row.carrier
            row.tracking_number = tracking_number
            row.save(update_fields=["carrier", "tracking_number"])
            move(row, OrderState.SHIPPED, kind="shipped", by=by, text=tracking_number)
            tasks.send_order_mail.defer(order_id=row.pk, kind="shipped")


def deliver(order: Order, *, by: User | None = None) -> None:
    """The parcel has arrived; from here the withdrawal period runs. Raises OrderMoveRefused."""
    with transaction.atomic():
        aboard = parcels.lock(order)
        own = next(row for row in aboard if row.pk == order.pk)
        if own.state == OrderState.PAID and own.lines.exists():
            raise OrderMoveRefused  # only gift vouchers arrive without a parcel
        for row in aboard:
            # What was withdrawn from on its way stays so, for the order itself and for its companions.
            if row.pk == own.pk or row.state == OrderState.SHIPPED:
                move(row, OrderState.DELIVERED, kind="delivered", by=by)


def _lock_parcel(order: Order) -> Sequence[Order]:
    """The orders of a parcel, locked. Raises OrderMoveRefused while one of them is disputed."""
    aboard = parcels.lock(order)
    disputed = next((row for row in aboard if row.is_disputed), None)
    if disputed is not None:
        raise OrderMoveRefused(
            _("The payment of %(order)s is disputed: nothing is packed or shipped until the bank has decided.")
            % {"order": disputed}
        )
    return aboard


def link_to(order: Order) -> str:
    """The order's address with host, in the buyer's language, for mails."""
    with translation.override(order.language):
        return settings.BASE_URL + order.get_absolute_url()
