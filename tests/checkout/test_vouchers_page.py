"""Buying a gift voucher through its pages, what the mails say, and asking what is left on one."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.core import mail as outbox
from django.core.cache import cache
from django.db import IntegrityError
from django.test import Client
from django.utils import timezone

from checkout import unfinished, visitors, voucher_orders, vouchers
from checkout.attempts import VOUCHER_ORDERS, WRONG_CODES, Limit
from checkout.currency import quote_for
from checkout.errors import OrderNotFound
from checkout.models import GiftVoucher, Order, OrderState, Payment, PointsEntry
from checkout.models.order import new_token
from shop.models import ShopSettings, User
from tests.checkout.buyers import a_visitor
from tests.checkout.rates import load_newest
from tests.checkout.savings_orders import a_voucher, an_owner, an_unpaid_order
from tests.checkout.storefront import VOUCHER, decide, order_voucher, text_of, voucher_up_to_review

pytestmark = [pytest.mark.django_db]
RunTasks = Callable[[], int]


def now(placed: Order) -> Order:
    return Order.objects.get(pk=placed.pk)


@pytest.mark.parametrize("prefix", ["", "/el"])
def test_the_page_shows_values_and_takes_an_own_one(client: Client, prefix: str) -> None:
    page = client.get(f"{prefix}/vouchers/")
    assert page.status_code == 200
    assert "noindex" not in page.content.decode()
    for value in ("10", "20", "50", "100", "own"):
        assert f'name="amount" value="{value}"' in page.content.decode()
    review = client.post(f"{prefix}/vouchers/", VOUCHER | {"own_amount": "37.50" if not prefix else "37,50"})
    assert review.status_code == 200
    assert review["Cache-Control"] == "no-store"
    assert ("€37.50" if not prefix else "37,50\xa0€") in review.content.decode()


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"own_amount": "4.99"}, "from €5.00 to €250.00"),
        ({"own_amount": "250.01"}, "from €5.00 to €250.00"),
        ({"own_amount": "-20"}, "from €5.00 to €250.00"),
        ({"own_amount": "12.345"}, "no more than 2 decimal places"),
        ({"own_amount": "NaN"}, "Enter a number"),
        ({"amount": "own"}, "Please choose a value"),
        ({"amount": ""}, "Please choose a value"),
        ({"amount": "30"}, "Select a valid choice"),
        ({"email": ""}, "This field is required"),
        ({"email": "nobody"}, "Enter a valid email address"),
        ({"recipient_email": "nobody"}, "Enter a valid email address"),
        ({"message": "x" * 501}, "at most 500 characters"),
    ],
)
def test_a_mistake_is_named_beside_its_field(client: Client, fields: dict[str, str], expected: str) -> None:
    answer = client.post("/vouchers/", VOUCHER | fields)
    assert answer.status_code == 422
    assert expected in text_of(answer)
    assert "has-error" in answer.content.decode() or "amount" in fields
    ordered = client.post("/vouchers/order/", VOUCHER | fields | {"token": new_token(), "total": "20.00"})
    assert ordered["Location"] == "/vouchers/"
    assert not Order.objects.exists()


@pytest.mark.parametrize("value", ["5", "5.00", "250", "250.00"])
def test_the_bounds_themselves_can_be_bought(client: Client, value: str) -> None:
    assert client.post("/vouchers/", VOUCHER | {"own_amount": value}).status_code == 200


def test_what_was_typed_can_be_changed_before_ordering(client: Client) -> None:
    answer = client.post("/vouchers/", VOUCHER | {"message": "Chronia polla", "change": "1"})
    assert answer.status_code == 200
    assert "Chronia polla" in answer.content.decode()
    assert "Order with obligation to pay" not in text_of(answer)


def test_a_voucher_is_ordered_paid_and_mailed(client: Client, run_tasks: RunTasks) -> None:
    placed = order_voucher(client, sender_name="Erika", recipient_name="Maria", message="For your birthday")
    assert (placed.state, placed.vouchers_eur, placed.total_amount) == ("awaiting_payment", 20, 20)
    assert placed.number == f"AC-{100000 + placed.pk}"
    assert not placed.lines.exists()
    voucher = GiftVoucher.objects.get()
    assert (voucher.issued_at, voucher.balance_eur) == (None, 0)
    assert vouchers.find(voucher.code) is None
    decide(client, placed, "approve")
    assert now(placed).state == OrderState.DELIVERED
    found = vouchers.find(voucher.code)
    assert found is not None
    assert found.balance_eur == 20
    assert not PointsEntry.objects.exists(), "points are earned when goods are bought with it"
    run_tasks()
    mails = {message.to[0]: message for message in outbox.outbox}
    assert set(mails) == {"erika@example.com", "maria@example.com"}
    gift = mails["maria@example.com"]
    assert gift.subject == "A gift voucher of €20.00 from Erika"
    for text in (voucher.code, "Dear Maria", "For your birthday", "no end date", "/vouchers/"):
        assert text in gift.body
    confirmation = mails["erika@example.com"]
    assert voucher.code not in confirmation.body
    assert placed.get_absolute_url() in confirmation.body
    assert placed.get_absolute_url() not in gift.body, "whoever gets the voucher does not get the order"
    assert "within 14 days" in confirmation.body
    for message in outbox.outbox:
        assert "&" not in message.body.replace("&quot;", "")
    voucher.refresh_from_db()
    assert voucher.mailed_at is not None


def test_a_voucher_without_recipient_comes_to_the_buyer_in_their_language(client: Client, run_tasks: RunTasks) -> None:
    ShopSettings(voucher_months=24).save()
    wanted = VOUCHER | {"recipient_email": ""}
    page = client.post("/el/vouchers/", wanted).content.decode()
    token = page.split('name="token" value="')[1].split('"')[0]
    fields = wanted | {"token": token, "total": "20.00", "currency": "EUR", "payment_method": "demo"}
    client.post("/el/vouchers/order/", fields)
    placed = Order.objects.get()
    assert placed.language == "el"
    decide(client, placed, "approve")
    run_tasks()
    [gift] = [message for message in outbox.outbox if "20,00" in message.subject]
    assert gift.to == ["erika@example.com"]
    voucher = GiftVoucher.objects.get()
    assert voucher.code in gift.body
    assert voucher.expires_on is not None
    assert str(voucher.expires_on.year) in gift.body


def test_a_voucher_is_charged_in_the_chosen_currency_and_stays_in_euro(client: Client) -> None:
    load_newest()
    client.cookies["currency"] = "ISK"
    page = client.post("/vouchers/", VOUCHER)
    assert "The voucher itself is in euro" in text_of(page)
    placed = order_voucher(client)
    quote = quote_for("ISK")
    assert (placed.currency, placed.rate, placed.rate_set_id) == ("ISK", quote.rate, quote.rate_set_id)
    assert placed.total_amount == quote.convert(Decimal(20)) == placed.vouchers_amount
    assert (placed.total_eur, GiftVoucher.objects.get().amount_eur) == (20, 20)
    assert Payment.objects.get().amount == placed.total_amount


@pytest.mark.parametrize("change", [{"total": "19.99"}, {"currency": "USD"}])
def test_another_total_than_the_one_shown_is_asked_about_again(client: Client, change: dict[str, str]) -> None:
    fields = voucher_up_to_review(client) | change
    answer = client.post("/vouchers/order/", fields)
    assert answer.status_code == 409
    assert "The total has changed" in text_of(answer)
    assert f'name="token" value="{fields["token"]}"' in answer.content.decode()
    assert not Order.objects.exists()


@pytest.mark.parametrize("change", [{"payment_method": "gold"}, {"payment_method": ""}])
def test_only_an_offered_way_of_paying_can_be_chosen(client: Client, change: dict[str, str]) -> None:
    answer = client.post("/vouchers/order/", voucher_up_to_review(client) | change)
    assert answer.status_code == 422
    assert "not offered" in text_of(answer)
    assert not Order.objects.exists()


def test_the_second_press_gives_the_first_ones_order(client: Client) -> None:
    fields = voucher_up_to_review(client)
    answers = [client.post("/vouchers/order/", fields)["Location"] for _ in range(2)]
    assert answers[0] == answers[1]
    assert Order.objects.count() == GiftVoucher.objects.count() == Payment.objects.count() == 1


def test_a_link_made_for_another_visitor_orders_nothing(client: Client) -> None:
    fields = voucher_up_to_review(client)
    client.post("/vouchers/order/", fields)
    other = Client()
    voucher_up_to_review(other)
    answer = other.post("/vouchers/order/", fields)
    assert answer["Location"] == "/vouchers/"
    assert Order.objects.count() == 1


def test_a_press_that_overtakes_the_first_look_gives_its_order(monkeypatch: pytest.MonkeyPatch) -> None:
    """As two servers do: both look before either has written."""
    gift, visitor, token = voucher_orders.Gift(Decimal(20)), a_visitor(), new_token()
    fields: dict[str, Any] = {
        "visitor": visitor,
        "email": "a@example.com",
        "token": token,
        "currency": "EUR",
        "shown_total": Decimal(20),
        "language": "en",
    }
    first = voucher_orders.place(gift, **fields)
    looks = iter([None, first])
    monkeypatch.setattr(voucher_orders, "_placed", lambda token: next(looks))
    assert voucher_orders.place(gift, **fields) == first
    assert Order.objects.count() == GiftVoucher.objects.count() == 1
    monkeypatch.undo()
    with pytest.raises(OrderNotFound):
        voucher_orders.place(gift, **(fields | {"visitor": a_visitor("somebody else")}))


def test_nobody_orders_vouchers_by_the_dozen(client: Client) -> None:
    for _ in range(voucher_orders.UNPAID_AT_ONCE):
        order_voucher(client)
    answer = client.post("/vouchers/order/", voucher_up_to_review(client))
    assert answer.status_code == 429
    assert "not paid yet" in text_of(answer)
    assert Order.objects.count() == voucher_orders.UNPAID_AT_ONCE


def test_new_cookies_do_not_help_a_flood(client: Client) -> None:
    visitor = a_visitor(address_range=visitors.address_range("127.0.0.1"))
    for n in range(VOUCHER_ORDERS.by_range):
        VOUCHER_ORDERS.count(a_visitor(f"visitor {n}", address_range=visitor.address_range))
    assert client.post("/vouchers/order/", voucher_up_to_review(client)).status_code == 429


def test_an_unpaid_voucher_is_never_issued(client: Client, run_tasks: RunTasks) -> None:
    placed = order_voucher(client)
    Order.objects.filter(pk=placed.pk).update(pay_by="2026-01-01T00:00Z")
    unfinished.bring_forward()
    assert now(placed).state == OrderState.EXPIRED
    assert GiftVoucher.objects.get().issued_at is None


def test_a_signed_in_buyer_finds_the_order_in_the_account(client: Client) -> None:
    user = User.objects.create_user("erika@example.com")
    client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    assert order_voucher(client).user == user


def test_a_foreign_page_cannot_order(client: Client) -> None:
    fields = voucher_up_to_review(client)
    answer = client.post("/vouchers/order/", fields, headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403


def test_what_was_paid_beside_a_voucher_is_not_to_be_paid_again(client: Client) -> None:
    placed = an_unpaid_order(voucher=a_voucher(), voucher_eur="20.00")
    Order.objects.filter(pk=placed.pk).update(pay_by=timezone.now())
    assert "To pay €30.00" in text_of(client.get(placed.get_absolute_url()))
    Order.objects.filter(pk=placed.pk).update(state=OrderState.PAID, paid_at=timezone.now())
    page = text_of(client.get(placed.get_absolute_url()))
    assert "To pay" not in page
    assert "Paid €30.00" in page


# What is left on a voucher


def test_who_knows_the_code_learns_what_is_left(client: Client) -> None:
    voucher = a_voucher("20.00")
    vouchers.take(an_unpaid_order(voucher=voucher, voucher_eur="12.50"))
    answer = client.post("/vouchers/balance/", {"code": voucher.code.lower()})
    assert answer.status_code == 200
    assert "€7.50 left of €20.00" in text_of(answer)
    assert answer["Cache-Control"] == "no-store"
    assert client.get("/vouchers/balance/")["Location"] == "/vouchers/"


def test_a_spent_or_expired_voucher_says_so(client: Client) -> None:
    spent, expired = a_voucher("5.00"), a_voucher("5.00", expires_on="2026-01-31")
    vouchers.take(an_unpaid_order(voucher=spent, voucher_eur="5.00"))
    answers = [text_of(client.post("/vouchers/balance/", {"code": row.code})) for row in (spent, expired)]
    assert "Nothing is left" in answers[0]
    assert "could be spent until 31 January 2026" in answers[1]


def test_unknown_unissued_and_voided_codes_sound_alike(client: Client) -> None:
    voided = a_voucher()
    vouchers.void(voided, reason="lost", by=an_owner())
    for code in ("AAAA-AAAA-AAAA-AAAA", a_voucher(is_issued=False).code, voided.code, "coupon"):
        answer = client.post("/vouchers/balance/", {"code": code})
        assert answer.status_code == 422
        assert "We do not know this code" in text_of(answer)
    assert client.post("/vouchers/balance/", {"code": ""}).status_code == 422


def test_guessing_codes_is_stopped(client: Client) -> None:
    voucher = a_voucher()
    for _ in range(WRONG_CODES.by_visitor):
        assert client.post("/vouchers/balance/", {"code": "AAAA-AAAA-AAAA-AAAA"}).status_code == 422
    answer = client.post("/vouchers/balance/", {"code": voucher.code})
    assert answer.status_code == 429
    assert "Too many codes" in text_of(answer)
    assert "left of" not in text_of(answer)


def test_new_cookies_do_not_help_a_guesser() -> None:
    for _ in range(WRONG_CODES.by_range):
        Client().post("/vouchers/balance/", {"code": "AAAA-AAAA-AAAA-AAAA"})
    assert Client().post("/vouchers/balance/", {"code": a_voucher().code}).status_code == 429
    elsewhere = Client(headers={"X-Forwarded-For": "192.0.2.7"})
    assert elsewhere.post("/vouchers/balance/", {"code": a_voucher().code}).status_code == 200


# The order's own pages and mails


@pytest.mark.parametrize("prefix", ["", "/el"])
def test_an_order_of_a_voucher_speaks_of_no_pieces(client: Client, prefix: str) -> None:
    placed = order_voucher(client)
    page = client.get(prefix + placed.get_absolute_url())
    assert page.status_code == 200
    assert "maria@example.com" in page.content.decode()
    assert GiftVoucher.objects.get().code not in page.content.decode()
    assert client.get(f"{prefix}/checkout/pay/{placed.token}/").status_code == 200
    if not prefix:
        assert "mailed as soon as it is paid" in text_of(page)
        assert "Packed" not in text_of(page)
    decide(client, placed, "decline")
    declined = text_of(client.get(f"/checkout/pay/{placed.token}/"))
    assert "nothing was charged" in declined
    assert "pieces" not in declined


def test_a_paid_order_says_when_the_voucher_was_mailed(client: Client, run_tasks: RunTasks) -> None:
    placed = order_voucher(client)
    decide(client, placed, "approve")
    assert "It is being mailed" in text_of(client.get(placed.get_absolute_url()))
    run_tasks()
    page = text_of(client.get(placed.get_absolute_url()))
    assert "The code goes out by mail" in page
    assert "Mailed on" in page


def test_a_voucher_of_a_cancelled_order_is_not_announced(client: Client) -> None:
    placed = order_voucher(client)
    assert "It is mailed as soon as it is paid" in text_of(client.get(placed.get_absolute_url()))
    client.post(f"{placed.get_absolute_url()}cancel/")
    page = text_of(client.get(placed.get_absolute_url()))
    assert "This order is cancelled" in page
    assert "as soon as it is paid" not in page


def test_mails_about_an_unpaid_voucher_speak_of_no_pieces(client: Client, run_tasks: RunTasks) -> None:
    ShopSettings(bank_iban="GR1601101250000000012300695").save()
    placed = order_voucher(client, payment="bank_transfer")
    run_tasks()
    Order.objects.filter(pk=placed.pk).update(pay_by="2026-01-01T00:00Z")
    unfinished.bring_forward()
    run_tasks()
    awaiting, expired = (message.body for message in outbox.outbox)
    assert "mailed as soon as the transfer has arrived" in awaiting
    assert "pieces are held" not in awaiting
    assert "The time to pay for this order is over. Nothing was charged." in expired
    assert "Gift vouchers: €20.00" in expired


def test_another_rule_of_the_database_is_not_taken_for_a_second_press(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*args: object) -> None:
        raise IntegrityError

    monkeypatch.setattr(voucher_orders, "_place", refused)
    with pytest.raises(IntegrityError):
        voucher_orders.place(
            voucher_orders.Gift(Decimal(20)),
            visitor=a_visitor(),
            email="a@example.com",
            token=new_token(),
            currency="EUR",
            shown_total=Decimal(20),
            language="en",
        )


def test_a_counter_that_was_evicted_starts_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    def evicted(*args: object) -> None:
        raise ValueError

    visitor, one = a_visitor(), Limit("one", by_visitor=1, by_range=1, seconds=60)
    assert not one.is_reached(visitor)
    monkeypatch.setattr(cache, "incr", evicted)
    one.count(visitor)
    assert one.is_reached(visitor)
