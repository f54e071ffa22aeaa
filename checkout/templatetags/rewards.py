"""The reward points of an order, on its page."""

from typing import Any

from django import template
from django.template import Context

from checkout import reward_history
from checkout.models import Order

register = template.Library()


@register.inclusion_tag("checkout/_order_points.html", takes_context=True)
def order_points(context: Context, order: Order) -> dict[str, Any]:
    """What the order earned and used, and for a guest how to use it."""
    return {
        "order": order,
        "promised": sum(line.points for line in order.lines.all()),
        "points": reward_history.points_of_order(order),
        "user": context.get("user"),
    }


@register.filter
def signed(points: int) -> str:
    """A change with its sign, with a real minus; a dash where nothing changed."""
    return f"{points:+d}".replace("-", "\u2212") if points else "\u2013"
