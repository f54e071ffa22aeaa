"""Drawn covers and photo intake: what is stored is ours, small, and free of what came along with it."""

import hashlib
import io
from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import default_storage
from PIL import Image

from catalog import photos
from catalog.covers import COMPOSITIONS, HEIGHT, VIEWS, WIDTH, Cover, can_letter, draw_front, draw_view
from catalog.errors import PhotoRefused

CRANES = Cover(seed="tt0050634", title="Летят журавли", byline="М. Калатозов", year=1957)


@pytest.fixture(autouse=True)
def _own_media(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path


def _encoded(image: Image.Image, encoding: str = "JPEG", **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, encoding, **options)
    return buffer.getvalue()


def _pixels(image: Image.Image) -> str:
    return hashlib.sha256(image.tobytes()).hexdigest()


def _stored_files(folder: Path) -> set[str]:
    return {path.name.rsplit("-", 1)[1] for path in folder.rglob("*.*")}


def test_a_cover_is_the_same_every_time() -> None:
    assert _pixels(draw_front(CRANES)) == _pixels(draw_front(CRANES))


def test_another_film_has_another_cover() -> None:
    other = Cover(seed="tt0052600", title=CRANES.title, byline=CRANES.byline, year=CRANES.year)
    assert _pixels(draw_front(CRANES)) != _pixels(draw_front(other))


@pytest.mark.parametrize("composition", COMPOSITIONS)
def test_every_composition_fills_the_sheet(composition: str) -> None:
    cover = Cover(seed="x", title="", composition=composition, palette=3)
    image = draw_front(cover)
    assert image.size == (WIDTH, HEIGHT)
    colours = image.crop((20, 60, WIDTH, 780)).getcolors(maxcolors=WIDTH * HEIGHT)
    assert colours is not None
    assert len(colours) > 2


@pytest.mark.parametrize("view", VIEWS)
def test_every_view_is_drawn_and_differs(view: str) -> None:
    drawn = {name: _pixels(draw_view(CRANES, name)) for name in VIEWS}
    assert list(drawn.values()).count(drawn[view]) == 1


def test_lettering_changes_the_cover() -> None:
    untitled = Cover(seed=CRANES.seed, title="", byline=CRANES.byline, year=CRANES.year)
    assert _pixels(draw_front(untitled)) != _pixels(draw_front(CRANES))


@pytest.mark.parametrize(
    ("title", "can"),
    [
        ("Летят журавли", True),
        ("Τοπίο στην ομίχλη", True),
        ("Popiół i diament", True),
        ("Un condamné à mort s’est échappé", True),
        ("七人の侍", False),
        ("طعم گیلاس", False),
    ],
)
def test_only_scripts_that_the_fonts_hold_are_lettered(title: str, can: bool) -> None:
    assert can_letter(title) is can


def test_a_very_long_title_stays_on_the_sheet() -> None:
    title = "Un condamné à mort s'est échappé ou Le vent souffle où il veut " * 3
    plain = draw_front(Cover(seed="x", title=""))
    long = draw_front(Cover(seed="x", title=title))
    # The margin beside the lettering is untouched.
    box = (WIDTH - 40, 790, WIDTH, HEIGHT)
    assert _pixels(plain.crop(box)) == _pixels(long.crop(box))


def test_a_stored_photo_has_every_width_in_both_encodings(tmp_path: Path) -> None:
    stored = photos.store(draw_front(CRANES), speed=photos.DRAWING_SPEED)
    assert stored.widths == (240, 480, 720)
    assert _stored_files(tmp_path) == {f"{w}.{e}" for w in stored.widths for e in ("avif", "jpg")}
    with default_storage.open(stored.name) as file, Image.open(file) as image:
        assert image.size == (stored.width, stored.height) == (720, 1040)


def test_the_same_picture_is_stored_once(tmp_path: Path) -> None:
    first = photos.store(draw_front(CRANES), speed=photos.DRAWING_SPEED)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.*")}
    assert photos.store(draw_front(CRANES), speed=photos.DRAWING_SPEED) == first
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.*")} == before


def test_an_uploaded_photo_loses_its_metadata() -> None:
    exif = Image.Exif()
    exif[0x010F] = "A telephone"
    exif.get_ifd(0x8825)[1] = "N"
    content = _encoded(Image.new("RGB", (800, 600), "teal"), exif=exif, comment=b"secret")
    stored = photos.store(photos.read_photo(content))
    with default_storage.open(stored.name) as file:
        kept = file.read()
    with Image.open(io.BytesIO(kept)) as image:
        assert dict(image.getexif()) == {}
        assert "comment" not in image.info
    assert b"telephone" not in kept


def test_a_photo_taken_sideways_is_stored_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    image = photos.read_photo(_encoded(Image.new("RGB", (800, 600), "teal"), exif=exif))
    assert image.size == (600, 800)


def test_transparency_becomes_white() -> None:
    image = photos.read_photo(_encoded(Image.new("RGBA", (300, 300), (255, 0, 0, 0)), "PNG"))
    assert image.getpixel((5, 5)) == (255, 255, 255)


def test_what_is_appended_to_a_picture_is_not_kept() -> None:
    content = _encoded(Image.new("RGB", (400, 400), "teal")) + b"<script>alert(1)</script>"
    stored = photos.store(photos.read_photo(content))
    with default_storage.open(stored.name) as file:
        assert b"script" not in file.read()


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "no JPEG"),
        (b"", "no JPEG"),
        (_encoded(Image.new("RGB", (900, 900), "teal"))[:4000], "damaged"),
        (_encoded(Image.new("RGB", (100, 900), "teal")), "smaller than 200"),
        (_encoded(Image.new("1", (8000, 8000)), "PNG"), "50 megapixels"),
        (b"\xff" * (photos.UPLOAD_BYTES_MAX + 1), "25 MB"),
    ],
    ids=["svg", "empty", "cut off", "too small", "too many pixels", "too many bytes"],
)
def test_a_picture_that_cannot_be_kept_is_refused_with_a_reason(content: bytes, says: str) -> None:
    with pytest.raises(PhotoRefused, match=says):
        photos.read_photo(content)
