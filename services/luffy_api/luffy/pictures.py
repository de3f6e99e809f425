"""Pictures that people upload: decoded to be written anew, so that nothing of the file is kept.

Neither what it says of a camera or a place, nor what may hide behind the picture.
"""

import fcntl
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from django.utils.translation import gettext_lazy as _
from PIL import Image, UnidentifiedImageError
from rest_framework.exceptions import APIException

# Decoding takes up to 9 bytes a point for JPEG and 16 for the others, and has to fit into the
# container's memory. A phone's JPEG has 12 million, a picture of a whole 4K screen 8.3.
MOST_POINTS_OF_A_JPEG = 16_000_000
MOST_POINTS = 8_500_000


class NotAPicture(APIException):
    """The file is no picture that is taken here."""

    status_code = 400
    default_detail = _("Choose a picture: JPEG, PNG, WebP or GIF.")
    default_code = "not_a_picture"


class PictureTooLarge(APIException):
    """The picture has too many bytes or points."""

    status_code = 413
    default_detail = _(
        "The picture is too large: at most 4 MB, and 16 million points of a JPEG or 8 of another."
    )
    default_code = "picture_too_large"


@contextmanager
def opened(file: IO[bytes], formats: tuple[str, ...]) -> Iterator[Image.Image]:
    """The picture in `file`, for as long as it is worked upon: one at a time.

    Raises:
        NotAPicture: its content is none, whatever its name says, or is damaged.
        PictureTooLarge: it would have too many points.
    """
    try:
        with _one_at_a_time(), Image.open(file, formats=formats) as picture:
            # The size stands in the head: nothing was decoded yet.
            most = MOST_POINTS_OF_A_JPEG if picture.format == "JPEG" else MOST_POINTS
            if picture.width * picture.height > most:
                raise PictureTooLarge
            yield picture
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise PictureTooLarge from error
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, EOFError) as error:
        # What Pillow's decoders raise on damaged files.
        raise NotAPicture from error


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    """Over all threads and processes of the container: two at once would not fit."""
    with (Path(tempfile.gettempdir()) / "luffy-picture.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
