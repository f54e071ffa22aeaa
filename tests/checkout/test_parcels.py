"""A second order in the parcel of the first: together they pay what one order would have paid, and travel as one."""

import threading
from collections.abc import Callable, Iterator
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from django.core import mail as outbox
from django.db import connections, transaction
from django.db.models.functions import Now
from django.test import Client
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from catalog.models import Listing
from checkout import (
    credits,
    drafts,
    invariants,
    inventory,
    orders,
    parcels,
    returns,
    settlement,
    shipping,
    summary,
    tariff,
    unfinished,
    withdrawals,
)
from checkout.errors import OrderMoveRefused, TotalChanged
from checkout.gateways import demo
from checkout.models import Coupon, Order, OrderState, Payment, Refund
from checkout.parcels import ParcelSoFar
from checkout.visitors import Visitor
from shop.models import ShopSettings, User
from tests.catalog.pieces import a_listed_piece
from tests.checkout.buyers import BERLIN, a_draft_order, a_visitor, an_order, pay
from tests.checkout.savings_orders import a_coupon
from tests.checkout.storefront import choose, decide, give_address, order, reserve, shown_for_confirmation, text_of

ATHENS = {"name": "Άννα", "line1": "Αθηνάς 5", "city": "Αθήνα", "postcode": "10551", "country": "GR"}
shippable = [pytest.mark.django_db, pytest.mark.usefixtures("shippable")]


@pytest.fixture
def staff(db: None) -> User:
    return User.objects.create_user("staff@example.com", is_staff=True)


def a_piece(price: str = "5.00", weight_g: int = 200) -> Listing:
    piece = a_listed_piece()
    Listing.objects.filter(pk=piece.pk).update(price=Decimal(price), weight_g=weight_g)
    return Listing.objects.get(pk=piece.pk)


def a_leader(visitor: Visitor, *pieces: Listing, address: dict[str, str] = BERLIN) -> Order:
    leader = an_order(visitor, [piece.sku for piece in pieces or (a_piece(),)], address=address)
    pay(leader)
    return Order.objects.get(pk=leader.pk)


def joined_draft(visitor: Visitor, leader: Order, *pieces: Listing, address: dict[str, str] = BERLIN) -> Order:
    inventory.reserve(skus=[piece.sku for piece in pieces or (a_piece(),)], visitor=visitor)
    draft = a_draft_order(visitor, address=address)
    assert parcels.joinable(visitor, draft) == leader
    drafts.set_joins(draft, leader)
    found = drafts.of(visitor)
    assert found is not None
    return found


def place(draft: Order, visitor: Visitor) -> Order:
    total = drafts.summary_of(draft, visitor, currency="EUR").total_amount
    return orders.place(token=draft.token, visitor=visitor, currency="EUR", shown_total=total)


def a_joined(visitor: Visitor, leader: Order, *pieces: Listing, address: dict[str, str] = BERLIN) -> Order:
    joined = place(joined_draft(visitor, leader, *pieces, address=address), visitor)
    pay(joined)
    return Order.objects.get(pk=joined.pk)


def states() -> list[str]:
    return list(Order.objects.placed().order_by("pk").values_list("state", flat=True))


# What it costs


