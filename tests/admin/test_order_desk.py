"""The order desk's buttons, and what it cannot type over."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from checkout.models import Order
from tests.admin.pages import fields_of, messages_of
from tests.catalog.pieces import a_listed_piece, a_paid_order, a_reserved_piece
from tests.checkout.storefront import text_of


@pytest.fixture
def order(db: None) -> Iterator[Order]:
    order = a_paid_order(a_listed_piece())
    order.addresses.create(kind="shipping", name="Άννα", line1="Αθηνάς 5", city="Αθήνα", country="GR")
    yield order
    with connection.cursor() as cursor:
        # The database's own rules speak at the end of a transaction, which a test never reaches.
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def change(order: Order) -> str:
    return reverse("admin:checkout_order_change", args=(order.pk,))


def deed(order: Order, name: str) -> str:
    return reverse("admin:checkout_order_deed", args=(order.pk, name))


def test_a_paid_order_goes_out_of_the_house(order_desk: Client, order: Order) -> None:
    for name, state, answers in (
        ("pack", "packed", {}),
        ("ship", "shipped", {"carrier": "ELTA", "tracking_number": "RR123456789GR"}),
        ("deliver", "delivered", {}),
    ):
        offered = [item["deed"].name for item in order_desk.get(change(order)).context["deeds"]]
        assert name in offered
        order_desk.post(deed(order, name), answers)
        order.refresh_from_db()
        assert order.state == state

    assert (order.carrier, order.tracking_number) == ("ELTA", "RR123456789GR")
    assert [event.actor.email for event in order.events.all() if event.actor] == ["order-desk@example.com"] * 3


def test_a_step_that_is_not_next_is_refused_with_a_sentence(order_desk: Client, order: Order) -> None:
    answer = order_desk.post(deed(order, "deliver"), follow=True)

    assert len(messages_of(answer)) == 1
    order.refresh_from_db()
    assert order.state == "paid"


def test_only_the_note_is_typed(order_desk: Client, order: Order) -> None:
    page = order_desk.get(change(order))
    data = {**fields_of(page), "staff_note": "Fragile", "total_eur": "0", "state": "cancelled", "email": "x@y.z"}

    order_desk.post(change(order), data)

    order.refresh_from_db()
    assert (order.staff_note, order.state, order.email) == ("Fragile", "paid", "buyer@example.com")
    assert order.total_eur == order.goods_eur


def test_the_list_says_what_was_paid_and_where_it_goes(order_desk: Client, order: Order) -> None:
    page = order_desk.get(reverse("admin:checkout_order_changelist")).content.decode()

    assert order.number in page
    assert "€5.00" in page
    assert "Greece" in page


def test_what_happened_and_what_was_mailed_is_said_in_words(order_desk: Client, order: Order) -> None:
    order.events.create(kind="payment_failed", text="insufficient_funds")
    order.events.create(kind="dispute_opened", text="product_not_received")
    order.mails.create(kind="credited-12")
    order.payments.create(
        attempt=9, gateway="bank_transfer", state="failed", currency="EUR", amount=5, amount_minor=500,
        failure_code="card_declined",
    )  # fmt: skip

    page = text_of(order_desk.get(change(order)))

    for words in (
        "Payment failed",
        "Not enough money on the account",
        "Dispute opened",
        "The buyer says nothing arrived",
        "Money given back",
        "Bank transfer",
        "Card declined",
        "English",
    ):
        assert words in page
    for code in ("payment_failed", "insufficient_funds", "credited-12", "bank_transfer", "card_declined"):
        assert code not in page


def test_an_order_leads_to_its_payments_and_says_how_long_it_waits(order_desk: Client, order: Order) -> None:
    payment = order.payments.create(
        attempt=1, gateway="demo", state="expired", currency="EUR", amount=5, amount_minor=500
    )
    Order.objects.update(paid_at=timezone.now() - timedelta(hours=30))

    page = order_desk.get(change(order)).content.decode()
    order_desk.cookies["language"] = "el"
    rows = text_of(order_desk.get(reverse("admin:checkout_order_changelist")))

    assert reverse("admin:checkout_payment_change", args=(payment.pk,)) in page
    assert "1 ημέρα" in rows


def test_several_orders_are_packed_at_once(order_desk: Client, order: Order) -> None:
    order_desk.post(
        reverse("admin:checkout_order_changelist"), {"action": "pack_chosen", "_selected_action": [order.pk]}
    )

    order.refresh_from_db()
    assert order.state == "packed"


def test_a_reservation_is_released_by_button(order_desk: Client) -> None:
    listing = a_reserved_piece()
    reservation = listing.reservations.get()

    order_desk.post(reverse("admin:checkout_reservation_deed", args=(reservation.pk, "release")))

    listing.refresh_from_db()
    reservation.refresh_from_db()
    assert (listing.state, reservation.release) == ("listed", "staff")


def test_a_sold_piece_cannot_be_released(order_desk: Client, order: Order) -> None:
    reservation = order.lines.get().reservation
    assert reservation is not None

    answer = order_desk.post(reverse("admin:checkout_reservation_deed", args=(reservation.pk, "release")), follow=True)

    assert len(messages_of(answer)) == 1
    reservation.refresh_from_db()
    assert reservation.released_at is None


def test_the_first_page_counts_what_waits(order_desk: Client, order: Order) -> None:
    context = order_desk.get("/staff/").context

    assert {tile["name"]: tile["figure"] for tile in context["tiles"]}["Orders to pack"] == 1
    assert [row["name"] for row in context["lists"][0]["rows"]] == [order.number]


def test_the_staff_site_speaks_greek_by_its_cookie(order_desk: Client) -> None:
    answer = order_desk.post("/staff/language/", {"language": "el", "next": "/staff/"})

    assert answer.headers["Location"] == "/staff/"
    assert answer.cookies["language"].value == "el"
    assert '<html lang="el"' in order_desk.get("/staff/").content.decode()


def test_the_themes_own_texts_are_greek_too(order_desk: Client, order: Order) -> None:
    order_desk.cookies["language"] = "el"
    page = text_of(order_desk.get(reverse("admin:checkout_order_changelist")))

    assert "Όλες οι ενότητες" in page
    assert "All applications" not in page
