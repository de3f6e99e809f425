"""Pictures of users: what they upload is decoded, made small and written anew.

Nothing of the file itself is kept: neither its name nor what it says of a camera or a place, nor
what may hide behind the picture.
"""

import secrets
import threading
from io import BytesIO
from typing import IO

from django.conf import settings
from django.core.files.base import ContentFile
from django.db import transaction
from PIL import Image, ImageOps, UnidentifiedImageError

from accounts.failures import NotAPicture, PictureTooLarge
from accounts.models import User

FORMATS = ("JPEG", "PNG", "WEBP", "GIF")
SIDE = 512
# A phone's picture has 12 million; one that is decoded takes three or four bytes for each.
MOST_POINTS = 16_000_000
# More at once would not fit into the container's memory.
_one_at_a_time = threading.Lock()


def set_avatar(user: User, file: IO[bytes], size: int) -> User:
    """Make `file`, of `size` bytes, the picture of `user`, and delete the one before.

    Raises:
        NotAPicture: its content is none, whatever its name says, or is damaged.
        PictureTooLarge: it has too many bytes, or would have too many points.
    """
    if size > settings.AVATAR_MAX_BYTES:
        raise PictureTooLarge
    content = _reencoded(file)
    with transaction.atomic():
        # Under a lock, so that of two uploads at once none leaves a file behind.
        user = User.objects.select_for_update().get(pk=user.pk)
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


def _reencoded(file: IO[bytes]) -> bytes:
    try:
        with _one_at_a_time, Image.open(file, formats=FORMATS) as picture:
            # The size stands in the head: nothing was decoded yet.
            if picture.width * picture.height > MOST_POINTS:
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
    # A picture of its own: what `small` carries beside its points would be written too.
    bare = Image.new(small.mode, small.size)
    bare.paste(small)
    output = BytesIO()
    bare.save(output, "WEBP", quality=85)
    return output.getvalue()