class TestPrices:
    pytestmark = shippable

    @pytest.mark.parametrize(
        ("address", "first", "second"),
        [
            (BERLIN, ("12.00", 200), ("8.00", 150)),
            (BERLIN, ("60.00", 900), ("40.00", 900)),  # together free of shipping
            (ATHENS, ("38.00", 200), ("9.00", 150)),
            (ATHENS, ("12.00", 1900), ("9.00", 1900)),
        ],
    )
    def test_both_orders_pay_what_one_would_have(
        self, address: dict[str, str], first: tuple[str, int], second: tuple[str, int]
    ) -> None:
        visitor = a_visitor()
        alone = an_order(a_visitor("one"), [a_piece(*first).sku, a_piece(*second).sku], address=address)
        leader = a_leader(visitor, a_piece(*first), address=address)
        joined = a_joined(visitor, leader, a_piece(*second), address=address)
        assert leader.total_eur + joined.total_eur == alone.total_eur
        assert joined.shipping_method == leader.shipping_method
        assert not invariants.find_broken()

    def test_a_discount_never_makes_an_order_cost_less_than_nothing(self) -> None:
        visitor = a_visitor()
        leader = a_leader(visitor, a_piece("39.00"), address=ATHENS)
        assert leader.shipping_eur > Decimal("1.00")
        draft = joined_draft(visitor, leader, a_piece("1.00"), address=ATHENS)
        found = drafts.summary_of(draft, visitor, currency="EUR")
        assert found.total_eur == 0
        assert found.shipping_discount_eur == Decimal("1.00")

    def test_what_was_taken_out_of_the_parcel_counts_no_more(self) -> None:
        visitor = a_visitor()
        leader = a_leader(visitor, a_piece(), a_piece())
        assert len(parcels.so_far(leader).weights_g) == 2
        line = leader.lines.order_by("position")[0]
        line.returned_at = leader.paid_at
        line.save(update_fields=["returned_at"])
        inventory.put_back([line])
        assert len(parcels.so_far(leader).weights_g) == 1

    @pytest.mark.parametrize("by", ["coupon", "credit"])
    def test_shipping_that_nobody_paid_is_not_given_back_by_joining(self, by: str) -> None:
        """€60 and €40 together travel free; the first order's shipping was free already."""
        visitor = a_visitor()
        coupon = a_coupon(kind=Coupon.Kind.FREE_SHIPPING) if by == "coupon" else None
        inventory.reserve(skus=[a_piece("60.00", 900).sku], visitor=visitor)
        draft = a_draft_order(visitor)
        Order.objects.filter(pk=draft.pk).update(coupon=coupon)
        leader = place(Order.objects.get(pk=draft.pk), visitor)
        pay(leader)
        if by == "credit":
            credits.give_part(leader, lines={}, shipping=leader.shipping_amount, reason="Late")
        joined = a_joined(visitor, leader, a_piece("40.00", 900))
        assert joined.total_eur == Decimal("40.00")
        assert not invariants.find_broken()

    def given_back(self, order: Order) -> Decimal:
        return sum((row.goods_eur + row.shipping_eur for row in order.credits.all()), Decimal(0))

    def two_that_travel_free(self) -> tuple[Order, Order]:
        """€60 with its shipping, and €40 less that shipping."""
        visitor = a_visitor()
        leader = a_leader(visitor, a_piece("60.00", 900))
        joined = a_joined(visitor, leader, a_piece("40.00", 900))
        assert joined.total_eur == Decimal("40.00") - leader.shipping_eur
        return leader, joined

    def test_shipping_that_was_passed_on_does_not_come_back_twice(
        self, client: Client, run_tasks: Callable[[], int]
    ) -> None:
        """Else whoever cancels the first order has the second for less than its price, and sent for nothing."""
        leader, _joined = self.two_that_travel_free()
        settlement.cancel(leader)
        run_tasks()
        told = next(message.body for message in outbox.outbox if "This order is cancelled." in str(message.body))
        for text in (told, text_of(client.get(leader.get_absolute_url()))):
            assert "already came off the price of your other order" in text
            assert "in full" not in text
        assert self.given_back(leader) == Decimal("60.00")
        unfinished.bring_forward()
        assert self.given_back(leader) == Decimal("60.00")
        assert not invariants.find_broken()

    @pytest.mark.parametrize("is_leader_first", [True, False])
    def test_whoever_cancels_both_has_all_money_back(self, is_leader_first: bool) -> None:
        leader, joined = self.two_that_travel_free()
        for order_ in (leader, joined) if is_leader_first else (joined, leader):
            settlement.cancel(order_)
        for _again in range(2):
            unfinished.bring_forward()
            assert self.given_back(leader) == leader.total_eur
            assert self.given_back(joined) == joined.total_eur
        assert set(Order.objects.placed().values_list("refund_state", flat=True)) == {Order.Refund.FULL}
        assert not invariants.find_broken()

    def one_paid_and_one_waiting(self) -> tuple[Order, Order, Payment]:
        """As `two_that_travel_free`, while the transfer for the second is on its way."""
        ShopSettings(bank_iban="GR1601101250000000012300695").save()
        visitor = a_visitor()
        leader = a_leader(visitor, a_piece("60.00", 900))
        joined = place(joined_draft(visitor, leader, a_piece("40.00", 900)), visitor)
        return leader, joined, settlement.start_payment(joined, gateway_code="bank_transfer")

    def expires(self, order: Order) -> None:
        Order.objects.filter(pk=order.pk).update(pay_by=Now())
        order.payments.update(expires_at=Now())
        unfinished.bring_forward()

    def test_who_pays_too_late_for_what_the_first_order_has_back_gets_the_money_back(self, staff: User) -> None:
        """Else the second order is less than its price, and sent for nothing."""
        leader, joined, payment = self.one_paid_and_one_waiting()
        settlement.cancel(leader)
        assert self.given_back(leader) == Decimal("60.00")
        self.expires(joined)
        assert self.given_back(leader) == leader.total_eur
        settlement.confirm_transfer(joined, by=staff)
        joined.refresh_from_db()
        assert joined.state == OrderState.EXPIRED
        assert Refund.objects.filter(payment=payment, amount=payment.amount).exists()
        assert not invariants.find_broken()

    def test_who_pays_late_while_the_first_order_goes_on_has_the_discount(self, staff: User) -> None:
        leader, joined, _payment = self.one_paid_and_one_waiting()
        self.expires(joined)
        settlement.confirm_transfer(joined, by=staff)
        joined.refresh_from_db()
        assert joined.state == OrderState.PAID
        assert parcels.companions(joined) == [leader]
        assert not invariants.find_broken()

    def send_back(self, order: Order, staff: User) -> None:
        stated = withdrawals.state(
            order=order, order_number=order.number, name="Erika", email=order.email, statement="", language="en"
        )
        found = withdrawals.confirm(stated.token)
        withdrawals.carry_out(found)
        for piece in found.pieces.all():
            returns.receive(piece, by=staff)
        returns.settle(found, by=staff)

    def test_who_sends_both_back_has_the_usual_delivery_back(self, staff: User) -> None:
        leader, joined = self.two_that_travel_free()
        orders.pack(leader, by=staff)
        orders.ship(leader, by=staff)
        orders.deliver(leader, by=staff)
        self.send_back(leader, staff)
        assert self.given_back(leader) == Decimal("60.00")
        self.send_back(joined, staff)
        assert leader.standard_shipping_eur > 0
        for _again in range(2):
            unfinished.bring_forward()
            assert self.given_back(joined) == joined.total_eur
            assert self.given_back(leader) == Decimal("60.00") + leader.standard_shipping_eur
        assert not invariants.find_broken()

    def test_shipping_that_came_back_with_a_piece_is_paid_again_with_the_next(self) -> None:
        visitor = a_visitor()
        alone = an_order(a_visitor("one"), [a_piece(weight_g=900).sku, a_piece(weight_g=900).sku])
        leader = a_leader(visitor, a_piece(weight_g=900), a_piece(weight_g=900))
        withdrawal = withdrawals.state(
            order=leader,
            order_number=leader.number,
            name="Erika",
            email=leader.email,
            statement=leader.lines.all()[0].sku,
            language="en",
        )
        withdrawals.carry_out(withdrawals.confirm(withdrawal.token))
        came_back = leader.credits.get().shipping_eur
        assert came_back > 0
        joined = a_joined(visitor, leader, a_piece(weight_g=900))
        assert leader.shipping_eur - came_back + joined.shipping_eur == alone.shipping_eur


