"""The buttons and forms of the staff site."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from catalog.models import Film, Genre, Review
from checkout import rewards, settlement
from checkout.gateways import demo
from checkout.models import BalanceDifference, Order, PointsAccount, RateSet, Refund, Reservation
from checkout.models.currency import RateSetStatus, RateSource
from tests.catalog.pieces import a_graded_draft, a_listed_piece
from tests.checkout import storefront
from tests.checkout.buttons.parts import Write, a_placed_order, as_owner, deed_of, filled_in, moved, numbers
from tests.checkout.presses import Press
from tests.checkout.savings_orders import a_coupon, a_voucher


def deed_confirm_transfer() -> Press:
    return deed_of(a_placed_order(payment="bank_transfer")[1], "confirm-transfer")


def deed_refresh() -> Press:
    _client, placed = a_placed_order()
    payment = placed.payments.get()
    demo.decide(payment.reference, "approve")
    return deed_of(payment, "refresh")


def _a_refund_that_is_due(*, payment: str = "demo") -> Any:
    """Cancelled after it was paid, while the provider did not answer."""
    _client, placed = a_placed_order(payment=payment)
    if payment == "demo":
        demo.decide(placed.payments.get().reference, "approve")
        settlement.refresh(placed.payments.get())
    else:
        deed_of(placed, "confirm-transfer").send()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(settlement.credits, "pay_out", lambda credit: None)
        settlement.cancel(Order.objects.get(pk=placed.pk))
    return placed.payments.get().refunds.get()


def _a_refund_in(state: str) -> Refund:
    """One the provider has taken on, and not paid out."""
    due = _a_refund_that_is_due()
    for step in ("pending", state):
        Refund.objects.filter(pk=due.pk).exclude(state=step).update(state=step, reference=f"demo_{due.pk}")
    return Refund.objects.get(pk=due.pk)


def _a_difference() -> BalanceDifference:
    return BalanceDifference.objects.create(gateway="stripe", reference=f"txn_{next(numbers)}", problem="unknown")


def _an_account() -> PointsAccount:
    return rewards.account_for(f"customer-{next(numbers)}@example.com")


def _a_waiting_rate_set() -> RateSet:
    now = timezone.now()
    return RateSet.objects.create(
        date=now.date() - timedelta(days=next(numbers)),
        source=RateSource.DAILY,
        sha256=f"{next(numbers):064}",
        fetched_at=now,
        status=RateSetStatus.WAITING,
        reason="a jump",
    )


def _a_review() -> Review:
    film = Film.objects.create(title=f"A film {next(numbers)}", sort_title="a film", year=1957)
    return Review.objects.create(
        film=film, kind="critic", author_name="Somebody", language="en", url="https://example.com/"
    )


def _a_basket_claim() -> Reservation:
    client, piece = Client(), a_listed_piece()
    storefront.reserve(client, piece)
    return Reservation.objects.unreleased().get(listing=piece)


STAFF_DEEDS: dict[str, Write] = {
    "checkout.Order confirm-transfer": Write(deed_confirm_transfer),
    "checkout.Order pack": Write(lambda: deed_of(moved(), "pack")),
    "checkout.Order ship": Write(lambda: deed_of(moved("pack"), "ship", carrier="ELTA", tracking_number="RR1")),
    "checkout.Order deliver": Write(lambda: deed_of(moved("pack", "ship"), "deliver")),
    "checkout.Order cancel": Write(lambda: deed_of(moved(), "cancel", reason="by phone")),
    "checkout.Payment refresh": Write(deed_refresh),
    "checkout.Refund pay-out": Write(lambda: deed_of(_a_refund_that_is_due(), "pay-out")),
    "checkout.Refund paid-out": Write(
        lambda: deed_of(_a_refund_that_is_due(payment="bank_transfer"), "paid-out", reference="our transfer 7")
    ),
    "checkout.Refund ask": Write(lambda: deed_of(_a_refund_in("pending"), "ask")),
    "checkout.Refund try-again": Write(lambda: deed_of(_a_refund_in("failed"), "try-again")),
    "checkout.BalanceDifference settle": Write(lambda: deed_of(_a_difference(), "settle", note="sold at the fair")),
    "checkout.PointsAccount adjust": Write(lambda: deed_of(_an_account(), "adjust", points="50", reason="late parcel")),
    "checkout.Coupon duplicate": Write(lambda: deed_of(a_coupon(f"TEN-{next(numbers)}"), "duplicate")),
    "checkout.GiftVoucher void": Write(lambda: deed_of(a_voucher(), "void", reason="a stolen card")),
    "checkout.GiftVoucher send-again": Write(
        lambda: deed_of(a_voucher(recipient_email="maria@example.com"), "send-again")
    ),
    "checkout.Reservation release": Write(lambda: deed_of(_a_basket_claim(), "release")),
    "checkout.RateSet accept": Write(lambda: deed_of(_a_waiting_rate_set(), "accept")),
    "checkout.RateSet reject": Write(lambda: deed_of(_a_waiting_rate_set(), "reject")),
    "catalog.Review approve": Write(lambda: deed_of(_a_review(), "approve")),
    "catalog.Review reject": Write(lambda: deed_of(_a_review(), "reject")),
    "catalog.Listing publish": Write(lambda: deed_of(a_graded_draft(), "publish")),
    "catalog.Listing price": Write(lambda: deed_of(a_listed_piece(), "price", price_eur="7.00")),
    "catalog.Listing duplicate": Write(lambda: deed_of(a_listed_piece(), "duplicate")),
    "catalog.Listing draft": Write(lambda: deed_of(a_listed_piece(), "draft")),
    "catalog.Listing withdraw": Write(lambda: deed_of(a_listed_piece(), "withdraw")),
}


def add_film() -> Press:
    """Nothing about a film is unique: only the form itself can tell that it was sent before."""
    return filled_in(reverse("admin:catalog_film_add"), title="The Ascent", sort_title="ascent", year="1977")


def change_film() -> Press:
    """Saving a page adds the rows that were typed below it."""
    film = Film.objects.create(title="The Ascent", sort_title="ascent", year=1977)
    typed = {
        "titles-TOTAL_FORMS": "1",
        "titles-0-text": "Восхождение",
        "titles-0-script": "Cyrl",
        "titles-0-kind": "original",
    }
    return filled_in(reverse("admin:catalog_film_change", args=[film.pk]), **typed)


def delete_genre() -> Press:
    genre = Genre.objects.create(code="XYZ", name_en="Gone", name_el="Gone")
    return filled_in(reverse("admin:catalog_genre_delete", args=[genre.pk]), post="yes")


def pack_chosen() -> Press:
    client, chosen = as_owner(), {"action": "pack_chosen", "_selected_action": [str(moved().pk)]}
    return Press(client, reverse("admin:checkout_order_changelist"), chosen)


# One row for each kind of page: all models share its code, which `test_staff_forms_are_all_of_one_kind` sees to.
STAFF_FORMS: dict[str, Write] = {
    "add": Write(add_film),
    "change": Write(change_film),
    "delete": Write(delete_genre),
    "changelist": Write(pack_chosen),
}
