"""Withdrawing in two steps: for anybody, acknowledged at once, carried out as far as the parcel allows."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core import mail as outbox
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from catalog.models import Listing
from checkout import drafts, invariants, inventory, orders, return_tasks, withdrawals
from checkout.errors import OrderMoveRefused, OrderNotFound, WithdrawalRefused
from checkout.models import Credit, GiftVoucher, Order, OrderState, Refund, VoucherEntry, Withdrawal
from shop.models import User
from tests.catalog.pieces import a_listed_piece
from tests.checkout.buyers import a_draft_order, a_visitor, an_order, pay
from tests.checkout.storefront import decide, order_voucher, text_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("shippable")]
RunTasks = Callable[[], int]


@pytest.fixture
def staff() -> User:
    return User.objects.create_user("staff@example.com", is_staff=True)


def a_paid_order(pieces: int = 1, **fields: Any) -> Order:
    placed = an_order(a_visitor(), [a_listed_piece().sku for _ in range(pieces)], **fields)
    pay(placed)
    return Order.objects.get(pk=placed.pk)


def sent(placed: Order, staff: User, *, delivered_days_ago: int | None = None) -> Order:
    orders.pack(placed, by=staff)
    orders.ship(placed, by=staff, carrier="ELTA", tracking_number="RR123456789GR")
    if delivered_days_ago is not None:
        orders.deliver(placed, by=staff)
        at = timezone.now() - timedelta(days=delivered_days_ago)
        Order.objects.filter(pk=placed.pk).update(delivered_at=at)
    return Order.objects.get(pk=placed.pk)


def states(client: Client, placed: Order, **changes: str) -> Withdrawal:
    """The first step as a guest takes it, from the footer's link."""
    fields = {"name": "Erika Mustermann", "order_number": placed.number, "email": "buyer@example.com"}
    answer = client.post("/withdraw/", fields | changes)
    assert answer.status_code == 302, answer.content
    return Withdrawal.objects.latest("id")


def withdraws(client: Client, placed: Order, **changes: str) -> Withdrawal:
    """Both steps."""
    found = states(client, placed, **changes)
    assert client.post(f"/withdraw/{found.token}/").status_code == 302
    found.refresh_from_db()
    return found


def subjects() -> list[str]:
    return [message.subject for message in outbox.outbox]


def assert_nothing_is_broken() -> None:
    assert [broken.invariant.number for broken in invariants.find_broken()] == []


def test_the_link_is_on_every_page(client: Client) -> None:
    placed = a_paid_order()
    for path in ("/", "/el/", "/shipping/", placed.get_absolute_url()):
        assert "/withdraw/" in client.get(path).content.decode()
    assert "Withdraw from contract here" in text_of(client.get("/"))


def test_stating_it_changes_nothing_before_it_is_confirmed(client: Client, run_tasks: RunTasks) -> None:
    placed = a_paid_order()
    run_tasks()
    outbox.outbox.clear()
    found = states(client, placed)
    run_tasks()
    assert (found.state, found.order) == ("stated", None)
    assert Order.objects.get().state == OrderState.PAID
    assert not outbox.outbox
    page = text_of(client.get(f"/withdraw/{found.token}/"))
    assert "Confirm withdrawal" in page
    assert placed.number in page


def test_what_has_not_left_is_cancelled_and_paid_back_at_once(client: Client, run_tasks: RunTasks) -> None:
    placed = a_paid_order()
    found = withdraws(client, placed)
    assert found.confirmed_at is not None
    run_tasks()
    placed.refresh_from_db()
    found.refresh_from_db()
    assert (placed.state, placed.refund_state) == (OrderState.CANCELLED, "full")
    assert (found.state, found.order, found.is_in_time) == ("settled", placed, True)
    refund = Refund.objects.get()
    assert (refund.state, refund.amount) == ("done", placed.total_amount)
    assert placed.lines.get().listing.is_for_sale
    assert_nothing_is_broken()


def test_the_receipt_says_what_was_stated_and_when(client: Client, run_tasks: RunTasks) -> None:
    placed = a_paid_order()
    run_tasks()
    outbox.outbox.clear()
    found = withdraws(client, placed, name="Erika O'Hara & Co")
    run_tasks()
    receipt = next(message for message in outbox.outbox if "received your withdrawal" in message.subject)
    assert receipt.to == ["buyer@example.com"]
    for words in ("Erika O'Hara & Co", placed.number, "the whole order", "Athens time"):
        assert words in receipt.body
    assert timezone.localtime(found.confirmed_at).strftime("%H:%M") in receipt.body
    found.refresh_from_db()
    assert found.acknowledged_at is not None
    return_tasks.acknowledge_withdrawal(withdrawal_id=found.pk)
    assert len([subject for subject in subjects() if "received" in subject]) == 1


