"""Pieces generated for size: whole, on offer, and found like any other."""

from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as shop
from django.db.models import Q

from catalog import seeding
from catalog.models import Listing
from catalog.search import refresh_search_text
from catalog.seeding.files import read_lines


@pytest.mark.django_db
def test_generated_pieces_are_on_offer_under_numbers_of_their_own(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path
    seeding.load_vocabularies()
    assert seeding.generate_listings(30, seed=5) == 30
    assert seeding.generate_listings(30, seed=5) == 30
    pieces = Listing.objects.for_sale()
    assert pieces.count() == len(set(pieces.values_list("sku", flat=True))) == 60
    assert not pieces.filter(Q(photos=None) | Q(component_grades=None) | Q(edition__films=None)).exists()
    assert not pieces.filter(price_changes=None).exists()
    assert pieces.filter(is_demo=False).count() == 0


@pytest.mark.django_db
def test_generated_pieces_are_found_by_the_words_search_would_give_them(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path
    seeding.load_vocabularies()
    seeding.generate_listings(40, seed=6)
    assert refresh_search_text(Listing.objects.all()) == 0


def test_the_facts_for_size_are_small_enough_to_ship() -> None:
    assert (shop.BASE_DIR / "fixtures" / "film_facts.jsonl.gz").stat().st_size < 1_500_000
    assert sum(1 for _row in read_lines("film_facts.jsonl.gz")) > 15_000
