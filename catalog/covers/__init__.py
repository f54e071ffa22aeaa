"""Draws the demo shop's covers: typographic posters, seeded by the film, the same bytes every time.

They are drawings, not photographs of anything that was ever printed; whoever stores one marks it so.
"""

import hashlib
import random
from collections.abc import Callable
from dataclasses import dataclass

from PIL import Image, ImageDraw

from catalog.covers.board import (
    BAND_TOP,
    HEIGHT,
    MARGIN,
    PALETTES,
    SCALE,
    WIDTH,
    Board,
    Palette,
    between,
    scaled,
)
from catalog.covers.compositions import COMPOSITIONS
from catalog.covers.lettering import LEADING, can_letter, fitted, letter, width_of

__all__ = ["COMPOSITIONS", "HEIGHT", "VIEWS", "WIDTH", "Cover", "can_letter", "draw_front", "draw_view"]

VIEWS = ("front", "back", "disc", "spine")


@dataclass(frozen=True, kw_only=True)
class Cover:
    """What a cover says; `seed` fixes composition and palette (an IMDb id, or any stable text)."""

    seed: str
    title: str
    byline: str = ""
    year: int | None = None
    lines: tuple[str, ...] = ()  # facts printed on the back: tracks, region, run time
    composition: str = ""  # empty: chosen by the seed
    palette: int | None = None


def _chosen(cover: Cover) -> tuple[random.Random, Palette, Callable[[Board, Palette, random.Random], None]]:
    digest = hashlib.sha256(cover.seed.encode()).digest()
    # Not random.Random(str): its seeding of text is an implementation detail, that of an int is not.
    rng = random.Random(int.from_bytes(digest, "big"))  # noqa: S311 - decoration, not a secret
    palette = PALETTES[digest[0] % len(PALETTES) if cover.palette is None else cover.palette]
    names = list(COMPOSITIONS)
    return rng, palette, COMPOSITIONS[cover.composition or names[digest[1] % len(names)]]


def draw_view(cover: Cover, view: str) -> Image.Image:
    """One drawn view of a piece: front, back, disc or spine."""
    return {"front": draw_front, "back": draw_back, "disc": draw_disc, "spine": draw_spine}[view](cover)


def draw_front(cover: Cover) -> Image.Image:
    rng, palette, compose = _chosen(cover)
    board = Board((WIDTH, HEIGHT), palette.paper)
    compose(board, palette, rng)
    board.rectangle((0, BAND_TOP, WIDTH, HEIGHT), palette.paper)
    size, lines = fitted(cover.title, WIDTH - 2 * MARGIN, 160, (66, 58, 50, 44, 38, 32, 26))
    baseline = BAND_TOP + 34 + size * 0.78
    for line in lines:
        letter(board, (MARGIN, baseline), line, family="literata", size=size, weight=600, colour=palette.ink)
        baseline += size * LEADING
    foot = " · ".join(str(part) for part in (cover.byline, cover.year) if part)
    left = WIDTH - MARGIN - width_of(foot, "commissioner", 24, 400)
    letter(board, (left, HEIGHT - 26), foot, family="commissioner", size=24, weight=400, colour=palette.ink)
    board.rectangle((0, 0, 16, HEIGHT), between(palette.paper, (0, 0, 0), 0.28))
    return board.finished()


def draw_back(cover: Cover) -> Image.Image:
    rng, palette, compose = _chosen(cover)
    inner = Board((WIDTH, HEIGHT), palette.paper)
    compose(inner, palette, rng)
    board = Board((WIDTH, HEIGHT), palette.paper)
    art = inner.image.crop(_crop(0, 110, WIDTH, BAND_TOP - 20)).resize((604 * SCALE, 320 * SCALE))
    board.image.paste(art, (MARGIN * SCALE, MARGIN * SCALE))
    size, lines = fitted(cover.title, WIDTH - 2 * MARGIN, 110, (44, 38, 32, 26))
    y = 460.0
    for line in lines:
        letter(board, (MARGIN, y), line, family="literata", size=size, weight=600, colour=palette.ink)
        y += size * LEADING
    for line in cover.lines:
        letter(board, (MARGIN, y + 12), line, family="commissioner", size=22, weight=400, colour=palette.ink)
        y += 36
    board.rectangle((MARGIN, HEIGHT - 170, MARGIN + 250, HEIGHT - 60), (250, 250, 246))
    x = MARGIN + 18.0
    while x < MARGIN + 232:  # a mock barcode: bars that encode nothing
        bar = rng.choice((2, 2, 4, 6))
        board.rectangle((x, HEIGHT - 158, x + bar - 1, HEIGHT - 76), (20, 20, 20))
        x += bar + rng.choice((3, 5))
    board.rectangle((WIDTH - 16, 0, WIDTH, HEIGHT), between(palette.paper, (0, 0, 0), 0.28))
    return board.finished()


def _crop(left: int, top: int, right: int, bottom: int) -> tuple[int, int, int, int]:
    return left * SCALE, top * SCALE, right * SCALE, bottom * SCALE


def draw_disc(cover: Cover) -> Image.Image:
    rng, palette, compose = _chosen(cover)
    board = Board((WIDTH, WIDTH), palette.paper)
    compose(board, palette, rng)
    size, lines = fitted(cover.title, 420, 100, (44, 38, 32, 26, 22))
    top = 560.0
    board.rectangle((0, top - size * 1.2, WIDTH, WIDTH), palette.paper)
    for line in lines:
        left = (WIDTH - width_of(line, "literata", size, 600)) / 2
        letter(board, (left, top), line, family="literata", size=size, weight=600, colour=palette.ink)
        top += size * LEADING
    ground = (238, 236, 230)
    mask = Image.new("L", board.image.size, 0)
    pen = ImageDraw.Draw(mask)
    pen.ellipse(scaled((20, 20, WIDTH - 20, WIDTH - 20)), fill=255)
    pen.ellipse(scaled((310, 310, 410, 410)), fill=0)
    sheet = Board((WIDTH, WIDTH), ground)
    sheet.image.paste(board.image, (0, 0), mask)
    sheet.ring(WIDTH / 2, WIDTH / 2, WIDTH / 2 - 20, 6, (190, 188, 182))
    sheet.ring(WIDTH / 2, WIDTH / 2, 78, 26, (214, 212, 206))
    sheet.ring(WIDTH / 2, WIDTH / 2, 52, 3, (170, 168, 162))
    return sheet.finished()


def draw_spine(cover: Cover) -> Image.Image:
    _rng, palette, _compose = _chosen(cover)
    board = Board((HEIGHT, 96), palette.paper)
    board.rectangle((0, 0, 70, 96), palette.accent)
    size, lines = fitted(cover.title, HEIGHT - 260, 52, (44, 38, 32, 26, 20))
    letter(board, (100, 48 + size * 0.34), lines[0], family="literata", size=size, weight=600, colour=palette.ink)
    year = str(cover.year or "")
    left = HEIGHT - 40 - width_of(year, "commissioner", 26, 500)
    letter(board, (left, 57), year, family="commissioner", size=26, weight=500, colour=palette.ink)
    # Laid on a square like the others' ground, so that thumbnails of all views have the same shape.
    sheet = Image.new("RGB", (WIDTH, HEIGHT), (238, 236, 230))
    sheet.paste(board.finished().rotate(90, expand=True), ((WIDTH - 96) // 2, 0))
    return sheet
