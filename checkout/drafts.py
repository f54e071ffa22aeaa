"""What a visitor is about to order: who, where to, how, with which savings. Nothing is frozen before it is placed."""

import hashlib
from collections.abc import Mapping
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from checkout import inventory, parcels, rewards, vouchers
from checkout.errors import BasketEmpty, OrderMoveRefused
from checkout.models import Order, OrderAddress, OrderState, Reservation
from checkout.summary import Summary, Wishes, summarise
from checkout.visitors import Visitor
from shop.models import User

DRAFT_DAYS = 7


def of(visitor: Visitor) -> Order | None:
    """What the visitor has filled in so far."""
    # What it wishes to use is mostly nothing, and looked for only where it is something.
    drafts = Order.objects.filter(visitor_key=visitor.key, state=OrderState.DRAFT)
    return drafts.prefetch_related("addresses").first()


def start(visitor: Visitor, *, language: str) -> Order:
    """The visitor's draft, opened when there is none. Safe to race: one draft a visitor."""
    found = of(visitor)
    if found is None:
        Order.objects.bulk_create(
            [Order(visitor_key=visitor.key, user_id=visitor.user_id, language=language)],
            ignore_conflicts=True,
        )
        found = Order.objects.get(visitor_key=visitor.key, state=OrderState.DRAFT)
    elif found.user_id is not None and found.user_id != visitor.user_id:
        # Begun in an account that is no longer signed in on this browser: not for other eyes, not for its orders.
        _empty(found)
        return start(visitor, language=language)
    elif (found.language, found.user_id) != (language, visitor.user_id):
        found.language = language
        found.user_id = visitor.user_id
        found.save(update_fields=["language", "user"])
    return found


def _empty(draft: Order) -> None:
    """Forget who began a draft and what they filled in."""
    with transaction.atomic():
        draft = _lock(draft)
        draft.addresses.all().delete()
        draft.user = draft.coupon = draft.voucher = draft.joins = None
        draft.points_used = 0
        draft.email = draft.buyer_note = ""
        draft.save(update_fields=["user", "coupon", "voucher", "joins", "points_used", "email", "buyer_note"])


def remembered_address(user: User, country: str) -> OrderAddress | None:
    """Where the customer's last order to this country went, so that they need not type it again."""
    placed = OrderAddress.objects.filter(order__user=user, kind=OrderAddress.Kind.SHIPPING, country=country)
    return placed.exclude(order__state=OrderState.DRAFT).order_by("-order_id").first()


def set_address(
    draft: Order,
    *,
    email: str,
    shipping: Mapping[str, str],
    billing: Mapping[str, str] | None = None,
    buyer_note: str = "",
) -> None:
    """Keep who buys and where it goes. Addresses are the fields of OrderAddress, already checked."""
    with transaction.atomic():
        draft = _lock(draft)
        draft.email = email
        draft.buyer_note = buyer_note
        draft.save(update_fields=["email", "buyer_note"])
        for kind, address in (
            (OrderAddress.Kind.SHIPPING, shipping),
            (OrderAddress.Kind.BILLING, billing),
        ):
            draft.addresses.filter(kind=kind).delete()
            if address is not None:
                OrderAddress.objects.create(order=draft, kind=kind, **address)


def set_methods(draft: Order, *, shipping_method: str, payment_method: str) -> None:
    """Keep how it is to be shipped and paid; both are checked again when the order is placed."""
    with transaction.atomic():
        draft = _lock(draft)
        draft.shipping_method = shipping_method
        draft.payment_method = payment_method
        draft.save(update_fields=["shipping_method", "payment_method"])


def set_joins(draft: Order, leader: Order | None) -> None:
    """Let the draft travel in an earlier order's parcel, and as that does; None: by itself. Checked when placed."""
    with transaction.atomic():
        draft = _lock(draft)
        draft.joins = leader
        draft.shipping_method = leader.shipping_method if leader else draft.shipping_method
        draft.save(update_fields=["joins", "shipping_method"])


def _lock(draft: Order) -> Order:
    locked = Order.objects.select_for_update().get(pk=draft.pk)
    if locked.state != OrderState.DRAFT:
        raise OrderMoveRefused
    return locked


def summary_of(draft: Order, visitor: Visitor, *, currency: str) -> Summary:
    """What the draft would cost now with the visitor's live reservations. Raises BasketEmpty."""
    reservations = inventory.live_reservations(visitor)
    if not reservations:
        raise BasketEmpty
    address = draft.shipping_address
    return summarise(
        reservations,
        currency=currency,
        country=address.country.code if address else None,
        postcode=address.postcode if address else None,
        method=draft.shipping_method or None,
        wishes=_wishes_of(draft, visitor),
    )


def _wishes_of(draft: Order, visitor: Visitor) -> Wishes:
    """What the draft wants to use, as far as it is to be had now; the summary says what comes of it."""
    account = rewards.account_of(draft.user) if draft.user else None
    leader = draft.joins if draft.joins and parcels.joinable(visitor, draft) == draft.joins else None
    return Wishes(
        email=draft.email,
        coupon=draft.coupon,
        points=draft.points_used,
        spendable=rewards.spendable(account) if account else 0,
        voucher=vouchers.find(draft.voucher.code) if draft.voucher else None,
        parcel=parcels.so_far(leader) if leader else None,
    )


def fingerprint_of(draft: Order, summary: Summary) -> str:
    """Changes whenever anything does that the buyer is asked to confirm: who, where to, what, how, how much."""
    addresses = sorted(draft.addresses.all(), key=lambda row: row.kind)
    fields = ("kind", "name", "company", "line1", "line2", "city", "region", "postcode", "country", "phone")
    parts = [summary.fingerprint, draft.email, draft.payment_method]
    parts += [str(getattr(row, field)) for row in addresses for field in fields]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]


def forget() -> int:
    """Delete drafts nobody has touched for a week: they hold addresses of people who bought nothing."""
    old = timezone.now() - timedelta(days=DRAFT_DAYS)
    stale = Order.objects.filter(state=OrderState.DRAFT, created_at__lt=old)
    # Whoever holds a piece may be filling in the draft just now.
    stale = stale.exclude(visitor_key__in=Reservation.objects.live().values("visitor_key"))
    with transaction.atomic():
        # Locked first: a draft placed meanwhile must keep its addresses.
        locked = list(stale.select_for_update(of=("self",), skip_locked=True).values_list("pk", flat=True))
        OrderAddress.objects.filter(order__in=locked).delete()
        Order.objects.filter(pk__in=locked).delete()
    return len(locked)