@pytest.mark.django_db
@pytest.mark.usefixtures("shippable")
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    country=st.sampled_from(["GR", "DE", "FR", "CY", "US", "CH", "JP", "AU", "NO"]),
    groups=st.lists(
        st.lists(st.tuples(st.integers(20, 2500), st.integers(100, 9900)), min_size=1, max_size=5),
        min_size=1,
        max_size=4,
    ),
)
def test_any_split_of_any_basket_costs_what_one_order_costs(country: str, groups: list[list[tuple[int, int]]]) -> None:
    """Weights, prices, zones and free-shipping thresholds at random; the first group's way takes all, or none joins."""
    everything = [piece for group in groups for piece in group]
    goods = sum((Decimal(cents) / 100 for _weight, cents in everything), Decimal(0))
    first = shipping.quote(country, [weight for weight, _cents in groups[0]], _price(groups[0])).default
    assume(first is not None)
    assert first is not None
    whole = shipping.quote(country, [weight for weight, _cents in everything], goods).option(first.method)
    assume(whole is not None)
    assert whole is not None
    so_far = ParcelSoFar(tuple(weight for weight, _c in groups[0]), _price(groups[0]), first.price_eur, first.method)
    for group in groups[1:]:
        lines: Any = [SimpleNamespace(weight_g=weight, price_eur=Decimal(cents) / 100) for weight, cents in group]
        found = summary._shipped(lines, country=country, postcode=None, method=first.method, parcel=so_far)
        assume(found.parcel is not None)  # too much for this way in between, such as above its highest value
        assert found.option is not None
        share = found.option.price_eur - found.saved_eur
        so_far = ParcelSoFar(
            (*so_far.weights_g, *(line.weight_g for line in lines)),
            so_far.goods_eur + _price(group),
            so_far.shipping_eur + share,
            so_far.method,
        )
    assert so_far.shipping_eur == whole.price_eur


