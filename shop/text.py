"""Folding of text for search and slugs, one function for index and query alike."""

import re
import unicodedata

from anyascii import anyascii

_NOT_WORD = re.compile(r"[^a-z0-9]+")


def fold(text: str) -> str:
    """Lower-case Latin form of text in any script: accents dropped, Greek and Cyrillic transliterated.

    >>> fold("Летят журавли")
    'letyat zhuravli'
    """
    decomposed = unicodedata.normalize("NFKD", text)
    bare = "".join(char for char in decomposed if not unicodedata.combining(char))
    return _NOT_WORD.sub(" ", anyascii(bare).lower()).strip()


def slugify(text: str, *, max_length: int = 60) -> str:
    """URL part for a title in any script; never empty.

    >>> slugify("Ο θίασος")
    'o-thiasos'
    """
    words = fold(text).replace(" ", "-")
    return words[:max_length].strip("-") or "-"
