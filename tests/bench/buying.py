"""Whole purchases in process: reserve, address, place, pay with the demo provider, until the piece is sold."""

import multiprocessing
import time
from collections.abc import Sequence

from tests.bench.load import CLIENTS, Figure, figure_of

WARM_UP = 5


def buy_each(skus: Sequence[str]) -> Figure:
    """CLIENTS buyers at once, who buy these pieces one by one; orders a second."""
    shares = [skus[number::CLIENTS] for number in range(CLIENTS)]
    with multiprocessing.get_context("spawn").Pool(CLIENTS) as buyers:
        found = buyers.map(_buy_all, shares)
    return figure_of([duration for durations in found for duration in durations], clients=CLIENTS)


def _buy_all(skus: Sequence[str]) -> list[float]:
    import django

    django.setup()
    from tests.checkout.buyers import a_visitor, an_order, pay

    durations = []
    for sku in skus:
        started = time.perf_counter()
        pay(an_order(a_visitor(sku), [sku]))
        durations.append(time.perf_counter() - started)
    return durations[WARM_UP:]
