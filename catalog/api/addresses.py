"""Addresses of pages and files, with their host, for answers of the API."""

from functools import lru_cache
from typing import Any

from django.core.files.storage import default_storage
from django.urls import reverse
from django.utils.translation import get_language, override

from catalog.structured_data import absolute


@lru_cache(maxsize=8)
def _listing_address(language: str) -> str:
    with override(language):
        return absolute(reverse("catalog:listing_short", kwargs={"sku": "SKU"}))


def listing_page(sku: str) -> str:
    """A listing's short address, which leads to its page; resolved once a language, not once a row."""
    return _listing_address(get_language() or "en").replace("SKU", sku)


@lru_cache(maxsize=8)
def _film_address(language: str) -> str:
    with override(language):
        return absolute(reverse("catalog:film", kwargs={"film_id": 0, "slug": "film"}))


def film_page(film_id: int) -> str:
    """A film's address; the page adds its title to it."""
    return _film_address(get_language() or "en").replace("/0/", f"/{film_id}/")


def file(name: Any) -> str:
    """The address of a stored file."""
    return absolute(default_storage.url(str(name)))
