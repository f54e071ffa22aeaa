"""How often something may be tried that invites guessing or flooding: by one visitor, and from one network.

Counted in fixed windows in Django's cache. Without a shared cache each process counts for itself, so the real
limit is up to as many times higher as there are processes; a voucher's code has 80 bits and needs none.
"""

import time
from dataclasses import dataclass

from django.core.cache import cache

from checkout.visitors import Visitor


@dataclass(frozen=True, slots=True)
class Limit:
    """So many tries in so many seconds, by one visitor and from one address range."""

    name: str
    by_visitor: int
    by_range: int
    seconds: int

    def is_reached(self, visitor: Visitor) -> bool:
        """Whether the next try is one too many."""
        return any(cache.get(key, 0) >= most for key, most in self._counters(visitor))

    def count(self, visitor: Visitor) -> None:
        """Note one try."""
        for key, _most in self._counters(visitor):
            cache.add(key, 0, 2 * self.seconds)
            try:
                cache.incr(key)
            except ValueError:  # evicted between the two calls
                cache.set(key, 1, 2 * self.seconds)

    def _counters(self, visitor: Visitor) -> list[tuple[str, int]]:
        window = int(time.time()) // self.seconds
        found = [(f"attempts:{self.name}:{visitor.key}:{window}", self.by_visitor)]
        if visitor.address_range:
            found.append((f"attempts:{self.name}:{visitor.address_range}:{window}", self.by_range))
        return found


# Somebody who types from a printed card is wrong two or three times.
WRONG_CODES = Limit("wrong-codes", by_visitor=10, by_range=40, seconds=15 * 60)
VOUCHER_ORDERS = Limit("voucher-orders", by_visitor=10, by_range=40, seconds=60 * 60)
