"""Coupon, gift voucher and points on the review page: applied, refused, taken out, and what is charged in the end."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from checkout import invariants, rewards, savings, settlement, unfinished, vouchers
from checkout.attempts import WRONG_CODES
from checkout.errors import OrderMoveRefused
from checkout.models import Coupon, CouponUse, Order, OrderState, PointsEntry
from shop.models import User
from tests.catalog.pieces import a_listed_piece
from tests.checkout.rates import load_newest
from tests.checkout.savings_orders import a_coupon, a_voucher, an_owner, an_unpaid_order
from tests.checkout.storefront import (
    choose,
    decide,
    give_address,
    reserve,
    shown_for_confirmation,
    text_of,
    up_to_review,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("shippable")]
RunTasks = Callable[[], int]
REVIEW = "/checkout/review/"


def use(client: Client, part: str, typed: str = "", **fields: str) -> Any:
    return client.post("/checkout/savings/", {"part": part, "points" if part == "points" else "code": typed, **fields})


def draft() -> Order:
    return Order.objects.get(state=OrderState.DRAFT)


def place(client: Client) -> Order:
    client.post(REVIEW, shown_for_confirmation(client))
    return Order.objects.placed().latest("id")


@pytest.fixture
def at_review(client: Client) -> Client:
    """A buyer with one piece for €5.00 before the last button; shipping costs €8.90."""
    up_to_review(client, a_listed_piece())
    return client


# Applied and taken out


@pytest.mark.parametrize("field", ["coupon", "voucher"])
def test_a_coupon_lowers_the_total_whichever_field_it_was_typed_in(at_review: Client, field: str) -> None:
    a_coupon(percent=Decimal(20))
    answer = use(at_review, field, " winter ")
    assert answer["Location"] == "/checkout/review/#savings"
    page = text_of(at_review.get(REVIEW))
    assert "WINTER" in page
    assert "−€1.00" in page
    assert "€12.90" in page
    use(at_review, "coupon", remove="1")
    assert draft().coupon is None
    assert "€13.90" in text_of(at_review.get(REVIEW))


@pytest.mark.parametrize("field", ["coupon", "voucher"])
def test_a_gift_voucher_pays_whichever_field_it_was_typed_in(at_review: Client, field: str) -> None:
    voucher = a_voucher("10.00")
    use(at_review, field, voucher.code.lower().replace("-", ""))
    page = text_of(at_review.get(REVIEW))
    assert "−€10.00" in page
    assert "€3.90" in page
    assert voucher.code not in page
    assert str(voucher) in page
    use(at_review, "voucher", remove="1")
    assert draft().voucher is None


def test_what_a_voucher_has_left_afterwards_is_said(at_review: Client) -> None:
    use(at_review, "voucher", a_voucher("20.00").code)
    assert "€6.10 stays on it" in text_of(at_review.get(REVIEW))
    use(at_review, "voucher", remove="1")
    use(at_review, "voucher", a_voucher("10.00").code)
    assert "Nothing stays on it" in text_of(at_review.get(REVIEW))


def test_both_are_used_together_and_charged(at_review: Client) -> None:
    a_coupon(percent=Decimal(20))
    voucher = a_voucher("10.00")
    use(at_review, "coupon", "WINTER")
    use(at_review, "voucher", voucher.code)
    placed = place(at_review)
    assert (placed.coupon_eur, placed.total_eur, placed.voucher_eur, placed.due_amount) == (
        1,
        Decimal("12.90"),
        10,
        Decimal("2.90"),
    )
    assert CouponUse.objects.get().email == "erika@example.com"
    voucher.refresh_from_db()
    assert voucher.balance_eur == 0
    decide(at_review, placed, "approve")
    assert Order.objects.get(pk=placed.pk).state == OrderState.PAID
    assert invariants.find_broken() == []


def test_a_voucher_that_covers_all_leaves_nothing_to_pay(at_review: Client) -> None:
    voucher = a_voucher("20.00")
    use(at_review, "voucher", voucher.code)
    answer = at_review.post(REVIEW, shown_for_confirmation(at_review), follow=True)
    assert "Paid. Thank you!" in text_of(answer)
    assert Order.objects.get().state == OrderState.PAID
    voucher.refresh_from_db()
    assert voucher.balance_eur == Decimal("6.10")
    assert invariants.find_broken() == []


def test_free_shipping_takes_the_shipping_off(at_review: Client) -> None:
    a_coupon(kind=Coupon.Kind.FREE_SHIPPING)
    use(at_review, "coupon", "WINTER")
    assert "€5.00" in text_of(at_review.get(REVIEW))
    placed = place(at_review)
    assert (placed.shipping_discount_eur, placed.total_eur) == (Decimal("8.90"), 5)


def test_an_order_that_is_not_paid_gives_all_back(at_review: Client) -> None:
    coupon, voucher = a_coupon(limit=1), a_voucher("10.00")
    use(at_review, "coupon", "WINTER")
    use(at_review, "voucher", voucher.code)
    placed = place(at_review)
    coupon.refresh_from_db()
    assert coupon.use_count == 1
    Order.objects.filter(pk=placed.pk).update(pay_by="2026-01-01T00:00Z")
    unfinished.bring_forward()
    coupon.refresh_from_db()
    voucher.refresh_from_db()
    assert (coupon.use_count, voucher.balance_eur) == (0, 10)
    assert invariants.find_broken() == []


def test_cancelling_a_paid_order_returns_the_voucher_and_the_rest(at_review: Client) -> None:
    voucher = a_voucher("10.00")
    use(at_review, "voucher", voucher.code)
    placed = place(at_review)
    decide(at_review, placed, "approve")
    settlement.cancel(Order.objects.get(pk=placed.pk))
    voucher.refresh_from_db()
    assert voucher.balance_eur == 10
    assert [row.amount for row in placed.payments.get().refunds.all()] == [Decimal("3.90")]
    assert invariants.find_broken() == []


def test_amounts_are_converted_part_by_part(client: Client) -> None:
    load_newest()
    client.cookies["currency"] = "USD"
    up_to_review(client, a_listed_piece())
    a_coupon(percent=Decimal(33))
    use(client, "coupon", "WINTER")
    use(client, "voucher", a_voucher("10.00").code)
    placed = place(client)
    assert placed.coupon_eur == Decimal("1.65")
    assert placed.voucher_eur == 10
    assert placed.total_amount == placed.goods_amount + placed.shipping_amount - placed.coupon_amount
    assert invariants.find_broken() == []


# Refused beside its field


@pytest.mark.parametrize("prefix", ["", "/el"])
def test_an_unknown_code_is_refused_beside_its_field(at_review: Client, prefix: str) -> None:
    answer = at_review.post(f"{prefix}/checkout/savings/", {"part": "coupon", "code": "<NOTHING>"})
    assert answer.status_code == 422
    page = answer.content.decode()
    assert 'value="&lt;NOTHING&gt;" aria-invalid="true" aria-describedby="coupon_error"' in page
    assert 'id="coupon_error" role="alert"' in page
    assert f'action="{prefix}/checkout/review/"' in page, "the order button still orders"
    assert answer["Cache-Control"] == "no-store"


def test_an_inactive_coupon_and_an_unissued_voucher_sound_like_an_unknown_code(at_review: Client) -> None:
    a_coupon("OFF", is_active=False)
    unpaid, voided = a_voucher(is_issued=False), a_voucher()
    vouchers.void(voided, reason="lost", by=an_owner())
    for code in ("NOTHING", "OFF", unpaid.code, voided.code):
        assert "We do not know this code" in text_of(use(at_review, "coupon", code))


def test_a_coupon_below_its_minimum_says_what_is_missing(at_review: Client) -> None:
    a_coupon(minimum_eur=Decimal(12))
    answer = use(at_review, "coupon", "WINTER")
    assert answer.status_code == 422
    assert "€7.00 more is missing" in text_of(answer)
    assert draft().coupon is None


def test_a_minimum_is_told_in_the_currency_of_the_page(client: Client) -> None:
    load_newest()
    client.cookies["currency"] = "USD"
    up_to_review(client, a_listed_piece())
    coupon = a_coupon(minimum_eur=Decimal(12))
    assert "$7.82 (€7.00) more is missing" in text_of(use(client, "coupon", "WINTER"))
    Coupon.objects.update(minimum_eur=0)
    use(client, "coupon", "WINTER")
    Coupon.objects.update(minimum_eur=coupon.minimum_eur)
    assert "$7.82 (€7.00) more is missing" in text_of(client.get(reverse("checkout:review")))


def test_a_spent_voucher_is_refused(at_review: Client) -> None:
    voucher = a_voucher("5.00")
    vouchers.take(an_unpaid_order(voucher=voucher, voucher_eur="5.00"))
    assert "Nothing is left" in text_of(use(at_review, "voucher", voucher.code))


def test_a_customer_cannot_use_it_twice(at_review: Client) -> None:
    a_coupon()
    use(at_review, "coupon", "WINTER")
    place(at_review)
    up_to_review(at_review, a_listed_piece())
    assert "as often as one customer may" in text_of(use(at_review, "coupon", "WINTER"))


def test_what_ends_after_it_was_applied_is_told_and_not_charged_silently(at_review: Client) -> None:
    coupon, voucher = a_coupon(), a_voucher("10.00")
    use(at_review, "coupon", "WINTER")
    use(at_review, "voucher", voucher.code)
    shown = shown_for_confirmation(at_review)
    Coupon.objects.update(is_active=False)
    vouchers.void(voucher, reason="lost", by=an_owner())
    answer = at_review.post(REVIEW, shown)
    assert answer.status_code == 409
    page = text_of(answer)
    assert "We do not know this code" in page
    assert "This gift voucher is no longer valid" in page
    assert not Order.objects.placed().exists()
    assert coupon.code in page


def test_the_last_use_of_a_coupon_goes_to_one(client: Client) -> None:
    a_coupon(limit=1)
    buyers = [client, Client()]
    shown = []
    for n, buyer in enumerate(buyers):
        reserve(buyer, a_listed_piece())
        give_address(buyer, email=f"{n}@example.com")
        choose(buyer)
        use(buyer, "coupon", "WINTER")
        shown.append(shown_for_confirmation(buyer))
    answers = [buyer.post(REVIEW, fields).status_code for buyer, fields in zip(buyers, shown, strict=True)]
    assert answers == [302, 409]
    assert "has been used up" in text_of(buyers[1].get(REVIEW))
    assert Coupon.objects.get().use_count == 1


def test_guessing_is_stopped_and_a_right_code_does_not_count(at_review: Client) -> None:
    a_coupon()
    for _ in range(WRONG_CODES.by_visitor - 1):
        assert use(at_review, "coupon", "NOTHING").status_code == 422
    assert use(at_review, "coupon", "WINTER").status_code == 302
    assert use(at_review, "coupon", "NOTHING").status_code == 422
    answer = use(at_review, "voucher", a_voucher().code)
    assert answer.status_code == 429
    assert "Too many codes" in text_of(answer)
    assert draft().voucher is None


@pytest.mark.parametrize("fields", [{}, {"part": "everything"}, {"part": "coupon", "code": "  "}, {"part": "coupon"}])
def test_an_empty_form_changes_nothing(at_review: Client, fields: dict[str, str]) -> None:
    assert at_review.post("/checkout/savings/", fields)["Location"] == "/checkout/review/#savings"
    assert (draft().coupon, draft().voucher, draft().points_used) == (None, None, 0)


def test_without_a_basket_there_is_nothing_to_save_on(client: Client) -> None:
    assert use(client, "coupon", "WINTER").status_code == 409
    assert client.get("/checkout/savings/")["Location"] == "/checkout/review/"


def test_before_the_address_is_given_a_refusal_leads_there(client: Client) -> None:
    reserve(client, a_listed_piece())
    assert use(client, "coupon", "NOTHING")["Location"] == "/checkout/address/"


def test_a_placed_order_takes_no_more_wishes(at_review: Client) -> None:
    coupon = a_coupon()
    placed = place(at_review)
    with pytest.raises(OrderMoveRefused):
        savings._keep(placed, coupon=coupon)


def test_a_draft_placed_in_another_tab_leads_back(at_review: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def overtaken(*args: object, **wishes: object) -> None:
        raise OrderMoveRefused

    monkeypatch.setattr(savings, "_keep", overtaken)
    assert use(at_review, "coupon", remove="1")["Location"] == REVIEW


def test_another_site_cannot_apply_a_code(at_review: Client) -> None:
    fields = {"part": "coupon", "code": "WINTER"}
    assert at_review.post("/checkout/savings/", fields, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403


# Points


@pytest.fixture
def member(client: Client) -> Client:
    """Somebody signed in, with 1,234 points and a piece for €5.00 before the last button."""
    user = User.objects.create_user("erika@example.com")
    account = rewards.account_for(user.email)
    account.user = user
    account.save()
    PointsEntry.objects.create(account=account, pot="available", kind="adjust", lot="adjust-1", points=1234, key="a-1")
    client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    up_to_review(client, a_listed_piece())
    return client


def test_a_guest_is_not_asked_for_points(at_review: Client) -> None:
    assert "Use reward points" not in text_of(at_review.get(REVIEW))
    assert use(at_review, "points", "100").status_code == 422
    assert draft().points_used == 0


def test_points_are_offered_with_their_worth_and_used(member: Client) -> None:
    page = text_of(member.get(REVIEW))
    assert "You have 1234 points, worth €12.34. For this order you can use 200 at most: €2.00." in page
    assert use(member, "points", "200").status_code == 302
    assert "−€2.00" in text_of(member.get(REVIEW))
    placed = place(member)
    assert (placed.points_used, placed.points_eur, placed.total_eur) == (200, 2, Decimal("11.90"))
    assert invariants.find_broken() == []


def test_points_are_rounded_down_to_the_step_and_can_be_taken_out(member: Client) -> None:
    use(member, "points", " 1 99 ")
    assert draft().points_used == 100
    use(member, "points", remove="1")
    assert draft().points_used == 0
    use(member, "points", "200")
    use(member, "points", "")
    assert draft().points_used == 0


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("201", "you can use 200 points at most"),
        ("99", "can be used from 100 on"),
        ("many", "a whole number"),
        ("-100", "a whole number"),
        ("²", "a whole number"),
        ("9999999999", "a whole number"),
    ],
)
def test_other_numbers_of_points_are_refused(member: Client, typed: str, expected: str) -> None:
    answer = use(member, "points", typed)
    assert answer.status_code == 422
    assert expected in text_of(answer)
    assert 'id="points_error"' in answer.content.decode()
    assert draft().points_used == 0


def test_a_smaller_basket_uses_fewer_points_and_says_so(member: Client) -> None:
    second = a_listed_piece()
    reserve(member, second)
    use(member, "points", "500")
    member.post("/basket/release/", {"sku": second.sku})
    page = text_of(member.get(REVIEW))
    assert "fewer points can be used" in page
    assert "−€2.00" in page


def test_who_has_few_points_is_told(client: Client) -> None:
    user = User.objects.create_user("erika@example.com")
    account = rewards.account_for(user.email)
    account.user = user
    account.save()
    client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    up_to_review(client, a_listed_piece())
    assert "no reward points to use yet" in text_of(client.get(REVIEW))
    PointsEntry.objects.create(account=account, pot="available", kind="adjust", lot="adjust-1", points=99, key="a-1")
    assert "You have 99 points, worth €0.99; this order is too small" in text_of(client.get(REVIEW))


@pytest.mark.parametrize("prefix", ["", "/el"])
def test_everything_together_renders_in_both_languages(member: Client, prefix: str) -> None:
    a_coupon()
    for part, typed in (("coupon", "WINTER"), ("voucher", a_voucher("5.00").code), ("points", "200")):
        use(member, part, typed)
    page = member.get(f"{prefix}{REVIEW}")
    assert page.status_code == 200
    assert page.content.decode().count('name="remove"') == 3
