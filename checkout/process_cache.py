"""Values that every page needs and that seldom change, kept in the process under a shared version."""

from collections.abc import Callable
from typing import Generic, TypeVar
from uuid import uuid4

from django.core.cache import cache

T = TypeVar("T")

# Without a shared cache another process learns of a change only when its own version runs out.
SECONDS_UNTIL_NEXT_LOOK = 60


class Kept(Generic[T]):
    """One value, loaded by `load` and kept until its version in Django's cache changes or is a minute old."""

    def __init__(self, key: str, load: Callable[[], T]) -> None:
        self._key = key
        self._load = load
        self._held: tuple[str, T] | None = None

    def get(self) -> T:
        """Return the value; asks the database only when the version is new to this process."""
        version = cache.get(self._key)
        held = self._held
        if held is not None and held[0] == version:
            return held[1]
        if version is None:
            version = uuid4().hex
            # Before loading: what changes meanwhile replaces this version and is then seen at the next look.
            if not cache.add(self._key, version, SECONDS_UNTIL_NEXT_LOOK):
                version = cache.get(self._key, version)
        value = self._load()
        self._held = (version, value)
        return value

    def changed(self) -> None:
        """Make every process that shares the cache load again. Call it after the change is committed."""
        cache.set(self._key, uuid4().hex, SECONDS_UNTIL_NEXT_LOOK)
