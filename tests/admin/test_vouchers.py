"""Gift vouchers in the staff site: given away, mailed again, voided; whole codes only for who may void."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest
from django.contrib.admin.models import LogEntry
from django.core import mail as outbox
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from checkout import vouchers
from checkout.models import GiftVoucher
from tests.admin.pages import fields_of, messages_of
from tests.checkout.savings_orders import a_voucher, an_owner, an_unpaid_order

ADD = "/staff/checkout/giftvoucher/add/"
LIST = "/staff/checkout/giftvoucher/"
RunTasks = Callable[[], int]


def change(voucher: GiftVoucher) -> str:
    return reverse("admin:checkout_giftvoucher_change", args=(voucher.pk,))


def deed(voucher: GiftVoucher, name: str) -> str:
    return reverse("admin:checkout_giftvoucher_deed", args=(voucher.pk, name))


def test_staff_give_a_voucher_away(owner: Client, run_tasks: RunTasks) -> None:
    data = fields_of(owner.get(ADD)) | {
        "amount_eur": "15",
        "recipient_email": "maria@example.com",
        "language": "el",
        "note": "late parcel",
    }
    owner.post(ADD, data)
    voucher = GiftVoucher.objects.get()
    assert (voucher.balance_eur, voucher.note, voucher.language) == (15, "late parcel", "el")
    entry = voucher.entries.get()
    assert (entry.kind, entry.note) == ("issue", "late parcel")
    assert entry.created_by is not None
    run_tasks()
    assert [message.to for message in outbox.outbox] == [["maria@example.com"]]
    assert voucher.code not in str(LogEntry.objects.values_list("object_repr", flat=True))


@pytest.mark.parametrize(
    ("field", "value"),
    [("amount_eur", "0"), ("amount_eur", "500.01"), ("note", ""), ("expires_on", "2020-01-01"), ("language", "xx")],
)
def test_a_mistake_issues_nothing(owner: Client, field: str, value: str) -> None:
    data = fields_of(owner.get(ADD)) | {"amount_eur": "15", "note": "late parcel", "language": "en", field: value}
    page = owner.post(ADD, data)
    assert list(page.context["adminform"].form.errors) == [field]
    assert not GiftVoucher.objects.exists()


def test_the_code_is_whole_only_for_who_may_void(owner: Client, order_desk: Client) -> None:
    voucher = a_voucher()
    assert voucher.code in owner.get(change(voucher)).content.decode()
    page = order_desk.get(change(voucher)).content.decode()
    assert voucher.code not in page
    assert voucher.code[-4:] in page
    assert voucher.code not in owner.get(LIST).content.decode()
    assert voucher.code not in owner.get("/staff/checkout/voucherentry/").content.decode()
    assert order_desk.get(ADD).status_code == 403
    for name in ("void", "send-again"):
        assert order_desk.post(deed(voucher, name), {"reason": "because"}).status_code == 403


def found(client: Client, text: str) -> int:
    return len(client.get(LIST, {"q": text}).context["cl"].result_list)


def test_a_code_is_found_whole_or_by_its_end_and_never_by_a_part(order_desk: Client) -> None:
    voucher, _other = a_voucher(recipient_email="maria@example.com"), a_voucher()
    assert found(order_desk, voucher.code.lower()) == 1
    assert found(order_desk, voucher.code.replace("-", " ")) == 1
    assert found(order_desk, voucher.code[-4:]) == 1
    assert found(order_desk, "maria@") == 1
    for part in (voucher.code[:4], voucher.code[:6], voucher.code[5:], voucher.code[-6:]):
        assert found(order_desk, part) == 0


def test_voiding_needs_a_reason_and_takes_what_is_left(owner: Client) -> None:
    voucher = a_voucher("20.00")
    vouchers.take(an_unpaid_order(voucher=voucher, voucher_eur="5.00"))
    owner.post(deed(voucher, "void"), {"reason": ""})
    voucher.refresh_from_db()
    assert voucher.voided_at is None
    page = owner.post(deed(voucher, "void"), {"reason": "stolen card"}, follow=True)
    assert "is void" in messages_of(page)[0]
    voucher.refresh_from_db()
    assert voucher.balance_eur == 0
    assert voucher.entries.get(kind="void").note == "stolen card"
    assert [item["deed"].name for item in owner.get(change(voucher)).context["deeds"]] == []


def test_a_voucher_is_mailed_again(owner: Client, run_tasks: RunTasks) -> None:
    voucher = a_voucher(recipient_email="maria@example.com")
    run_tasks()
    owner.post(deed(voucher, "send-again"))
    run_tasks()
    assert [message.to for message in outbox.outbox] == [["maria@example.com"]] * 2
    assert vouchers.voucher_tasks.send_voucher(voucher_id=voucher.pk) is None
    assert len(outbox.outbox) == 2, "without being asked it is mailed once"


def test_a_voided_voucher_is_not_mailed_any_more(run_tasks: RunTasks) -> None:
    voucher = a_voucher(recipient_email="maria@example.com")
    vouchers.void(voucher, reason="mistake", by=an_owner())
    run_tasks()
    assert not outbox.outbox


def test_the_list_says_how_each_voucher_is(owner: Client) -> None:
    a_voucher(is_issued=False)
    a_voucher("20.00")
    spent, void = a_voucher("10.00"), a_voucher()
    vouchers.take(an_unpaid_order(voucher=spent, voucher_eur="10.00"))
    vouchers.void(void, reason="lost", by=an_owner("other@example.com"))
    a_voucher(expires_on=timezone.localdate() - timedelta(days=1))
    page = owner.get(LIST).content.decode()
    for text in ("not paid", "€20.00 left", "spent", "void", "expired"):
        assert text in page


def test_the_ledger_is_read_and_never_written(owner: Client) -> None:
    voucher = a_voucher("20.00")
    page = owner.get(change(voucher))
    assert "Issued" in page.content.decode()
    assert owner.post(change(voucher), {"amount_eur": "999"}).status_code == 403
    assert owner.get(reverse("admin:checkout_giftvoucher_delete", args=(voucher.pk,))).status_code == 403
    voucher.refresh_from_db()
    assert voucher.amount_eur == Decimal(20)
