"""Titles in the shop's own fonts, broken and sized to fit."""

from functools import lru_cache

from django.conf import settings
from PIL import ImageFont

from catalog.covers.board import SCALE, Board, Colour

LEADING = 1.14
# The shop's web fonts are split by script; a run of letters is drawn with the file that holds its script.
_SCRIPTS: tuple[tuple[int, int, str], ...] = (
    (0x0370, 0x03FF, "greek"),
    (0x0400, 0x045F, "cyrillic"),
    (0x0490, 0x0491, "cyrillic"),
    (0x0100, 0x02BA, "latin-ext"),
    (0x1E00, 0x1E9F, "latin-ext"),
    (0x0020, 0x00FF, "latin"),
    (0x2013, 0x2026, "latin"),
)


def can_letter(text: str) -> bool:
    """Whether the shop's fonts hold every character of text (they have no CJK, Arabic, Hebrew or Indic)."""
    return all(_script_of(char) for char in text)


def _script_of(char: str) -> str | None:
    point = ord(char)
    return next((script for low, high, script in _SCRIPTS if low <= point <= high), None)


@lru_cache(maxsize=256)
def _font(family: str, script: str, size: int, weight: int) -> ImageFont.FreeTypeFont:
    suffix = "-normal" if family == "literata" else ""
    path = settings.BASE_DIR / "static" / "fonts" / f"{family}-{script}{suffix}.woff2"
    font = ImageFont.truetype(path, size, layout_engine=ImageFont.Layout.BASIC)
    font.set_variation_by_axes([weight])
    return font


def _runs(text: str) -> list[tuple[str, str]]:
    """Text cut where the script changes; the space is in the Latin file only."""
    runs: list[tuple[str, str]] = []
    for char in text:
        script = _script_of(char) or "latin"
        if runs and script == runs[-1][0]:
            runs[-1] = (runs[-1][0], runs[-1][1] + char)
        else:
            runs.append((script, char))
    return runs


def width_of(text: str, family: str, size: int, weight: int) -> float:
    return sum(_font(family, script, size, weight).getlength(part) for script, part in _runs(text))


def letter(
    board: Board,
    place: tuple[float, float],
    text: str,
    *,
    family: str,
    size: int,
    weight: int,
    colour: Colour,
) -> None:
    """Writes text with its baseline at place, in final pixels."""
    x, y = place[0] * SCALE, place[1] * SCALE
    for script, part in _runs(text):
        font = _font(family, script, size * SCALE, weight)
        board.draw.text((x, y), part, fill=colour, font=font, anchor="ls")
        x += font.getlength(part)


def fitted(title: str, width: float, height: float, sizes: tuple[int, ...]) -> tuple[int, list[str]]:
    """The largest of sizes at which the broken title fits into width × height, and its lines."""
    for size in sizes:
        lines = _broken(title, width, size)
        is_narrow = all(width_of(line, "literata", size, 600) <= width for line in lines)
        if is_narrow and len(lines) * size * LEADING <= height:
            break
    return size, lines[: max(1, int(height / (size * LEADING)))]


def _broken(title: str, width: float, size: int) -> list[str]:
    lines: list[str] = []
    for word in title.split():
        if lines and width_of(f"{lines[-1]} {word}", "literata", size, 600) <= width:
            lines[-1] = f"{lines[-1]} {word}"
        else:
            lines.append(word)
    return lines
