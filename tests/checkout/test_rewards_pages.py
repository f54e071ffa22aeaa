"""What people see of reward points: customers on their page and an order's, staff in the ledger."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.template import Context, Template
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from checkout import reward_history, reward_upkeep, rewards
from checkout.models import OrderState, PointsAccount, PointsEntry
from shop.models import User
from tests.catalog.pieces import a_listed_piece
from tests.checkout import storefront
from tests.checkout.points import a_customer, an_account, an_order, credit, put, set_delivered, set_paid
from tests.checkout.rates import load_newest
from tests.checkout.storefront import text_of

pytestmark = pytest.mark.django_db


def page_of(user: User, query: str = "", *, language: str = "") -> str:
    client = Client()
    client.force_login(user)
    return text_of(client.get(f"{language}/account/orders/{query}"))


def test_the_account_shows_each_pot_and_why_points_moved() -> None:
    user = a_customer()
    order = an_order(user, prices=("40.00",))
    rewards.earn(order)
    assert "0 available · 200 pending" in page_of(user)
    set_delivered(order, days_ago=20)
    reward_upkeep.confirm_due()
    waiting = an_order(user, used=100, state=OrderState.AWAITING_PAYMENT)
    assert rewards.take(waiting)
    page = page_of(user)
    assert "100 available · 0 pending · 100 held for an order" in page
    assert "Earned" in page
    assert "Now yours to use" in page
    assert f"Set aside for an order {waiting.number} – −100 +100" in page
    last_day = rewards.expiries(rewards.account_for(user.email))[0][0]
    assert f"100 points can be used until {last_day.day} " in page
    assert f"Now yours to use until {last_day.day} " in page


def test_points_that_expire_on_the_same_day_are_counted_together() -> None:
    user = a_customer()
    account = an_account(user)
    day = timezone.localdate() + timedelta(days=40)
    put(account, 70, expires_on=day)
    put(account, 50, expires_on=day)
    put(account, 9)
    assert rewards.expiries(account) == [(day, 120)]
    assert "120 points can be used until" in page_of(user)


def test_a_negative_balance_is_explained() -> None:
    user = a_customer()
    put(an_account(user), -25)
    page = page_of(user)
    assert "−25 available" in page
    assert "You owe 25 points" in page


def test_an_account_without_points_says_so() -> None:
    assert "0 available · 0 pending Earned" not in page_of(a_customer())
    assert "0 available · 0 pending" in page_of(User.objects.create_user("new@example.com", "three-secret-words"))


def test_the_page_is_there_in_greek() -> None:
    user = a_customer()
    put(an_account(user), -25)
    assert "25" in page_of(user, language="/el")


def test_nobody_sees_the_points_of_an_address_they_have_not_verified() -> None:
    put(rewards.account_for("guest@example.com"), 777)
    user = a_customer()
    an_account(user, 5)
    user.emailaddress_set.create(email="guest@example.com", verified=False)
    assert "777" not in page_of(user)
    user.emailaddress_set.update(verified=True)
    assert "782 available" in page_of(user)
    assert "+777" in page_of(user)


def test_staff_notes_are_not_for_customers_but_the_reason_of_an_adjustment_is() -> None:
    user = a_customer()
    order = an_order(user)
    rewards.earn(order)
    rewards.reverse(order, reason="called three times, rude")
    owner = User.objects.create_superuser("owner@example.com")
    rewards.adjust(an_account(user), 10, reason="Sorry for the late parcel", by=owner)
    page = page_of(user)
    assert "rude" not in page
    assert "Taken back with a refund" in page
    assert "Adjusted by us: Sorry for the late parcel" in page


def test_the_latest_movements_are_shown_and_all_on_request(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reward_history, "MOVEMENTS_SHOWN", 2)
    user = a_customer()
    account = an_account(user)
    for points in (501, 502, 503):
        put(account, points)
    page = page_of(user)
    assert "Show all movements" in page
    assert "+501" not in page
    assert "+503" in page
    whole = page_of(user, "?points=all")
    assert "+501" in whole
    assert "Show all movements" not in whole


def shown(order: object, user: User | None = None) -> str:
    page = Template("{% load rewards %}{% order_points order %}").render(Context({"order": order, "user": user}))
    return " ".join(page.split())


def test_an_order_says_what_became_of_its_points() -> None:
    user = a_customer()
    an_account(user, 100)
    order = an_order(user, prices=("10.00",), used=100, state=OrderState.AWAITING_PAYMENT)
    assert rewards.take(order)
    assert "45 reward points once it is paid." in shown(order, user)
    set_paid(order)
    rewards.commit(order)
    rewards.earn(order)
    assert "45 reward points, pending" in shown(order, user)
    set_delivered(order, days_ago=20)
    reward_upkeep.confirm_due()
    assert "45 reward points earned." in shown(order, user)
    rewards.reverse(order, reason="returned", credit=credit(order, _0="9.00"))
    rewards.give_back(order, lines=order.lines.all(), reason="returned")
    page = shown(order, user)
    assert "earned." not in page
    assert "45 reward points were taken back" in page
    assert "100 reward points you had used are back" in page
    assert "Register" not in page


def test_a_guest_is_told_how_to_use_the_points() -> None:
    order = an_order(email="guest@example.com")
    rewards.earn(order)
    page = shown(order)
    assert "with the email address of this order" in page
    assert "guest@example.com" not in page
    assert "/account/signup/?next=" in page


def test_an_order_without_points_does_not_speak_of_them() -> None:
    assert shown(an_order(prices=("0.10",))) == ""


@pytest.mark.usefixtures("shippable")
def test_usd_5_59_at_1_1172_still_earns_25(client: Client) -> None:
    load_newest()
    piece = a_listed_piece()
    storefront.reserve(client, piece)
    client.post("/currency/", {"currency": "USD"})
    placed = storefront.order(client, piece)
    assert (placed.goods_amount, placed.currency) == (Decimal("5.59"), "USD")
    assert placed.rate == Decimal("1.1172")
    assert placed.lines.get().points == 25


# Staff


def deed(account: PointsAccount) -> str:
    return reverse("admin:checkout_pointsaccount_deed", args=(account.pk, "adjust"))


@pytest.fixture
def owner(client: Client) -> User:
    user = User.objects.create_superuser("owner@example.com")
    client.force_login(user)
    return user


def test_staff_adjust_points_by_a_deed_with_a_reason(client: Client, owner: User) -> None:
    account = an_account(a_customer())
    client.post(deed(account), {"points": "50", "reason": "late parcel"})
    entry = account.entries.get()
    assert (entry.points, entry.note, entry.created_by, entry.kind) == (50, "late parcel", owner, "adjust")
    page = text_of(client.get(reverse("admin:checkout_pointsaccount_change", args=(account.pk,))))
    assert "late parcel" in page
    assert entry.lot in page
    assert "50" in text_of(client.get(reverse("admin:checkout_pointsaccount_changelist")))


@pytest.mark.parametrize(
    "fields", [{"points": "0", "reason": "why"}, {"points": "5", "reason": ""}, {"points": "10001", "reason": "why"}]
)
def test_an_adjustment_without_points_or_reason_is_refused(client: Client, owner: User, fields: dict[str, str]) -> None:
    account = an_account(a_customer())
    assert client.post(deed(account), fields).status_code == 200
    assert not PointsEntry.objects.exists()


def test_the_ledger_has_no_form(client: Client, owner: User) -> None:
    account = an_account(a_customer(), 5)
    entry = account.entries.get()
    assert client.get(reverse("admin:checkout_pointsentry_add")).status_code == 403
    client.post(reverse("admin:checkout_pointsentry_change", args=(entry.pk,)), {"points": "500"})
    entry.refresh_from_db()
    assert entry.points == 5
