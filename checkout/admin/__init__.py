"""The staff site's pages about selling."""

from checkout.admin import currency, order, paper, payment, reservation, returns, rewards, shipping

__all__ = ["currency", "order", "paper", "payment", "reservation", "returns", "rewards", "shipping"]
