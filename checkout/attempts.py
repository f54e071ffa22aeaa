"""How often something may be tried that invites guessing or flooding: by one visitor, and from one network.

A voucher's code has 80 bits and would need no limit.
"""

from dataclasses import dataclass

from checkout.visitors import Visitor
from shop.counting import count, counted


@dataclass(frozen=True, slots=True)
class Limit:
    """So many tries in so many seconds, by one visitor and from one address range."""

    name: str
    by_visitor: int
    by_range: int
    seconds: int

    def is_reached(self, visitor: Visitor) -> bool:
        """Whether the next try is one too many."""
        return any(counted(who, seconds=self.seconds) >= most for who, most in self._counters(visitor))

    def count(self, visitor: Visitor) -> None:
        """Note one try."""
        for who, _most in self._counters(visitor):
            count(who, seconds=self.seconds)

    def _counters(self, visitor: Visitor) -> list[tuple[str, int]]:
        found = [(f"attempts:{self.name}:{visitor.key}", self.by_visitor)]
        if visitor.address_range:
            found.append((f"attempts:{self.name}:{visitor.address_range}", self.by_range))
        return found


# Somebody who types from a printed card is wrong two or three times.
WRONG_CODES = Limit("wrong-codes", by_visitor=10, by_range=40, seconds=15 * 60)
VOUCHER_ORDERS = Limit("voucher-orders", by_visitor=10, by_range=40, seconds=60 * 60)
