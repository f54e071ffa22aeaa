"""Keys that pack, ship, deliver and give money back: by scope, once for each Idempotency-Key."""

from typing import Any

import pytest

from checkout import payments, tariff
from checkout.models import Credit, Order, Refund
from shop.models import ApiKey, Scope
from tests.api.program import Program
from tests.catalog.pieces import a_listed_piece
from tests.checkout.buyers import a_visitor, an_order, pay

pytestmark = pytest.mark.django_db


@pytest.fixture
def sold(db: None) -> Order:
    tariff.load_example()
    placed = an_order(a_visitor(), [a_listed_piece().sku, a_listed_piece().sku])
    pay(placed)
    return Order.objects.get()


def a_program(*scopes: str) -> Program:
    _row, secret = ApiKey.issue(name="desk", scopes=scopes)
    return Program(key=secret)


def path(sold: Order, step: str) -> str:
    return f"/orders/{sold.token}/{step}/"


def test_a_parcel_is_packed_shipped_and_delivered(sold: Order) -> None:
    desk = a_program(Scope.ORDERS_WRITE)
    assert desk.post(path(sold, "pack")).json()["state"] == "packed"
    answer = desk.post(path(sold, "ship"), {"carrier": "ELTA", "tracking_number": "RR1GR"}).json()
    assert (answer["state"], answer["shipping"]["tracking_number"]) == ("shipped", "RR1GR")
    assert answer["email"] is None
    assert desk.post(path(sold, "deliver")).json()["state"] == "delivered"


def test_customers_data_need_their_own_scope(sold: Order) -> None:
    desk = a_program(Scope.ORDERS_WRITE, Scope.CUSTOMERS_PII)
    assert desk.post(path(sold, "pack")).json()["email"] == "buyer@example.com"


@pytest.mark.parametrize("step", ["pack", "ship", "deliver", "refund"])
def test_each_step_needs_its_scope(sold: Order, step: str) -> None:
    assert Program().post(path(sold, step)).status_code == 401
    assert a_program(Scope.ORDERS_READ).post(path(sold, step)).status_code == 403
    right = Scope.ORDERS_REFUND if step == "refund" else Scope.ORDERS_WRITE
    assert a_program(right).post(f"/orders/{'x' * 43}/{step}/", {"reason": "x"}).status_code == 404


def test_a_step_out_of_turn_is_refused(sold: Order) -> None:
    answer = a_program(Scope.ORDERS_WRITE).post(path(sold, "deliver"))
    assert (answer.status_code, answer.json()["code"]) == (409, "order_move_refused")


def refund_body(sold: Order, amount: str = "1.50", **more: Any) -> dict[str, Any]:
    line = sold.lines.order_by("position")[0]
    return {"reason": "A scratch", "lines": [{"sku": line.sku, "amount": amount}], **more}


def test_part_of_an_order_is_given_back(sold: Order) -> None:
    answer = a_program(Scope.ORDERS_REFUND).post(path(sold, "refund"), refund_body(sold, shipping="1.00"))
    assert answer.status_code == 200
    given = answer.json()
    assert given["total"] == {"amount": "2.50", "currency": "EUR"}
    assert given["refunds"] == [{"amount": {"amount": "2.50", "currency": "EUR"}, "state": "done"}]
    assert given["to_voucher"] == {"amount": "0.00", "currency": "EUR"}
    assert Order.objects.get().refund_state == "part"


def test_the_same_key_never_gives_it_back_twice(sold: Order) -> None:
    desk = a_program(Scope.ORDERS_REFUND)
    first = desk.post(path(sold, "refund"), refund_body(sold), key="one")
    again = desk.post(path(sold, "refund"), refund_body(sold), key="one")
    assert (again.json(), again.headers["Idempotent-Replayed"]) == (first.json(), "true")
    assert desk.post(path(sold, "refund"), refund_body(sold, "1.00"), key="one").status_code == 422
    assert Credit.objects.count() == 1
    desk.post(path(sold, "refund"), refund_body(sold), key="two")
    assert Credit.objects.count() == 2


def test_a_run_that_died_before_paying_out_is_finished_by_the_next(
    sold: Order, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = a_program(Scope.ORDERS_REFUND)

    def die(refund: Refund) -> Refund:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(payments, "pay_out", die)
        with pytest.raises(KeyboardInterrupt):
            desk.post(path(sold, "refund"), refund_body(sold), key="one")
    assert Refund.objects.get().state == "due"
    assert desk.post(path(sold, "refund"), refund_body(sold), key="one").status_code == 200
    assert Refund.objects.get().state == "done"
    assert Credit.objects.count() == 1


@pytest.mark.parametrize("body", [{"amount": "5.01"}, {"amount": "0.001"}, {"amount": "-1.00"}])
def test_more_than_was_paid_is_refused(sold: Order, body: dict[str, str]) -> None:
    answer = a_program(Scope.ORDERS_REFUND).post(path(sold, "refund"), refund_body(sold, body["amount"]))
    assert answer.status_code in (400, 422)
    assert not Credit.objects.exists()


def test_nothing_an_unknown_piece_or_an_unpaid_order_is_refused(sold: Order) -> None:
    desk = a_program(Scope.ORDERS_REFUND)
    assert desk.post(path(sold, "refund"), {"reason": "x"}).json()["code"] == "credit_too_much"
    unknown = {"reason": "x", "lines": [{"sku": "MOV-XXX-1", "amount": "1.00"}]}
    assert desk.post(path(sold, "refund"), unknown).json()["code"] == "credit_too_much"
    unpaid = an_order(a_visitor("bob"), [a_listed_piece().sku])
    assert desk.post(path(unpaid, "refund"), refund_body(unpaid)).json()["code"] == "credit_too_much"
    assert not Credit.objects.exists()
