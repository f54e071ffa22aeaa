"""Reward points: earned on goods as really paid, used as a discount on goods, given and taken back with refunds.

Functions that get an order join the caller's transaction, in which the order is locked. Points are counted in EUR
whatever the order's currency. What time does to them is in `reward_upkeep`, how they are shown in `reward_history`.
"""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from uuid import uuid4

from django.db import transaction
from django.db.models import QuerySet, Sum
from django.db.models.functions import Lower
from django.utils import timezone

from checkout import points_ledger
from checkout.models import Credit, Order, OrderLine, PointsAccount, PointsEntry
from checkout.money import BASE_CURRENCY, from_minor_units, round_amount, to_minor_units, total, whole_points
from checkout.points_ledger import Kind, Lot, Mover, Pot
from shop.models import ShopSettings, User


def points_for(price_eur: Decimal, *, per_euro: Decimal | None = None) -> int:
    """Points a piece earns at this price (EUR), rounded down; the shop's ratio unless an order froze another."""
    ratio = ShopSettings.current().points_per_euro if per_euro is None else per_euro
    return whole_points(max(price_eur, Decimal(0)) * ratio)


def account_for(email: str) -> PointsAccount:
    """The ledger account of an email address, opened when there is none. Safe to race."""
    email = email.lower()
    found = _by_emails([email]).select_related("user").first()
    if found is not None and not _has_left(found):
        return found
    if found is not None:
        _follow_owner(found)
    PointsAccount.objects.bulk_create([PointsAccount(email=email)], ignore_conflicts=True)
    return _by_emails([email]).get()


def _by_emails(emails: Collection[str]) -> QuerySet[PointsAccount]:
    return PointsAccount.objects.annotate(folded=Lower("email")).filter(folded__in=emails).order_by("pk")


def account_of(user: User) -> PointsAccount | None:
    """The ledger account of a signed-in customer: theirs by link, or by an address they have verified."""
    linked = PointsAccount.objects.filter(user=user).select_related("user").first()
    if linked is not None:
        if _has_left(linked):
            _follow_owner(linked)
        return linked
    account = _by_emails(user.verified_emails()).filter(user__isnull=True).first()
    if account is not None:
        PointsAccount.objects.filter(pk=account.pk, user__isnull=True).update(user=user)
        account.user = user
    return account


def _own_account(user: User) -> PointsAccount | None:
    """The customer's account, opened when there is none; None until they have verified an address."""
    account = account_of(user)
    verified = user.verified_emails()
    if account is None and verified:
        account_for(user.email if user.email in verified else verified[0])
        account = account_of(user)
    return account


def _has_left(account: PointsAccount) -> bool:
    """Whether the account's owner has given up its address for another."""
    verified = account.user.verified_emails() if account.user is not None else []
    return bool(verified) and account.email.lower() not in verified


def _follow_owner(account: PointsAccount) -> None:
    """Let go of an address that may be somebody else's by now: the points stay with who earned them."""
    assert account.user is not None
    verified = account.user.verified_emails()
    taken = {other.email.lower() for other in _by_emails(verified)}
    free = [email for email in verified if email not in taken]
    former, account.email = account.email, free[0] if free else f"account-{account.pk}@points.invalid"
    PointsAccount.objects.filter(pk=account.pk, email=former).update(email=account.email)


def purse(account: PointsAccount) -> list[PointsAccount]:
    """All accounts of one owner: each address they have verified may have one from guest orders.

    One that has an owner of its own is theirs, who had the address before, until it follows them.
    """
    if account.user is None:
        return [account]
    of_guest_orders = _by_emails(account.user.verified_emails()).filter(user=None)
    return [account, *of_guest_orders.exclude(pk=account.pk)]


def balance(account: PointsAccount) -> dict[str, int]:
    """The owner's points in each pot, keyed pending, available and held: the sums of the entries."""
    rows = PointsEntry.objects.filter(account__in=purse(account)).order_by()
    sums = dict(rows.values_list("pot").annotate(Sum("points")))
    return {pot: sums.get(pot, 0) for pot in Pot.values}


def spendable(account: PointsAccount) -> int:
    """Points the owner can use now: available, not expired, less what they owe; never below zero."""
    return sum(lot.points for lot in points_ledger.usable_now(purse(account)))


def usable(wanted: int, *, spendable: int, goods_eur: Decimal) -> int:
    """How many of the wanted points may pay for goods of this net price (EUR): in steps, up to the shop's share.

    0 where fewer than the minimum are left.
    """
    settings = ShopSettings.current()
    most = whole_points(goods_eur * settings.points_goods_percent / 100 * settings.points_for_one_euro)
    points = max(min(wanted, spendable, most), 0)
    points -= points % settings.points_step
    return points if points >= settings.points_minimum else 0