@pytest.mark.parametrize("changes", [{"order_number": "AC-999999"}, {"email": "somebody@example.org"}])
def test_what_matches_nothing_is_acknowledged_all_the_same(
    client: Client, run_tasks: RunTasks, changes: dict[str, str]
) -> None:
    placed = a_paid_order()
    run_tasks()
    outbox.outbox.clear()
    right = states(client, placed)
    wrong = states(client, placed, **changes)
    pages = []
    for found in (wrong, right):
        client.post(f"/withdraw/{found.token}/")
        page = text_of(client.get(f"/withdraw/{found.token}/"))
        pages.append(page.replace(found.order_number, "#").replace(found.email, "@"))
    # The clock's minute may turn between the two; the words are the same.
    assert [word for word in pages[0].split() if ":" not in word] == [
        word for word in pages[1].split() if ":" not in word
    ]
    run_tasks()
    wrong.refresh_from_db()
    assert (wrong.state, wrong.order) == ("confirmed", None)
    assert len([subject for subject in subjects() if "received" in subject]) == 2


def test_number_and_address_are_found_however_they_are_typed(client: Client, run_tasks: RunTasks) -> None:
    placed = a_paid_order()
    withdraws(client, placed, order_number=f" {placed.number.lower()} ", email="Buyer@Example.com")
    run_tasks()
    assert Order.objects.get().state == OrderState.CANCELLED


def test_confirming_twice_counts_once(client: Client, run_tasks: RunTasks) -> None:
    found = withdraws(client, a_paid_order())
    at = found.confirmed_at
    client.post(f"/withdraw/{found.token}/")
    run_tasks()
    withdrawals.carry_out(found)
    found.refresh_from_db()
    assert found.confirmed_at == at
    assert Credit.objects.count() == 1


def test_a_part_is_taken_out_before_the_parcel_leaves(client: Client, run_tasks: RunTasks, staff: User) -> None:
    placed = a_paid_order(2)
    orders.pack(placed, by=staff)
    first, second = placed.lines.order_by("position")
    withdraws(client, placed, statement=first.sku)
    run_tasks()
    placed.refresh_from_db()
    first.refresh_from_db()
    assert (placed.state, placed.refund_state) == (OrderState.PAID, "part")
    assert first.returned_at is not None
    assert Listing.objects.get(pk=first.listing_id).is_for_sale
    assert Listing.objects.get(pk=second.listing_id).state == "sold"
    credit = Credit.objects.get()
    assert credit.goods_eur == first.paid_eur
    assert credit.shipping_eur < placed.shipping_eur
    assert_nothing_is_broken()
    # The rest goes out, and may be withdrawn from as well: with it the rest of the shipping.
    orders.pack(placed, by=staff)
    withdraws(client, placed)
    run_tasks()
    placed.refresh_from_db()
    assert placed.state == OrderState.CANCELLED
    assert sum(refund.amount for refund in Refund.objects.all()) == placed.total_amount
    assert_nothing_is_broken()


def test_what_has_left_is_asked_back(client: Client, run_tasks: RunTasks, staff: User) -> None:
    placed = sent(a_paid_order(), staff, delivered_days_ago=3)
    run_tasks()
    outbox.outbox.clear()
    found = withdraws(client, placed)
    run_tasks()
    placed.refresh_from_db()
    found.refresh_from_db()
    assert placed.state == OrderState.WITHDRAWAL_REQUESTED
    assert (found.state, found.is_in_time) == ("confirmed", True)
    assert found.pieces.get().line == placed.lines.get()
    assert f"Sending back order {placed.number}" in subjects()
    assert not Credit.objects.exists()
    page = text_of(client.get(placed.get_absolute_url()))
    assert "You have withdrawn from this purchase." in page
    assert "Please send the pieces back by" in page
    assert_nothing_is_broken()


def test_a_late_one_waits_for_staff_who_may_accept_it(client: Client, run_tasks: RunTasks, staff: User) -> None:
    placed = sent(a_paid_order(), staff, delivered_days_ago=30)
    found = withdraws(client, placed)
    run_tasks()
    found.refresh_from_db()
    assert (found.state, found.is_in_time) == ("confirmed", False)
    assert Order.objects.get().state == OrderState.DELIVERED
    withdrawals.accept_late(found, by=staff)
    assert Order.objects.get().state == OrderState.WITHDRAWAL_REQUESTED


