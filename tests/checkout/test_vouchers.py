"""Gift vouchers' ledger: issued, spent in parts, given back, voided, expired; the balance is the sum of the entries."""

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.core import mail as outbox
from django.db import DatabaseError, IntegrityError, transaction
from django.db.models import Sum
from django.utils import timezone

from checkout import invariants, vouchers
from checkout.errors import VoucherMoveRefused
from checkout.models import GiftVoucher, VoucherEntry
from shop.models import ShopSettings
from tests.checkout.savings_orders import a_voucher, an_owner, an_unpaid_order

pytestmark = [pytest.mark.django_db]
RunTasks = Callable[[], int]


def left(voucher: GiftVoucher) -> Decimal:
    """The balance, which is also the sum of the entries."""
    voucher.refresh_from_db()
    assert voucher.balance_eur == (voucher.entries.aggregate(Sum("amount_eur"))["amount_eur__sum"] or 0)
    return voucher.balance_eur


def kinds(voucher: GiftVoucher) -> list[str]:
    return list(voucher.entries.order_by("pk").values_list("kind", flat=True))


def broken() -> list[str]:
    return [found.invariant.number for found in invariants.find_broken()]


def test_a_code_is_found_however_it_is_typed() -> None:
    voucher = a_voucher()
    assert vouchers.find(voucher.code) == voucher
    assert vouchers.find(f"  {voucher.code.lower().replace('-', ' ')} ") == voucher
    for other in ("", voucher.code[:-1], voucher.code + "A", "0000-0000-0000-0000", voucher.code.replace("-", "\0")):
        assert vouchers.find(other) is None


def test_only_a_voucher_that_can_be_spent_today_is_found() -> None:
    today = timezone.localdate()
    assert vouchers.find(a_voucher(is_issued=False).code) is None
    assert vouchers.find(a_voucher(expires_on=today - timedelta(days=1)).code) is None
    assert vouchers.find(a_voucher(expires_on=today).code) is not None
    voided = a_voucher()
    vouchers.void(voided, reason="lost", by=an_owner())
    assert vouchers.find(voided.code) is None


def test_a_voucher_is_spent_in_parts_by_several_orders() -> None:
    voucher = a_voucher("20.00")
    assert vouchers.take(an_unpaid_order(voucher=voucher, voucher_eur="12.50"))
    assert vouchers.take(an_unpaid_order(voucher=voucher, voucher_eur="7.00"))
    assert not vouchers.take(an_unpaid_order(voucher=voucher, voucher_eur="0.51"))
    assert left(voucher) == Decimal("0.50")
    assert vouchers.take(an_unpaid_order(voucher=voucher, voucher_eur="0.50"))
    assert left(voucher) == 0
    assert kinds(voucher) == ["issue", "redeem", "redeem", "redeem"]


def test_an_order_spends_once_and_gives_back_once_and_may_spend_again() -> None:
    voucher = a_voucher("20.00")
    order = an_unpaid_order(voucher=voucher, voucher_eur="15.00")
    assert vouchers.take(order)
    assert vouchers.take(order)
    assert left(voucher) == 5
    vouchers.release(order)
    vouchers.release(order)
    assert left(voucher) == 20
    assert vouchers.take(order), "a payment that comes late spends it again"
    assert left(voucher) == 5
    vouchers.release(order)
    assert left(voucher) == 20


def test_an_order_without_a_voucher_spends_and_gives_back_nothing() -> None:
    order = an_unpaid_order()
    assert vouchers.take(order)
    vouchers.release(order)
    with pytest.raises(VoucherMoveRefused):
        vouchers.refund(order, Decimal(1), key="credit-1")
    assert not VoucherEntry.objects.exists()


def test_a_voided_voucher_is_not_spent() -> None:
    voucher = a_voucher("20.00")
    order = an_unpaid_order(voucher=voucher, voucher_eur="15.00")
    vouchers.void(voucher, reason="sold on with a stolen card", by=an_owner())
    assert not vouchers.take(order)
    assert left(voucher) == 0
    with pytest.raises(VoucherMoveRefused):
        vouchers.void(voucher, reason="again", by=an_owner("other@example.com"))


