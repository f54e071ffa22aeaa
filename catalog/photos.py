"""Photos: whatever comes in is decoded, stripped of metadata and encoded anew, in a ladder of widths.

Nothing that was uploaded is ever served: a file that is both a picture and something else ends here, and so do
the place and time that telephones write into their pictures.
"""

import hashlib
import io
from dataclasses import dataclass

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError

from catalog.errors import PhotoRefused
from catalog.models import Listing, ListingPhoto

UPLOAD_BYTES_MAX = 25 * 1024 * 1024
PIXELS_MAX = 50_000_000  # the largest sensors of telephones
EDGE_MIN = 200
ACCEPTED = ("JPEG", "PNG", "WEBP", "AVIF", "TIFF")
WIDTHS = (240, 480, 720, 1200, 1600)
FOLDER = "listings"

# Speed 6 halves the bytes of speed 9 and takes ten times as long: right for photographs, wasted on flat drawings.
PHOTOGRAPH_SPEED = 6
DRAWING_SPEED = 9
LANCZOS = Image.Resampling.LANCZOS
ENCODINGS = {"avif": "AVIF", "jpg": "JPEG"}


@dataclass(frozen=True)
class StoredPhoto:
    """`name` is the widest JPEG's storage name; the others differ in width and ending only."""

    name: str
    width: int
    height: int
    widths: tuple[int, ...]
    sha256: str


def read_photo(content: bytes) -> Image.Image:
    """Decode an uploaded picture: upright, RGB in sRGB, without any metadata.

    Raises PhotoRefused for what is too large, too small, damaged or no picture.
    """
    if len(content) > UPLOAD_BYTES_MAX:
        raise PhotoRefused.too_many_bytes(UPLOAD_BYTES_MAX)
    try:
        image = Image.open(io.BytesIO(content), formats=ACCEPTED)
        # The size is read from the header alone, so a bomb is refused before it is unpacked.
        if image.width * image.height > PIXELS_MAX:
            raise PhotoRefused.too_many_pixels(PIXELS_MAX)
        if min(image.size) < EDGE_MIN:
            raise PhotoRefused.too_small(EDGE_MIN)
        image.load()
    except (UnidentifiedImageError, Image.DecompressionBombError) as error:
        raise PhotoRefused.unknown_format() from error
    except (OSError, SyntaxError, ValueError) as error:  # Pillow's words for a damaged file
        raise PhotoRefused.damaged() from error
    profile = image.info.get("icc_profile")
    upright = ImageOps.exif_transpose(image)
    plain = Image.new("RGB", upright.size, "white")
    layer = upright.convert("RGBA")
    plain.paste(layer, mask=layer.getchannel("A"))
    return _in_srgb(plain, profile) if profile and upright.mode == "RGB" else plain


def _in_srgb(image: Image.Image, profile: bytes) -> Image.Image:
    try:
        converted = ImageCms.profileToProfile(
            image, ImageCms.ImageCmsProfile(io.BytesIO(profile)), ImageCms.createProfile("sRGB")
        )
    except ImageCms.PyCMSError:  # a broken profile: take the numbers as they are
        return image
    converted = converted or image
    converted.info.clear()
    return converted


def store(image: Image.Image, *, folder: str = FOLDER, speed: int = PHOTOGRAPH_SPEED) -> StoredPhoto:
    """Encode a picture in every width that it fills and put the files into the storage.

    Names come from the pixels, so storing the same picture again writes nothing. Called outside transactions:
    a file without a row is harmless, a row without its file is not. Raises OSError when there is no room for it.
    """
    digest = hashlib.sha256(image.tobytes()).hexdigest()
    widths = tuple(width for width in WIDTHS if width < image.width)
    widths = (*widths, min(image.width, WIDTHS[-1]))
    stem = f"{folder}/{digest[:2]}/{digest[:24]}"
    written: list[str] = []
    try:
        for width in widths:
            sized = image if width == image.width else image.resize((width, _height(image, width)), LANCZOS)
            for ending, encoding in ENCODINGS.items():
                name = f"{stem}-{width}.{ending}"
                if not default_storage.exists(name):
                    written.append(name)
                    default_storage.save(name, ContentFile(_encoded(sized, encoding, speed)))
    except OSError:
        # Half of a file would be taken for the whole the next time.
        for name in written:
            default_storage.delete(name)
        raise
    return StoredPhoto(f"{stem}-{widths[-1]}.jpg", widths[-1], _height(image, widths[-1]), widths, digest)


def _height(image: Image.Image, width: int) -> int:
    return round(image.height * width / image.width)


def _encoded(image: Image.Image, encoding: str, speed: int) -> bytes:
    buffer = io.BytesIO()
    if encoding == "AVIF":
        image.save(buffer, encoding, quality=60, speed=speed, max_threads=1)
    else:
        image.save(buffer, encoding, quality=82, optimize=True, progressive=True)
    return buffer.getvalue()


def row_for(stored: StoredPhoto, *, listing: Listing, kind: str, is_illustration: bool = False) -> ListingPhoto:
    """An unsaved photo of a listing; width and height are given so that Django need not open the file."""
    return ListingPhoto(
        listing=listing,
        kind=kind,
        image=stored.name,
        width=stored.width,
        height=stored.height,
        widths=list(stored.widths),
        sha256=stored.sha256,
        is_illustration=is_illustration,
    )


def add_photo(*, listing: Listing, content: bytes, kind: str) -> ListingPhoto:
    """Keep an uploaded photo of a copy, after those it has. Raises PhotoRefused."""
    photo = row_for(store(read_photo(content)), listing=listing, kind=kind)
    photo.position = listing.photos.count()
    photo.save()
    return photo


def address(photo: ListingPhoto, *, width: int, ending: str = "jpg") -> str:
    """URL of one width of a photo; `width` is one of photo.widths, `ending` avif or jpg."""
    stem = str(photo.image.name).rsplit("-", 1)[0]
    return default_storage.url(f"{stem}-{width}.{ending}")


def srcset(photo: ListingPhoto, ending: str = "jpg") -> str:
    """The value of a srcset attribute: every width of a photo in one encoding."""
    return ", ".join(f"{address(photo, width=width, ending=ending)} {width}w" for width in photo.widths)
