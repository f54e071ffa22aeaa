"""Everybody does anything at any time, and what must always be true of selling is true after every step.

Hypothesis plays buyers, staff, the payment provider and time against the shop's own functions, with the stand-in for
Stripe behind the real gateway: `make properties` does it 2,000 times with up to 50 steps, the whole suite does a part
of that (`PROPERTIES_EXAMPLES` for more or fewer, `PROPERTIES_SEED` for other ones).

After each step the deferred constraints are checked. At the end of each play everything is settled; then every
invariant has to hold, every acknowledgement has to be true, and the provider has to hold just the money the books say.
"""

import json
import os
import sys
import time
from collections import Counter
from decimal import Decimal
from typing import Any, ClassVar

import pytest
from django.conf import LazySettings
from django.db import connection, transaction
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from catalog.models import Listing
from checkout import invariants, rewards, vouchers
from checkout.models import Coupon, GiftVoucher, Order, OrderState, Payment, PaymentState, Refund, RefundState
from shop.models import ShopSettings, User
from tests.catalog.pieces import a_listed_piece
from tests.checkout.stripe_shop import connect
from tests.fakes.stripe import FakeStripe
from tests.properties.shop import CURRENCIES, Buyer, Shop

EXAMPLES = int(os.environ.get("PROPERTIES_EXAMPLES", "160"))
STEPS = 50
SHRINK = os.environ.get("PROPERTIES_SHRINK", "1") == "1"
# Shares of the work, so that it can run on several processors.
SHARDS = 8
SEED = int(os.environ.get("PROPERTIES_SEED", "0"))
NUMBERS = st.integers(0, 999)
SHARES = st.sampled_from([20, 40, 60, 100])
USES = st.sets(st.sampled_from(["coupon", "voucher", "points"]))
FAULTS = ("unreachable", "lost_reply", "error", "rate_limited")