def _price(group: list[tuple[int, int]]) -> Decimal:
    return sum((Decimal(cents) / 100 for _weight, cents in group), Decimal(0))


# Who may join


class TestWhoMayJoin:
    pytestmark = shippable

    def offered(self, visitor: Visitor, *, address: dict[str, str] = BERLIN) -> Order | None:
        inventory.reserve(skus=[a_piece().sku], visitor=visitor)
        return parcels.joinable(visitor, a_draft_order(visitor, address=address))

    def test_the_same_browser_with_the_same_address(self) -> None:
        leader = a_leader(a_visitor())
        assert self.offered(a_visitor()) == leader
        assert self.offered(a_visitor(), address=BERLIN | {"name": " ERIKA  Mustermann "}) == leader

    def test_nobody_else_and_nowhere_else(self) -> None:
        a_leader(a_visitor())
        assert self.offered(a_visitor("bob")) is None
        assert self.offered(a_visitor(), address=BERLIN | {"line1": "Torstraße 2"}) is None
        assert parcels.joinable(None, Order.objects.filter(state="draft")[0]) is None

    def test_the_same_customer_in_another_browser(self) -> None:
        member = User.objects.create_user("erika@example.com")
        leader = a_leader(a_visitor("phone", user_id=member.pk))
        assert self.offered(a_visitor("desk", user_id=member.pk)) == leader
        # Signed out on the same browser: an account's order is not shown to whoever sits there next.
        assert self.offered(a_visitor("phone")) is None

    @pytest.mark.parametrize("change", [{"is_disputed": True}, {"state": "packed"}])
    def test_not_once_it_is_packed_or_disputed(self, change: dict[str, Any]) -> None:
        leader = a_leader(a_visitor())
        Order.objects.filter(pk=leader.pk).update(**change)
        assert self.offered(a_visitor()) is None

    def test_not_while_another_joining_order_is_unpaid(self) -> None:
        visitor = a_visitor()
        leader = a_leader(visitor)
        waiting = place(joined_draft(visitor, leader), visitor)
        assert self.offered(visitor) is None
        settlement.cancel(waiting)
        assert parcels.joinable(visitor, a_draft_order(visitor)) == leader

    def test_a_leader_that_is_packed_meanwhile_changes_the_total(self, staff: User) -> None:
        visitor = a_visitor()
        leader = a_leader(visitor)
        draft = joined_draft(visitor, leader)
        shown = drafts.summary_of(draft, visitor, currency="EUR").total_amount
        orders.pack(leader, by=staff)
        with pytest.raises(TotalChanged):
            orders.place(token=draft.token, visitor=visitor, currency="EUR", shown_total=shown)
        assert place(draft, visitor).joins is None


