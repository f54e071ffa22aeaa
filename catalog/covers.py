"""Draws the demo shop's covers: typographic posters, seeded by the film, the same bytes every time.

They are drawings, not photographs of anything that was ever printed; whoever stores one marks it so.
"""

import hashlib
import math
import random
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from django.conf import settings
from PIL import Image, ImageDraw, ImageFont

Colour = tuple[int, int, int]
Box = tuple[float, float, float, float]

WIDTH, HEIGHT = 720, 1040
# Pillow draws shapes without antialiasing: everything is drawn at twice the size and halved.
SCALE = 2
MARGIN = 58
BAND_TOP = 790
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


@dataclass(frozen=True)
class Palette:
    paper: Colour
    ink: Colour
    accent: Colour


def _palette(paper: str, ink: str, accent: str) -> Palette:
    return Palette(_rgb(paper), _rgb(ink), _rgb(accent))


def _rgb(hexadecimal: str) -> Colour:
    return int(hexadecimal[0:2], 16), int(hexadecimal[2:4], 16), int(hexadecimal[4:6], 16)


PALETTES = (
    _palette("e9dcc3", "1d1a16", "b3321a"),
    _palette("23323a", "e9dcc3", "d98b2b"),
    _palette("c9cfc4", "22301f", "8a2c1d"),
    _palette("1d1a16", "d9b25c", "a83a22"),
    _palette("e4e4de", "2a2a28", "3d6a8a"),
    _palette("7a2a1c", "f3e3c7", "e0a13a"),
    _palette("d96b2b", "1d1a16", "f6e6c8"),
    _palette("dfe6ea", "1b2a3a", "c4502e"),
    _palette("12324a", "f0e4d0", "e2703a"),
    _palette("efe3b4", "2b2a4c", "d04a3a"),
    _palette("2f4a3c", "efe6d2", "d6a848"),
    _palette("f1d9cf", "3a1f2b", "a63b52"),
    _palette("3b2b4a", "f0dfe2", "d9a441"),
    _palette("b9c9d3", "14202b", "f2efe6"),
    _palette("f4efe4", "16302e", "1f7a70"),
    _palette("c7b08a", "24180f", "f7efdf"),
)


class _Board:
    """A canvas in final pixels that draws at SCALE."""

    def __init__(self, size: tuple[int, int], paper: Colour) -> None:
        self.image = Image.new("RGB", (size[0] * SCALE, size[1] * SCALE), paper)
        self.draw = ImageDraw.Draw(self.image)

    def rectangle(self, box: Box, fill: Colour) -> None:
        self.draw.rectangle(_scaled(box), fill=fill)

    def disc(self, x: float, y: float, radius: float, fill: Colour) -> None:
        self.draw.ellipse(_scaled((x - radius, y - radius, x + radius, y + radius)), fill=fill)

    def ring(self, x: float, y: float, radius: float, width: float, colour: Colour) -> None:
        box = _scaled((x - radius, y - radius, x + radius, y + radius))
        self.draw.ellipse(box, outline=colour, width=round(width * SCALE))

    def pie(self, x: float, y: float, radius: float, start: float, end: float, fill: Colour) -> None:
        self.draw.pieslice(_scaled((x - radius, y - radius, x + radius, y + radius)), start, end, fill=fill)

    def polygon(self, points: list[tuple[float, float]], fill: Colour) -> None:
        self.draw.polygon([(x * SCALE, y * SCALE) for x, y in points], fill=fill)

    def finished(self) -> Image.Image:
        return self.image.reduce(SCALE)


def _scaled(box: Box) -> Box:
    return box[0] * SCALE, box[1] * SCALE, box[2] * SCALE, box[3] * SCALE


