"""A thousand events out of order, three times each, late and forged, end as they would have in order."""

import json
import random
import sys
import time
from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.conf import LazySettings
from django.test import Client

from checkout import credits, invariants, orders, provider_events, settlement, unfinished
from checkout.models import Order, Payment, PointsEntry, ProviderEvent
from shop.models import User
from tests.catalog.pieces import a_listed_piece
from tests.checkout.buyers import a_visitor, an_order
from tests.checkout.stripe_shop import WEBHOOK, connect, deliver, start
from tests.fakes.stripe import FakeStripe

EVENTS = 1000
COPIES = 3
LATE = 0.10
FORGED = 0.05


class Crowd:
    """Orders whose buyers, banks and sellers each live through one of the stories."""

    def __init__(self, fake: FakeStripe, staff: User, name: str) -> None:
        self.fake = fake
        self.staff = staff
        self.name = name
        self.told: list[tuple[str, Payment]] = []

    def begin(self, story: str) -> None:
        """The buyer orders and does on the provider's page what the story says."""
        visitor = a_visitor(f"{self.name} {len(self.told)}")
        payment = start(an_order(visitor, [a_listed_piece().sku], currency="USD" if story == "paypal" else "EUR"))
        self.told.append((story, payment))
        session = payment.reference
        if story == "never pays":
            self.fake.expire(session)
            return
        if story == "declined first":
            for _try in range(4):
                self.fake.pay(session, method="declined")
        if story == "3-D Secure":
            self.fake.pay(session, method="challenge")
            self.fake.answer_challenge(session)
        else:
            self.fake.pay(session, method="paypal" if story == "paypal" else "card")

    def go_on(self) -> None:
        """What happens after the sale: money back in parts, cancellations, disputes."""
        for story, payment in self.told:
            payment.refresh_from_db()
            order = orders.by_token(payment.order.token)
            if story == "refunded in parts":
                for part in range(5):
                    self._refund(order, part)
            elif story == "refunded late":
                self.fake.refund_next_as("pending")
                self._refund(order, 0)
                self.fake.finish_refund(self.fake.made("refund")[0]["id"], "succeeded")
            elif story == "cancelled":
                settlement.cancel(order, by=self.staff)
            elif story.startswith("dispute"):
                dispute = self.fake.dispute(payment.intent_reference)
                if story != "disputed":
                    self.fake.close_dispute(dispute["id"], is_won=story == "dispute won")

    def _refund(self, order: Order, number: int) -> None:
        line = order.lines.get()
        given = {line: (Decimal("0.50"), Decimal("0.50"))}
        credit = credits.decide(order, reason_key=f"part-{number}", reason="", lines=given, by=self.staff)
        credits.pay_out(credit)

    def ends(self) -> dict[str, set[tuple[Any, ...]]]:
        """How each story ended; a set of one where it ended the same for everybody."""
        found: dict[str, set[tuple[Any, ...]]] = {}
        for story, payment in self.told:
            payment.refresh_from_db()
            order = Order.objects.get(pk=payment.order_id)
            points = sorted(PointsEntry.objects.filter(order=order).values_list("kind", "points"))
            listing = order.lines.get().listing
            refunds = sorted(payment.refunds.values_list("reason_key", "state", "amount"))
            end = (order.state, order.refund_state, order.is_disputed, payment.state, payment.fee_minor)
            found.setdefault(story, set()).add((*end, listing.state, str(refunds), str(points)))
        return found


STORIES = (
    "card",
    "declined first",
    "3-D Secure",
    "paypal",
    "never pays",
    "refunded in parts",
    "refunded late",
    "cancelled",
    "disputed",
    "dispute won",
    "dispute lost",
)


def work(order: Callable[[list[ProviderEvent]], None] = lambda events: None) -> None:
    waiting = list(ProviderEvent.objects.filter(processed_at=None).order_by("pk"))
    order(waiting)
    for event in waiting:
        provider_events.process(event)