def test_a_refusal_says_why_and_leaves_the_order_delivered(client: Client, run_tasks: RunTasks, staff: User) -> None:
    placed = sent(a_paid_order(), staff, delivered_days_ago=3)
    found = withdraws(client, placed)
    run_tasks()
    withdrawals.refuse(found, reason="The disc was unsealed.", by=staff)
    run_tasks()
    placed.refresh_from_db()
    assert placed.state == OrderState.DELIVERED
    assert "The disc was unsealed." in outbox.outbox[-1].body
    assert "It has no effect. The disc was unsealed." in text_of(client.get(placed.get_absolute_url()))
    with pytest.raises(WithdrawalRefused):
        withdrawals.refuse(found, reason="Again", by=staff)


@pytest.mark.parametrize(
    ("delivered", "confirmed", "is_in_time"),
    [
        ("2026-11-02T10:00", "2026-11-16T23:59", True),  # Monday, two weeks later
        ("2026-11-02T10:00", "2026-11-17T00:01", False),
        ("2026-11-07T10:00", "2026-11-23T12:00", True),  # ends on a Saturday: until Monday
        ("2026-11-07T10:00", "2026-11-24T00:01", False),
    ],
)
def test_the_period_ends_with_the_last_hour_of_a_working_day(
    staff: User, delivered: str, confirmed: str, is_in_time: bool
) -> None:
    placed = sent(a_paid_order(), staff)
    zone = timezone.get_default_timezone()
    placed.delivered_at = timezone.datetime.fromisoformat(delivered).replace(tzinfo=zone)
    at = timezone.datetime.fromisoformat(confirmed).replace(tzinfo=zone)
    assert withdrawals.is_in_time(Withdrawal(order=placed, confirmed_at=at)) is is_in_time


def test_an_unpaid_order_is_cancelled_without_money(client: Client, run_tasks: RunTasks) -> None:
    placed = an_order(a_visitor(), [a_listed_piece().sku])
    withdraws(client, placed)
    run_tasks()
    assert Order.objects.get().state == OrderState.CANCELLED
    assert not Credit.objects.exists()


def test_an_order_that_is_over_only_closes_the_statement(client: Client, run_tasks: RunTasks) -> None:
    placed = a_paid_order()
    withdraws(client, placed)
    run_tasks()
    second = withdraws(client, placed)
    run_tasks()
    second.refresh_from_db()
    assert second.state == "settled"
    assert Credit.objects.count() == 1


def test_a_second_statement_waits_while_the_first_is_open(client: Client, run_tasks: RunTasks, staff: User) -> None:
    placed = sent(a_paid_order(2), staff)
    first = withdraws(client, placed, statement=placed.lines.first().sku)  # type: ignore[union-attr]
    second = withdraws(client, placed)
    run_tasks()
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.order, second.order) == (placed, None)
    assert placed.number in second.note
    with pytest.raises(WithdrawalRefused):
        withdrawals.match(second, order_number=placed.number, by=staff)


def test_words_instead_of_numbers_are_left_to_staff(client: Client, run_tasks: RunTasks, staff: User) -> None:
    placed = a_paid_order(2)
    found = withdraws(client, placed, statement="only the one with the cranes")
    run_tasks()
    placed.refresh_from_db()
    assert placed.state == OrderState.PAID
    with pytest.raises(WithdrawalRefused):
        withdrawals.match(found, order_number=placed.number, skus="MOV-XXX-1", by=staff)
    with pytest.raises(OrderNotFound):
        withdrawals.match(found, order_number="AC-1", by=staff)
    sku, other = (line.sku for line in placed.lines.order_by("position"))
    with pytest.raises(WithdrawalRefused, match=f"{sku}, {other}|{other}, {sku}"):
        withdrawals.match(found, order_number=placed.number, by=staff)
    with pytest.raises(WithdrawalRefused):
        withdrawals.match(found, order_number=placed.number, skus=f"{sku}, {other}9", by=staff)
    withdrawals.match(found, order_number=placed.number.lower(), skus=sku, by=staff)
    assert list(placed.lines.exclude(returned_at=None).values_list("sku", flat=True)) == [sku]
    texts = placed.events.filter(kind="withdrawal_stated").values_list("text", flat=True)
    assert list(texts) == ["", "only the one with the cranes"]


def a_voucher_order(client: Client) -> Order:
    placed = order_voucher(client)
    decide(client, placed, "approve")
    return Order.objects.get(pk=placed.pk)


