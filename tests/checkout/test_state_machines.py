"""The legal moves in the code are those the database allows, and no others."""

import re

import pytest
from django.db import IntegrityError, connection, transaction

from checkout.models import Order, OrderState, Payment, PaymentState
from checkout.models.order import ORDER_MOVES
from checkout.models.payment import PAYMENT_MOVES
from tests.catalog.pieces import a_listed_piece
from tests.checkout.buyers import a_visitor, an_order

pytestmark = pytest.mark.django_db


def moves_in_database(trigger: str) -> set[tuple[str, str]]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE tgname = %s", [trigger])
        definition = cursor.fetchone()[0]
    return {(source, target) for source, target in re.findall(r"(\w+)>(\w+)", definition)}


@pytest.mark.parametrize(
    ("trigger", "moves"),
    [("order_legal_transition", ORDER_MOVES), ("payment_legal_transition", PAYMENT_MOVES)],
)
def test_code_and_database_agree(trigger, moves):
    in_code = {(source, target) for source, targets in moves.items() for target in targets}
    assert moves_in_database(trigger) == in_code


def test_every_state_has_its_moves():
    assert set(ORDER_MOVES) == set(OrderState)
    assert set(PAYMENT_MOVES) == set(PaymentState)


@pytest.mark.parametrize("state", [OrderState.SHIPPED, OrderState.DRAFT, OrderState.RETURNED])
def test_the_database_refuses_an_illegal_move_of_an_order(shippable, state):
    order = an_order(a_visitor(), [a_listed_piece().sku])
    with pytest.raises(IntegrityError, match="illegal transition"), transaction.atomic():
        Order.objects.filter(pk=order.pk).update(state=state)


def test_the_database_refuses_to_move_a_payment_back(shippable):
    order = an_order(a_visitor(), [a_listed_piece().sku])
    payment = Payment.objects.create(
        order=order,
        attempt=1,
        gateway="demo",
        currency="EUR",
        amount=order.total_amount,
        amount_minor=1,
        state=PaymentState.FAILED,
    )
    with pytest.raises(IntegrityError, match="illegal transition"), transaction.atomic():
        Payment.objects.filter(pk=payment.pk).update(state=PaymentState.CREATED)


def test_the_amounts_of_a_placed_order_are_frozen(shippable):
    order = an_order(a_visitor(), [a_listed_piece().sku])
    with pytest.raises(IntegrityError, match="frozen"), transaction.atomic():
        Order.objects.filter(pk=order.pk).update(goods_eur=1, total_eur=1 + order.shipping_eur)
