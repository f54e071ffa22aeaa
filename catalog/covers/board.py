"""The sheet a cover is drawn on, and its colours."""

from dataclasses import dataclass

from PIL import Image, ImageDraw

Colour = tuple[int, int, int]
Box = tuple[float, float, float, float]

WIDTH, HEIGHT = 720, 1040
# Pillow draws shapes without antialiasing: everything is drawn at twice the size and halved.
SCALE = 2
MARGIN = 58
BAND_TOP = 790


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


class Board:
    """A canvas in final pixels that draws at SCALE."""

    def __init__(self, size: tuple[int, int], paper: Colour) -> None:
        self.image = Image.new("RGB", (size[0] * SCALE, size[1] * SCALE), paper)
        self.draw = ImageDraw.Draw(self.image)

    def rectangle(self, box: Box, fill: Colour) -> None:
        self.draw.rectangle(scaled(box), fill=fill)

    def disc(self, x: float, y: float, radius: float, fill: Colour) -> None:
        self.draw.ellipse(scaled((x - radius, y - radius, x + radius, y + radius)), fill=fill)

    def ring(self, x: float, y: float, radius: float, width: float, colour: Colour) -> None:
        box = scaled((x - radius, y - radius, x + radius, y + radius))
        self.draw.ellipse(box, outline=colour, width=round(width * SCALE))

    def pie(self, x: float, y: float, radius: float, start: float, end: float, fill: Colour) -> None:
        self.draw.pieslice(scaled((x - radius, y - radius, x + radius, y + radius)), start, end, fill=fill)

    def polygon(self, points: list[tuple[float, float]], fill: Colour) -> None:
        self.draw.polygon([(x * SCALE, y * SCALE) for x, y in points], fill=fill)

    def finished(self) -> Image.Image:
        return self.image.reduce(SCALE)


def scaled(box: Box) -> Box:
    return box[0] * SCALE, box[1] * SCALE, box[2] * SCALE, box[3] * SCALE


def between(first: Colour, second: Colour, share: float) -> Colour:
    """The colour `share` of the way from first to second."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(first, second, strict=True))
    return red, green, blue
