"""Paying through Stripe: what is asked of it, what its answers mean, and what happens when they are lost."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from catalog.models import Listing
from checkout import invariants, payments, settlement, unfinished
from checkout.errors import PaymentMethodUnavailable, PaymentUnconfirmed
from checkout.gateways import offered
from checkout.gateways.stripe import connection
from checkout.models import Order, OrderState, Payment, PaymentState, Refund
from checkout.money import CURRENCIES, to_minor_units
from shop.models import User
from tests.catalog.pieces import a_listed_piece
from tests.checkout.buyers import a_visitor, an_order
from tests.checkout.stripe_shop import start
from tests.checkout.test_settlement import let_time_run_out
from tests.fakes.stripe import FakeStripe

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("shippable")]


def order_of(*pieces: Listing, currency: str = "EUR", visitor: str = "anna") -> Order:
    return an_order(a_visitor(visitor), [piece.sku for piece in pieces], currency=currency)


def opened(*, currency: str = "EUR") -> Payment:
    return start(order_of(a_listed_piece(), currency=currency))


def paid(fake: FakeStripe, *, currency: str = "EUR") -> Payment:
    payment = opened(currency=currency)
    fake.pay(payment.reference)
    payment = settlement.refresh(payment)
    assert payment.state == PaymentState.CAPTURED
    return payment


def form_of(fake: FakeStripe, pattern: str) -> Any:
    return next(call for call in fake.calls if str(call).startswith(pattern))


def sound() -> bool:
    return invariants.find_broken() == []


def test_the_session_is_opened_as_agreed(fake_stripe: FakeStripe) -> None:
    payment = opened()
    call = form_of(fake_stripe, "POST /v1/checkout/sessions")
    assert call.key == f"pay-{payment.pk}-create"
    assert call.form["mode"] == "payment"
    assert call.form["ui_mode"] == "hosted_page"
    assert call.form["adaptive_pricing"] == {"enabled": "false"}
    assert call.form["allowed_payment_method_types"] == ["card", "paypal"]
    assert call.form["payment_intent_data"]["capture_method"] == "manual"
    assert call.form["client_reference_id"] == payment.order.number
    facts = {"order": payment.order.number, "payment": str(payment.pk), "attempt": "1"}
    assert call.form["metadata"] == call.form["payment_intent_data"]["metadata"] == facts
    assert call.form["success_url"] == f"http://127.0.0.1:8000/checkout/return/{payment.order.token}/"
    assert int(call.form["expires_at"]) == int((payment.created_at + timedelta(minutes=31)).timestamp())
    assert "Erika" not in str(call.form)
    assert payment.pay_url.endswith(payment.reference)
    assert payment.state == PaymentState.ACTION_REQUIRED


def test_the_version_that_is_pinned_is_the_one_the_sdk_was_made_for(fake_stripe: FakeStripe) -> None:
    import stripe

    assert stripe.api_version == connection.API_VERSION
    assert stripe.VERSION.startswith("16.")


def test_the_page_speaks_greek_to_who_reads_greek(fake_stripe: FakeStripe) -> None:
    order = order_of(a_listed_piece())
    Order.objects.filter(pk=order.pk).update(language="el")
    start(Order.objects.get(pk=order.pk))
    call = form_of(fake_stripe, "POST /v1/checkout/sessions")
    assert call.form["locale"] == "el"
    assert "/el/checkout/return/" in call.form["success_url"]


def test_a_line_for_each_piece_and_one_for_shipping(fake_stripe: FakeStripe) -> None:
    order = order_of(a_listed_piece(), a_listed_piece())
    payment = start(order)
    lines = form_of(fake_stripe, "POST /v1/checkout/sessions").form["line_items"]
    assert len(lines) == 3
    assert sum(int(line["price_data"]["unit_amount"]) for line in lines) == payment.amount_minor


def test_lines_that_do_not_add_up_become_one(fake_stripe: FakeStripe) -> None:
    order = order_of(a_listed_piece())
    payment = payments.begin(order, payments.gateway_of("stripe", "EUR"))
    Payment.objects.filter(pk=payment.pk).update(amount_minor=payment.amount_minor - 100)
    settlement.refresh(Payment.objects.get())
    (line,) = form_of(fake_stripe, "POST /v1/checkout/sessions").form["line_items"]
    assert line["price_data"]["product_data"]["name"] == f"Order {order.number}"
    assert int(line["price_data"]["unit_amount"]) == payment.amount_minor - 100


@pytest.mark.parametrize("currency", ["EUR", "USD", "JPY", "ISK", "HUF", "CZK", "KRW"])
def test_stripe_takes_exactly_the_total_in_each_kind_of_currency(
    fake_stripe: FakeStripe, rates: None, settings: Settings, currency: str
) -> None:
    settings.RATES_MAX_AGE_DAYS = 0
    payment = paid(fake_stripe, currency=currency)
    (intent,) = fake_stripe.made("payment_intent")
    assert intent["currency"] == currency.lower()
    assert intent["amount_received"] == payment.amount_minor
    assert payment.amount_minor == to_minor_units(payment.order.total_amount, currency)
    if currency == "ISK":
        assert payment.amount_minor % 100 == 0
    if currency in ("JPY", "KRW"):
        assert Decimal(payment.amount_minor) == payment.amount
    has_paypal = "paypal" in fake_stripe.made("checkout.session")[0]["allowed_payment_method_types"]
    assert has_paypal is CURRENCIES[currency].has_paypal
    assert sound()


def test_paypal_is_what_the_table_says_for_every_currency() -> None:
    from tests.fakes.stripe.amounts import MINIMUM, PAYPAL, WHOLE_UNITS, WITHOUT_DECIMALS

    for code, facts in CURRENCIES.items():
        assert facts.has_paypal is (code.lower() in PAYPAL), code
        assert facts.minor_factor == (1 if code.lower() in WITHOUT_DECIMALS else 100), code
        assert (facts.charge_step == 1) is (code.lower() in WITHOUT_DECIMALS | WHOLE_UNITS), code
        assert facts.minimum_minor is None or facts.minimum_minor >= MINIMUM.get(code.lower(), 1), code


@pytest.mark.parametrize(
    ("currency", "amount", "is_offered"),
    [
        ("EUR", "0.49", False),
        ("EUR", "0.50", True),
        ("HUF", "174.99", False),
        ("HUF", "175.00", True),
        ("JPY", "49", False),
        ("JPY", "50", True),
        ("EUR", "999999.99", True),
        ("EUR", "1000000.00", False),
        ("XXX", "5.00", False),
    ],
)
def test_it_is_offered_for_amounts_that_stripe_takes(
    fake_stripe: FakeStripe, currency: str, amount: str, is_offered: bool
) -> None:
    assert ("stripe" in {row.code for row in offered.for_currency(currency, Decimal(amount))}) is is_offered


def test_without_a_key_it_is_not_offered_and_with_one_the_demo_is_not(settings: Settings) -> None:
    settings.STRIPE_SECRET_KEY = ""
    assert {row.code for row in offered.for_currency("EUR")} == {"demo"}
    settings.STRIPE_SECRET_KEY = "sk_test_x"
    assert {row.code for row in offered.for_currency("EUR")} == {"stripe"}


def test_approved_it_is_captured_and_sold_with_its_fee(fake_stripe: FakeStripe) -> None:
    payment = paid(fake_stripe)
    payment.refresh_from_db()
    assert payment.order.state == OrderState.PAID
    assert form_of(fake_stripe, "POST /v1/payment_intents").key == f"pay-{payment.pk}-capture"
    assert payment.intent_reference.startswith("pi_")
    assert payment.balance_reference.startswith("txn_")
    assert payment.settled_currency == "EUR"
    assert payment.fee_minor == -(-payment.amount_minor * 15 // 1000) + 25
    assert payment.net_minor == payment.amount_minor - payment.fee_minor
    assert sound()


def test_a_declined_card_leaves_the_page_open_and_the_next_one_pays(fake_stripe: FakeStripe) -> None:
    payment = opened()
    fake_stripe.pay(payment.reference, method="declined")
    assert settlement.refresh(payment).state == PaymentState.ACTION_REQUIRED
    fake_stripe.pay(payment.reference, method="challenge_failed")
    assert settlement.refresh(payment).state == PaymentState.ACTION_REQUIRED
    fake_stripe.pay(payment.reference)
    assert settlement.refresh(payment).state == PaymentState.CAPTURED
    assert Payment.objects.count() == 1
    assert sound()


def test_three_d_secure_authorises_nothing_until_it_is_confirmed(fake_stripe: FakeStripe) -> None:
    payment = opened()
    fake_stripe.pay(payment.reference, method="challenge")
    assert settlement.refresh(payment).state == PaymentState.ACTION_REQUIRED
    fake_stripe.answer_challenge(payment.reference)
    assert settlement.refresh(payment).state == PaymentState.CAPTURED


def test_paypal_pays_like_a_card(fake_stripe: FakeStripe) -> None:
    payment = opened()
    fake_stripe.pay(payment.reference, method="paypal")
    assert settlement.refresh(payment).state == PaymentState.CAPTURED


def test_a_session_that_expired_there_closes_the_attempt_and_another_may_begin(fake_stripe: FakeStripe) -> None:
    payment = opened()
    fake_stripe.advance(32 * 60)
    assert settlement.refresh(payment).state == PaymentState.EXPIRED
    assert payment.order.is_payable
    again = start(payment.order)
    assert again.attempt == 2
    assert again.reference != payment.reference


def test_the_second_page_closes_when_the_claim_does_though_stripe_would_keep_it_longer(
    fake_stripe: FakeStripe,
) -> None:
    payment = opened()
    pay_by = timezone.now() + timedelta(minutes=12)
    Order.objects.filter(pk=payment.order_id).update(pay_by=pay_by)
    Payment.objects.filter(pk=payment.pk).update(reference="")
    path = f"/checkout/return/{payment.order.token}/"
    payment = payments.create_at_provider(payment, return_url=path, until=pay_by)
    assert payment.expires_at == pay_by
    assert fake_stripe.made("checkout.session")[0]["expires_at"] > pay_by.timestamp()
    let_time_run_out(payment.order)
    unfinished.bring_forward()
    assert fake_stripe.made("checkout.session")[0]["status"] == "expired"
    assert Order.objects.get().state == OrderState.EXPIRED


def test_closing_finds_a_page_that_was_paid_a_moment_before(fake_stripe: FakeStripe) -> None:
    payment = opened()
    fake_stripe.pay(payment.reference)
    let_time_run_out(payment.order)
    settlement.expire(payment.order)
    assert Order.objects.get().state == OrderState.PAID
    assert sound()


def test_giving_up_lets_authorised_money_go(fake_stripe: FakeStripe) -> None:
    payment = opened()
    fake_stripe.pay(payment.reference)
    answer = payments.void_at_provider(payment)
    assert answer.status == "voided"
    assert fake_stripe.made("payment_intent")[0]["status"] == "canceled"
    assert payments.void_at_provider(payment).status == "voided"


def test_an_authorisation_that_lapsed_takes_no_money(fake_stripe: FakeStripe) -> None:
    payment = opened()
    fake_stripe.pay(payment.reference)
    fake_stripe.lapse_authorisation(fake_stripe.made("payment_intent")[0]["id"])
    assert settlement.refresh(payment).state == PaymentState.VOIDED
    assert payment.order.is_payable


def test_somebody_captured_it_in_the_dashboard(fake_stripe: FakeStripe) -> None:
    payment = opened()
    fake_stripe.pay(payment.reference)
    answer = payments.fetch(payment)
    connection.connect().v1.payment_intents.capture(answer.intent_reference)
    assert settlement.refresh(payment).state == PaymentState.CAPTURED
    assert sound()


@pytest.mark.parametrize("fault", ["lost_reply", "unreachable", "error", "rate_limited"])
def test_a_start_without_an_answer_opens_one_page_in_the_end(fake_stripe: FakeStripe, fault: Any) -> None:
    order = order_of(a_listed_piece())
    fake_stripe.fail_next(fault, on="POST /v1/checkout/sessions")
    with pytest.raises(PaymentUnconfirmed):
        start(order)
    assert Payment.objects.get().reference == ""
    payment = start(order)
    assert len(fake_stripe.made("checkout.session")) == 1
    fake_stripe.pay(payment.reference)
    assert settlement.refresh(payment).state == PaymentState.CAPTURED
    assert Payment.objects.count() == 1


def test_a_start_repeated_too_late_for_its_time_opens_a_page_all_the_same(
    fake_stripe: FakeStripe,
) -> None:
    order = order_of(a_listed_piece())
    fake_stripe.fail_next("unreachable")
    with pytest.raises(PaymentUnconfirmed):
        start(order)
    fake_stripe.advance(5 * 60)
    payment = start(order)
    assert payment.pay_url
    assert payment.expires_at is not None
    assert payment.expires_at <= payment.created_at + timedelta(minutes=40)
    start(order)
    assert len(fake_stripe.made("checkout.session")) == 1


def test_a_start_whose_key_answers_500_for_good_takes_another(fake_stripe: FakeStripe) -> None:
    order = order_of(a_listed_piece())
    fake_stripe.fail_next("kept_error", on="POST /v1/checkout/sessions")
    with pytest.raises(PaymentUnconfirmed):
        start(order)
    payment = start(order)
    fake_stripe.pay(payment.reference)
    assert settlement.refresh(payment).state == PaymentState.CAPTURED


def test_a_page_stripe_will_not_open_is_a_method_that_is_not_offered(fake_stripe: FakeStripe) -> None:
    order = order_of(a_listed_piece())
    Order.objects.filter(pk=order.pk).update(email="x")
    payment = payments.begin(order, payments.gateway_of("stripe", "EUR"))
    Payment.objects.filter(pk=payment.pk).update(amount_minor=10)
    with pytest.raises(PaymentMethodUnavailable):
        start(order)
    payment.refresh_from_db()
    assert payment.state == PaymentState.FAILED
    assert payment.failure_code == "amount_too_small"


def test_a_page_stripe_will_not_open_holds_nothing_up(fake_stripe: FakeStripe) -> None:
    order = order_of(a_listed_piece())
    payment = payments.begin(order, payments.gateway_of("stripe", "EUR"))
    Payment.objects.filter(pk=payment.pk).update(amount_minor=10)
    let_time_run_out(order)
    assert unfinished.bring_forward()["failed"] == 0
    payment.refresh_from_db()
    assert payment.state == PaymentState.FAILED
    assert Order.objects.get().state == OrderState.EXPIRED


@pytest.mark.parametrize("fault", ["lost_reply", "unreachable", "error", "kept_error", "rate_limited"])
def test_a_capture_without_an_answer_takes_the_money_once(fake_stripe: FakeStripe, fault: Any) -> None:
    payment = opened()
    fake_stripe.pay(payment.reference)
    fake_stripe.fail_next(fault, on="capture")
    with pytest.raises(PaymentUnconfirmed):
        settlement.refresh(payment)
    payment.refresh_from_db()
    assert payment.state == PaymentState.CAPTURING
    assert unfinished.bring_forward()["failed"] == 0
    payment.refresh_from_db()
    assert payment.state == PaymentState.CAPTURED
    assert len([row for row in fake_stripe.made("balance_transaction") if row["type"] == "charge"]) == 1
    assert sound()


def test_silence_while_asking_leaves_everything_as_it_is(fake_stripe: FakeStripe) -> None:
    payment = opened()
    fake_stripe.pay(payment.reference)
    fake_stripe.fail_next("unreachable", on="GET")
    with pytest.raises(PaymentUnconfirmed):
        settlement.refresh(payment)
    payment.refresh_from_db()
    assert payment.state == PaymentState.ACTION_REQUIRED


def refund(payment: Payment, amount: str, reason_key: str = "goodwill") -> Refund:
    return payments.decide_refund(payment, amount=Decimal(amount), reason_key=reason_key)


def test_a_refund_in_part_and_then_the_rest(fake_stripe: FakeStripe) -> None:
    payment = paid(fake_stripe)
    first = payments.pay_out(refund(payment, "1.00"))
    assert first.state == Refund.State.DONE
    assert form_of(fake_stripe, "POST /v1/refunds").key == f"refund-{payment.pk}-goodwill"
    payment.refresh_from_db()
    assert payment.state == PaymentState.PART_REFUNDED
    assert payment.order.refund_state == Order.Refund.PART
    payments.pay_out(refund(payment, str(payment.amount - 1), "rest"))
    payment.refresh_from_db()
    assert payment.state == PaymentState.REFUNDED
    assert [row["amount"] for row in fake_stripe.made("refund")] == [100, payment.amount_minor - 100]


@pytest.mark.parametrize("fault", ["lost_reply", "unreachable", "error", "kept_error"])
def test_a_refund_without_an_answer_is_paid_once(fake_stripe: FakeStripe, fault: Any) -> None:
    payment = paid(fake_stripe)
    due = refund(payment, "1.00")
    fake_stripe.fail_next(fault, on="POST /v1/refunds")
    with pytest.raises(PaymentUnconfirmed):
        payments.pay_out(due)
    due.refresh_from_db()
    assert due.state == Refund.State.DUE
    unfinished.bring_forward()
    due.refresh_from_db()
    assert due.state == Refund.State.DONE
    assert len(fake_stripe.made("refund")) == 1


def test_a_refund_is_found_again_after_stripe_forgot_the_key(fake_stripe: FakeStripe) -> None:
    payment = paid(fake_stripe)
    due = refund(payment, "1.00")
    fake_stripe.fail_next("lost_reply", on="POST /v1/refunds")
    with pytest.raises(PaymentUnconfirmed):
        payments.pay_out(due)
    fake_stripe.records.answers.clear()
    assert payments.pay_out(due).state == Refund.State.DONE
    assert len(fake_stripe.made("refund")) == 1


def test_a_refund_on_its_way_is_not_counted_until_it_arrives(fake_stripe: FakeStripe) -> None:
    payment = paid(fake_stripe)
    fake_stripe.refund_next_as("pending")
    sent = payments.pay_out(refund(payment, "1.00"))
    assert sent.state == Refund.State.PENDING
    payment.refresh_from_db()
    assert payment.refunded_amount == 0
    unfinished.bring_forward()
    sent.refresh_from_db()
    assert sent.state == Refund.State.PENDING
    fake_stripe.finish_refund(sent.reference)
    unfinished.bring_forward()
    sent.refresh_from_db()
    assert sent.state == Refund.State.DONE
    payment.refresh_from_db()
    assert payment.refunded_amount == Decimal("1.00")


def test_a_refund_that_comes_back_is_owed_again_until_staff_try_anew(fake_stripe: FakeStripe) -> None:
    payment = paid(fake_stripe)
    staff = User.objects.create_user("desk@example.com", password=None)
    sent = payments.pay_out(refund(payment, "1.00"))
    fake_stripe.finish_refund(sent.reference, "failed")
    failed = payments.refresh_refund(sent)
    assert failed.state == Refund.State.FAILED
    assert failed.done_at is None
    payment.refresh_from_db()
    assert payment.refunded_amount == 0
    assert payment.order.events.filter(kind="refund_failed").exists()
    unfinished.bring_forward()
    failed.refresh_from_db()
    assert failed.state == Refund.State.FAILED
    again = payments.try_refund_again(failed, by=staff)
    assert again.state == Refund.State.DONE
    assert again.tries == 1
    assert [call.key for call in fake_stripe.calls if str(call) == "POST /v1/refunds"] == [
        f"refund-{payment.pk}-goodwill",
        f"refund-{payment.pk}-goodwill-1",
    ]
    # What Stripe still says of the first try is old.
    assert payments.note_refund(again, failed_answer(sent.reference)).state == Refund.State.DONE
    assert sound()


def failed_answer(reference: str) -> Any:
    from checkout.gateways.base import ProviderRefund, RefundStatus

    return ProviderRefund(reference=reference, status=RefundStatus.FAILED)


def test_a_refund_stripe_will_not_make_is_staffs_to_look_at(fake_stripe: FakeStripe) -> None:
    payment = paid(fake_stripe)
    due = refund(payment, "1.00")
    fake_stripe.dispute(Payment.objects.get().intent_reference)
    failed = payments.pay_out(due)
    assert failed.state == Refund.State.FAILED
    assert payment.order.events.get(kind="refund_failed").text == "charge_disputed"


def test_cancelling_a_paid_order_gives_all_of_it_back(fake_stripe: FakeStripe) -> None:
    payment = paid(fake_stripe)
    settlement.cancel(Order.objects.get())
    payment.refresh_from_db()
    assert payment.state == PaymentState.REFUNDED
    assert fake_stripe.made("charge")[0]["refunded"]
    assert sound()


def test_a_buyer_goes_to_stripe_and_back_through_the_pages(client: Client, fake_stripe: FakeStripe) -> None:
    from tests.checkout.storefront import order, text_of

    placed = order(client, a_listed_piece(), payment="stripe")
    payment = Payment.objects.get()
    answer = client.post(f"/checkout/pay/{placed.token}/", {"payment_method": "stripe"})
    assert answer["Location"] == payment.pay_url
    fake_stripe.pay(payment.reference)
    page = client.get(f"/checkout/return/{placed.token}/", follow=True)
    assert "Paid. Thank you!" in text_of(page)
