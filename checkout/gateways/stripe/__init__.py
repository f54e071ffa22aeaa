"""Stripe: hosted Checkout Sessions with manual capture. Nothing outside this folder imports the SDK."""

from checkout.gateways.stripe.gateway import StripeGateway

__all__ = ["StripeGateway"]
