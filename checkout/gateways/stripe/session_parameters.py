"""What a Checkout Session is opened with: a function of frozen rows alone, so that a repeated call says the same."""

from datetime import datetime, timedelta
from decimal import Decimal

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext
from stripe.params.checkout import SessionCreateParams, SessionCreateParamsLineItem

from checkout.models import Order, Payment
from checkout.money import CURRENCIES, to_minor_units

# Stripe takes nothing shorter than 30 minutes; the minute is for the way there and clocks that differ.
SHORTEST = timedelta(minutes=31)
# Stripe's own bounds: eight digits, a hundred lines.
MOST_MINOR = 99_999_999
MOST_LINES = 100


def session_parameters(payment: Payment, *, return_url: str, expires_at: datetime | None) -> SessionCreateParams:
    """The parameters for one attempt. `expires_at` None leaves it to Stripe, which closes after a day."""
    order = payment.order
    address = f"{settings.BASE_URL}{return_url}"
    facts = {"order": order.number, "payment": str(payment.pk), "attempt": str(payment.attempt)}
    methods: list[str] = ["card", "paypal"] if CURRENCIES[payment.currency].has_paypal else ["card"]
    parameters: SessionCreateParams = {
        "mode": "payment",
        "ui_mode": "hosted_page",
        "locale": "el" if order.language == "el" else "en",
        "client_reference_id": order.number,
        "customer_email": order.email,
        "line_items": line_items(payment),
        "allowed_payment_method_types": methods,
        # It would convert once more, at a rate and for a fee the buyer never saw here.
        "adaptive_pricing": {"enabled": False},
        "payment_intent_data": {
            "capture_method": "manual",
            "description": order.number,
            "metadata": facts,
        },
        "metadata": facts,
        # Both lead to the page that asks Stripe: the address a browser comes back by proves nothing.
        "success_url": address,
        "cancel_url": address,
    }
    if expires_at is not None:
        parameters["expires_at"] = int(max(expires_at, payment.created_at + SHORTEST).timestamp())
    return parameters


def line_items(payment: Payment) -> list[SessionCreateParamsLineItem]:
    """One line for each piece and one for shipping; a single one where discounts make them another sum."""
    order = payment.order
    with translation.override(order.language):
        parts = _parts(order)
        if len(parts) > MOST_LINES or sum(minor for _name, minor in parts) != payment.amount_minor:
            parts = [(gettext("Order %(number)s") % {"number": order.number}, payment.amount_minor)]
    return [
        {
            "quantity": 1,
            "price_data": {
                "currency": payment.currency.lower(),
                "unit_amount": minor,
                "product_data": {"name": name[:250]},
            },
        }
        for name, minor in parts
    ]


def _parts(order: Order) -> list[tuple[str, int]]:
    parts = [(line.title, line.price_amount) for line in order.lines.all()]
    parts.append((order.shipping_method_name or gettext("Shipping"), order.shipping_amount))
    return [(name, to_minor_units(amount, order.currency)) for name, amount in parts if amount]


def is_chargeable(amount: Decimal, currency: str) -> bool:
    """Whether Stripe takes an amount of this size."""
    minor = to_minor_units(amount, currency)
    return (CURRENCIES[currency].minimum_minor or 1) <= minor <= MOST_MINOR
