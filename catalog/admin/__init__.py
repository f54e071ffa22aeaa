"""The catalogue's pages of the staff site, one module a noun."""

from catalog.admin import edition, editorial, film, listing, missing_facts, people, vocabularies

__all__ = ["edition", "editorial", "film", "listing", "missing_facts", "people", "vocabularies"]