# Travelling together


class TestTravelling:
    pytestmark = shippable

    def test_the_parcel_moves_as_one(self, client: Client, staff: User) -> None:
        visitor = a_visitor()
        leader = a_leader(visitor)
        joined = a_joined(visitor, leader)
        assert leader.number in text_of(client.get(joined.get_absolute_url()))
        assert joined.number in text_of(client.get(leader.get_absolute_url()))
        orders.pack(joined, by=staff)
        assert states() == ["packed", "packed"]
        orders.unpack(leader, by=staff)
        assert states() == ["paid", "paid"]
        orders.pack(leader, by=staff)
        orders.ship(leader, by=staff, carrier="DHL", tracking_number="JD 01/4")
        assert set(Order.objects.values_list("tracking_number", flat=True)) == {"JD 01/4"}
        page = client.get(joined.get_absolute_url()).content.decode()
        assert "https://www.dhl.com/global-en/home/tracking.html?tracking-id=JD%2001%2F4" in page
        orders.deliver(joined, by=staff)
        assert states() == ["delivered", "delivered"]

    def test_packing_waits_for_a_joining_payment(self, staff: User) -> None:
        visitor = a_visitor()
        leader = a_leader(visitor)
        waiting = place(joined_draft(visitor, leader), visitor)
        with pytest.raises(OrderMoveRefused, match=waiting.number):
            orders.pack(leader, by=staff)
        settlement.cancel(waiting)
        orders.pack(leader, by=staff)

    def test_a_dispute_stops_the_whole_parcel(self, staff: User) -> None:
        visitor = a_visitor()
        leader = a_leader(visitor)
        a_joined(visitor, leader)
        Order.objects.filter(pk=leader.pk).update(is_disputed=True)
        with pytest.raises(OrderMoveRefused):
            orders.pack(Order.objects.latest("pk"), by=staff)

    def test_a_cancelled_leader_leaves_the_joined_order_on_its_own(self, staff: User) -> None:
        visitor = a_visitor()
        leader = a_leader(visitor)
        joined = a_joined(visitor, leader)
        settlement.cancel(leader)
        assert parcels.companions(joined) == []
        orders.pack(joined, by=staff)
        assert states() == ["cancelled", "packed"]
        assert not invariants.find_broken()

    def test_a_payment_that_comes_after_the_parcel_left_travels_on_its_own(self, staff: User) -> None:
        visitor = a_visitor()
        leader = a_leader(visitor)
        late = place(joined_draft(visitor, leader), visitor)
        payment = settlement.start_payment(late, gateway_code="demo")
        Order.objects.filter(pk=late.pk).update(state=OrderState.EXPIRED)
        orders.pack(leader, by=staff)
        orders.ship(leader, by=staff, tracking_number="ONE")
        demo.decide(payment.reference, "approve")
        settlement.refresh(payment)
        late.refresh_from_db()
        assert late.state == OrderState.PAID
        assert parcels.companions(late) == []
        orders.pack(late, by=staff)
        orders.ship(late, by=staff, tracking_number="TWO")
        leader.refresh_from_db()
        assert leader.tracking_number == "ONE"

    def test_what_was_withdrawn_from_on_its_way_is_not_delivered_by_its_companion(self, staff: User) -> None:
        visitor = a_visitor()
        leader = a_leader(visitor)
        joined = a_joined(visitor, leader)
        orders.pack(leader, by=staff)
        orders.ship(leader, by=staff)
        Order.objects.filter(pk=joined.pk).update(state=OrderState.WITHDRAWAL_REQUESTED)
        orders.deliver(leader, by=staff)
        assert states() == ["delivered", "withdrawal_requested"]


