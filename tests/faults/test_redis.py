"""Redis gone: nothing of the shop is kept there, so an address that leads nowhere changes nothing."""

from collections.abc import Callable
from pathlib import Path

import pytest

from checkout.models import Order, OrderState
from tests.catalog.pieces import a_listed_piece
from tests.processes import MortalServer
from tests.races.shopper import Shopper

pytestmark = [
    pytest.mark.faults,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("shippable"),
]


def test_a_purchase_without_redis(tmp_path: Path, is_right_again: Callable[[], None]) -> None:
    server = MortalServer(tmp_path, REDIS_URL="redis://127.0.0.1:1/0")
    with server, Shopper(server.wait_until_served().url) as buyer:
        assert buyer.buy(a_listed_piece().sku).status_code == 200
    assert Order.objects.get().state == OrderState.PAID
    is_right_again()
