"""Where a section's files lie, and what is taken for one.

They have random names below `protected/`: nobody chooses a part of a path.
"""

import re
import secrets
import unicodedata
from typing import IO, Any

from django.core.exceptions import ValidationError
from django.db.models.fields.files import FieldFile
from django.utils.translation import gettext_lazy as _

from luffy.file_kinds import MP4, kind_of
from luffy.media_links import FOLDER

LONGEST_NAME = 120
_SIGNS = re.compile(r'[<>:"/\\|?*]+')


def video_name(_section: Any, _given: str) -> str:
    """A new name for a section's video."""
    return f"{FOLDER}/section/{secrets.token_hex(16)}{MP4.ending}"


def attachment_name(_attachment: Any, given: str) -> str:
    """A new name for an attachment; `given` is one of ours, with the ending of its kind."""
    return f"{FOLDER}/attachment/{secrets.token_hex(16)}.{given.rpartition('.')[2]}"


def validate_video(value: FieldFile) -> None:
    """Refuse a new file that is no MP4.

    Raises:
        ValidationError: it is none, or was cut off.
    """
    # One that is stored already was looked at when it came.
    if value._committed:  # type: ignore[attr-defined]
        return
    file: IO[bytes] = value.file
    if kind_of(file, value.size) is not MP4:
        raise ValidationError(_("Choose a video: MP4, and whole."), code="not_a_video")
    file.seek(0)


def shown_name(given: str, ending: str) -> str:
    """A name to show and to save a file under: no path, no sign that a system minds, our ending."""
    text = unicodedata.normalize("NFC", given.replace("\\", "/").rpartition("/")[2])
    visible = "".join(sign if sign.isprintable() else " " for sign in text)
    stem = _SIGNS.sub(" ", visible).rpartition(".")[0] if "." in visible else visible
    words = " ".join(_SIGNS.sub(" ", stem).split()).strip(". ")
    return (words[: LONGEST_NAME - len(ending)] or "file") + ending
