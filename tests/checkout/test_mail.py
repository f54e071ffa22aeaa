"""Mails about orders: in the buyer's language, each kind once, written by the transaction that caused them."""

import json
from collections.abc import Callable

import pytest
from django.core import mail as outbox
from django.db import connection
from django.test import Client

from checkout import mail, orders, settlement, tasks
from checkout.models import Order
from checkout.vocabularies import MailKind
from shop.models import ShopSettings, User
from tests.catalog.pieces import a_listed_piece
from tests.checkout.buyers import a_visitor, an_order, pay
from tests.checkout.rates import load_newest
from tests.checkout.storefront import decide, order

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("shippable")]
RunTasks = Callable[[], int]


def a_placed_order(*, language: str = "en", currency: str = "EUR") -> Order:
    placed = an_order(a_visitor(), [a_listed_piece().sku], currency=currency)
    Order.objects.filter(pk=placed.pk).update(language=language)
    placed.refresh_from_db()
    return placed


def test_a_paid_order_is_confirmed_by_mail(run_tasks: RunTasks) -> None:
    placed = a_placed_order()
    pay(placed)
    assert not outbox.outbox
    run_tasks()
    [message] = outbox.outbox
    assert message.to == ["buyer@example.com"]
    assert placed.number in message.subject
    assert "\n" not in message.subject
    assert placed.get_absolute_url() in message.body
    assert "The Cranes Are Flying" in message.body
    assert "€13.90" in message.body
    assert "&" not in message.body
    assert "<" not in message.body


def test_however_often_the_task_runs_the_mail_goes_out_once(run_tasks: RunTasks) -> None:
    placed = a_placed_order()
    pay(placed)
    run_tasks()
    tasks.send_order_mail(order_id=placed.pk, kind="paid")
    assert mail.send(order_id=placed.pk, kind="paid") is False
    assert len(outbox.outbox) == 1


def test_a_greek_order_gets_greek_mail(run_tasks: RunTasks) -> None:
    placed = a_placed_order(language="el")
    pay(placed)
    run_tasks()
    [message] = outbox.outbox
    assert f"/el/orders/{placed.token}/" in message.body
    assert "13,90\xa0€" in message.body
    assert "Γερμανία" in message.body


def test_the_language_is_that_of_the_page_the_order_was_begun_on(client: Client, run_tasks: RunTasks) -> None:
    client.post("/basket/reserve/", {"sku": a_listed_piece().sku})
    client.get("/el/checkout/address/")
    assert Order.objects.get().language == "el"


def test_names_with_marks_are_not_escaped(run_tasks: RunTasks) -> None:
    placed = a_placed_order()
    placed.addresses.update(name="O'Brien & <Sons>")
    pay(placed)
    run_tasks()
    assert "O'Brien & <Sons>" in outbox.outbox[0].body


def test_amounts_in_another_currency_come_with_rate_and_date(run_tasks: RunTasks) -> None:
    load_newest()
    placed = a_placed_order(currency="USD")
    pay(placed)
    run_tasks()
    body = outbox.outbox[0].body
    assert "$5.59" in body
    assert "30 October 2026: 1 EUR = 1.1172 USD" in body


def test_a_transfer_mail_has_everything_the_bank_asks_for(client: Client, run_tasks: RunTasks) -> None:
    ShopSettings(bank_iban="GR1601101250000000012300695").save()
    placed = order(client, a_listed_piece(), payment="bank_transfer")
    run_tasks()
    [message] = outbox.outbox
    assert "IBAN: GR16 0110 1250 0000 0001 2300 695" in message.body
    assert f"Reference: {placed.number}" in message.body
    assert "Amount: €13.90" in message.body


@pytest.mark.parametrize("kind", sorted(set(MailKind) - set(mail.NUMBERED)))
@pytest.mark.parametrize("language", ["en", "el"])
def test_every_kind_can_be_written_in_every_language(kind: str, language: str) -> None:
    placed = a_placed_order(language=language)
    assert mail.send(order_id=placed.pk, kind=kind) is True
    [message] = outbox.outbox
    assert placed.number in message.subject
    assert placed.token in message.body
    assert "{" not in message.body


def test_an_unknown_kind_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="no such mail"):
        mail.send(order_id=a_placed_order().pk, kind="poem")


def test_the_mail_is_enqueued_with_the_payment_and_not_without(client: Client) -> None:
    placed = order(client, a_listed_piece())
    decide(client, placed, "decline")
    assert _queued() == []
    settlement.start_payment(placed, gateway_code="demo")
    decide(client, placed, "approve")
    assert _queued() == [{"kind": "paid", "order_id": placed.pk}]


def _queued() -> list[dict[str, object]]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT args FROM procrastinate_jobs WHERE task_name = 'send_order_mail'")
        rows = [row[0] for row in cursor.fetchall()]
    return [json.loads(row) if isinstance(row, str) else row for row in rows]


def test_shipping_tells_the_tracking_number(run_tasks: RunTasks) -> None:
    staff = User.objects.create_user("staff@example.com", is_staff=True)
    placed = a_placed_order()
    pay(placed)
    placed.refresh_from_db()
    orders.pack(placed, by=staff)
    orders.ship(placed, by=staff, tracking_number="RR123456789GR")
    run_tasks()
    assert "RR123456789GR" in outbox.outbox[-1].body
