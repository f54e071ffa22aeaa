"""What the staff pages of the catalogue show of selling."""

from django import template

from catalog.models import Listing
from checkout import rewards

register = template.Library()


@register.filter
def points_of(listing: Listing) -> int:
    """Points a piece earns at its present price, or those that staff set by hand."""
    if listing.points_override is not None:
        return listing.points_override
    return rewards.points_for(listing.price.amount)