def test_voiding_takes_only_what_is_left() -> None:
    voucher = a_voucher("20.00")
    vouchers.take(an_unpaid_order(voucher=voucher, voucher_eur="15.00"))
    owner = an_owner()
    vouchers.void(voucher, reason="lost", by=owner)
    entry = voucher.entries.get(kind="void")
    assert (entry.amount_eur, entry.note, entry.created_by) == (Decimal("-5.00"), "lost", owner)
    assert left(voucher) == 0
    spent_up = a_voucher("5.00")
    vouchers.take(an_unpaid_order(voucher=spent_up, voucher_eur="5.00"))
    vouchers.void(spent_up, reason="no longer needed", by=owner)
    assert kinds(spent_up) == ["issue", "redeem"]


def test_a_voucher_that_was_not_issued_cannot_be_voided() -> None:
    with pytest.raises(VoucherMoveRefused):
        vouchers.void(a_voucher(is_issued=False), reason="", by=an_owner())


def test_a_refund_returns_to_the_voucher_once_a_key_and_never_more_than_was_spent() -> None:
    voucher = a_voucher("20.00")
    order = an_unpaid_order(voucher=voucher, voucher_eur="15.00")
    vouchers.take(order)
    for _ in range(2):
        vouchers.refund(order, Decimal("10.00"), key="credit-1")
    assert left(voucher) == 15
    for amount in ("5.01", "0", "-1"):
        with pytest.raises(VoucherMoveRefused):
            vouchers.refund(order, Decimal(amount), key="credit-2")
    vouchers.refund(order, Decimal("5.00"), key="credit-2")
    assert left(voucher) == 20
    with pytest.raises(VoucherMoveRefused):
        vouchers.refund(order, Decimal("0.01"), key="credit-3")


def test_a_refund_to_a_voucher_near_its_end_can_still_be_spent() -> None:
    today = timezone.localdate()
    voucher = a_voucher("20.00", expires_on=today)
    order = an_unpaid_order(voucher=voucher, voucher_eur="15.00")
    vouchers.take(order)
    GiftVoucher.objects.update(expires_on=today - timedelta(days=3))
    vouchers.refund(order, Decimal("15.00"), key="credit-1")
    voucher.refresh_from_db()
    assert voucher.expires_on == today + timedelta(days=90)
    distant = a_voucher("20.00", expires_on=today + timedelta(days=400))
    order = an_unpaid_order(voucher=distant, voucher_eur="15.00")
    vouchers.take(order)
    vouchers.refund(order, Decimal("15.00"), key="credit-1")
    distant.refresh_from_db()
    assert distant.expires_on == today + timedelta(days=400)


def test_what_is_left_of_a_voucher_is_written_off_after_its_last_day() -> None:
    today = timezone.localdate()
    over, last_day, voided = a_voucher("20.00"), a_voucher("30.00"), a_voucher("40.00")
    spent = a_voucher("10.00")
    vouchers.take(an_unpaid_order(voucher=spent, voucher_eur="10.00"))
    vouchers.void(voided, reason="lost", by=an_owner())
    GiftVoucher.objects.exclude(pk=last_day.pk).update(expires_on=today - timedelta(days=1))
    GiftVoucher.objects.filter(pk=last_day.pk).update(expires_on=today)
    from checkout import voucher_tasks

    voucher_tasks.expire_vouchers(0)
    assert [left(row) for row in (over, last_day, voided, spent)] == [0, 30, 0, 0]
    assert kinds(over) == ["issue", "expire"]
    assert vouchers.expire_due() == 0


# Issuing