def deliver_in_order(client: Client, fake: FakeStripe) -> None:
    sent = 0
    # Working on events captures money, which makes events.
    while sent < len(fake.events):
        fresh = fake.events[sent:]
        for event in fresh:
            assert deliver(client, fake, event).status_code == 200
        sent += len(fresh)
        work()


class Network:
    """Delivers what it likes when it likes: everything three times in all, a tenth at the very end, some forged."""

    def __init__(self, client: Client, fake: FakeStripe, dice: random.Random) -> None:
        self.client = client
        self.fake = fake
        self.dice = dice
        self.seen = 0
        self.kept: list[dict[str, Any]] = []
        self.counts: Counter[str] = Counter()

    def deliver(self) -> None:
        while self.seen < len(self.fake.events):
            fresh = self.fake.events[self.seen :]
            self.seen += len(fresh)
            self.counts["events"] += len(fresh)
            late = {event["id"] for event in fresh if self.dice.random() < LATE}
            self.kept += [event for event in fresh if event["id"] in late]
            self._send([event for event in fresh if event["id"] not in late] * COPIES)

    def deliver_the_rest(self) -> None:
        self._send(self.kept * COPIES)
        self.counts["late"] = len(self.kept)
        self.kept = []
        self.deliver()
        self._send(self.kept * COPIES)

    def _send(self, events: list[dict[str, Any]]) -> None:
        self.dice.shuffle(events)
        for event in events:
            if self.dice.random() < FORGED:
                body, _signature = self.fake.signed(event)
                signature = self.fake.signed(event, secret="whsec_of_somebody_else")[1]
                headers = {"HTTP_STRIPE_SIGNATURE": signature}
                answer = self.client.post(WEBHOOK, body, content_type="application/json", **headers)  # type: ignore[arg-type]
                assert answer.status_code == 400
                self.counts["forged"] += 1
            assert deliver(self.client, self.fake, event).status_code == 200
            self.counts["delivered"] += 1
            if self.dice.random() < 0.05:
                work(self.dice.shuffle)
        work(self.dice.shuffle)


@pytest.mark.properties
def test_a_thousand_events_in_any_order_end_as_in_order(
    client: Client,
    shippable: None,
    rates: None,
    monkeypatch: pytest.MonkeyPatch,
    settings: LazySettings,
    capfd: pytest.CaptureFixture[str],
) -> None:
    started = time.monotonic()
    staff = User.objects.create_user("staff@example.com", is_staff=True)
    orderly = Crowd(connect(monkeypatch, settings), staff, "orderly")
    for story in STORIES:
        orderly.begin(story)
    deliver_in_order(client, orderly.fake)
    orderly.go_on()
    deliver_in_order(client, orderly.fake)
    expected = orderly.ends()
    assert all(len(ends) == 1 for ends in expected.values())

    ProviderEvent.objects.all().delete()
    fake = connect(monkeypatch, settings)
    network = Network(client, fake, random.Random(7))
    rounds = 0
    crowds = []
    while network.counts["events"] < EVENTS:
        crowd = Crowd(fake, staff, f"crowd {rounds}")
        for story in STORIES:
            crowd.begin(story)
        crowds.append(crowd)
        network.deliver()
        # The staff act on what they know: what is late may still be on its way.
        unfinished.bring_forward()
        crowd.go_on()
        network.deliver()
        rounds += 1
    network.deliver_the_rest()

    for crowd in crowds:
        assert crowd.ends() == expected
    assert ProviderEvent.objects.count() == network.counts["events"]
    assert not ProviderEvent.objects.filter(processed_at=None).exists()
    assert invariants.find_broken() == []
    figures = {"figure": "webhooks", "orders": rounds * len(STORIES), **network.counts}
    with capfd.disabled():
        sys.stderr.write(f"\n{json.dumps({**figures, 'seconds': round(time.monotonic() - started)})}\n")
