"""Pictures of users: what they upload is decoded, made small and written anew.

Nothing of the file itself is kept: neither its name nor what it says of a camera or a place, nor
what may hide behind the picture.
"""

import fcntl
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import IO

from django.conf import settings
from django.core.files.base import ContentFile
from django.db import transaction
from PIL import Image, ImageOps, UnidentifiedImageError

from accounts.authentication import locked
from accounts.failures import NotAPicture, PictureTooLarge
from accounts.models import User

FORMATS = ("JPEG", "PNG", "WEBP", "GIF")
SIDE = 512
# Decoding takes up to 9 bytes a point for JPEG and 16 for the others, and has to fit into the
# container's memory. A phone's JPEG has 12 million, a picture of a whole 4K screen 8.3.
MOST_POINTS_OF_A_JPEG = 16_000_000
MOST_POINTS = 8_500_000


def set_avatar(user: User, file: IO[bytes], size: int) -> User:
    """Make `file`, of `size` bytes, the picture of `user`, and delete the one before.

    Raises:
        NotAPicture: its content is none, whatever its name says, or is damaged.
        PictureTooLarge: it has too many bytes, or would have too many points.
        AuthenticationFailed: the account is gone by now.
    """
    if size > settings.AVATAR_MAX_BYTES:
        raise PictureTooLarge
    with _one_at_a_time():
        content = _reencoded(file)
    with transaction.atomic():
        # Under a lock, so that of two uploads at once none leaves a file behind.
        user = locked(user)
        delete_avatar(user)
        user.icon.save(f"{secrets.token_hex(16)}.webp", ContentFile(content), save=False)
        user.save(update_fields=["icon"])
    return user


def delete_avatar(user: User) -> None:
    """Delete the picture's file once the transaction that runs has ended well."""
    name = user.icon.name
    if name:
        storage = user.icon.storage
        transaction.on_commit(lambda: storage.delete(name))
        user.icon = ""


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    """Over all threads and processes of the container: two at once would not fit."""
    with (Path(tempfile.gettempdir()) / "luffy-avatar.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _reencoded(file: IO[bytes]) -> bytes:
    try:
        with Image.open(file, formats=FORMATS) as picture:
            # The size stands in the head: nothing was decoded yet.
            most = MOST_POINTS_OF_A_JPEG if picture.format == "JPEG" else MOST_POINTS
            if picture.width * picture.height > most:
                raise PictureTooLarge
            return _webp(picture)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise PictureTooLarge from error
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, EOFError) as error:
        # What Pillow's decoders raise on damaged files.
        raise NotAPicture from error


def _webp(picture: Image.Image) -> bytes:
    # A JPEG is decoded at a fraction of its size at once.
    picture.draft("RGB", (SIDE * 2, SIDE * 2))
    mode = "RGBA" if picture.has_transparency_data else "RGB"
    # Made small as it is if that looks well: a whole copy of another mode takes as much again.
    small = picture if picture.mode == mode else picture.convert(mode)
    small.thumbnail((SIDE, SIDE))
    ImageOps.exif_transpose(small, in_place=True)
    # A picture of its own, so that no Pillow finds anything beside the points to write.
    bare = Image.new(small.mode, small.size)
    bare.paste(small)
    output = BytesIO()
    bare.save(output, "WEBP", quality=85)
    return output.getvalue()