@pytest.mark.parametrize(
    ("months", "today", "expected"),
    [
        (0, date(2026, 1, 31), None),
        (1, date(2026, 1, 31), date(2026, 2, 28)),
        (24, date(2024, 2, 29), date(2026, 2, 28)),
        (60, date(2026, 12, 1), date(2031, 12, 1)),
    ],
)
def test_the_last_day_is_so_many_months_after_the_issue(
    months: int, today: date, expected: date | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    ShopSettings(voucher_months=months).save()
    monkeypatch.setattr(timezone, "localdate", lambda: today)
    assert a_voucher().expires_on == expected


def test_a_bought_voucher_is_issued_and_mailed_once(run_tasks: RunTasks) -> None:
    order = an_unpaid_order()
    voucher = a_voucher("20.00", is_issued=False, order=order, recipient_email="maria@example.com")
    assert vouchers.issue(order)
    assert not vouchers.issue(order)
    assert left(voucher) == 20
    assert voucher.issued_at is not None
    assert not outbox.outbox
    run_tasks()
    to_recipient = [message for message in outbox.outbox if message.to == ["maria@example.com"]]
    assert len(to_recipient) == 1
    assert voucher.code in to_recipient[0].body
    assert "€20.00" in to_recipient[0].subject


def test_an_order_without_vouchers_issues_nothing() -> None:
    assert not vouchers.issue(an_unpaid_order())


def test_staff_give_a_voucher_away(run_tasks: RunTasks) -> None:
    owner = an_owner()
    voucher = GiftVoucher(amount_eur=Decimal(15), recipient_email="maria@example.com")
    vouchers.issue_by_hand(voucher, note="late parcel", by=owner)
    entry = voucher.entries.get()
    assert (entry.kind, entry.note, entry.created_by, left(voucher)) == ("issue", "late parcel", owner, 15)
    run_tasks()
    assert [message.to for message in outbox.outbox] == [["maria@example.com"]]


def test_a_voucher_without_an_address_is_not_mailed(run_tasks: RunTasks) -> None:
    voucher = vouchers.issue_by_hand(GiftVoucher(amount_eur=Decimal(15)), note="at the fair", by=an_owner())
    with pytest.raises(VoucherMoveRefused):
        vouchers.send_again(voucher)
    run_tasks()
    assert not outbox.outbox


def test_bought_vouchers_are_voided_only_while_nothing_is_spent() -> None:
    order = an_unpaid_order()
    first, second = (a_voucher("20.00", is_issued=False, order=order) for _ in range(2))
    vouchers.issue(order)
    spending = an_unpaid_order(voucher=second, voucher_eur="0.01")
    vouchers.take(spending)
    assert not vouchers.void_bought(order)
    assert [left(first), left(second)] == [20, Decimal("19.99")]
    vouchers.release(spending)
    owner = an_owner()
    assert vouchers.void_bought(order, by=owner)
    assert [left(first), left(second)] == [0, 0]
    assert first.voided_at is not None
    assert first.entries.get(kind="void").created_by == owner
    assert vouchers.void_bought(order), "nothing is left to void"


def test_vouchers_of_an_unpaid_order_are_voided_without_an_entry() -> None:
    order = an_unpaid_order()
    voucher = a_voucher(is_issued=False, order=order)
    assert vouchers.void_bought(order)
    assert kinds(voucher) == []
    assert not vouchers.issue(order)


# What the database holds against a mistake here


def test_the_database_refuses_a_negative_balance_and_a_changed_entry() -> None:
    voucher = a_voucher("20.00")
    with pytest.raises(IntegrityError, match="voucher_balance_not_negative"), transaction.atomic():
        VoucherEntry.objects.create(voucher=voucher, kind="redeem", amount_eur=Decimal("-20.01"), key="too-much")
    with pytest.raises(DatabaseError, match="append"), transaction.atomic():
        voucher.entries.update(amount_eur=Decimal("99"))
    with pytest.raises(DatabaseError, match="append"), transaction.atomic():
        voucher.entries.all().delete()
    assert left(voucher) == 20


def test_a_code_never_shows_in_lists_and_logs() -> None:
    voucher = a_voucher()
    assert str(voucher) == f"…{voucher.code[-4:]}"
    assert voucher.code not in repr(voucher)


def test_the_invariants_see_a_balance_that_is_no_sum() -> None:
    a_voucher("20.00")
    assert "I12b" not in broken()
    GiftVoucher.objects.update(balance_eur=Decimal("19.99"))
    assert "I12b" in broken()