# The pages


class TestPages:
    pytestmark = shippable

    def test_it_is_offered_chosen_and_undone_where_shipping_is_chosen(self, client: Client) -> None:
        first = order(client, a_piece())
        decide(client, first, "approve")
        reserve(client, a_piece())
        give_address(client)
        page = text_of(client.get("/checkout/method/"))
        assert f"Send together with {first.number} (saves " in page
        client.post("/checkout/join/", {"join": "yes"})
        assert f"It travels together with {first.number}" in text_of(client.get("/checkout/method/"))
        client.post("/checkout/join/", {"join": "no"})
        assert Order.objects.get(state="draft").joins is None
        client.post("/checkout/join/", {"join": "yes"})
        choose(client)
        client.post("/checkout/review/", shown_for_confirmation(client))
        second = Order.objects.placed().latest("pk")
        assert second.joins == first
        assert second.shipping_eur < first.shipping_eur

    def test_without_a_basket_there_is_nothing_to_join(self, client: Client) -> None:
        assert client.post("/checkout/join/", {"join": "yes"})["Location"] == "/basket/"
        assert client.get("/checkout/join/").status_code == 405


# Races


@pytest.fixture
def committed(transactional_db: None) -> Iterator[None]:
    tariff.load_example()
    yield
    connections.close_all()


@pytest.mark.usefixtures("committed")
@pytest.mark.parametrize("turn", range(6))
def test_packing_against_joining_never_leaves_an_order_behind(turn: int) -> None:
    """Either the order joined in time, and packing waited or took it along; or its total changed."""
    staff = User.objects.create_user("staff@example.com", is_staff=True)
    visitor = a_visitor()
    leader = a_leader(visitor)
    draft = joined_draft(visitor, leader)
    shown = drafts.summary_of(draft, visitor, currency="EUR").total_amount
    outcome: dict[str, str] = {}
    start = threading.Barrier(2)

    def join() -> None:
        orders.place(token=draft.token, visitor=visitor, currency="EUR", shown_total=shown)

    def pack() -> None:
        orders.pack(leader, by=staff)

    def run(name: str, step: Callable[[], object]) -> None:
        start.wait()
        try:
            step()
            outcome[name] = "done"
        except (TotalChanged, OrderMoveRefused) as refusal:
            outcome[name] = type(refusal).__name__
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=pair) for pair in (("join", join), ("pack", pack))]
    for thread in threads if turn % 2 else reversed(threads):
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert outcome in (
        {"join": "done", "pack": "OrderMoveRefused"},
        {"join": "TotalChanged", "pack": "done"},
    )
    leader.refresh_from_db()
    joined = Order.objects.get(token=draft.token)
    assert not (leader.state == "packed" and joined.state == "awaiting_payment" and joined.joins_id)


@pytest.mark.usefixtures("committed")
def test_whoever_places_holds_the_leader_until_it_is_written_down() -> None:
    """The lock the race rests on: packing waits while a joining order is being placed."""
    staff = User.objects.create_user("staff@example.com", is_staff=True)
    visitor = a_visitor()
    leader = a_leader(visitor)
    draft = joined_draft(visitor, leader)
    packed = threading.Event()

    def pack() -> None:
        try:
            with pytest.raises(OrderMoveRefused):
                orders.pack(leader, by=staff)
            packed.set()
        finally:
            connections.close_all()

    thread = threading.Thread(target=pack)
    with transaction.atomic():
        place(draft, visitor)
        thread.start()
        assert not packed.wait(timeout=1)
    thread.join(timeout=30)
    assert packed.is_set()
