"""Pictures of users: what they upload is decoded, made small and written anew.

Nothing of the file itself is kept: neither its name nor what it says of a camera or a place, nor
what may hide behind the picture.
"""

import secrets
from io import BytesIO
from typing import IO

from django.conf import settings
from django.core.files.base import ContentFile
from django.db import transaction
from PIL import Image, ImageOps

from accounts.authentication import locked
from accounts.models import User
from luffy.pictures import PictureTooLarge, opened

FORMATS = ("JPEG", "PNG", "WEBP", "GIF")
SIDE = 512


def set_avatar(user: User, file: IO[bytes], size: int) -> User:
    """Make `file`, of `size` bytes, the picture of `user`, and delete the one before.

    Raises:
        NotAPicture: its content is none, whatever its name says, or is damaged.
        PictureTooLarge: it has too many bytes, or would have too many points.
        AuthenticationFailed: the account is gone by now.
    """
    if size > settings.AVATAR_MAX_BYTES:
        raise PictureTooLarge
    with opened(file, FORMATS) as picture:
        content = _webp(picture)
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