def allocate(points: int, nets: Sequence[Decimal]) -> list[tuple[int, Decimal]]:
    """Spread points over lines in proportion to their net prices (EUR): points and EUR for each.

    Both sums are exact, and no line gets more than its net price. ValueError for points worth more than the lines.
    """
    cents = [to_minor_units(net, BASE_CURRENCY) for net in nets]
    worth_eur = round_amount(Decimal(points) / ShopSettings.current().points_for_one_euro, BASE_CURRENCY)
    worth = to_minor_units(worth_eur, BASE_CURRENCY)
    if min([points, *cents]) < 0 or worth > sum(cents):
        raise ValueError(f"{points} points are worth {worth_eur}, the goods {total(nets)}")
    shares = zip(_shares(points, cents), _shares(worth, cents), strict=True)
    return [(share, from_minor_units(eur, BASE_CURRENCY)) for share, eur in shares]


def _shares(whole: int, weights: Sequence[int]) -> list[int]:
    """The whole in parts in proportion to the weights: differences of the running sums, rounded half up."""
    everything = sum(weights)
    shares, running, given = [], 0, 0
    for weight in weights:
        running += weight
        upto = (2 * whole * running + everything) // (2 * everything) if everything else 0
        shares.append(upto - given)
        given = upto
    return shares


def lock(order: Order) -> None:
    """Lock the accounts `take` will use, before anybody looks at how much is in them."""
    if order.points_used and order.user is not None and (account := account_of(order.user)):
        points_ledger.lock(purse(account))


def take(order: Order) -> bool:
    """Hold the points an order uses, oldest first; what it holds or has used already stays so. False: too few left."""
    if not order.points_used or points_ledger.held_for(order) or points_ledger.spent_on(order):
        return True
    account = account_of(order.user) if order.user is not None else None
    if account is None:
        return False
    accounts = purse(account)
    points_ledger.lock(accounts)
    lots = points_ledger.usable_now(accounts)
    if sum(lot.points for lot in lots) < order.points_used:
        return False
    taken = points_ledger.between(lots, 0, order.points_used)
    _move(order, Kind.REDEEM_HOLD, taken, out_of=Pot.AVAILABLE, into=Pot.HELD)
    return True


def commit(order: Order) -> None:
    """The order is paid: the points it held are used up. Doing it again changes nothing."""
    _move(order, Kind.REDEEM_COMMIT, points_ledger.held_for(order), out_of=Pot.HELD)


def release(order: Order) -> None:
    """Put the points an unpaid order held back where they came from. Doing it again changes nothing."""
    held = points_ledger.held_for(order)
    _move(order, Kind.REDEEM_RELEASE, held, out_of=Pot.HELD, into=Pot.AVAILABLE)


def _move(order: Order, kind: Kind, lots: Sequence[Lot], *, out_of: Pot, into: Pot | None = None) -> None:
    mover = Mover(kind, order=order)
    # An order may hold and release several times; the number of its entries tells the rounds apart.
    round_ = PointsEntry.objects.filter(order=order).count()
    now = timezone.now()
    entries = []
    for position, lot in enumerate(lots):
        key = f"{kind}-{order.pk}-{round_}-{position}"
        entries.append(mover.entry(lot, out_of, -lot.points, key=f"{key}-{out_of}", at=now))
        if into is not None:
            entries.append(mover.entry(lot, into, lot.points, key=f"{key}-{into}", at=now))
    PointsEntry.objects.bulk_create(entries)


def earn(order: Order) -> int:
    """Enter a paid order's points as pending, once for each line. Returns the points of the order."""
    account = _earner(order)
    # Mails about points are written in the language last bought in.
    PointsAccount.objects.filter(pk=account.pk).exclude(language=order.language).update(language=order.language)
    now = timezone.now()
    lines = [line for line in order.lines.all() if line.points > 0]
    PointsEntry.objects.bulk_create(
        [
            Mover(Kind.EARN, order=order, line=line).entry(
                Lot(account.pk, f"line-{line.pk}", None, line.points),
                Pot.PENDING,
                line.points,
                key=f"earn-{line.pk}",
                at=now,
            )
            for line in lines
        ],
        ignore_conflicts=True,
    )
    return sum(line.points for line in lines)


def _earner(order: Order) -> PointsAccount:
    """Who earns: the account of the customer who was signed in, else that of the order's address."""
    own = _own_account(order.user) if order.user is not None else None
    return own or account_for(order.email)


def reverse(order: Order, *, reason: str, credit: Credit | None = None) -> None:
    """Take back what an order earned: all of it, or, for the lines of a credit, what they are no longer paid for.

    Points are taken from the pot they lie in. Where they were used already, the account owes them.
    """
    lines = order.lines.prefetch_related("credit_lines")
    if credit is not None:
        lines = lines.filter(credit_lines__credit=credit)
    for line in lines:
        _reverse_line(order, line, reason=reason, kept=0 if credit is None else _still_earned(order, line))


