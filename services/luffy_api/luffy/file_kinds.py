"""What a file is, by its content: neither its name nor what the sender says of it counts.

A file of a kind that ends in a mark of its own is looked at to its end, so one that was cut off is
refused, too. Nothing is unpacked.
"""

import codecs
from collections.abc import Callable
from dataclasses import dataclass
from typing import IO

_HEAD = 16
# Where the last mark of a PDF and of a ZIP archive has to stand (a ZIP's comment may follow it).
_PDF_TAIL, _ZIP_TAIL = 2048, 22 + 65535
_CHUNK = 64 * 1024
# A video as programs write it has a handful of boxes.
_MOST_BOXES = 1000
_CONTROLS = frozenset(map(chr, (*range(9), 11, *range(14, 32), 127)))


@dataclass(frozen=True)
class Kind:
    """A kind of files; `ending` is of our own names, and decides how nginx sends them."""

    name: str
    ending: str


PDF = Kind("pdf", ".pdf")
ZIP = Kind("zip", ".zip")
PNG = Kind("png", ".png")
JPEG = Kind("jpeg", ".jpg")
WEBP = Kind("webp", ".webp")
TEXT = Kind("text", ".txt")
MP4 = Kind("mp4", ".mp4")
PICTURES = frozenset((PNG, JPEG, WEBP))


def kind_of(file: IO[bytes], size: int) -> Kind | None:
    """The kind of the file of `size` bytes, or nothing when it is none of ours or is damaged.

    Pictures are told by their head alone: they are decoded afterwards.
    """
    file.seek(0)
    head = file.read(_HEAD)
    for kind, begins, is_whole in _KINDS:
        if begins(head):
            return kind if is_whole(file, size) else None
    return TEXT if _is_text(file, size) else None


def _is_whole_pdf(file: IO[bytes], size: int) -> bool:
    return b"%%EOF" in _tail(file, size, _PDF_TAIL)


def _is_whole_zip(file: IO[bytes], size: int) -> bool:
    return b"PK\x05\x06" in _tail(file, size, _ZIP_TAIL)


def _is_whole_mp4(file: IO[bytes], size: int) -> bool:
    """ISO 14496-12: boxes from the first byte to the last, index and pictures among them."""
    names, place = set(), 0
    for _box in range(_MOST_BOXES):
        file.seek(place)
        start = file.read(16)
        length, name = int.from_bytes(start[:4]), start[4:8]
        if length == 1:
            length = int.from_bytes(start[8:16])
        elif length == 0:
            length = size - place
        if length < 8 or place + length > size:
            return False
        names.add(name)
        place += length
        if place == size:
            return {b"moov", b"mdat"} <= names
    return False


def _is_text(file: IO[bytes], size: int) -> bool:
    """UTF-8 with nothing in it that a terminal or a page would not show."""
    if not size:
        return False
    decoder = codecs.getincrementaldecoder("utf-8")()
    file.seek(0)
    try:
        while chunk := file.read(_CHUNK):
            if not _CONTROLS.isdisjoint(decoder.decode(chunk)):
                return False
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _tail(file: IO[bytes], size: int, most: int) -> bytes:
    file.seek(max(0, size - most))
    return file.read(most)


def _is_decoded_later(_file: IO[bytes], _size: int) -> bool:
    return True


_KINDS: tuple[tuple[Kind, Callable[[bytes], bool], Callable[[IO[bytes], int], bool]], ...] = (
    (PDF, lambda head: head.startswith(b"%PDF-"), _is_whole_pdf),
    # An empty archive is its end alone.
    (ZIP, lambda head: head.startswith((b"PK\x03\x04", b"PK\x05\x06")), _is_whole_zip),
    (PNG, lambda head: head.startswith(b"\x89PNG\r\n\x1a\n"), _is_decoded_later),
    (JPEG, lambda head: head.startswith(b"\xff\xd8\xff"), _is_decoded_later),
    (WEBP, lambda head: head[:4] == b"RIFF" and head[8:12] == b"WEBP", _is_decoded_later),
    (MP4, lambda head: head[4:8] == b"ftyp", _is_whole_mp4),
)