class Selling(RuleBasedStateMachine):
    """`make` opens the same shop for every play; a savepoint takes back what the play did."""

    make: Any
    has_orders = False
    played: Counter[str]

    @initialize()
    def open_the_shop(self) -> None:
        self.savepoint = transaction.savepoint()
        self.shop: Shop = self.make()

    def teardown(self) -> None:
        if not hasattr(self, "savepoint"):
            return
        try:
            self.shop.settle_everything()
            self._check_everything()
            self.played["plays"] += 1
        finally:
            transaction.savepoint_rollback(self.savepoint)

    def _done(self, name: str) -> None:
        """After every step: the constraints that wait for the commit are asked now."""
        self.played["steps"] += 1
        # Kept, since every rule asks for it: an order that was placed stays.
        self.has_orders = self.has_orders or (name in ("order", "buy") and Order.objects.placed().exists())
        self.played[name] += 1
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED")

    def _orders(self) -> list[Order]:
        return list(Order.objects.placed().order_by("pk"))

    def _pick(self, number: int) -> Order:
        found = self._orders()
        return found[number % len(found)]

    def _attempt(self, number: int) -> Payment | None:
        attempts = list(self._pick(number).payments.order_by("pk"))
        return attempts[number // 7 % len(attempts)] if attempts else None

    def _buyer(self, number: int) -> Buyer:
        return self.shop.buyers[number % len(self.shop.buyers)]

    def _piece(self, number: int) -> Listing:
        return self.shop.pieces[number % len(self.shop.pieces)]

    def _has_orders(self) -> bool:
        return self.has_orders

    # Buyers

    @rule(who=NUMBERS, what=NUMBERS, keeps=st.booleans())
    def hold(self, who: int, what: int, keeps: bool) -> None:
        buyer, piece = self._buyer(who), self._piece(what)
        if keeps:
            self.shop.reserve(buyer, piece)
        else:
            self.shop.release(buyer, piece)
        self._done("reserve" if keeps else "release")

    @rule(who=NUMBERS, what=NUMBERS, currency=st.sampled_from(CURRENCIES), uses=USES, joins=st.booleans())
    def order(self, who: int, what: int, currency: str, uses: set[str], joins: bool) -> None:
        buyer = self._buyer(who)
        self.shop.reserve(buyer, self._piece(what))
        self.shop.place(buyer, currency=currency, uses=uses, joins=joins)
        self._done("order")

    @rule(who=NUMBERS, pieces=st.sets(NUMBERS, min_size=1, max_size=3), uses=USES, currency=st.sampled_from(CURRENCIES))
    def buy(self, who: int, pieces: set[int], uses: set[str], currency: str) -> None:
        """A whole purchase without a hitch, so that there is something to go wrong with."""
        buyer = self._buyer(who)
        for piece in sorted(pieces):
            self.shop.reserve(buyer, self._piece(piece))
        before = Order.objects.placed().count()
        self.shop.place(buyer, currency=currency, uses=uses, joins=True)
        if Order.objects.placed().count() > before:
            order = Order.objects.placed().latest("pk")
            self.shop.start_payment(order)
            for attempt in order.payments.all():
                self.shop.pay(attempt, "card")
                self.shop.come_back(attempt)
        self._done("buy")

    @precondition(_has_orders)
    @rule(which=NUMBERS, method=st.sampled_from(["card", "card", "declined", "challenge", "paypal"]))
    def start_and_pay(self, which: int, method: str) -> None:
        order = self._pick(which)
        self.shop.start_payment(order)
        attempt = order.payments.order_by("-pk").first()
        if attempt is not None:
            self.shop.pay(attempt, method)
        self._done("pay")

    @precondition(_has_orders)
    @rule(which=NUMBERS, step=st.sampled_from(["confirm", "refuse", "come_back", "come_back"]))
    def go_on(self, which: int, step: str) -> None:
        if (attempt := self._attempt(which)) is None:
            return
        if step == "come_back":
            self.shop.come_back(attempt)
        else:
            self.shop.answer_challenge(attempt, is_confirmed=step == "confirm")
        self._done(step)

    @precondition(_has_orders)
    @rule(which=NUMBERS, piece=st.none() | st.integers(0, 3))
    def withdraw(self, which: int, piece: int | None) -> None:
        self.shop.withdraw(self._pick(which), piece=piece)
        self._done("withdraw")

    # The provider

    @precondition(_has_orders)
    @rule(number=NUMBERS, what=st.sampled_from(["webhook", "webhook", "webhook", *FAULTS, "dispute", "won", "lost"]))
    def provider(self, number: int, what: Any) -> None:
        if what == "webhook":
            self.shop.deliver_event(number)
        elif what == "dispute":
            self.shop.dispute(number)
        elif what in ("won", "lost"):
            self.shop.close_dispute(number, is_won=what == "won")
        else:
            self.shop.fake.fail_next(what)
        self._done(what)

    # Staff and time

    @precondition(_has_orders)
    @rule(which=NUMBERS, what=st.sampled_from(["send_on", "send_on", "send_on", "cancel", "refund"]), share=SHARES)
    def staff(self, which: int, what: str, share: int) -> None:
        order = self._pick(which)
        if what == "send_on":
            self.shop.send_on(order)
        elif what == "cancel":
            self.shop.cancel(order)
        else:
            self.shop.credit(order, share=share)
        self._done(what)

    @precondition(_has_orders)
    @rule(deduction_eur=st.sampled_from([Decimal(0), Decimal("1.50")]))
    def take_returns(self, deduction_eur: Decimal) -> None:
        self.shop.receive_returns(deduction_eur=deduction_eur)
        self.shop.offer_again()
        self._done("take_returns")

    @rule(minutes=st.sampled_from([1, 16, 35, 60, 60 * 24 * 15]), works=st.booleans())
    def tick(self, minutes: int, works: bool) -> None:
        self.shop.tick(minutes)
        if works:
            self.shop.run_jobs()
        self._done("tick")

    # What has to be true at the end

    def _check_everything(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        assert invariants.find_broken() == []
        assert not Order.objects.filter(state=OrderState.AWAITING_PAYMENT).exists()
        self._check_acknowledged()
        self._check_money()

    def _check_acknowledged(self) -> None:
        """I9: who was told that the order is paid has it, or has it back by a way that is written down."""
        for order in Order.objects.filter(pk__in=self.shop.acknowledged_paid):
            assert order.is_paid or order.state == OrderState.RETURNED or order.withdrawals.exists(), order.state

    def _check_money(self) -> None:
        """The provider holds, for each payment, what was captured less what was decided to go back; nothing else."""
        intents = {row["id"]: row for row in self.shop.fake.made("payment_intent")}
        assert not [row for row in intents.values() if row["status"] == "requires_capture"]
        known = {payment.intent_reference: payment for payment in Payment.objects.filter(gateway="stripe")}
        for reference, intent in intents.items():
            payment = known.get(reference)
            captured = intent["amount_received"]
            if payment is None or payment.state in (PaymentState.VOIDED, PaymentState.FAILED, PaymentState.EXPIRED):
                assert captured == 0, reference
                continue
            refunded = sum(
                row["amount"]
                for row in self.shop.fake.made("refund")
                if row["payment_intent"] == reference and row["status"] == "succeeded"
            )
            # What a bank took back counts as given back, by no refund of the provider's.
            done = Refund.objects.filter(payment=payment, state=RefundState.DONE).exclude(
                reference__in=payment.disputes.values("reference")
            )
            assert captured in (0, payment.amount_minor)
            assert refunded == sum(row.amount_minor for row in done)


@pytest.fixture
def selling(shippable: None, rates: None, monkeypatch: pytest.MonkeyPatch, settings: LazySettings) -> type[Selling]:
    """The machine with its shop: three buyers, five pieces, and little of everything else."""
    ShopSettings(pk=1, reservation_pause_minutes=15).save()
    staff = User.objects.create_user("staff@example.com", is_staff=True)
    pieces = [a_listed_piece() for _number in range(5)]
    users = [User.objects.create_user(f"{name}@example.com") for name in ("anna", "boris")]
    for user in users:
        user.emailaddress_set.create(email=user.email, verified=True, primary=True)
        account = rewards.account_for(user.email)
        rewards.account_of(user)
        rewards.adjust(account, 500, reason="a present", by=staff)
    savings = {
        "coupon": Coupon.objects.create(code="TEN", kind="percent", percent=Decimal(10), limit=2),
        "voucher": vouchers.issue_by_hand(GiftVoucher(amount_eur=Decimal(15)), note="", by=staff),
    }

    def make() -> Shop:
        fake: FakeStripe = connect(monkeypatch, settings)
        buyers = [Buyer("anna", users[0]), Buyer("boris", users[1]), Buyer("claire", None)]
        return Shop(fake, pieces, buyers, staff, savings)

    class Played(Selling):
        played: ClassVar[Counter[str]] = Counter()

    Played.make = staticmethod(make)
    return Played


@pytest.mark.properties
@pytest.mark.parametrize("shard", range(SHARDS))
def test_what_must_be_true_is_true_whatever_anybody_does(
    shard: int, selling: type[Selling], capfd: pytest.CaptureFixture[str]
) -> None:
    plays = max(EXAMPLES // SHARDS, 1)
    started = time.monotonic()
    run_state_machine_as_test(
        seed(SEED * SHARDS + shard)(selling),
        settings=settings(
            max_examples=plays,
            stateful_step_count=STEPS,
            deadline=None,
            database=None,
            phases=(Phase.generate, Phase.shrink) if SHRINK else (Phase.generate,),
            suppress_health_check=list(HealthCheck),
        ),
    )
    figures = {"figure": "properties", "shard": shard, **selling.played, "seconds": round(time.monotonic() - started)}
    assert selling.played["plays"] >= plays
    with capfd.disabled():
        sys.stderr.write(f"\n{json.dumps(figures)}\n")
