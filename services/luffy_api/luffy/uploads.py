"""Files on their way in: straight to the volume, of the length allowed, and whole or not at all.

What does not fit into memory is written to `incoming/` on the volume while it arrives, where a
finished file only has to be renamed. Django deletes it when the request ends, however it ends;
what a killed process left behind is deleted by the next upload a day later.
"""

import contextlib
import errno
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.core.files.uploadedfile import TemporaryUploadedFile, UploadedFile
from django.core.files.uploadhandler import TemporaryFileUploadHandler
from django.http import UnreadablePostError
from django.utils.translation import gettext_lazy as _
from rest_framework.exceptions import APIException
from rest_framework.parsers import MultiPartParser

from luffy.bodies import FORM_OVERHEAD_BYTES, refuse_longer

FOLDER = "incoming"
"""Below MEDIA_ROOT. nginx serves nothing of it."""
_ENDING = ".part"
_FORGOTTEN_AFTER_S = 24 * 3600


class IncompleteUpload(APIException):
    """The connection ended before the body did."""

    status_code = 400
    default_detail = _("The file did not arrive whole. Please send it again.")
    default_code = "incomplete_upload"


class StorageFull(APIException):
    """The volume has no room for the file."""

    status_code = 507
    default_detail = _("There is no room for this file just now.")
    default_code = "storage_full"


class VolumeUploadedFile(TemporaryUploadedFile):
    """An upload in a file on the volume, which is gone when it is closed and was not moved."""

    def __init__(
        self,
        name: str,
        content_type: str | None,
        charset: str | None,
        content_type_extra: dict[str, bytes] | None,
    ) -> None:
        folder = Path(settings.MEDIA_ROOT) / FOLDER
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _forget_old(folder)
        file = tempfile.NamedTemporaryFile(dir=folder, suffix=_ENDING)  # noqa: SIM115
        # Not the parent's own __init__: that one writes to the container's /tmp.
        UploadedFile.__init__(self, file, name, content_type, 0, charset, content_type_extra or {})


class VolumeUploadHandler(TemporaryFileUploadHandler):
    """Django's handler with another place to write to, and a limit for the whole body."""

    file: VolumeUploadedFile

    def handle_raw_input(
        self,
        input_data: Any,
        META: Mapping[str, Any],  # noqa: N803 - Django's name
        content_length: int,
        boundary: str,
        encoding: str | None = None,
    ) -> None:
        """Refuse a body that is longer than any form can be.

        Raises:
            RequestDataTooBig: it is.
        """
        if content_length > settings.UPLOAD_MAX_BYTES + FORM_OVERHEAD_BYTES:
            raise RequestDataTooBig("an upload is longer than UPLOAD_MAX_BYTES")

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        """Begin a file; the arguments are Django's."""
        # Past the parent, which would begin one in /tmp.
        super(TemporaryFileUploadHandler, self).new_file(*args, **kwargs)
        self.file = VolumeUploadedFile(
            self.file_name or "", self.content_type, self.charset, self.content_type_extra
        )

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        """Write what arrived.

        Raises:
            StorageFull: there is no room for it.
        """
        try:
            super().receive_data_chunk(raw_data, start)
        except OSError as error:
            # Django leaves a file that has only begun to the garbage collector.
            self.file.close()
            raise _explained(error) from error


class FileFormParser(MultiPartParser):
    """A form with one file of at most UPLOAD_MAX_BYTES, which has arrived whole."""

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        """The parsed form.

        Raises:
            BodyTooLarge, ParseError: as the other parsers.
            IncompleteUpload: Django would take a file that was cut off for a whole one.
        """
        request = (parser_context or {})["request"]
        refuse_longer(request, settings.UPLOAD_MAX_BYTES + FORM_OVERHEAD_BYTES)
        counted = _Counted(stream)
        try:
            parsed = super().parse(counted, media_type, parser_context)  # type: ignore[arg-type]
            if counted.size < int(request.META.get("CONTENT_LENGTH") or 0):
                raise IncompleteUpload
        except UnreadablePostError as error:
            _drop(request)
            raise IncompleteUpload from error
        except BaseException:
            _drop(request)
            raise
        return parsed


class _Counted:
    """A stream that knows how much was read of it."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self.size = 0

    def read(self, size: int = -1) -> bytes:
        data = self._stream.read(size)
        self.size += len(data)
        return data


def _drop(request: Any) -> None:
    """Close what was written so far, which deletes it."""
    for handler in request.upload_handlers:
        file = getattr(handler, "file", None)
        if file is not None:
            file.close()


def _explained(error: OSError) -> Exception:
    return StorageFull() if error.errno in (errno.ENOSPC, errno.EDQUOT) else error


def _forget_old(folder: Path) -> None:
    for path in folder.glob(f"*{_ENDING}"):
        # Another request may be at the same.
        with contextlib.suppress(FileNotFoundError):
            if path.stat().st_mtime < time.time() - _FORGOTTEN_AFTER_S:
                path.unlink()
