"""Copies of a picture in WebP, each of another width, so that no screen loads more than it shows.

They lie beside the picture: `course/knots.png` has `course/knots.png.640.webp`.
"""

import glob
from io import BytesIO
from pathlib import Path
from typing import IO

from django.core.files.storage import Storage
from PIL import ExifTags, Image, ImageOps

from luffy.pictures import opened
from luffy.whole_files import write

FORMATS = ("JPEG", "PNG", "WEBP", "GIF")
QUALITY = 80  # of WebP, 0 to 100
_NO_LIMIT = 1_000_000
_LYING = frozenset((5, 6, 7, 8))
"""What Exif says of a picture whose rows are to be shown as columns."""


def copy_name(name: str, width: int) -> str:
    """Where the copy of `width` pixels lies."""
    return f"{name}.{width}.webp"


def copies_on_volume(storage: Storage, name: str) -> list[str]:
    """The copies that lie beside a picture, whether or not it is there itself."""
    path = Path(storage.path(name))
    found = path.parent.glob(f"{glob.escape(path.name)}.*.webp")
    return sorted(name.removesuffix(path.name) + each.name for each in found)


def write_copies(storage: Storage, name: str, widths: tuple[int, ...]) -> list[int]:
    """Write the copies of the picture `name`; returns their widths in pixels, small to large.

    There is one for each of `widths` (small to large) below the picture's own, and one of its own
    width or the largest. A picture that moves has none: they would stand still.

    Raises:
        FileNotFoundError: the picture is not there.
        NotAPicture: it is none that can be decoded, or is damaged.
        PictureTooLarge: it has too many points to be decoded here.
        OSError: a copy cannot be written.
    """
    with storage.open(name) as file:
        contents = _encoded(file, widths)
    for width, content in contents.items():
        write(Path(storage.path(copy_name(name, width))), content)
    return sorted(contents)


def _encoded(file: IO[bytes], widths: tuple[int, ...]) -> dict[int, bytes]:
    with opened(file, FORMATS) as picture:
        if getattr(picture, "is_animated", False):
            return {}
        lies = picture.getexif().get(ExifTags.Base.Orientation) in _LYING
        own = picture.height if lies else picture.width
        largest = min(own, widths[-1])
        # A JPEG is decoded at a fraction of its size at once.
        picture.draft("RGB", (widths[-1], widths[-1]))
        mode = "RGBA" if picture.has_transparency_data else "RGB"
        upright = picture if picture.mode == mode else picture.convert(mode)
        ImageOps.exif_transpose(upright, in_place=True)
        contents: dict[int, bytes] = {}
        # The largest first: each is made of the one before.
        for width in sorted({each for each in widths if each < own} | {largest}, reverse=True):
            upright.thumbnail((width, _NO_LIMIT), Image.Resampling.LANCZOS)
            contents[width] = _webp(upright)
        return contents


def _webp(picture: Image.Image) -> bytes:
    # A picture of its own, so that no Pillow finds anything beside the points to write.
    bare = Image.new(picture.mode, picture.size)
    bare.paste(picture)
    output = BytesIO()
    bare.save(output, "WEBP", quality=QUALITY)
    return output.getvalue()
