"""Reads lists of proxies that users bring, piece by piece: plain text, CSV, JSON.

What the export writes is read back; so are the forms of `listing.py`, one entry a line.
"""

import codecs
import csv
import json
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any, TypeAlias
from urllib.parse import quote

from proxypool.address import BadAddressError, UpstreamRule
from proxypool.candidate import Candidate
from proxypool.listing import Defaults, expiry_of, protocol_of, read_entry
from proxypool.protocol import Protocol

MEDIA_TYPES = ("text/plain", "text/csv", "application/json")
"""What `reader_for` reads."""

_MAX_ENTRY = 4096  # characters
_MAX_NETWORK = 65_536  # addresses of one entry such as 203.0.113.0/24:8080
_SHOWN_REFUSALS = 10
_SHOWN = 80
_LATEST = 1e11  # seconds
_EXAMPLE = "2026-12-31T00:00:00Z"
_HOST_COLUMNS = ("host", "ip")

Item: TypeAlias = str | Mapping[str, Any] | None
"""An entry: a line, or fields by name; None for what can be neither."""


class BadListError(ValueError):
    """The list as a whole cannot be read on."""


class ListReader(ABC):
    """Takes a list's bytes as they come and gives its entries with their numbers, from 1."""

    def __init__(self) -> None:
        # What is not UTF-8 is no address either: its entry is refused, not the list.
        self._decoder = codecs.getincrementaldecoder("utf-8-sig")("replace")
        self._number = 0
        self._text = ""

    def feed(self, data: bytes) -> Iterator[tuple[int, Item]]:
        """The entries that are whole now. Raises BadListError."""
        self._text += self._decoder.decode(data)
        yield from self._whole(last=False)

    def end(self) -> Iterator[tuple[int, Item]]:
        """What is left. Raises BadListError."""
        self._text += self._decoder.decode(b"", True)
        yield from self._whole(last=True)

    @abstractmethod
    def _whole(self, *, last: bool) -> Iterator[tuple[int, Item]]:
        """Take whole entries off the text; with `last` nothing follows it."""


class TextReader(ListReader):
    """One entry a line; blank lines and those that begin with `#` are passed over."""

    _too_long = False

    def _whole(self, *, last: bool) -> Iterator[tuple[int, Item]]:
        *lines, self._text = self._text.split("\n")
        if last and self._text:
            lines.append(self._text)
            self._text = ""
        for line in lines:
            self._number += 1
            too_long, self._too_long = self._too_long, False
            if too_long or len(line) > _MAX_ENTRY:
                yield self._number, None
                continue
            item = self._item(line.strip())
            if item is None or item:
                yield self._number, item
        if len(self._text) > _MAX_ENTRY:
            # It will be refused whatever follows: only its end is still waited for.
            self._text, self._too_long = "", True

    def _item(self, line: str) -> Item:
        return "" if line.startswith("#") else line


class CsvReader(TextReader):
    """Rows under a header with `proxy`, or `host` (or `ip`) and `port`; without one, plain lines.

    `protocol` or `protocols`, `username`, `password` and `expires` are read where they are there.
    A row is one line.
    """

    _columns: tuple[str, ...] | None = None

    def _item(self, line: str) -> Item:
        if not line:
            return ""
        try:
            [row] = csv.reader([line], strict=True)
        except (csv.Error, ValueError):
            return None
        if self._columns is None:
            columns = tuple(cell.strip().lower() for cell in row)
            self._columns = columns if _is_header(columns) else ()
            if self._columns:
                return ""
        if not self._columns:
            return super()._item(line)
        return {name: cell for name, cell in zip(self._columns, row, strict=False) if cell}


class JsonReader(ListReader):
    """An array of strings, and of objects with fields like the columns of CSV."""

    _opened = False
    _closed = False

    def _whole(self, *, last: bool) -> Iterator[tuple[int, Item]]:
        position = 0
        while True:
            position = _past_space(self._text, position)
            if position == len(self._text):
                break
            if self._closed:
                raise BadListError("something behind the array")
            character = self._text[position]
            if not self._opened:
                if character != "[":
                    raise BadListError("no array")
                self._opened = True
                position += 1
            elif character == "]":
                self._closed = True
                position += 1
            else:
                found = self._entry(position, last)
                if found is None:
                    break
                item, position = found
                self._number += 1
                yield self._number, item
        self._text = self._text[position:]
        if last and not self._closed:
            raise BadListError("an array without its end")

    def _entry(self, start: int, last: bool) -> tuple[Item, int] | None:
        """The entry that begins at `start` and where the next does; None: it is not whole yet."""
        text = self._text
        try:
            value, end = _DECODER.raw_decode(text, start)
            end = _past_space(text, end)
        except (ValueError, RecursionError) as error:
            if last or len(text) - start > _MAX_ENTRY:
                raise BadListError(f"entry {self._number + 1} is not JSON or too long") from error
            return None
        if end == len(text) and not last:
            return None  # a comma follows, or the array's end
        if end < len(text) and text[end] == ",":
            end += 1
        elif text[end : end + 1] != "]":
            raise BadListError(f"no comma behind entry {self._number + 1}")
        return (value if isinstance(value, str | dict) else None), end