def test_gift_vouchers_nobody_spent_are_voided_and_paid_back(client: Client, run_tasks: RunTasks) -> None:
    placed = a_voucher_order(client)
    assert placed.state == OrderState.DELIVERED
    found = withdraws(client, placed, email=placed.email)
    run_tasks()
    placed.refresh_from_db()
    found.refresh_from_db()
    assert (placed.state, placed.refund_state, found.state) == (OrderState.RETURNED, "full", "settled")
    assert GiftVoucher.objects.get().voided_at is not None
    assert Refund.objects.get().amount == placed.total_amount
    assert client.get(placed.get_absolute_url()).status_code == 200
    assert_nothing_is_broken()


def test_a_gift_voucher_that_was_spent_is_left_to_staff(client: Client, run_tasks: RunTasks, staff: User) -> None:
    placed = a_voucher_order(client)
    voucher = GiftVoucher.objects.get()
    VoucherEntry.objects.create(voucher=voucher, kind="adjust", amount_eur=Decimal("-1.00"), key="spent")
    found = withdraws(client, placed, email=placed.email)
    run_tasks()
    found.refresh_from_db()
    placed.refresh_from_db()
    assert (found.state, found.note) == ("confirmed", "A voucher of this order is spent.")
    assert placed.state == OrderState.DELIVERED
    assert not Credit.objects.exists()


def test_a_packed_parcel_of_two_is_opened_again(client: Client, run_tasks: RunTasks, staff: User) -> None:
    placed = a_paid_order()
    visitor = a_visitor()
    inventory.reserve(skus=[a_listed_piece().sku], visitor=visitor)
    drafts.set_joins(a_draft_order(visitor), placed)
    draft = drafts.of(visitor)
    assert draft is not None
    total = drafts.summary_of(draft, visitor, currency="EUR").total_amount
    joined = orders.place(token=draft.token, visitor=visitor, currency="EUR", shown_total=total)
    pay(joined)
    orders.pack(placed, by=staff)
    withdraws(client, placed)
    run_tasks()
    joined.refresh_from_db()
    assert (Order.objects.get(pk=placed.pk).state, joined.state) == (OrderState.CANCELLED, OrderState.PAID)


def test_a_piece_taken_out_of_a_shared_parcel_gives_no_shipping_back(client: Client, run_tasks: RunTasks) -> None:
    placed = a_paid_order(2)
    visitor = a_visitor()
    inventory.reserve(skus=[a_listed_piece().sku], visitor=visitor)
    drafts.set_joins(a_draft_order(visitor), placed)
    draft = drafts.of(visitor)
    assert draft is not None
    total = drafts.summary_of(draft, visitor, currency="EUR").total_amount
    pay(orders.place(token=draft.token, visitor=visitor, currency="EUR", shown_total=total))
    withdraws(client, placed, statement=placed.lines.order_by("position")[0].sku)
    run_tasks()
    assert Credit.objects.get().shipping_eur == 0


def test_a_way_that_is_no_longer_offered_gives_no_shipping_back_for_a_part(client: Client, run_tasks: RunTasks) -> None:
    placed = a_paid_order(2)
    Order.objects.update(shipping_method="gone")
    withdraws(client, placed, statement=placed.lines.order_by("position")[0].sku)
    run_tasks()
    assert Credit.objects.get().shipping_eur == 0


def test_a_disputed_order_is_left_to_staff(client: Client, run_tasks: RunTasks) -> None:
    placed = a_paid_order()
    Order.objects.update(is_disputed=True)
    found = withdraws(client, placed)
    run_tasks()
    found.refresh_from_db()
    assert (found.state, Order.objects.get().state) == ("confirmed", OrderState.PAID)


def test_the_order_s_own_page_fills_the_statement_in(client: Client, run_tasks: RunTasks) -> None:
    placed = a_paid_order(2)
    path = f"/orders/{placed.token}/withdraw/"
    page = client.get(path).content.decode()
    assert 'value="Erika Mustermann"' in page
    assert page.count("checked") == 2
    first = placed.lines.order_by("position")[0]
    fields = {"name": "Erika", "email": "elsewhere@example.com"}
    assert client.post(path, fields).status_code == 422
    client.post(path, fields | {"pieces": [first.sku]})
    found = Withdrawal.objects.get()
    assert (found.order, found.statement) == (placed, first.sku)
    client.post(f"/withdraw/{found.token}/")
    run_tasks()
    # The link is the key: another address for the receipt is no obstacle.
    assert Order.objects.get().refund_state == "part"
    client.post(path, fields | {"pieces": [placed.lines.order_by("position")[1].sku]})
    assert Withdrawal.objects.latest("id").statement == ""


