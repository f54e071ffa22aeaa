"""Withdrawals, returned pieces and money given back, by the order desk's buttons."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from pytest_django import DjangoAssertNumQueries

from checkout import drafts, inventory, orders, tariff, withdrawals
from checkout.models import Credit, Order, OrderState, Refund, ReturnedPiece, Withdrawal
from shop.models import User
from tests.admin.pages import fields_of, messages_of
from tests.catalog.pieces import a_listed_piece
from tests.checkout.buyers import a_draft_order, a_visitor, an_order, pay
from tests.checkout.storefront import text_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def shippable(db: None) -> None:
    tariff.load_example()


@pytest.fixture
def sold(shippable: None) -> Order:
    placed = an_order(a_visitor(), [a_listed_piece().sku, a_listed_piece().sku])
    pay(placed)
    return Order.objects.get()


def sent(sold: Order) -> Order:
    staff = User.objects.create_user("sender@example.com", is_staff=True)
    orders.pack(sold, by=staff)
    orders.ship(sold, by=staff)
    orders.deliver(sold, by=staff)
    return Order.objects.get()


def withdrawn(sold: Order, *, number: str = "", days_ago: int = 0) -> Withdrawal:
    found = withdrawals.state(
        order_number=number or sold.number, name="Erika", email=sold.email, statement="", language="en"
    )
    withdrawals.confirm(found.token)
    at = timezone.now() - timedelta(days=days_ago)
    Withdrawal.objects.filter(pk=found.pk).update(confirmed_at=at)
    withdrawals.carry_out(found)
    return Withdrawal.objects.get(pk=found.pk)


def deed(row: Any, name: str) -> str:
    return reverse(f"admin:checkout_{row._meta.model_name}_deed", args=(row.pk, name))


def page_of(client: Client, row: Any) -> Any:
    return client.get(reverse(f"admin:checkout_{row._meta.model_name}_change", args=(row.pk,)))


def offered(client: Client, row: Any) -> list[str]:
    return [item["deed"].name for item in page_of(client, row).context["deeds"]]


def test_a_part_is_given_back_with_a_reason(order_desk: Client, sold: Order) -> None:
    line = sold.lines.order_by("position")[0]
    form = order_desk.get(deed(sold, "give-back")).content.decode()
    assert f"{line.sku} {line.title}: €5.00" in form
    order_desk.post(deed(sold, "give-back"), {"part": line.sku, "amount": "1.50", "reason": "A scratch"})
    order_desk.post(deed(sold, "give-back"), {"part": "shipping", "amount": "1.00", "reason": "Late"})
    first, second = Credit.objects.order_by("pk")
    assert (first.goods_amount, first.reason) == (Decimal("1.50"), "A scratch")
    assert first.decided_by is not None
    assert second.shipping_amount == Decimal("1.00")
    assert set(Refund.objects.values_list("state", flat=True)) == {"done"}
    page = page_of(order_desk, sold).content.decode()
    assert "A scratch" in page
    assert page_of(order_desk, first).status_code == 200


def test_too_much_is_refused_where_it_was_typed_and_nothing_typed_is_lost(order_desk: Client, sold: Order) -> None:
    line = sold.lines.order_by("position")[1]
    typed = {"part": line.sku, "amount": "5.01", "reason": "A scratch"}
    answer = order_desk.post(deed(sold, "give-back"), typed)
    assert answer.status_code == 422
    assert "No more can be given back" in text_of(answer)
    kept = fields_of(answer)
    assert {name: kept[name] for name in typed} == typed
    assert not Credit.objects.exists()
    order_desk.post(deed(sold, "give-back"), kept | {"amount": "5.00"})
    assert Credit.objects.get().reason == "A scratch"


def test_a_packed_parcel_is_opened_again(order_desk: Client, sold: Order) -> None:
    order_desk.post(deed(sold, "pack"))
    order_desk.post(deed(sold, "unpack"))
    sold.refresh_from_db()
    assert (sold.state, sold.packed_at) == (OrderState.PAID, None)


def test_what_comes_back_goes_its_whole_way(order_desk: Client, sold: Order) -> None:
    found = withdrawn(sent(sold))
    assert offered(order_desk, found) == ["settle", "refuse"]
    for piece in found.pieces.all():
        assert offered(order_desk, piece) == ["receive"]
        order_desk.post(deed(piece, "receive"), {"grade_found": "good", "deduction_eur": "0", "note": ""})
    order_desk.post(deed(found, "settle"))
    sold.refresh_from_db()
    assert (sold.state, sold.refund_state) == (OrderState.RETURNED, "full")
    piece = ReturnedPiece.objects.order_by("pk")[0]
    assert offered(order_desk, piece) == ["regrade"]
    order_desk.post(deed(piece, "regrade"))
    piece.refresh_from_db()
    assert piece.regraded_at is not None
    assert offered(order_desk, found) == []


def test_rows_lead_to_their_own_pages(order_desk: Client, sold: Order) -> None:
    found = withdrawn(sent(sold))
    piece = found.pieces.all()[0]
    for parent, row in ((sold, found), (sold, sold.payments.get()), (found, piece)):
        address = reverse(f"admin:checkout_{row._meta.model_name}_change", args=(row.pk,))
        assert f'href="{address}"' in page_of(order_desk, parent).content.decode()


def test_what_came_back_waits_on_the_first_page_until_it_is_graded(order_desk: Client, sold: Order) -> None:
    def waiting() -> Any:
        tiles = order_desk.get("/staff/").context["tiles"]
        return next((tile for tile in tiles if tile["name"] == "Pieces to grade again"), None)

    found = withdrawn(sent(sold))
    for piece in found.pieces.all():
        order_desk.post(deed(piece, "receive"), {"grade_found": "good", "deduction_eur": "0", "note": ""})
    assert waiting() is None
    order_desk.post(deed(found, "settle"))
    assert waiting()["figure"] == 2
    assert len(order_desk.get(waiting()["address"]).context["cl"].result_list) == 2
    for piece in found.pieces.all():
        order_desk.post(deed(piece, "regrade"))
    assert waiting() is None


def test_a_transfer_to_send_back_waits_on_the_first_page(order_desk: Client, sold: Order) -> None:
    sold.payments.update(gateway="bank_transfer")
    order_desk.post(deed(sold, "cancel"), {"reason": ""})
    [tile] = [tile for tile in order_desk.get("/staff/").context["tiles"] if tile["name"] == "Transfers to send"]
    assert tile["figure"] == 1
    assert len(order_desk.get(tile["address"]).context["cl"].result_list) == 1


def test_the_list_begins_with_what_is_due(
    order_desk: Client, sold: Order, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    refused = withdrawn(sold, number="AC-1", days_ago=20)
    withdrawals.refuse(refused, reason="Unknown", by=User.objects.create_user("desk@example.com"))
    late = withdrawn(sold, number="AC-2", days_ago=15)
    young = withdrawn(sent(sold))
    withdrawals.state(order_number="AC-3", name="E", email="e@example.com", statement="", language="en")
    with django_assert_max_num_queries(16):
        answer = order_desk.get(reverse("admin:checkout_withdrawal_changelist"))
    assert list(answer.context["cl"].result_list) == [late, young, refused]
    page = answer.content.decode()
    assert f"<b>{date_format(timezone.localdate() - timedelta(days=1))}</b>" in page
    assert "not found" in page
    tiles = {tile["name"]: tile["figure"] for tile in order_desk.get("/staff/").context["tiles"]}
    assert tiles["Open withdrawals"] == 2


def test_a_statement_that_matched_nothing_is_assigned(order_desk: Client, sold: Order) -> None:
    found = withdrawn(sold, number="AC-1")
    assert offered(order_desk, found) == ["match", "refuse"]
    address = reverse("admin:checkout_order_change", args=(sold.pk,))
    assert f'href="{address}">{sold.number}</a>' in page_of(order_desk, found).content.decode()
    order_desk.post(deed(found, "match"), {"order_number": sold.number, "skus": ""})
    sold.refresh_from_db()
    assert sold.state == OrderState.CANCELLED


def test_a_late_one_is_accepted_or_refused(order_desk: Client, sold: Order) -> None:
    placed = sent(sold)
    Order.objects.update(delivered_at=timezone.now() - timedelta(days=40))
    found = withdrawn(placed)
    assert offered(order_desk, found) == ["accept", "match", "refuse"]
    order_desk.post(deed(found, "accept"))
    sold.refresh_from_db()
    assert sold.state == OrderState.WITHDRAWAL_REQUESTED
    order_desk.post(deed(found, "refuse"), {"reason": "Opened"})
    found.refresh_from_db()
    assert (found.state, found.note) == ("refused", "Opened")


def test_a_shared_parcel_is_packed_by_one_press(order_desk: Client, sold: Order) -> None:
    visitor = a_visitor()
    inventory.reserve(skus=[a_listed_piece().sku], visitor=visitor)
    drafts.set_joins(a_draft_order(visitor), sold)
    draft = drafts.of(visitor)
    assert draft is not None
    total = drafts.summary_of(draft, visitor, currency="EUR").total_amount
    joined = orders.place(token=draft.token, visitor=visitor, currency="EUR", shown_total=total)
    pay(joined)
    assert sold.number in page_of(order_desk, joined).content.decode()
    answer = order_desk.post(
        reverse("admin:checkout_order_changelist"),
        {"action": "pack_chosen", "_selected_action": [sold.pk, joined.pk]},
        follow=True,
    )
    assert set(Order.objects.values_list("state", flat=True)) == {"packed"}
    assert messages_of(answer) == ["Packed: 1"]


@pytest.mark.parametrize("page", ["withdrawal", "returnedpiece", "credit"])
def test_the_lists_speak_greek(order_desk: Client, page: str) -> None:
    order_desk.cookies["language"] = "el"
    assert order_desk.get(reverse(f"admin:checkout_{page}_changelist")).status_code == 200
