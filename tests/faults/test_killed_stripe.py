"""A process killed at each step of a payment by Stripe: what Stripe has is found again, and nothing happens twice."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from catalog.models import Listing
from catalog.vocabularies import ListingState
from checkout.models import Order, OrderMail, OrderState, Payment, PaymentState, PointsEntry, ProviderEvent, RefundState
from checkout.money import to_minor_units
from tests.catalog.pieces import a_listed_piece
from tests.checkout.buyers import a_visitor, an_order
from tests.checkout.stripe_shop import WEBHOOK, start
from tests.fakes.stripe import FakeStripe
from tests.faults.conftest import MortalShop
from tests.faults.test_killed import abandon_jobs
from tests.processes import failpoints
from tests.races.evening import let_time_run_out
from tests.races.shopper import Shopper

pytestmark = [
    pytest.mark.faults,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("shippable"),
]

GATEWAY = "checkout.gateways.stripe.gateway:StripeGateway"
BEFORE_THE_EVENT_COMMITS = "after:checkout.provider_tasks:process_provider_event.defer"
BEFORE_THE_200 = "after:checkout.provider_events:record"
BEFORE_THE_PROVIDER_CALL = f"before:{GATEWAY}.create"
BEFORE_THE_ID_IS_STORED = f"after:{GATEWAY}.create"
BEFORE_THE_REPLY = "after:checkout.settlement:start_payment"
BEFORE_THE_EVENT_IS_FOLLOWED = "before:checkout.settlement:refresh"
BEFORE_THE_CAPTURE = f"before:{GATEWAY}.capture"
AFTER_THE_CAPTURE = f"after:{GATEWAY}.capture"
BEFORE_THE_EVENT_IS_DONE = "after:checkout.settlement:refresh"
BEFORE_THE_REFUND = f"before:{GATEWAY}.refund"
AFTER_THE_REFUND = f"after:{GATEWAY}.refund"
POINTS = [value for name, value in dict(globals()).items() if name.startswith(("BEFORE_", "AFTER_"))]

Check = Callable[..., None]


def deliver(shop: MortalShop, fake: FakeStripe, event: dict[str, Any], *, die: str = "") -> None:
    body, signature = fake.signed(event)
    headers = {"Stripe-Signature": signature, "Content-Type": "application/json"} | (
        {"X-Failpoint": die} if die else {}
    )
    with httpx.Client(base_url=shop.url, timeout=60) as stripe:
        if die:
            with pytest.raises(httpx.TransportError):
                stripe.post(WEBHOOK, content=body, headers=headers)
        else:
            assert stripe.post(WEBHOOK, content=body, headers=headers).status_code == 200


def astray(fake: FakeStripe) -> Callable[[], list[str]]:
    """Money that Stripe has taken and not given back, beside what the paid orders cost."""

    def find() -> list[str]:
        kept = Counter({intent["id"]: intent["amount_received"] for intent in fake.made("payment_intent")})
        for refund in fake.made("refund"):
            kept[refund["payment_intent"]] -= refund["amount"]
        paid = [order for order in Order.objects.placed() if order.is_paid]
        due = sorted(to_minor_units(order.total_amount, order.currency) for order in paid)
        found = sorted(amount for amount in kept.values() if amount)
        return [] if found == due else [f"Stripe keeps {found}, the paid orders cost {due}"]

    return find


def a_page_that_was_paid(fake: FakeStripe) -> Payment:
    payment = start(an_order(a_visitor(), [a_listed_piece().sku]))
    fake.pay(payment.reference)
    return payment


def assert_paid_once(shop: MortalShop, fake: FakeStripe) -> None:
    assert Order.objects.placed().get().state == OrderState.PAID
    assert Listing.objects.get().state == ListingState.SOLD
    assert Payment.objects.get().state == PaymentState.CAPTURED
    assert len(fake.made("checkout.session")) == 1
    assert [intent["status"] for intent in fake.made("payment_intent")] == ["succeeded"]
    assert PointsEntry.objects.count() == 1
    shop.deed("work")
    assert OrderMail.objects.filter(kind="paid").count() == 1
    assert len(shop.subjects()) == 1


@pytest.mark.parametrize("point", POINTS)
def test_the_point_is_where_the_shop_says(point: str) -> None:
    assert callable(failpoints.find(point.partition(":")[2])[2])


@pytest.mark.parametrize("point", [BEFORE_THE_EVENT_COMMITS, BEFORE_THE_200])
def test_in_the_webhook_which_is_sent_again(
    point: str, stripe_shop: MortalShop, provider: FakeStripe, is_right_again: Check
) -> None:
    a_page_that_was_paid(provider)
    event = next(event for event in provider.events if event["type"] == "checkout.session.completed")
    deliver(stripe_shop, provider, event, die=point)
    assert ProviderEvent.objects.count() == (0 if point == BEFORE_THE_EVENT_COMMITS else 1)
    deliver(stripe_shop, provider, event)
    assert ProviderEvent.objects.count() == 1
    stripe_shop.deed("work")
    assert ProviderEvent.objects.get(event_id=event["id"]).processed_at is not None
    assert_paid_once(stripe_shop, provider)
    is_right_again(astray(provider))


def test_in_the_webhook_which_is_not_sent_again(
    stripe_shop: MortalShop, provider: FakeStripe, is_right_again: Check
) -> None:
    a_page_that_was_paid(provider)
    deliver(stripe_shop, provider, provider.events[-1], die=BEFORE_THE_EVENT_COMMITS)
    stripe_shop.deed("reconcile")
    assert_paid_once(stripe_shop, provider)
    is_right_again(astray(provider))


@pytest.mark.parametrize(
    "point", [BEFORE_THE_EVENT_IS_FOLLOWED, BEFORE_THE_CAPTURE, AFTER_THE_CAPTURE, BEFORE_THE_EVENT_IS_DONE]
)
def test_a_worker_that_follows_an_event(
    point: str, stripe_shop: MortalShop, provider: FakeStripe, is_right_again: Check
) -> None:
    a_page_that_was_paid(provider)
    event = next(event for event in provider.events if event["type"] == "checkout.session.completed")
    deliver(stripe_shop, provider, event)
    stripe_shop.deed("work", die=point)
    assert ProviderEvent.objects.get(event_id=event["id"]).processed_at is None
    abandon_jobs()
    stripe_shop.deed("work")
    assert ProviderEvent.objects.get(event_id=event["id"]).processed_at is not None
    assert_paid_once(stripe_shop, provider)
    is_right_again(astray(provider))


@pytest.mark.parametrize("point", [BEFORE_THE_PROVIDER_CALL, BEFORE_THE_ID_IS_STORED, BEFORE_THE_REPLY])
@pytest.mark.parametrize("comes_back", [True, False])
def test_opening_the_page(
    point: str, comes_back: bool, stripe_shop: MortalShop, provider: FakeStripe, is_right_again: Check
) -> None:
    placed = an_order(a_visitor(), [a_listed_piece().sku])
    form = {"payment_method": "stripe"}
    with Shopper(stripe_shop.url) as buyer:
        buyer.client.follow_redirects = False
        with pytest.raises(httpx.TransportError):
            buyer.client.post(f"/checkout/pay/{placed.token}/", data=form, headers={"X-Failpoint": point})
        if comes_back:
            answer = buyer.client.post(f"/checkout/pay/{placed.token}/", data=form)
            assert answer.headers["Location"] == Payment.objects.get().pay_url
            provider.pay(Payment.objects.get().reference)
            buyer.client.get(f"/checkout/return/{placed.token}/")
            assert_paid_once(stripe_shop, provider)
        else:
            let_time_run_out(placed.token)
            stripe_shop.deed("reconcile")
            assert Order.objects.get().state == OrderState.EXPIRED
            assert Listing.objects.get().state == ListingState.LISTED
            assert [session["status"] for session in provider.made("checkout.session")] == ["expired"]
    is_right_again(astray(provider))


@pytest.mark.parametrize("point", [BEFORE_THE_REFUND, AFTER_THE_REFUND])
def test_in_mid_refund(point: str, stripe_shop: MortalShop, provider: FakeStripe, is_right_again: Check) -> None:
    payment = a_page_that_was_paid(provider)
    stripe_shop.deed("reconcile")
    stripe_shop.deed("cancel", token=payment.order.token, die=point)
    stripe_shop.deed("reconcile")
    order = Order.objects.get()
    assert (order.state, order.refund_state) == (OrderState.CANCELLED, Order.Refund.FULL)
    assert order.payments.get().refunds.get().state == RefundState.DONE
    assert [refund["amount"] for refund in provider.made("refund")] == [payment.amount_minor]
    assert Listing.objects.get().state == ListingState.LISTED
    is_right_again(astray(provider))
