"""The pictures: each composition fills the sheet above BAND_TOP."""

import math
import random
from collections.abc import Callable

from catalog.covers.board import BAND_TOP, MARGIN, WIDTH, Board, Colour, Palette, between


def _birds(board: Board, palette: Palette, rng: random.Random) -> None:
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


def _bird(board: Board, x: float, y: float, size: float, colour: Colour) -> None:
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


def _bars(board: Board, palette: Palette, rng: random.Random) -> None:
    lit = rng.randrange(9)
    for index in range(9):
        left = MARGIN + index * 68
        top = rng.uniform(180, 520)
        colour = palette.accent if index == lit else palette.ink
        board.rectangle((left, top, left + 36, BAND_TOP - 20), colour)


def _rings(board: Board, palette: Palette, rng: random.Random) -> None:
    x, y = rng.uniform(300, 420), rng.uniform(380, 460)
    for index, radius in enumerate(range(320, 0, -64)):
        board.ring(x, y, radius, 20, palette.accent if index == 4 else palette.ink)


def _steps(board: Board, palette: Palette, rng: random.Random) -> None:
    rise = rng.uniform(70, 84)
    for index in range(9):
        colour = between(palette.paper, palette.ink, 0.22 + index * 0.08)
        board.rectangle((index * 80, BAND_TOP - (index + 1) * rise, WIDTH, BAND_TOP - index * rise), colour)
    board.disc(rng.uniform(120, 220), 190, 62, palette.accent)


def _waves(board: Board, palette: Palette, rng: random.Random) -> None:
    board.disc(rng.uniform(180, 540), 270, 120, palette.accent)
    phase = rng.uniform(0, math.tau)
    for row in range(7):
        base = 380 + row * 62
        crest = [(x, base + 24 * math.sin(x / 84 + phase + row * 0.9)) for x in range(0, WIDTH + 12, 12)]
        colour = between(palette.paper, palette.ink, 0.25 + row * 0.11)
        board.polygon([*crest, (WIDTH, BAND_TOP), (0, BAND_TOP)], colour)


def _rays(board: Board, palette: Palette, rng: random.Random) -> None:
    x, y = rng.uniform(200, 520), 560
    for index in range(18):
        start = index * 20 + rng.uniform(-2, 2)
        board.pie(x, y, 900, start, start + 10, between(palette.paper, palette.ink, 0.85))
    board.disc(x, y, 150, palette.accent)
    board.ring(x, y, 172, 12, palette.paper)


def _ridges(board: Board, palette: Palette, rng: random.Random) -> None:
    board.disc(rng.uniform(440, 580), 220, 84, palette.accent)
    for row in range(4):
        top = 330 + row * 110
        points: list[tuple[float, float]] = [(0, BAND_TOP), (0, top + rng.uniform(-20, 60))]
        x = 0.0
        while x < WIDTH:
            x += rng.uniform(70, 150)
            points.append((x, top + rng.uniform(-70, 80)))
        points.append((WIDTH + 160, BAND_TOP))
        board.polygon(points, between(palette.paper, palette.ink, 0.3 + row * 0.22))


def _windows(board: Board, palette: Palette, rng: random.Random) -> None:
    board.rectangle((MARGIN, 110, WIDTH - MARGIN, BAND_TOP - 20), palette.ink)
    lit = rng.sample(range(35), 3)
    for index in range(35):
        column, row = index % 5, index // 5
        left, top = MARGIN + 32 + column * 114, 142 + row * 90
        colour = palette.accent if index in lit else between(palette.ink, palette.paper, rng.uniform(0.1, 0.4))
        board.rectangle((left, top, left + 82, top + 58), colour)


def _tiles(board: Board, palette: Palette, rng: random.Random) -> None:
    side = 151
    colours = [palette.ink, palette.accent, between(palette.paper, palette.ink, 0.45)]
    for index in range(16):
        left, top = MARGIN + (index % 4) * side, 116 + (index // 4) * side
        turn = rng.randrange(4)
        corner_x = left if turn in (0, 3) else left + side
        corner_y = top if turn in (0, 1) else top + side
        board.pie(corner_x, corner_y, side, turn * 90, turn * 90 + 90, rng.choice(colours))


def _rails(board: Board, palette: Palette, rng: random.Random) -> None:
    x, horizon = rng.uniform(280, 440), 300.0
    board.rectangle((0, horizon, WIDTH, BAND_TOP), between(palette.paper, palette.ink, 0.14))
    for row in range(14):
        y = horizon + 490 * (row / 13) ** 2
        half, thick = 14 + (y - horizon) * 0.62, 3 + (y - horizon) * 0.035
        board.rectangle((x - half, y, x + half, y + thick), between(palette.paper, palette.ink, 0.55))
    for side in (-1, 1):
        foot = x + side * 236
        board.polygon([(x + side * 4, horizon), (foot, BAND_TOP), (foot + side * 34, BAND_TOP)], palette.ink)
    board.disc(x, horizon - 90, 64, palette.accent)


def _arches(board: Board, palette: Palette, rng: random.Random) -> None:
    x = rng.uniform(330, 390)
    for index in range(5):
        half = 280 - index * 54
        colour = palette.accent if index == 4 else (palette.ink, palette.paper)[index % 2]
        board.pie(x, 420, half, 180, 360, colour)
        board.rectangle((x - half, 419, x + half, BAND_TOP - 20), colour)


def _faces(board: Board, palette: Palette, rng: random.Random) -> None:
    x, y = 360 + rng.uniform(-30, 30), 430
    board.pie(x - 8, y, 300, 90, 270, palette.ink)
    board.pie(x + 8, y, 300, 270, 450, palette.accent)
    board.disc(x - 120, y - 60, 34, palette.paper)
    board.disc(x + 120, y - 60, 34, palette.paper)
    board.rectangle((x - 8, y - 300, x + 8, y + 300), palette.paper)


def _strip(board: Board, palette: Palette, rng: random.Random) -> None:
    left = rng.uniform(150, 260)
    board.rectangle((left, 0, left + 330, BAND_TOP), palette.ink)
    for row in range(14):
        for edge in (left + 18, left + 282):
            board.rectangle((edge, 16 + row * 56, edge + 30, 46 + row * 56), palette.paper)
    for frame in range(4):
        top = 30 + frame * 190
        board.rectangle((left + 64, top, left + 266, top + 160), between(palette.ink, palette.paper, 0.75))
        board.disc(left + 105 + frame * 40, top + 110 - frame * 16, 34, palette.accent)


COMPOSITIONS: dict[str, Callable[[Board, Palette, random.Random], None]] = {
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
