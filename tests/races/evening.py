"""A crowd let loose on some servers, and the staff and the clock that keep bringing pieces back on offer."""

import random
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from django.db import InterfaceError, OperationalError, connections, transaction
from django.db.models import QuerySet
from django.db.models.functions import Now

from catalog import listings
from catalog.models import Listing
from catalog.vocabularies import ListingState
from checkout import inventory, orders, settlement, unfinished
from checkout.errors import CheckoutError
from checkout.models import Order, OrderState, Reservation
from checkout.visitors import key_of
from shop.models import ShopSettings
from tests.catalog.pieces import a_graded_draft, an_edition
from tests.races.crowd import Journal, shop_until

COPIES = 5


def pieces(number: int) -> list[str]:
    """Pieces on offer, a few of each edition: to publish one copy takes a look at all the others."""
    editions = [an_edition() for _ in range(0, number, COPIES)]
    return [listings.publish(a_graded_draft(edition=editions[place // COPIES])).sku for place in range(number)]


def open_the_gates() -> None:
    """The crowd may come again at once, and hold as much as it likes."""
    shop = ShopSettings.current()
    shop.reservations_per_address = shop.reservations_per_visitor = 30_000
    shop.reservation_pause_minutes = 0
    shop.save()


class Evening:
    """A crowd let loose on some servers, until all checkouts are made.

    `sold_at_most` is the share of the pieces beyond which staff cancel the oldest sales, so that there is always
    something to fight for.
    """

    def __init__(
        self, urls: Sequence[str], skus: list[str], *, checkouts: int, buyers: int, sold_at_most: float
    ) -> None:
        self.urls = urls
        self.skus = skus
        self.on_offer = skus
        self.left = checkouts
        self.buyers = buyers
        self.sold_at_most = sold_at_most
        self.journal = Journal()
        self.is_over = threading.Event()

    def run(self, disturb: Callable[[], None]) -> None:
        """Let all buy; `disturb` is called in this thread, again and again until they have finished."""
        with ThreadPoolExecutor(self.buyers + 1) as pool:
            crowd = [
                pool.submit(shop_until, number, self.urls, self.journal, self._next_sku)
                for number in range(self.buyers)
            ]
            staff = pool.submit(self._bring_back)
            try:
                while not all(buyer.done() for buyer in crowd):
                    disturb()
                    time.sleep(0.1)
            finally:
                self.left = 0
                self.is_over.set()
        for thread in (*crowd, staff):
            thread.result()

    def _next_sku(self, chance: random.Random) -> str | None:
        with self.journal.lock:
            if self.left <= 0:
                return None
            self.left -= 1
        # What the shop showed a moment ago; squared, because few pieces are wanted by many.
        seen = self.on_offer
        return seen[int(chance.random() ** 2 * len(seen))]

    def _bring_back(self) -> None:
        """Let forgotten baskets and unpaid orders run out of time; cancel sales once most pieces are sold."""
        try:
            while not self.is_over.wait(0.3):
                try:
                    self._bring_back_once()
                except (OperationalError, InterfaceError):
                    # The database went away; so do its connections, and the next round has new ones.
                    connections.close_all()
        finally:
            connections.close_all()

    def _bring_back_once(self) -> None:
        for tokens, end in ((self.journal.forgotten, end_basket), (self.journal.left, let_time_run_out)):
            while tokens:
                end(tokens[0])
                tokens.pop(0)
        self._cancel_sales()
        self.on_offer = list(Listing.objects.for_sale().values_list("sku", flat=True)) or self.skus

    def _cancel_sales(self) -> None:
        sold = list(Order.objects.filter(state=OrderState.PAID).order_by("paid_at"))
        for order in sold[: max(0, len(sold) - int(self.sold_at_most * len(self.skus)))]:
            self.journal.note("cancelling", order.token)
            try:
                settlement.cancel(order, reason="staff")
            except CheckoutError:
                continue
            self.journal.note("cancelled", order.token)


def end_basket(token: str) -> None:
    """The claims of a basket without an order lapse, as if half an hour had passed."""
    with transaction.atomic():
        claims = Reservation.objects.unreleased().filter(
            visitor_key=key_of(token), order_line__isnull=True, until__isnull=False
        )
        inventory.lock(claims.values_list("listing_id", flat=True))
        _lapse(claims.all())


def let_time_run_out(token: str) -> None:
    """An order's claims and its time to pay are over, unless it was paid meanwhile."""
    with transaction.atomic():
        order = orders.lock(Order.objects.get(token=token).pk)
        if order.is_payable:
            inventory.lock(order.lines.values_list("listing_id", flat=True))
            _lapse(Reservation.objects.unreleased().filter(order_line__order=order, until__isnull=False))
            Order.objects.filter(pk=order.pk).update(pay_by=Now())


def _lapse(claims: QuerySet[Reservation]) -> None:
    held = list(claims.values_list("pk", "listing_id"))
    # In the control one buyer's claim outlives the sale of the piece to another; a sold piece has no time to lose.
    listings = Listing.objects.filter(pk__in=[listing for _pk, listing in held], state=ListingState.RESERVED)
    listings.update(reserved_until=Now())
    Reservation.objects.filter(pk__in=[pk for pk, _listing in held]).update(until=Now())


def drain() -> None:
    """What the minutely task does, until nothing is left to do; providers' pages left open are closed by time."""
    for order in Order.objects.filter(state=OrderState.AWAITING_PAYMENT):
        let_time_run_out(order.token)
    for _ in range(3):
        inventory.tidy()
        counts = unfinished.bring_forward()
    assert counts["failed"] == 0
