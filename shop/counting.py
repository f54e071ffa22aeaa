"""Counting what must not happen too often, in fixed windows in Django's cache.

Without a shared cache each process counts for itself, so a real limit is up to as many times higher as there are
processes: it keeps floods away and is no guard of anything worth money.
"""

import time

from django.core.cache import cache


def count(what: str, *, seconds: int) -> int:
    """Note that it happened; returns how often in the running window of so many seconds."""
    key = _key(what, seconds)
    cache.add(key, 0, 2 * seconds)
    try:
        return cache.incr(key)
    except ValueError:  # evicted between the two calls
        cache.set(key, 1, 2 * seconds)
        return 1


def counted(what: str, *, seconds: int) -> int:
    """How often it happened in the running window."""
    found: int = cache.get(_key(what, seconds), 0)
    return found


def _key(what: str, seconds: int) -> str:
    return f"count:{what}:{int(time.time()) // seconds}"
