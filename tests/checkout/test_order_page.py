"""The order behind its unguessable link: what it tells, and that it tells nobody else."""

import pytest
from allauth.account.models import EmailAddress
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from checkout import orders
from checkout.models import Order, OrderState
from shop.models import ShopSettings, User
from tests.catalog.pieces import a_listed_piece
from tests.checkout.buyers import a_visitor, an_order, pay
from tests.checkout.rates import load_newest
from tests.checkout.storefront import decide, order, text_of, up_to_review

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("shippable")]


def a_placed_order(**fields: str) -> Order:
    return an_order(a_visitor(), [a_listed_piece().sku], **fields)  # type: ignore[arg-type]


def test_whoever_has_the_link_sees_the_order(client: Client) -> None:
    placed = a_placed_order()
    answer = client.get(placed.get_absolute_url())
    page = text_of(answer)
    assert answer.status_code == 200
    assert placed.number in page
    assert "The Cranes Are Flying" in page
    assert "Torstraße 1 10119 Berlin Germany" in page
    assert "€13.90" in page


def test_the_link_leaks_nowhere(client: Client) -> None:
    answer = client.get(a_placed_order().get_absolute_url())
    assert answer["Cache-Control"] == "no-store"
    assert answer["Referrer-Policy"] == "same-origin"
    assert "noindex" in answer["X-Robots-Tag"]


@pytest.mark.parametrize("token", ["x" * 43, "AC-100001", "-", "x" * 2000])
@pytest.mark.parametrize("path", ["/orders/{}/", "/checkout/pay/{}/", "/checkout/return/{}/"])
def test_a_wrong_link_is_404(client: Client, path: str, token: str) -> None:
    assert client.get(path.format(token)).status_code == 404


def test_a_draft_has_no_page(client: Client) -> None:
    token = up_to_review(client, a_listed_piece())["token"]
    assert client.get(f"/orders/{token}/").status_code == 404


def test_both_currencies_stand_there_with_the_rate_and_its_date(client: Client) -> None:
    load_newest()
    page = text_of(client.get(a_placed_order(currency="USD").get_absolute_url()))
    assert "$5.59" in page
    assert "€5.00" in page
    assert "30 October 2026: 1 EUR = 1.1172 USD" in page


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (OrderState.AWAITING_PAYMENT, "This order waits for your payment."),
        (OrderState.PAID, "Paid. Thank you!"),
        (OrderState.PACKED, "Packed."),
        (OrderState.SHIPPED, "On its way. ELTA RR123456789GR"),
        (OrderState.DELIVERED, "Delivered."),
        (OrderState.CANCELLED, "This order is cancelled. Nothing was charged."),
    ],
)
def test_its_state_is_said_in_words(client: Client, state: OrderState, words: str) -> None:
    staff = User.objects.create_user("staff@example.com", is_staff=True)
    placed = a_placed_order()
    if state == OrderState.CANCELLED:
        client.post(f"/orders/{placed.token}/cancel/")
    elif state != OrderState.AWAITING_PAYMENT:
        pay(placed)
        for step in ("pack", "ship", "deliver")[: ["paid", "packed", "shipped", "delivered"].index(state)]:
            extra = {"tracking_number": "RR123456789GR"} if step == "ship" else {}
            getattr(orders, step)(Order.objects.get(), by=staff, **extra)
    assert Order.objects.get().state == state
    assert words in text_of(client.get(placed.get_absolute_url()))


def test_a_paid_order_offers_neither_payment_nor_cancelling(client: Client) -> None:
    placed = a_placed_order()
    pay(placed)
    page = client.get(placed.get_absolute_url()).content.decode()
    assert "/checkout/pay/" not in page
    assert "/cancel/" not in page
    assert client.post(f"/orders/{placed.token}/cancel/").status_code == 409
    assert Order.objects.get().state == OrderState.PAID


