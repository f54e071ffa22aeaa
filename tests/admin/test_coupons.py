"""Coupons in the staff site: edited without touching the count of uses."""

from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from checkout import coupons
from checkout.models import Coupon
from tests.admin.pages import fields_of, messages_of
from tests.catalog.pieces import a_listed_piece
from tests.checkout.savings_orders import a_coupon, an_unpaid_order

ADD = "/staff/checkout/coupon/add/"


def change(coupon: Coupon) -> str:
    return reverse("admin:checkout_coupon_change", args=(coupon.pk,))


def used(coupon: Coupon, *, times: int = 1) -> None:
    for n in range(times):
        assert coupons.take(an_unpaid_order(coupon=coupon, email=f"{n}@example.com"))


def errors_of(page: Any) -> dict[str, list[str]]:
    return {name: [str(error) for error in errors] for name, errors in page.context["adminform"].form.errors.items()}


def test_a_coupon_is_made(owner: Client) -> None:
    data = {**fields_of(owner.get(ADD)), "code": "winter-26", "kind": "percent", "percent": "12.5", "limit": "100"}
    data["sku_prefixes"] = "mov-act\nMOV-DRA"
    owner.post(ADD, data)
    coupon = Coupon.objects.get()
    assert (coupon.code, coupon.percent, coupon.limit) == ("WINTER-26", Decimal("12.5"), 100)
    assert coupon.sku_prefixes == ["MOV-ACT", "MOV-DRA"]
    page = owner.get("/staff/checkout/coupon/").content.decode()
    for text in ("WINTER-26", "12.5 %", "0 / 100"):
        assert text in page


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"kind": "percent", "percent": ""}, "percent"),
        ({"kind": "amount", "percent": "", "amount_eur": ""}, "amount_eur"),
        ({"kind": "percent", "amount_eur": "5"}, "amount_eur"),
        ({"kind": "free_shipping"}, "percent"),
        ({"percent": "101"}, "percent"),
        ({"code": "A B"}, "code"),
        ({"kind": ""}, "kind"),
        (
            {"starts_at_0": "2026-02-01", "starts_at_1": "10:00", "ends_at_0": "2026-02-01", "ends_at_1": "10:00"},
            "ends_at",
        ),
    ],
)
def test_what_makes_no_coupon_is_said_beside_its_field(owner: Client, typed: dict[str, str], field: str) -> None:
    data = {**fields_of(owner.get(ADD)), "code": "WINTER", "kind": "percent", "percent": "10"}
    page = owner.post(ADD, data | typed)
    assert page.status_code == 200
    assert list(errors_of(page)) == [field]
    assert not Coupon.objects.exists()


def test_the_other_kinds_are_named_in_the_list(owner: Client) -> None:
    a_coupon("FIVE", kind=Coupon.Kind.AMOUNT, amount_eur=Decimal(5))
    a_coupon("POST", kind=Coupon.Kind.FREE_SHIPPING)
    page = owner.get("/staff/checkout/coupon/").content.decode()
    assert "€5.00" in page
    assert "Free shipping" in page


def test_the_limit_cannot_be_lower_than_the_uses(owner: Client) -> None:
    coupon = a_coupon(limit=5)
    used(coupon, times=2)
    data = fields_of(owner.get(change(coupon)))
    page = owner.post(change(coupon), data | {"limit": "1"})
    assert "used 2 times already" in errors_of(page)["limit"][0]
    assert owner.post(change(coupon), data | {"limit": "2"}).status_code == 302
    coupon.refresh_from_db()
    assert (coupon.limit, coupon.use_count) == (2, 2)


def test_saving_a_page_that_was_open_for_long_keeps_the_count(owner: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """Used between the moment the row was read and the moment it is written."""
    coupon = a_coupon(limit=None)
    data = fields_of(owner.get(change(coupon)))
    save = Coupon.save

    def save_after_a_use(row: Coupon, *args: Any, **kwargs: Any) -> None:
        used(coupon)
        save(row, *args, **kwargs)

    monkeypatch.setattr(Coupon, "save", save_after_a_use)
    assert owner.post(change(coupon), data | {"note": "for the fair"}).status_code == 302
    coupon.refresh_from_db()
    assert (coupon.use_count, coupon.note) == (1, "for the fair")


def test_the_orders_that_used_it_are_listed(owner: Client) -> None:
    coupon = a_coupon()
    order = an_unpaid_order(coupon=coupon, email="anna@example.com")
    coupons.take(order)
    page = owner.get(change(coupon)).content.decode()
    assert order.number in page
    assert "anna@example.com" in page


def test_a_duplicate_has_the_rules_and_none_of_the_uses(owner: Client) -> None:
    coupon = a_coupon("A-CODE-AS-LONG-AS-CODES-CAN-B-1", limit=3, sku_prefixes=["MOV-ACT"])
    coupon.listings.add(piece := a_listed_piece())
    used(coupon)
    for _ in range(2):
        page = owner.post(reverse("admin:checkout_coupon_deed", args=(coupon.pk, "duplicate")), follow=True)
    assert "was duplicated" in messages_of(page)[0]
    copies = Coupon.objects.exclude(pk=coupon.pk).order_by("pk")
    assert [copy.code for copy in copies] == ["A-CODE-AS-LONG-AS-CODES-CAN-2", "A-CODE-AS-LONG-AS-CODES-CAN-3"]
    copy = copies[0]
    assert (copy.is_active, copy.use_count, copy.limit, copy.percent) == (False, 0, 3, coupon.percent)
    assert (copy.sku_prefixes, list(copy.listings.all())) == (["MOV-ACT"], [piece])


def test_the_order_desk_reads_and_changes_nothing(order_desk: Client) -> None:
    coupon = a_coupon()
    assert order_desk.get(change(coupon)).status_code == 200
    assert order_desk.get(ADD).status_code == 403
    assert order_desk.post(change(coupon), {"code": "FREE"}).status_code == 403
    assert order_desk.post(reverse("admin:checkout_coupon_deed", args=(coupon.pk, "duplicate"))).status_code == 403
