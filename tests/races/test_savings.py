"""Several buyers, one coupon's last use or one voucher's money, with real threads: never more than there is.

The control takes the lock away and lets each look, think for a moment and write: the database still refuses, and
without its check as well the same crowd spends more than there is. So the harness can see what it looks for.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from functools import partial

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import Sum

from checkout import coupons, discounts, drafts, invariants, inventory, orders, vouchers
from checkout.errors import CheckoutError
from checkout.models import Coupon, GiftVoucher, Order, OrderState
from tests.catalog.pieces import a_listed_piece
from tests.checkout.buyers import BERLIN, a_visitor
from tests.checkout.savings_orders import a_coupon, a_voucher, an_unpaid_order
from tests.races.test_money import at_once

pytestmark = [
    pytest.mark.races,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("shippable"),
]
BUYERS = 6
# As long as a page takes to come together.
MOMENT = 0.2


def take(order: Order) -> bool:
    """What placing does, at the last moment; False also when the database refused."""
    try:
        with transaction.atomic():
            return discounts.take(order)
    except IntegrityError:
        return False


def broken() -> list[str]:
    return [found.invariant.number for found in invariants.find_broken() if found.invariant.number.startswith("I12")]


@contextmanager
def without_check(table: str, name: str) -> Iterator[None]:
    """The table without one of its checks or unique indexes; what breaks it is swept away afterwards."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = %s", [name])
        check = cursor.fetchone()
        cursor.execute("SELECT indexdef FROM pg_indexes WHERE indexname = %s", [name])
        index = cursor.fetchone()
        cursor.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}" if check else f"DROP INDEX {name}")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute(f"TRUNCATE {table} CASCADE")
            cursor.execute(f"ALTER TABLE {table} ADD CONSTRAINT {name} {check[0]}" if check else index[0])


@pytest.fixture
def look_then_write(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows are read without a lock, and a moment passes before anything is written."""

    def look(model: type[Coupon] | type[GiftVoucher], pk: int) -> Coupon | GiftVoucher:
        row = model._default_manager.get(pk=pk)
        time.sleep(MOMENT)
        return row

    slots_taken = coupons._slots_taken

    def look_at_slots(coupon: Coupon, email: str) -> set[int]:
        found = slots_taken(coupon, email)
        time.sleep(MOMENT)
        return found

    monkeypatch.setattr(vouchers, "_lock", partial(look, GiftVoucher))
    monkeypatch.setattr(coupons, "_lock", partial(look, Coupon))
    monkeypatch.setattr(coupons, "_slots_taken", look_at_slots)


def spend_at_once(voucher: GiftVoucher) -> list[bool]:
    spending = [an_unpaid_order(voucher=voucher, voucher_eur="15.00") for _n in range(BUYERS)]
    return at_once(*(partial(take, order) for order in spending))


def use_at_once(coupon: Coupon, *, as_one: bool = False) -> list[bool]:
    using = [an_unpaid_order(coupon=coupon, email=f"{0 if as_one else n}@example.com") for n in range(BUYERS)]
    return at_once(*(partial(take, order) for order in using))


def balance(voucher: GiftVoucher) -> Decimal:
    voucher.refresh_from_db()
    return voucher.balance_eur


def test_one_balance_is_spent_by_one_buyer() -> None:
    voucher = a_voucher("20.00")
    assert sum(spend_at_once(voucher)) == 1
    assert balance(voucher) == 5
    assert broken() == []


@pytest.mark.usefixtures("look_then_write")
def test_without_the_lock_the_database_refuses_the_second() -> None:
    voucher = a_voucher("20.00")
    assert sum(spend_at_once(voucher)) == 1
    assert balance(voucher) == 5
    assert broken() == []


@pytest.mark.usefixtures("look_then_write")
def test_control_without_lock_and_check_more_is_spent_than_there_is() -> None:
    with without_check("checkout_giftvoucher", "voucher_balance_not_negative"):
        voucher = a_voucher("20.00")
        assert sum(spend_at_once(voucher)) > 1
        assert balance(voucher) < 0
        assert "I12b" in broken()


def test_the_last_use_of_a_coupon_goes_to_one() -> None:
    coupon = a_coupon(limit=1)
    assert sum(use_at_once(coupon)) == 1
    assert broken() == []


def test_one_customer_uses_it_once() -> None:
    coupon = a_coupon(limit=None)
    assert sum(use_at_once(coupon, as_one=True)) == 1
    assert broken() == []


@pytest.mark.usefixtures("look_then_write")
def test_without_the_lock_the_limits_hold_too() -> None:
    assert sum(use_at_once(a_coupon("ALL", limit=1))) == 1
    assert sum(use_at_once(a_coupon("ONE", limit=None), as_one=True)) == 1
    assert broken() == []


@pytest.mark.usefixtures("look_then_write")
def test_control_without_lock_and_check_the_coupon_is_used_too_often() -> None:
    with without_check("checkout_coupon", "coupon_uses_within_limit"):
        assert sum(use_at_once(a_coupon(limit=1))) > 1
        assert "I12" in broken()


@pytest.mark.usefixtures("look_then_write")
def test_control_without_lock_and_index_one_customer_uses_it_again() -> None:
    with without_check("checkout_couponuse", "coupon_slot_once_per_customer"):
        assert sum(use_at_once(a_coupon(limit=None), as_one=True)) > 1


def test_orders_placed_at_once_share_what_a_voucher_has_and_one_use_of_a_coupon() -> None:
    voucher, coupon = a_voucher("20.00"), a_coupon(limit=1)

    def place(name: str) -> Order:
        visitor = a_visitor(name)
        return orders.place(
            token=tokens[name], visitor=visitor, currency="EUR", shown_total=totals[name], shown_fingerprint=None
        )

    tokens: dict[str, str] = {}
    totals: dict[str, Decimal] = {}
    for n in range(BUYERS):
        visitor = a_visitor(name := f"buyer {n}")
        inventory.reserve(skus=[a_listed_piece().sku], visitor=visitor)
        draft = drafts.start(visitor, language="en")
        drafts.set_address(draft, email=f"{n}@example.com", shipping=BERLIN)
        drafts.set_methods(draft, shipping_method="", payment_method="demo")
        Order.objects.filter(pk=draft.pk).update(voucher=voucher, coupon=coupon)
        found = drafts.of(visitor)
        assert found is not None
        tokens[name], totals[name] = found.token, drafts.summary_of(found, visitor, currency="EUR").total_amount
    answers = at_once(*(partial(place, name) for name in tokens))
    placed = [answer for answer in answers if isinstance(answer, Order)]
    refused = [answer.code for answer in answers if isinstance(answer, CheckoutError)]
    # The others were shown a total with the coupon that another has just used up.
    assert (len(placed), set(refused)) == (1, {"total_changed"})
    paid = Order.objects.filter(state=OrderState.AWAITING_PAYMENT).aggregate(Sum("voucher_eur"))["voucher_eur__sum"]
    assert balance(voucher) == 20 - paid
    assert invariants.find_broken() == []