def _between(first: Colour, second: Colour, share: float) -> Colour:
    """The colour `share` of the way from first to second."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(first, second, strict=True))
    return red, green, blue


# --- compositions: each fills the sheet above BAND_TOP ---


def _birds(board: _Board, palette: Palette, rng: random.Random) -> None:
    board.disc(496, 664, 210, palette.accent)
    flock = [
        (120, 240, 2.0),
        (172, 150, 2.5),
        (380, 112, 3.0),
        (430, 236, 2.3),
        (545, 300, 1.9),
        (300, 300, 1.6),
    ]
    for x, y, size in flock:
        _bird(board, x + rng.uniform(-16, 16), y + rng.uniform(-16, 16), size, palette.ink)


def _bird(board: _Board, x: float, y: float, size: float, colour: Colour) -> None:
    upper = [*_curve((0, 0), (14, -16), (26, -2)), *_curve((26, -2), (38, -16), (54, 0))]
    lower = [*_curve((54, 0), (38, -4), (27, 9)), *_curve((27, 9), (17, -3), (0, 0))]
    board.polygon([(x + px * size, y + py * size) for px, py in upper + lower], colour)


def _curve(
    start: tuple[float, float], control: tuple[float, float], end: tuple[float, float]
) -> list[tuple[float, float]]:
    points = []
    for step in range(13):
        t = step / 12
        a, b, c = (1 - t) ** 2, 2 * t * (1 - t), t * t
        x = a * start[0] + b * control[0] + c * end[0]
        points.append((x, a * start[1] + b * control[1] + c * end[1]))
    return points


def _bars(board: _Board, palette: Palette, rng: random.Random) -> None:
    lit = rng.randrange(9)
    for index in range(9):
        left = MARGIN + index * 68
        top = rng.uniform(180, 520)
        colour = palette.accent if index == lit else palette.ink
        board.rectangle((left, top, left + 36, BAND_TOP - 20), colour)


def _rings(board: _Board, palette: Palette, rng: random.Random) -> None:
    x, y = rng.uniform(300, 420), rng.uniform(380, 460)
    for index, radius in enumerate(range(320, 0, -64)):
        board.ring(x, y, radius, 20, palette.accent if index == 4 else palette.ink)


def _steps(board: _Board, palette: Palette, rng: random.Random) -> None:
    rise = rng.uniform(70, 84)
    for index in range(9):
        colour = _between(palette.paper, palette.ink, 0.22 + index * 0.08)
        board.rectangle((index * 80, BAND_TOP - (index + 1) * rise, WIDTH, BAND_TOP - index * rise), colour)
    board.disc(rng.uniform(120, 220), 190, 62, palette.accent)


def _waves(board: _Board, palette: Palette, rng: random.Random) -> None:
    board.disc(rng.uniform(180, 540), 270, 120, palette.accent)
    phase = rng.uniform(0, math.tau)
    for row in range(7):
        base = 380 + row * 62
        crest = [(x, base + 24 * math.sin(x / 84 + phase + row * 0.9)) for x in range(0, WIDTH + 12, 12)]
        colour = _between(palette.paper, palette.ink, 0.25 + row * 0.11)
        board.polygon([*crest, (WIDTH, BAND_TOP), (0, BAND_TOP)], colour)


def _rays(board: _Board, palette: Palette, rng: random.Random) -> None:
    x, y = rng.uniform(200, 520), 560
    for index in range(18):
        start = index * 20 + rng.uniform(-2, 2)
        board.pie(x, y, 900, start, start + 10, _between(palette.paper, palette.ink, 0.85))
    board.disc(x, y, 150, palette.accent)
    board.ring(x, y, 172, 12, palette.paper)


def _ridges(board: _Board, palette: Palette, rng: random.Random) -> None:
    board.disc(rng.uniform(440, 580), 220, 84, palette.accent)
    for row in range(4):
        top = 330 + row * 110
        points: list[tuple[float, float]] = [(0, BAND_TOP), (0, top + rng.uniform(-20, 60))]
        x = 0.0
        while x < WIDTH:
            x += rng.uniform(70, 150)
            points.append((x, top + rng.uniform(-70, 80)))
        points.append((WIDTH + 160, BAND_TOP))
        board.polygon(points, _between(palette.paper, palette.ink, 0.3 + row * 0.22))


def _windows(board: _Board, palette: Palette, rng: random.Random) -> None:
    board.rectangle((MARGIN, 110, WIDTH - MARGIN, BAND_TOP - 20), palette.ink)
    lit = rng.sample(range(35), 3)
    for index in range(35):
        column, row = index % 5, index // 5
        left, top = MARGIN + 32 + column * 114, 142 + row * 90
        colour = palette.accent if index in lit else _between(palette.ink, palette.paper, rng.uniform(0.1, 0.4))
        board.rectangle((left, top, left + 82, top + 58), colour)


def _tiles(board: _Board, palette: Palette, rng: random.Random) -> None:
    side = 151
    colours = [palette.ink, palette.accent, _between(palette.paper, palette.ink, 0.45)]
    for index in range(16):
        left, top = MARGIN + (index % 4) * side, 116 + (index // 4) * side
        turn = rng.randrange(4)
        corner_x = left if turn in (0, 3) else left + side
        corner_y = top if turn in (0, 1) else top + side
        board.pie(corner_x, corner_y, side, turn * 90, turn * 90 + 90, rng.choice(colours))


def _rails(board: _Board, palette: Palette, rng: random.Random) -> None:
    x, horizon = rng.uniform(280, 440), 300.0
    board.rectangle((0, horizon, WIDTH, BAND_TOP), _between(palette.paper, palette.ink, 0.14))
    for row in range(14):
        y = horizon + 490 * (row / 13) ** 2
        half, thick = 14 + (y - horizon) * 0.62, 3 + (y - horizon) * 0.035
        board.rectangle((x - half, y, x + half, y + thick), _between(palette.paper, palette.ink, 0.55))
    for side in (-1, 1):
        foot = x + side * 236
        board.polygon([(x + side * 4, horizon), (foot, BAND_TOP), (foot + side * 34, BAND_TOP)], palette.ink)
    board.disc(x, horizon - 90, 64, palette.accent)


def _arches(board: _Board, palette: Palette, rng: random.Random) -> None:
    x = rng.uniform(330, 390)
    for index in range(5):
        half = 280 - index * 54
        colour = palette.accent if index == 4 else (palette.ink, palette.paper)[index % 2]
        board.pie(x, 420, half, 180, 360, colour)
        board.rectangle((x - half, 419, x + half, BAND_TOP - 20), colour)


def _faces(board: _Board, palette: Palette, rng: random.Random) -> None:
    x, y = 360 + rng.uniform(-30, 30), 430
    board.pie(x - 8, y, 300, 90, 270, palette.ink)
    board.pie(x + 8, y, 300, 270, 450, palette.accent)
    board.disc(x - 120, y - 60, 34, palette.paper)
    board.disc(x + 120, y - 60, 34, palette.paper)
    board.rectangle((x - 8, y - 300, x + 8, y + 300), palette.paper)


def _strip(board: _Board, palette: Palette, rng: random.Random) -> None:
    left = rng.uniform(150, 260)
    board.rectangle((left, 0, left + 330, BAND_TOP), palette.ink)
    for row in range(14):
        for edge in (left + 18, left + 282):
            board.rectangle((edge, 16 + row * 56, edge + 30, 46 + row * 56), palette.paper)
    for frame in range(4):
        top = 30 + frame * 190
        board.rectangle((left + 64, top, left + 266, top + 160), _between(palette.ink, palette.paper, 0.75))
        board.disc(left + 105 + frame * 40, top + 110 - frame * 16, 34, palette.accent)


COMPOSITIONS: dict[str, Callable[[_Board, Palette, random.Random], None]] = {
    "birds": _birds,
    "bars": _bars,
    "rings": _rings,
    "steps": _steps,
    "waves": _waves,
    "rays": _rays,
    "ridges": _ridges,
    "windows": _windows,
    "tiles": _tiles,
    "rails": _rails,
    "arches": _arches,
    "faces": _faces,
    "strip": _strip,
}


# --- lettering ---

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


def _width(text: str, family: str, size: int, weight: int) -> float:
    return sum(_font(family, script, size, weight).getlength(part) for script, part in _runs(text))


def _letter(
    board: _Board,
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


LEADING = 1.14


def _fitted(title: str, width: float, height: float, sizes: tuple[int, ...]) -> tuple[int, list[str]]:
    """The largest of sizes at which the broken title fits into width × height, and its lines."""
    for size in sizes:
        lines = _broken(title, width, size)
        is_narrow = all(_width(line, "literata", size, 600) <= width for line in lines)
        if is_narrow and len(lines) * size * LEADING <= height:
            break
    return size, lines[: max(1, int(height / (size * LEADING)))]


def _broken(title: str, width: float, size: int) -> list[str]:
    lines: list[str] = []
    for word in title.split():
        if lines and _width(f"{lines[-1]} {word}", "literata", size, 600) <= width:
            lines[-1] = f"{lines[-1]} {word}"
        else:
            lines.append(word)
    return lines


# --- views ---


def _chosen(cover: Cover) -> tuple[random.Random, Palette, Callable[[_Board, Palette, random.Random], None]]:
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
    board = _Board((WIDTH, HEIGHT), palette.paper)
    compose(board, palette, rng)
    board.rectangle((0, BAND_TOP, WIDTH, HEIGHT), palette.paper)
    size, lines = _fitted(cover.title, WIDTH - 2 * MARGIN, 160, (66, 58, 50, 44, 38, 32, 26))
    baseline = BAND_TOP + 34 + size * 0.78
    for line in lines:
        _letter(board, (MARGIN, baseline), line, family="literata", size=size, weight=600, colour=palette.ink)
        baseline += size * LEADING
    foot = " · ".join(str(part) for part in (cover.byline, cover.year) if part)
    left = WIDTH - MARGIN - _width(foot, "commissioner", 24, 400)
    _letter(board, (left, HEIGHT - 26), foot, family="commissioner", size=24, weight=400, colour=palette.ink)
    board.rectangle((0, 0, 16, HEIGHT), _between(palette.paper, (0, 0, 0), 0.28))
    return board.finished()


def draw_back(cover: Cover) -> Image.Image:
    rng, palette, compose = _chosen(cover)
    inner = _Board((WIDTH, HEIGHT), palette.paper)
    compose(inner, palette, rng)
    board = _Board((WIDTH, HEIGHT), palette.paper)
    art = inner.image.crop(_crop(0, 110, WIDTH, BAND_TOP - 20)).resize((604 * SCALE, 320 * SCALE))
    board.image.paste(art, (MARGIN * SCALE, MARGIN * SCALE))
    size, lines = _fitted(cover.title, WIDTH - 2 * MARGIN, 110, (44, 38, 32, 26))
    y = 460.0
    for line in lines:
        _letter(board, (MARGIN, y), line, family="literata", size=size, weight=600, colour=palette.ink)
        y += size * LEADING
    for line in cover.lines:
        _letter(board, (MARGIN, y + 12), line, family="commissioner", size=22, weight=400, colour=palette.ink)
        y += 36
    board.rectangle((MARGIN, HEIGHT - 170, MARGIN + 250, HEIGHT - 60), (250, 250, 246))
    x = MARGIN + 18.0
    while x < MARGIN + 232:  # a mock barcode: bars that encode nothing
        bar = rng.choice((2, 2, 4, 6))
        board.rectangle((x, HEIGHT - 158, x + bar - 1, HEIGHT - 76), (20, 20, 20))
        x += bar + rng.choice((3, 5))
    board.rectangle((WIDTH - 16, 0, WIDTH, HEIGHT), _between(palette.paper, (0, 0, 0), 0.28))
    return board.finished()


def _crop(left: int, top: int, right: int, bottom: int) -> tuple[int, int, int, int]:
    return left * SCALE, top * SCALE, right * SCALE, bottom * SCALE


def draw_disc(cover: Cover) -> Image.Image:
    rng, palette, compose = _chosen(cover)
    board = _Board((WIDTH, WIDTH), palette.paper)
    compose(board, palette, rng)
    size, lines = _fitted(cover.title, 420, 100, (44, 38, 32, 26, 22))
    top = 560.0
    board.rectangle((0, top - size * 1.2, WIDTH, WIDTH), palette.paper)
    for line in lines:
        left = (WIDTH - _width(line, "literata", size, 600)) / 2
        _letter(board, (left, top), line, family="literata", size=size, weight=600, colour=palette.ink)
        top += size * LEADING
    ground = (238, 236, 230)
    mask = Image.new("L", board.image.size, 0)
    pen = ImageDraw.Draw(mask)
    pen.ellipse(_scaled((20, 20, WIDTH - 20, WIDTH - 20)), fill=255)
    pen.ellipse(_scaled((310, 310, 410, 410)), fill=0)
    sheet = _Board((WIDTH, WIDTH), ground)
    sheet.image.paste(board.image, (0, 0), mask)
    sheet.ring(WIDTH / 2, WIDTH / 2, WIDTH / 2 - 20, 6, (190, 188, 182))
    sheet.ring(WIDTH / 2, WIDTH / 2, 78, 26, (214, 212, 206))
    sheet.ring(WIDTH / 2, WIDTH / 2, 52, 3, (170, 168, 162))
    return sheet.finished()


def draw_spine(cover: Cover) -> Image.Image:
    _rng, palette, _compose = _chosen(cover)
    board = _Board((HEIGHT, 96), palette.paper)
    board.rectangle((0, 0, 70, 96), palette.accent)
    size, lines = _fitted(cover.title, HEIGHT - 260, 52, (44, 38, 32, 26, 20))
    _letter(board, (100, 48 + size * 0.34), lines[0], family="literata", size=size, weight=600, colour=palette.ink)
    year = str(cover.year or "")
    left = HEIGHT - 40 - _width(year, "commissioner", 26, 500)
    _letter(board, (left, 57), year, family="commissioner", size=26, weight=500, colour=palette.ink)
    # Laid on a square like the others' ground, so that thumbnails of all views have the same shape.
    sheet = Image.new("RGB", (WIDTH, HEIGHT), (238, 236, 230))
    sheet.paste(board.finished().rotate(90, expand=True), ((WIDTH - 96) // 2, 0))
    return sheet