def test_incomplete_or_too_many_statements_are_refused(client: Client) -> None:
    cache.clear()
    placed = an_order(a_visitor(), [a_listed_piece().sku])
    assert client.post("/withdraw/", {"name": "", "order_number": "x", "email": "no"}).status_code == 422
    for _i in range(10):
        states(client, placed)
    answer = client.post("/withdraw/", {"name": "E", "order_number": "AC-1", "email": "a@example.com"})
    assert answer.status_code == 429
    assert Withdrawal.objects.count() == 10
    cache.clear()


def test_pages_about_a_statement_are_private_and_come_from_here(client: Client) -> None:
    found = states(client, a_paid_order())
    answer = client.get(f"/withdraw/{found.token}/")
    assert answer["Cache-Control"] == "no-store"
    assert answer["Referrer-Policy"] == "same-origin"
    assert client.get("/withdraw/nothing/").status_code == 404
    assert client.post("/withdraw/nothing/").status_code == 404
    foreign = client.post(f"/withdraw/{found.token}/", headers={"Sec-Fetch-Site": "cross-site"})
    assert foreign.status_code == 403
    found.refresh_from_db()
    assert found.state == "stated"


def test_the_greek_pages_and_the_receipt_are_greek(client: Client, run_tasks: RunTasks) -> None:
    placed = a_paid_order()
    answer = client.post(
        "/el/withdraw/", {"name": "Έρικα", "order_number": placed.number, "email": "buyer@example.com"}
    )
    assert answer["Location"].startswith("/el/withdraw/")
    assert Withdrawal.objects.get().language == "el"


def test_statements_nobody_confirmed_are_forgotten(client: Client) -> None:
    placed = a_paid_order()
    states(client, placed)
    kept = withdraws(client, placed)
    Withdrawal.objects.update(stated_at=timezone.now() - timedelta(days=8))
    return_tasks.settle_parcels(timestamp=0)
    assert list(Withdrawal.objects.all()) == [kept]


def test_a_parcel_that_leaves_meanwhile_is_asked_back(
    client: Client, run_tasks: RunTasks, staff: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Withdraw against ship: the cancellation finds the parcel gone, and the next try asks for it."""
    placed = a_paid_order()
    found = withdraws(client, placed)
    cancel = withdrawals.settlement.cancel

    def ship_first(order: Order, **answers: Any) -> Order:
        sent(order, staff)
        return cancel(order, **answers)

    monkeypatch.setattr(withdrawals.settlement, "cancel", ship_first)
    with pytest.raises(OrderMoveRefused):
        withdrawals.carry_out(found)
    monkeypatch.undo()
    withdrawals.carry_out(found)
    assert Order.objects.get().state == OrderState.WITHDRAWAL_REQUESTED
    assert not Credit.objects.exists()


def test_the_amounts_of_a_part_are_the_lines_own(client: Client, run_tasks: RunTasks) -> None:
    placed = a_paid_order(3)
    lines = list(placed.lines.order_by("position"))
    withdraws(client, placed, statement=f"{lines[0].sku}, {lines[2].sku}")
    run_tasks()
    assert {row.line: row.amount_eur for row in Credit.objects.get().lines.all()} == {
        lines[0]: Decimal("5.00"),
        lines[2]: Decimal("5.00"),
    }


@pytest.mark.parametrize("is_sent", [False, True])
@pytest.mark.parametrize("is_whole", [False, True])
def test_one_that_staff_refuse_at_the_same_moment_is_not_carried_out(
    client: Client, staff: User, monkeypatch: pytest.MonkeyPatch, is_sent: bool, is_whole: bool
) -> None:
    placed = a_paid_order(pieces=2)
    if is_sent:
        sent(placed, staff, delivered_days_ago=1)
    found = withdraws(client, placed, statement="" if is_whole else placed.lines.all()[0].sku)
    act = withdrawals._act

    def refused_first(*args: Any, **kwargs: Any) -> None:
        withdrawals.refuse(found, reason="not ours", by=staff)
        act(*args, **kwargs)

    monkeypatch.setattr(withdrawals, "_act", refused_first)
    with pytest.raises(OrderMoveRefused):
        withdrawals.carry_out(found)

    placed.refresh_from_db()
    assert placed.state == ("delivered" if is_sent else "paid")
    assert not Credit.objects.exists()
    assert_nothing_is_broken()
