"""The structured data of a piece, with what the checkout knows about shipping it."""

from collections.abc import Iterator
from typing import Any

from django import template
from django.utils.safestring import SafeString

from catalog.listing_page import ListingPage
from catalog.models import Listing
from catalog.structured_data import as_script, listing_data
from checkout import shipping, tariff
from checkout.shipping import ShippingOption
from shop.models import ShopSettings

register = template.Library()

HANDLING_DAYS_MAX = 2


@register.simple_tag
def listing_structured_data(page: ListingPage) -> SafeString:
    """schema.org Product with its Offer, shipping to the seller's country included."""
    settings = ShopSettings.current()
    listing = page.listing
    data = listing_data(
        listing,
        grade=page.grade,
        films=[film.structured_data for film in page.fragments.values()],
        blurb=next((film.blurb for film in page.fragments.values() if film.blurb), ""),
        seller=settings.seller_name,
        seller_country=settings.seller_country,
        return_days=settings.withdrawal_days,
        shipping=_shipping(listing, settings.seller_country),
    )
    return as_script(data)


def _shipping(listing: Listing, country: str) -> Iterator[dict[str, Any]]:
    weight_g = listing.weight_g or tariff.default_weight_g(listing.edition.packaging)
    offer = shipping.quote(country, [weight_g], listing.price.amount)
    for option in offer.options:
        if not option.is_pickup:
            yield _details(option, country)


def _details(option: ShippingOption, country: str) -> dict[str, Any]:
    details: dict[str, Any] = {
        "@type": "OfferShippingDetails",
        "shippingRate": {"@type": "MonetaryAmount", "value": f"{option.price_eur:.2f}", "currency": "EUR"},
        "shippingDestination": {"@type": "DefinedRegion", "addressCountry": country},
    }
    if option.days_min is not None and option.days_max is not None:
        details["deliveryTime"] = {
            "@type": "ShippingDeliveryTime",
            "handlingTime": _days(0, HANDLING_DAYS_MAX),
            "transitTime": _days(option.days_min, option.days_max),
        }
    return details


def _days(least: int, most: int) -> dict[str, Any]:
    return {"@type": "QuantitativeValue", "minValue": least, "maxValue": most, "unitCode": "DAY"}
