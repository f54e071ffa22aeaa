"""The whole of selling in one hand: every action of buyers, staff, provider and time, as the machine plays them."""

from contextlib import suppress
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.db import connection, transaction

from catalog.models import Listing
from catalog.vocabularies import Grade, ListingState
from checkout import (
    credits,
    drafts,
    inventory,
    invoices,
    orders,
    provider_events,
    returns,
    reward_upkeep,
    settlement,
    unfinished,
    withdrawals,
)
from checkout.errors import CheckoutError
from checkout.gateways.stripe import webhooks
from checkout.models import (
    Coupon,
    Credit,
    GiftVoucher,
    Order,
    OrderState,
    Payment,
    ProviderEvent,
    ReturnedPiece,
    Withdrawal,
)
from checkout.visitors import Visitor, key_of
from shop.errors import ShopError
from shop.models import User
from tests.checkout.buyers import BERLIN
from tests.fakes.stripe import FakeStripe, Refusal

CURRENCIES = ("EUR", "USD", "JPY")
# Every moment that a claim, an attempt or a deadline is counted from or until.
MOMENTS = {
    "catalog_listing": ("reserved_until",),
    "checkout_reservation": ("created_at", "until", "extended_at", "asked_at", "released_at"),
    "checkout_order": ("placed_at", "pay_by", "paid_at", "packed_at", "shipped_at", "delivered_at", "closed_at"),
    "checkout_payment": ("created_at", "expires_at"),
    "checkout_refund": ("created_at",),
}


class Buyer:
    """One person with one browser; the first two have accounts."""

    def __init__(self, name: str, user: User | None) -> None:
        self.email = f"{name}@example.com"
        self.user = user
        self.visitor = Visitor(key=key_of(name), user_id=user.pk if user else None)


