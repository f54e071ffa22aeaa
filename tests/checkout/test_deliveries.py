"""Where a parcel can be followed, and when one counts as delivered though nobody said so."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from checkout import deliveries, orders, return_tasks
from checkout.models import Order, OrderState
from shop.models import User
from tests.catalog.pieces import a_listed_piece
from tests.checkout.buyers import a_visitor, an_order, pay

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("shippable")]


@pytest.fixture
def sent() -> Order:
    staff = User.objects.create_user("staff@example.com", is_staff=True)
    placed = an_order(a_visitor(), [a_listed_piece().sku])
    pay(placed)
    orders.pack(placed, by=staff)
    orders.ship(placed, by=staff, carrier="ELTA", tracking_number="RR123456789GR")
    return Order.objects.get()


@pytest.mark.parametrize(
    ("carrier", "number", "address"),
    [
        ("ELTA", "RR1GR", "https://itemsearch.elta.gr/en-GB/Query/Direct/RR1GR"),
        (" elta Courier / ACS", "1", "https://www.elta-courier.gr/search?br=1"),
        ("DHL Express", "a b&c", "https://www.dhl.com/global-en/home/tracking.html?tracking-id=a%20b%26c"),
        ("Somebody", "1", ""),
        ("", "1", ""),
        ("DHL", "", ""),
    ],
)
def test_the_carrier_s_page_is_found_by_its_name(carrier: str, number: str, address: str) -> None:
    assert deliveries.tracking_url(Order(carrier=carrier, tracking_number=number)) == address


def test_the_buyer_can_follow_the_parcel(client: Client, sent: Order) -> None:
    page = client.get(sent.get_absolute_url()).content.decode()
    assert 'href="https://itemsearch.elta.gr/en-GB/Query/Direct/RR123456789GR"' in page


def test_a_parcel_long_on_its_way_counts_as_delivered(sent: Order) -> None:
    days = (sent.shipping_days_max or 0) + deliveries.GRACE_DAYS
    Order.objects.update(shipped_at=timezone.now() - timedelta(days=days - 1))
    assert deliveries.deliver_overdue() == 0
    Order.objects.update(shipped_at=timezone.now() - timedelta(days=days, hours=1))
    return_tasks.settle_parcels(timestamp=0)
    sent.refresh_from_db()
    assert sent.state == OrderState.DELIVERED
    assert sent.delivered_at is not None
    assert timezone.now() - sent.delivered_at < timedelta(minutes=5)


def test_a_way_without_usual_days_waits_longer(sent: Order) -> None:
    days = deliveries.LONGEST_USUAL_DAYS + deliveries.GRACE_DAYS
    Order.objects.update(shipping_days_max=None, shipped_at=timezone.now() - timedelta(days=days - 1))
    assert deliveries.deliver_overdue() == 0
    Order.objects.update(shipped_at=timezone.now() - timedelta(days=days + 1))
    assert deliveries.deliver_overdue() == 1


def test_a_disputed_parcel_is_left_alone(sent: Order) -> None:
    Order.objects.update(is_disputed=True, shipped_at=timezone.now() - timedelta(days=100))
    assert deliveries.deliver_overdue() == 0


def test_one_that_was_delivered_a_moment_ago_is_no_obstacle(sent: Order, monkeypatch: pytest.MonkeyPatch) -> None:
    Order.objects.update(shipped_at=timezone.now() - timedelta(days=100))
    deliver = orders.deliver

    def twice(order: Order) -> None:
        deliver(order)
        deliver(order)

    monkeypatch.setattr(deliveries.orders, "deliver", twice)
    assert deliveries.deliver_overdue() == 0
    assert Order.objects.get().state == OrderState.DELIVERED
