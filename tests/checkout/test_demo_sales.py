"""The demo's sales are real ones: what is sold has an order, a payment and points, and is sold once."""

import pytest
from pytest_django import Settings

from catalog.models import Listing
from catalog.vocabularies import ListingState
from checkout import currency, demo_sales, tariff
from checkout.models import Order, OrderState, Payment, PointsEntry
from shop.models import User
from tests.catalog.pieces import a_listed_piece


@pytest.fixture
def staff(db: None) -> User:
    return User.objects.create_user("staff@example.com", is_staff=True)


@pytest.fixture
def skus(db: None) -> list[str]:
    currency.load_bundled_history()
    tariff.load_example()
    return [a_listed_piece().sku for _number in range(3)]


def test_sold_pieces_have_paid_orders(skus: list[str], staff: User) -> None:
    placed = demo_sales.sell(skus, by=staff)
    assert [order.lines.count() for order in placed] == [2, 1]
    assert set(Listing.objects.filter(sku__in=skus).values_list("state", flat=True)) == {ListingState.SOLD}
    assert {payment.state for payment in Payment.objects.all()} == {"captured"}
    assert PointsEntry.objects.count() == 3


def test_the_first_order_is_greek_throughout(skus: list[str], staff: User) -> None:
    assert demo_sales.sell(skus, by=staff)[0].shipping_method_name == "Συστημένο ταχυδρομείο, με παρακολούθηση"


def test_some_orders_are_further_on_their_way_than_others(skus: list[str], staff: User) -> None:
    demo_sales.sell(skus, by=staff)
    states = list(Order.objects.order_by("pk").values_list("state", flat=True))
    assert states == [OrderState.DELIVERED, OrderState.PACKED]


def test_selling_again_does_nothing(skus: list[str], staff: User) -> None:
    demo_sales.sell(skus, by=staff)
    assert demo_sales.sell(skus, by=staff) == []
    assert Order.objects.count() == 2


def test_a_shop_with_a_key_for_stripe_sells_nothing_for_show(skus: list[str], staff: User, settings: Settings) -> None:
    settings.STRIPE_SECRET_KEY = "sk_test_x"
    assert demo_sales.sell(skus, by=staff) == []
    assert not Order.objects.exists()
