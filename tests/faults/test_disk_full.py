"""No room left on the disk while photos come in: said plainly, and nothing half-written stays."""

import errno
import io
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from PIL import Image

from tests.admin.conftest import as_member, cataloguer
from tests.admin.test_listing_page import send
from tests.catalog.pieces import a_draft

__all__ = ["as_member", "cataloguer"]
pytestmark = [pytest.mark.faults, pytest.mark.django_db]


@pytest.fixture
def media(settings: Any, tmp_path: Path) -> Path:
    settings.MEDIA_ROOT = tmp_path / "media"
    return tmp_path / "media"


@pytest.fixture
def full_after(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """A disk with room for so many files more; of the next one only half goes on."""
    whole = ContentFile.chunks

    def fill(files: int) -> None:
        room = iter([True] * files)

        def chunks(self: ContentFile, *args: Any) -> Iterator[bytes]:
            if next(room, False):
                yield from whole(self, *args)
                return
            yield self.read(self.size // 2)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        monkeypatch.setattr(ContentFile, "chunks", chunks)

    return fill


def a_small_photo(name: str) -> SimpleUploadedFile:
    """One that is kept in two widths, so in four files."""
    picture = io.BytesIO()
    Image.effect_noise((300, 400), 80).convert("RGB").save(picture, "JPEG")
    return SimpleUploadedFile(name, picture.getvalue(), content_type="image/jpeg")


def files_in(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


@pytest.mark.parametrize("room", [0, 3, 6])
def test_an_upload_without_room_is_refused_whole(
    room: int, cataloguer: Client, media: Path, full_after: Callable[[int], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    listing = a_draft()
    pictures = [a_small_photo("front.jpg"), a_small_photo("back.jpg")]
    full_after(room)
    answer = send(cataloguer, listing, new_photos=pictures, note_en="As new.")
    assert answer.status_code == 507
    assert "no room left" in answer.content.decode()
    listing.refresh_from_db()
    assert (listing.note_en, listing.photos.count()) == ("", 0)
    # Files of a picture that was whole are harmless, and found again; each is complete.
    assert len(files_in(media)) in (0, len({path.stem for path in files_in(media)}) * 2)

    monkeypatch.undo()
    for picture in pictures:
        picture.seek(0)
    answer = send(cataloguer, listing, new_photos=pictures, note_en="As new.")
    assert answer.status_code == 200
    photos = list(listing.photos.all())
    assert len(photos) == 2
    for photo in photos:
        for width in photo.widths:
            jpeg = media / str(photo.image.name).replace(f"-{photo.widths[-1]}.", f"-{width}.")
            assert jpeg.read_bytes().endswith(b"\xff\xd9"), "a half-written picture stayed"
