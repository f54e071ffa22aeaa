"""The writes of the API."""

from typing import Any

from tests.api.program import API, Program
from tests.catalog.pieces import a_listed_piece
from tests.checkout.buttons.parts import Write, numbers
from tests.checkout.presses import Press


def _of(buyer: Program, path: str, fields: Any, key: str) -> Press:
    headers = {"Basket-Token": buyer.token, "Idempotency-Key": f"{key}-{next(numbers)}"}
    return Press(buyer.client, API + path, fields, headers=headers, is_json=True)


def api_reserve() -> Press:
    return _of(Program().open_basket(), "/basket/reserve/", {"skus": [a_listed_piece().sku]}, "reserve")


def api_release() -> Press:
    buyer, piece = Program().open_basket(), a_listed_piece()
    buyer.reserve(piece.sku)
    return _of(buyer, "/basket/release/", {"sku": piece.sku}, "release")


def api_place() -> Press:
    buyer = Program().open_basket()
    buyer.reserve(a_listed_piece().sku)
    return _of(buyer, "/orders/", buyer.order_for(), "place")


def _placed_by_program() -> tuple[Program, str]:
    buyer = Program().open_basket()
    buyer.reserve(a_listed_piece().sku)
    return buyer, buyer.place().json()["token"]


def api_pay() -> Press:
    buyer, token = _placed_by_program()
    return _of(buyer, f"/orders/{token}/pay/", {}, "pay")


def api_cancel() -> Press:
    buyer, token = _placed_by_program()
    return _of(buyer, f"/orders/{token}/cancel/", {}, "cancel")


API_WRITES: dict[str, Write] = {
    "checkout_api:reserve": Write(api_reserve),
    "checkout_api:release": Write(api_release),
    "checkout_api:orders": Write(api_place),
    "checkout_api:pay": Write(api_pay),
    "checkout_api:cancel": Write(api_cancel),
}
