"""Parcels on their way: where to follow them, and when one counts as delivered though nobody said so."""

from datetime import timedelta
from urllib.parse import quote

import structlog
from django.utils import timezone

from checkout import orders
from checkout.errors import OrderMoveRefused
from checkout.models import Order, OrderState

logger = structlog.get_logger(__name__)
# After the longest usual time of the method (days); where it has none, a long usual time.
GRACE_DAYS = 14
LONGEST_USUAL_DAYS = 30

# Where carriers show what has become of a parcel, by how their name begins in lower case. The longer names first.
TRACKING_PAGES = (
    ("elta courier", "https://www.elta-courier.gr/search?br={}"),
    ("elta", "https://itemsearch.elta.gr/en-GB/Query/Direct/{}"),
    ("acs", "https://www.acscourier.net/en/track-and-trace/?trackingNumber={}"),
    ("box now", "https://boxnow.gr/en?track={}"),
    ("speedex", "http://www.speedex.gr/speedex/NewTrackAndTrace.aspx?number={}"),
    ("dhl", "https://www.dhl.com/global-en/home/tracking.html?tracking-id={}"),
    ("ups", "https://www.ups.com/track?tracknum={}"),
    ("fedex", "https://www.fedex.com/fedextrack/?trknbr={}"),
    ("tnt", "https://www.tnt.com/express/en_gc/site/tracking.html?searchType=con&cons={}"),
    ("gls", "https://gls-group.com/GROUP/en/parcel-tracking/?match={}"),
    ("royal mail", "https://www.royalmail.com/track-your-item#/tracking-results/{}"),
    ("usps", "https://tools.usps.com/go/TrackConfirmAction?tLabels={}"),
)


def tracking_url(order: Order) -> str:
    """The carrier's page about the order's parcel; empty where we know none."""
    carrier = order.carrier.strip().lower()
    if not order.tracking_number:
        return ""
    page = next((page for name, page in TRACKING_PAGES if carrier.startswith(name)), "")
    return page.format(quote(order.tracking_number.strip(), safe=""))


def deliver_overdue() -> int:
    """Take parcels as delivered that left so long ago that they must have arrived. Returns how many orders.

    Without it the points of an order nobody presses a button for would be pending for ever. The time is generous
    to the buyer: the right to withdraw is counted from here.
    """
    now = timezone.now()
    count = 0
    for order in Order.objects.filter(state=OrderState.SHIPPED, is_disputed=False).order_by("pk"):
        days = (order.shipping_days_max or LONGEST_USUAL_DAYS) + GRACE_DAYS
        if order.shipped_at is None or order.shipped_at + timedelta(days=days) > now:
            continue
        try:
            orders.deliver(order)
            count += 1
        except OrderMoveRefused:
            # Delivered with its companions a moment ago, or withdrawn from meanwhile.
            logger.info("delivery_not_assumed", order=order.pk)
    return count