def test_cancelling_frees_the_pieces_at_once(client: Client) -> None:
    placed = a_placed_order()
    answer = client.post(f"/orders/{placed.token}/cancel/")
    assert answer["Location"] == placed.get_absolute_url()
    assert placed.lines.get().listing.is_for_sale
    # A second click finds it done.
    assert client.post(f"/orders/{placed.token}/cancel/")["Location"] == placed.get_absolute_url()


def test_cancelling_needs_a_post_from_here(client: Client) -> None:
    placed = a_placed_order()
    assert client.get(f"/orders/{placed.token}/cancel/").status_code == 405
    foreign = client.post(f"/orders/{placed.token}/cancel/", headers={"Sec-Fetch-Site": "cross-site"})
    assert foreign.status_code == 403
    assert Order.objects.get().state == OrderState.AWAITING_PAYMENT


def test_a_transfer_shows_the_account_the_reference_and_the_deadline(client: Client) -> None:
    ShopSettings(bank_iban="GR1601101250000000012300695", bank_bic="ETHNGRAA").save()
    placed = order(client, a_listed_piece(), payment="bank_transfer")
    page = text_of(client.get(placed.get_absolute_url()))
    assert "GR16 0110 1250 0000 0001 2300 695" in page
    assert "ETHNGRAA" in page
    assert f"Reference {placed.number}" in page
    assert "To arrive by" in page


def test_the_greek_page_is_greek(client: Client) -> None:
    placed = a_placed_order()
    answer = client.get(f"/el/orders/{placed.token}/")
    assert answer["Content-Language"] == "el"
    assert "13,90\xa0€" in answer.content.decode()
    assert "Γερμανία" in answer.content.decode()


def test_its_queries_do_not_grow_with_its_lines(
    client: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    placed = an_order(a_visitor(), [a_listed_piece().sku for _ in range(5)])
    client.get(placed.get_absolute_url())
    with django_assert_max_num_queries(14):
        client.get(placed.get_absolute_url())


def test_the_account_lists_its_orders_and_points(client: Client) -> None:
    member = User.objects.create_user("erika@example.com", "secret-words-here")
    client.force_login(member)
    placed = order(client, a_listed_piece())
    decide(client, placed, "approve")
    page = text_of(client.get("/account/orders/"))
    assert placed.number in page
    assert "Paid" in page


def test_orders_of_a_guest_appear_once_the_address_is_verified(client: Client) -> None:
    placed = order(client, a_listed_piece())
    decide(client, placed, "approve")
    member = User.objects.create_user("Erika@example.com", "secret-words-here")
    address = EmailAddress.objects.create(user=member, email="Erika@example.com", verified=False, primary=True)
    client.force_login(member)
    assert placed.number not in text_of(client.get("/account/orders/"))
    address.verified = True
    address.save()
    page = text_of(client.get("/account/orders/"))
    assert placed.number in page
    assert "25 pending" in page


def test_the_account_is_for_those_signed_in(client: Client) -> None:
    answer = client.get("/el/account/orders/")
    assert answer.status_code == 302
    assert answer["Location"].startswith("/el/account/login/")


@pytest.mark.parametrize("path", ["login", "signup", "password/reset"])
@pytest.mark.parametrize("language", ["", "/el"])
def test_account_pages_wear_the_shops_frame(client: Client, path: str, language: str) -> None:
    answer = client.get(f"{language}/account/{path}/")
    page = answer.content.decode()
    assert answer.status_code == 200
    assert 'class="brand"' in page
    assert '<div class="field' in page
    assert "<p>" not in page.split('<form class="account-form"')[1].split("</form>")[0]


def test_days_are_not_counted_down_in_minutes(client: Client) -> None:
    ShopSettings(bank_iban="GR1601101250000000012300695").save()
    placed = order(client, a_listed_piece(), payment="bank_transfer")
    page = client.get(f"/checkout/pay/{placed.token}/").content.decode()
    assert "data-until" not in page
    assert "Held for you until" in text_of(client.get(f"/checkout/pay/{placed.token}/"))
