"""Paid orders and points accounts for tests of the ledger, without the pages around them."""

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from itertools import count

from allauth.account.models import EmailAddress
from django.db import transaction
from django.db.models import Max, Sum
from django.utils import timezone

from catalog.models import Listing
from catalog.vocabularies import ListingState
from checkout import rewards
from checkout.models import Credit, CreditLine, Order, OrderLine, OrderState, PointsAccount, PointsEntry, Reservation
from shop.models import ShopSettings, User
from tests.catalog.pieces import a_listed_piece

_numbers = count(1)


def set_rules(**fields: object) -> None:
    settings = ShopSettings.current()
    for name, value in fields.items():
        setattr(settings, name, value)
    settings.save()


def a_customer(email: str = "erika@example.com", **fields: object) -> User:
    """A customer who has confirmed their address."""
    user = User.objects.create_user(email, "three-secret-words")
    EmailAddress.objects.create(user=user, email=email, verified=True, primary=True)
    return user


def an_account(user: User, points: int = 0, *, expires_on: object = None, lot: str = "") -> PointsAccount:
    """The customer's account, with so many points to use."""
    account = rewards.account_of(user) or rewards.account_for(user.email)
    if points:
        put(account, points, expires_on=expires_on, lot=lot)
    return rewards.account_of(user) or account


def put(
    account: PointsAccount, points: int, *, expires_on: object = None, lot: str = "", pot: str = "available"
) -> None:
    number = next(_numbers)
    PointsEntry.objects.create(
        account=account,
        pot=pot,
        kind=PointsEntry.Kind.ADJUST,
        lot=lot or f"test-{number}",
        expires_on=expires_on,
        points=points,
        key=f"test-{number}",
    )


def an_order(
    user: User | None = None,
    *,
    prices: Sequence[str] = ("5.00",),
    coupons: Sequence[str] = (),
    used: int = 0,
    state: str = OrderState.PAID,
    points: Sequence[int] = (),
    per_euro: str = "5",
    email: str = "erika@example.com",
) -> Order:
    """An order as placing it would have frozen it, `used` points spread over its lines."""
    prices_eur = [Decimal(price) for price in prices]
    coupons_eur = [Decimal(coupon) for coupon in coupons] or [Decimal(0)] * len(prices)
    nets = [price - coupon for price, coupon in zip(prices_eur, coupons_eur, strict=True)]
    shares = rewards.allocate(used, nets)
    goods, saved, paid_with = sum(prices_eur), sum(coupons_eur), sum(eur for _n, eur in shares)
    now = timezone.now()
    pieces = [a_listed_piece() for _price in prices]
    number = next(_numbers)
    order = Order(
        number=f"T-{number}",
        state=OrderState.AWAITING_PAYMENT,
        visitor_key=f"visitor-{number}",
        user=user,
        email=user.email if user else email,
        placed_at=now,
        goods_eur=goods,
        goods_amount=goods,
        coupon_eur=saved,
        coupon_amount=saved,
        points_used=used,
        points_eur=paid_with,
        points_amount=paid_with,
        discount_eur=saved + paid_with,
        discount_amount=saved + paid_with,
        total_eur=goods - saved - paid_with,
        total_amount=goods - saved - paid_with,
        points_per_euro=Decimal(per_euro),
    )
    with transaction.atomic():
        order.save()
        for position, (price, coupon, (n, eur)) in enumerate(zip(prices_eur, coupons_eur, shares, strict=True)):
            net = price - coupon - eur
            OrderLine.objects.create(
                order=order,
                listing=pieces[position],
                position=position,
                sku=f"T-{number}-{position}",
                title="A film",
                price_eur=price,
                price_amount=price,
                coupon_eur=coupon,
                coupon_amount=coupon,
                points_used=n,
                points_eur=eur,
                points_amount=eur,
                weight_g=100,
                points=points[position] if points else rewards.points_for(net, per_euro=order.points_per_euro),
                tax_scheme="margin",
            )
    if state != OrderState.AWAITING_PAYMENT:
        set_paid(order)
    return order


def set_paid(order: Order) -> None:
    now = timezone.now()
    with transaction.atomic():
        for line in order.lines.select_related("listing"):
            piece = Listing.objects.filter(pk=line.listing_id)
            claim = Reservation.objects.create(listing=line.listing, visitor_key=order.visitor_key)
            piece.update(state=ListingState.RESERVED, reserved_until=now)
            piece.update(state=ListingState.SOLD, reserved_until=None, sold_at=now)
            OrderLine.objects.filter(pk=line.pk).update(reservation=claim)
        Order.objects.filter(pk=order.pk).update(state=OrderState.PAID, paid_at=now)
    order.refresh_from_db()


def set_delivered(order: Order, *, days_ago: float) -> None:
    then = timezone.now() - timedelta(days=days_ago)
    for state in (OrderState.PACKED, OrderState.SHIPPED, OrderState.DELIVERED):
        Order.objects.filter(pk=order.pk).update(state=state)
    Order.objects.filter(pk=order.pk).update(delivered_at=then)
    order.refresh_from_db()


def credit(order: Order, **by_position: str) -> Credit:
    """Decide to give back so many euros for lines: `credit(order, _0="2.50")`."""
    amounts = {int(name[1:]): Decimal(value) for name, value in by_position.items()}
    goods = sum(amounts.values())
    decided = Credit.objects.create(
        order=order, reason_key=f"test-{next(_numbers)}", goods_eur=goods, goods_amount=goods, money_amount=goods
    )
    for line in order.lines.all():
        if line.position in amounts:
            CreditLine.objects.create(
                credit=decided, line=line, amount_eur=amounts[line.position], amount=amounts[line.position]
            )
    return decided


def lots_of(account: PointsAccount) -> dict[str, tuple[int, object]]:
    """Points available in each lot with their last day, as the entries sum up."""
    rows = PointsEntry.objects.filter(account=account, pot="available").order_by().values_list("lot")
    return {lot: (points, day) for lot, points, day in rows.annotate(Sum("points"), Max("expires_on")) if points}