def _still_earned(order: Order, line: OrderLine) -> int:
    """The points of what remains paid for a line after its credits."""
    still_paid = line.paid_eur - total(row.amount_eur for row in line.credit_lines.all())
    if still_paid <= 0:
        return 0
    if line.points == points_for(line.paid_eur, per_euro=order.points_per_euro):
        return points_for(still_paid, per_euro=order.points_per_euro)
    return whole_points(line.points * still_paid / line.paid_eur)  # set by staff, not by the price


def _reverse_line(order: Order, line: OrderLine, *, reason: str, kept: int) -> None:
    earned = PointsEntry.objects.filter(order_line=line, kind=Kind.EARN).select_related("account").first()
    if earned is None:
        return
    points_ledger.lock([earned.account])
    entries = PointsEntry.objects.filter(account=earned.account, lot=earned.lot)
    excess = _sum(entries.filter(kind__in=(Kind.EARN, Kind.CLAW_BACK))) - kept
    pending = min(_sum(entries.filter(pot=Pot.PENDING)), excess)
    expires_on = entries.filter(pot=Pot.AVAILABLE).values_list("expires_on", flat=True).first()
    mover = Mover(Kind.CLAW_BACK, order=order, line=line, note=reason)
    now = timezone.now()
    PointsEntry.objects.bulk_create(
        mover.entry(
            Lot(earned.account_id, earned.lot, expires_on if pot == Pot.AVAILABLE else None, points),
            pot,
            -points,
            key=f"claw-back-{line.pk}-{kept}-{pot}",
            at=now,
        )
        for pot, points in ((Pot.PENDING, pending), (Pot.AVAILABLE, excess - pending))
        if points > 0
    )


def _sum(entries: QuerySet[PointsEntry]) -> int:
    return int(entries.aggregate(total=Sum("points"))["total"] or 0)


def give_back(order: Order, *, lines: Collection[OrderLine], reason: str) -> None:
    """Return the points a paid order used for these lines to the lots they came from, with their old expiry.

    Once for each line, whatever it is credited for.
    """
    spent = points_ledger.spent_on(order)
    if not spent:
        return
    done = set(PointsEntry.objects.filter(order=order, kind=Kind.REDEEM_RETURN).values_list("order_line_id", flat=True))
    wanted = {line.pk for line in lines} - done
    now = timezone.now()
    entries, end = [], 0
    for line in order.lines.order_by("position", "pk"):
        start, end = end, end + line.points_used
        if line.pk not in wanted:
            continue
        mover = Mover(Kind.REDEEM_RETURN, order=order, line=line, note=reason)
        for position, lot in enumerate(points_ledger.between(spent, start, end)):
            entries.append(mover.entry(lot, Pot.AVAILABLE, lot.points, key=f"return-{line.pk}-{position}", at=now))
    PointsEntry.objects.bulk_create(entries)


def adjust(account: PointsAccount, points: int, *, reason: str, by: User) -> None:
    """Give or take points by hand. Taken are the oldest; what is not there the account owes.

    ValueError for no points or no reason: the customer sees it.
    """
    if not points or not reason.strip():
        raise ValueError("an adjustment needs points and a reason")
    name = f"adjust-{uuid4().hex}"
    with transaction.atomic():
        points_ledger.lock([account])
        if points > 0:
            parts = [Lot(account.pk, name, points_ledger.expiry_from_today(), points)]
        else:
            lots = points_ledger.usable_now([account])
            there = min(sum(lot.points for lot in lots), -points)
            parts = [replace(lot, points=-lot.points) for lot in points_ledger.between(lots, 0, there)]
            parts += [Lot(account.pk, name, None, points + there)] if points + there else []
        mover, now = Mover(Kind.ADJUST, note=reason, by=by), timezone.now()
        PointsEntry.objects.bulk_create(
            mover.entry(lot, Pot.AVAILABLE, lot.points, key=f"{name}-{position}", at=now)
            for position, lot in enumerate(parts)
        )


def welcome(user: User) -> bool:
    """Greet a customer who has verified an address with the shop's welcome points, once. True when they got them."""
    points = ShopSettings.current().points_welcome
    with transaction.atomic():
        account = _own_account(user) if points else None
        if account is None:
            return False
        accounts = purse(account)
        points_ledger.lock(accounts)
        if PointsEntry.objects.filter(account__in=accounts, kind=Kind.WELCOME).exists():
            return False
        lot = Lot(account.pk, f"welcome-{account.pk}", points_ledger.expiry_from_today(), points)
        entry = Mover(Kind.WELCOME).entry(lot, Pot.AVAILABLE, points, key=lot.name, at=timezone.now())
        entry.save(force_insert=True)
    return True


def expiries(account: PointsAccount) -> list[tuple[date, int]]:
    """On which days how many of the owner's points are usable for the last time, soonest first."""
    days: dict[date, int] = {}
    for lot in points_ledger.usable_now(purse(account)):
        if lot.expires_on is not None:
            days[lot.expires_on] = days.get(lot.expires_on, 0) + lot.points
    return sorted(days.items())
