"""What a new shop starts with: vocabularies, the first listing, the demo collection, and copies in bulk for size.

Loading is repeatable: what is there already, by its natural key, is left alone, so staff may edit what was loaded.
"""

from catalog.seeding.bulk import generate_listings
from catalog.seeding.collection import load_demo_collection, load_first_listing
from catalog.seeding.vocabularies import load_vocabularies

__all__ = ["generate_listings", "load_demo_collection", "load_first_listing", "load_vocabularies"]
