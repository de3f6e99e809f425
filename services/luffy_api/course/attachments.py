"""Files beside sections: taken by their content, kept under names of ours."""

from dataclasses import dataclass
from io import BytesIO

from django.conf import settings
from django.core.files.base import ContentFile, File
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils.translation import gettext_lazy as _
from PIL import Image, ImageOps
from rest_framework.exceptions import APIException

from course.files import shown_name
from course.models import CourseSection, SectionAttachment
from luffy.file_kinds import PICTURES, Kind, kind_of
from luffy.pictures import NotAPicture, PictureTooLarge, opened


class FileNotTaken(APIException):
    """The file is of no kind that is taken here, or is damaged."""

    status_code = 400
    default_detail = _("Choose a whole PDF, ZIP, PNG, JPEG, WebP, MP4 or UTF-8 text file.")
    default_code = "file_not_taken"


class FileTooLarge(APIException):
    """The file has too many bytes, or too many points for a picture."""

    status_code = 413
    default_detail = _("The file is too large.")
    default_code = "file_too_large"


@dataclass(frozen=True)
class Taken:
    """A file that may be stored: its content, its kind and the name to show it by."""

    file: "File[bytes]"
    kind: Kind
    name: str


def taken(upload: "UploadedFile[bytes]") -> Taken:
    """Look at an upload; a picture comes back written anew, without what a camera adds.

    Raises:
        FileNotTaken: its content is of another kind, whatever its name says.
        FileTooLarge: it has more than UPLOAD_MAX_BYTES, or a picture has too many points.
    """
    size = upload.size or 0
    if size > settings.UPLOAD_MAX_BYTES:
        raise FileTooLarge
    kind = kind_of(upload, size)
    if kind is None:
        raise FileNotTaken
    upload.seek(0)
    name = shown_name(upload.name or "", kind.ending)
    return Taken(_rewritten(upload, kind) if kind in PICTURES else upload, kind, name)


def fill(attachment: SectionAttachment, found: Taken) -> None:
    """Have `attachment` say what `found` is, and hold it once it is saved."""
    attachment.name, attachment.kind = found.name, found.kind.name
    attachment.size = found.file.size
    # The field's own way: it writes the file when the row is saved, under a name of ours.
    found.file.name = f"file{found.kind.ending}"
    attachment.file = found.file


def add_attachment(section_id: int, upload: "UploadedFile[bytes]") -> SectionAttachment:
    """Store `upload` beside a section.

    Raises:
        FileNotTaken, FileTooLarge: as `taken`.
        CourseSection.DoesNotExist: the section is gone by now.
    """
    found = taken(upload)
    attachment = SectionAttachment()
    fill(attachment, found)
    try:
        with transaction.atomic():
            shown = CourseSection.objects.select_for_update().filter(is_delete=False)
            attachment.section = shown.get(pk=section_id)
            attachment.save()
    except BaseException:
        # The row is not there, so the file must not be either.
        attachment.file.delete(save=False)
        raise
    return attachment


def _rewritten(upload: "UploadedFile[bytes]", kind: Kind) -> "File[bytes]":
    output = BytesIO()
    try:
        with opened(upload, (kind.name.upper(),)) as picture:
            mode = "RGBA" if picture.has_transparency_data and kind.name != "jpeg" else "RGB"
            upright = picture if picture.mode == mode else picture.convert(mode)
            ImageOps.exif_transpose(upright, in_place=True)
            # A picture of its own, so that no Pillow finds anything beside the points to write.
            bare = Image.new(upright.mode, upright.size)
            bare.paste(upright)
            bare.save(output, kind.name.upper(), quality=88)
    except NotAPicture as error:
        raise FileNotTaken from error
    except PictureTooLarge as error:
        raise FileTooLarge from error
    return ContentFile(output.getvalue())