class Shop:
    """What there is to act on. Refusals are answers: an action that is not possible now changes nothing."""

    def __init__(
        self, fake: FakeStripe, pieces: list[Listing], buyers: list[Buyer], staff: User, savings: dict[str, Any]
    ) -> None:
        self.fake = fake
        self.pieces = pieces
        self.buyers = buyers
        self.staff = staff
        self.coupon: Coupon = savings["coupon"]
        self.voucher: GiftVoucher = savings["voucher"]
        self.acknowledged_paid: set[int] = set()

    # Buyers

    def reserve(self, buyer: Buyer, piece: Listing) -> None:
        with suppress(CheckoutError):
            inventory.reserve(skus=[piece.sku], visitor=buyer.visitor)

    def release(self, buyer: Buyer, piece: Listing) -> None:
        with suppress(CheckoutError):
            inventory.release(sku=piece.sku, visitor=buyer.visitor)

    def place(self, buyer: Buyer, *, currency: str, uses: set[str], joins: bool) -> None:
        with suppress(ShopError), transaction.atomic():
            draft = drafts.start(buyer.visitor, language="en")
            if draft.shipping_address is None:
                drafts.set_address(draft, email=buyer.email, shipping=BERLIN)
                drafts.set_methods(draft, shipping_method="", payment_method="stripe")
                draft = drafts.start(buyer.visitor, language="en")
            draft.coupon = self.coupon if "coupon" in uses else None
            draft.voucher = self.voucher if "voucher" in uses else None
            draft.points_used = 300 if "points" in uses else 0
            draft.joins = orders.parcels.joinable(buyer.visitor, draft) if joins else None
            draft.save(update_fields=["coupon", "voucher", "points_used", "joins"])
            total = drafts.summary_of(draft, buyer.visitor, currency=currency).total_amount
            orders.place(token=draft.token, visitor=buyer.visitor, currency=currency, shown_total=total)

    def start_payment(self, order: Order) -> None:
        with suppress(ShopError):
            settlement.start_payment(order, gateway_code="stripe")

    def pay(self, payment: Payment, method: str) -> None:
        """The buyer acts on the provider's page, which may be over or paid already."""
        if payment.gateway == "stripe" and payment.reference:
            with suppress(Refusal):
                self.fake.pay(payment.reference, method=method)

    def answer_challenge(self, payment: Payment, *, is_confirmed: bool) -> None:
        if payment.gateway == "stripe" and payment.reference:
            with suppress(Refusal):
                self.fake.answer_challenge(payment.reference, is_confirmed=is_confirmed)

    def come_back(self, payment: Payment) -> None:
        with suppress(ShopError):
            settlement.refresh(payment)
        self.acknowledge(payment.order_id)

    def acknowledge(self, order_id: int) -> None:
        """What the buyer was told once stays true: the order is paid."""
        if Order.objects.get(pk=order_id).is_paid:
            self.acknowledged_paid.add(order_id)

    def withdraw(self, order: Order, *, piece: int | None) -> None:
        lines = list(order.lines.all())
        statement = "" if piece is None or not lines else lines[piece % len(lines)].sku
        with suppress(ShopError):
            found = withdrawals.state(
                order_number=order.number, name="A", email=order.email, statement=statement, language="en"
            )
            found = withdrawals.confirm(found.token)
            withdrawals.carry_out(found)

    # The provider

    def deliver_event(self, number: int) -> None:
        """One of all events there ever were, again or for the first time; then the job that follows."""
        if self.fake.events:
            event = self.fake.events[number % len(self.fake.events)]
            provider_events.record(webhooks.read_notice(*self.fake.signed(event)))
            self.work_on_events(event["id"])

    def work_on_events(self, event_id: str | None = None) -> None:
        waiting = ProviderEvent.objects.filter(processed_at=None)
        for event in waiting if event_id is None else waiting.filter(event_id=event_id):
            with suppress(ShopError):
                provider_events.process(event)

    def dispute(self, number: int) -> None:
        captured = [row for row in self.fake.made("payment_intent") if row["status"] == "succeeded"]
        if captured:
            with suppress(Refusal):
                self.fake.dispute(captured[number % len(captured)]["id"])

    def close_dispute(self, number: int, *, is_won: bool) -> None:
        disputed = self.fake.made("dispute")
        if disputed:
            with suppress(Refusal):
                self.fake.close_dispute(disputed[number % len(disputed)]["id"], is_won=is_won)

    # Staff

    def cancel(self, order: Order) -> None:
        with suppress(ShopError):
            settlement.cancel(order, by=self.staff, reason="staff")
        if Order.objects.get(pk=order.pk).state == OrderState.CANCELLED:
            self.acknowledged_paid.discard(order.pk)

    def send_on(self, order: Order) -> None:
        """The next step of the parcel."""
        steps = {OrderState.PAID: orders.pack, OrderState.PACKED: orders.ship, OrderState.SHIPPED: orders.deliver}
        step = steps.get(OrderState(Order.objects.get(pk=order.pk).state))
        if step is not None:
            with suppress(ShopError):
                step(order, by=self.staff)

    def credit(self, order: Order, *, share: int) -> None:
        """A part of one line's price goes back out of goodwill."""
        with suppress(ShopError):
            credit = self._decide_credit(order, share=share)
            if credit is not None:
                credits.pay_out(credit)

    def _decide_credit(self, order: Order, *, share: int) -> Credit | None:
        with transaction.atomic():
            locked = orders.lock(order.pk)
            if not locked.is_paid:
                return None
            left = credits.left_of(locked)
            line, money = next(iter(left.lines.items()))
            amount = money.amount * share // 100
            part = credits.part(credits.Money(line.paid_eur, line.paid_amount), money, amount, locked.currency)
            key = f"goodwill-{locked.credits.count()}"
            lines = {line: (part.eur, part.amount)}
            return credits.decide(locked, reason_key=key, reason="", lines=lines, by=self.staff)

    def receive_returns(self, *, deduction_eur: Decimal) -> None:
        for piece in ReturnedPiece.objects.filter(received_at=None):
            with suppress(ShopError):
                returns.receive(
                    piece, grade_found=Grade.GOOD, deduction_eur=deduction_eur, note="scratched", by=self.staff
                )
        for found in Withdrawal.objects.filter(state=Withdrawal.State.CONFIRMED, order__isnull=False):
            with suppress(ShopError):
                returns.settle(found, by=self.staff)

    def offer_again(self) -> None:
        """Returned pieces are graded again and put back on the shelf."""
        from catalog import listings

        for piece in ReturnedPiece.objects.filter(received_at__isnull=False, regraded_at=None):
            with suppress(ShopError):
                returns.regrade(piece, by=self.staff)
        for listing in Listing.objects.filter(state__in=(ListingState.RETURNED, ListingState.DRAFT)):
            with suppress(ShopError):
                if listing.state == ListingState.RETURNED:
                    listing = listings.put_back_to_draft(listing)
                listings.publish(listing)

    # Time

    def tick(self, minutes: int) -> None:
        """Time passes: everything that happened, and every deadline, is so much longer ago, here and there."""
        ago = timedelta(minutes=minutes)
        with connection.cursor() as cursor:
            for table, columns in MOMENTS.items():
                shifts = ", ".join(f"{column} = {column} - %(ago)s" for column in columns)
                cursor.execute(f"UPDATE {table} SET {shifts}", {"ago": ago})  # noqa: S608 — names from above
        for row in self.fake.records.objects.values():
            for moment in ("expires_at", "capture_before"):
                if isinstance(row.get(moment), int):
                    row[moment] -= minutes * 60
        self.fake.advance(0)

    def run_jobs(self) -> None:
        """The minute's task, those of ten minutes, and the night's."""
        inventory.tidy()
        unfinished.bring_forward()
        for found in Withdrawal.objects.filter(state=Withdrawal.State.CONFIRMED, order__isnull=False):
            with suppress(ShopError):
                withdrawals.carry_out(found)
        order_ids, credit_ids = invoices.without_paper()
        for order_id in order_ids:
            invoices.issue_invoice(order_id)
        for credit_id in credit_ids:
            invoices.issue_credit_note(credit_id)
        reward_upkeep.confirm_due()

    def settle_everything(self) -> None:
        """The provider is well again, every event arrives, and all jobs run until nothing is left to do."""
        self.fake.forget_faults()
        for event in self.fake.events:
            provider_events.record(webhooks.read_notice(*self.fake.signed(event)))
        self.work_on_events()
        self.run_jobs()
        self.tick(60 * 24)
        for _round in range(2):
            self.work_on_events()
            self.run_jobs()