_DECODER = json.JSONDecoder()


def expiry_of_field(value: object) -> float:
    """Unix time of a field's value: a number, also as text, or ISO 8601. Raises ValueError."""
    try:
        seconds = _seconds(value)
    except (TypeError, ValueError, OverflowError):
        seconds = -1.0
    if not 0 <= seconds <= _LATEST:
        raise ValueError(f"Unix time (0 to {_LATEST:.0f}) or ISO 8601, such as {_EXAMPLE}")
    return seconds


def _seconds(value: Any) -> float:
    if isinstance(value, bool):
        raise TypeError
    try:
        return float(value)
    except (TypeError, ValueError):
        return expiry_of(value)


def reader_for(media_type: str) -> ListReader:
    """The reader of one of MEDIA_TYPES."""
    kinds = {"text/csv": CsvReader, "application/json": JsonReader}
    return kinds.get(media_type, TextReader)()


@dataclass
class Import:
    """Turns entries into candidates, and keeps account of what was refused."""

    defaults: Defaults
    rule: UpstreamRule
    read: int = 0
    refused: int = 0
    refusals: list[tuple[int, str, str]] = field(default_factory=list)
    """Number, the entry's beginning without credentials, and why: the first ten."""

    def candidates(self, number: int, item: Item) -> Iterator[Candidate]:
        """The proxies of one entry that may be connected to."""
        allowed = False
        try:
            for candidate in islice(_candidates(item, self.defaults), _MAX_NETWORK):
                ip = candidate.upstream.ip
                if ip is not None and not self.rule.permits(ip):
                    continue  # a name is looked at when it is connected to
                allowed = True
                self.read += 1
                yield candidate
        except BadAddressError as error:
            self._refuse(number, item, str(error))
            return
        if not allowed:
            self._refuse(
                number, item, "a private or reserved address; see ALLOWED_UPSTREAM_NETWORKS"
            )

    def _refuse(self, number: int, item: Item, reason: str) -> None:
        self.refused += 1
        if len(self.refusals) < _SHOWN_REFUSALS:
            self.refusals.append((number, shown_place(item), reason))


def _candidates(item: Item, defaults: Defaults) -> Iterator[Candidate]:
    if isinstance(item, Mapping):
        text, defaults = _from_fields(item, defaults)
    elif item is None:
        raise BadAddressError(f"neither text of at most {_MAX_ENTRY} characters nor an object")
    else:
        text = item
    for candidate in read_entry(text, defaults):
        if candidate.protocol is Protocol.HTTP and defaults.protocol is not Protocol.HTTP:
            # `http://` is written for both kinds of HTTP proxies: checks find out which.
            candidate = replace(candidate, protocol=None)
        yield candidate


def _from_fields(fields: Mapping[str, Any], defaults: Defaults) -> tuple[str, Defaults]:
    words = fields.get("protocol") or fields.get("protocols")
    if words:
        defaults = replace(defaults, protocol=_only_protocol(words) or defaults.protocol)
    if fields.get("expires"):
        try:
            defaults = replace(defaults, expires=expiry_of_field(fields["expires"]))
        except ValueError as error:
            raise BadAddressError(f"expires is not {error}") from error
    if fields.get("proxy"):
        return str(fields["proxy"])[:_MAX_ENTRY], defaults
    host = next((fields[name] for name in _HOST_COLUMNS if fields.get(name)), None)
    if host is None or not fields.get("port"):
        raise BadAddressError("no proxy, and no host with a port")
    place = f"{host}:{fields['port']}" if ":" not in str(host) else f"[{host}]:{fields['port']}"
    if fields.get("username"):
        words = (str(fields["username"]), str(fields.get("password") or ""))
        place = f"{':'.join(quote(word, safe='') for word in words)}@{place}"
    return place[:_MAX_ENTRY], defaults


def _only_protocol(words: Any) -> Protocol | None:
    """What checks begin with; nothing where several are named, so that all are tried."""
    several = words.split() if isinstance(words, str) else words
    if isinstance(several, list) and len(several) > 1:
        return None
    return protocol_of(words)


def _is_header(columns: tuple[str, ...]) -> bool:
    return "proxy" in columns or ("port" in columns and any(c in columns for c in _HOST_COLUMNS))


def _past_space(text: str, position: int) -> int:
    while position < len(text) and text[position] in " \t\r\n":
        position += 1
    return position


def shown_place(item: Item) -> str:
    """An entry's beginning without what may be credentials."""
    if isinstance(item, Mapping):
        item = str(item.get("proxy") or next((item[n] for n in _HOST_COLUMNS if item.get(n)), ""))
    if item is None:
        return ""
    place = item.rpartition("@")[2].rpartition("://")[2]
    if place.startswith("["):
        return ascii(place.partition("]")[0][:_SHOWN] + "]")
    # Behind the second colon of host:port:user:password the credentials begin.
    return ascii(":".join(place.split(":")[:2])[:_SHOWN])
