"""Finds the proxies on a page, by the source's parser. Pages are written by strangers."""

import codecs
import json
import re
import time
from base64 import b64decode
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import unquote

import jmespath
import re2
from jmespath.exceptions import JMESPathError
from selectolax.lexbor import LexborHTMLParser, LexborNode

from proxypool.address import Upstream
from proxypool.candidate import Candidate
from proxypool.listing import Defaults, find_candidates, protocol_of, read_pair
from proxypool.parsers import (
    CssParser,
    Decode,
    JsonParser,
    Parser,
    RegexParser,
    TextParser,
    split_attribute,
)

_BUDGET_S = 10.0
# The encodings of the web (WHATWG Encoding), less those that are Unicode's. Python knows more, and
# some of them take quadratic time.
_CHARSETS = re.compile(
    r"gbk|gb2312|gb18030|big5|shift_jis|euc-jp|euc-kr|iso-2022-jp|koi8-[ru]"
    r"|windows-(125\d|874)|iso-8859-\d{1,2}|utf-16(le|be)?"
)
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_TAG = re.compile(r"<[^<>]{0,500}>")
_QUOTED = re.compile(r"""["']([^"']{2,2000})["']""")


class BadPageError(Exception):
    """The page is not of the kind that the source's parser reads."""


def extract(
    parser: Parser,
    page: bytes | bytearray,
    limit: int,
    defaults: Defaults | None = None,
    *,
    charset: str = "",
    budget_s: float = _BUDGET_S,
) -> list[Candidate]:
    """Up to `limit` distinct proxies on `page`, in its order.

    `charset` is what the server says of the page; it is believed only where it fits. Raises
    BadPageError where the page is of another kind, or takes this thread longer than `budget_s`
    of CPU time; a page without proxies gives [].
    """
    deadline = time.thread_time() + budget_s
    defaults = defaults or Defaults()
    text = _text(page, charset)
    match parser:
        case TextParser():
            listed: Iterable[Candidate] = _by_text(parser, text, defaults)
        case RegexParser():
            listed = _by_regex(parser, text, defaults)
        case CssParser():
            listed = _by_css(parser, text, defaults, deadline)
        case JsonParser():
            listed = _by_json(parser, text, defaults)
    found: dict[Upstream, Candidate] = {}
    for number, candidate in enumerate(listed):
        found.setdefault(candidate.upstream, candidate)
        if len(found) >= limit:
            break
        if not number % 1000:
            _check_time(deadline)
    return list(found.values())


def _check_time(deadline: float) -> None:
    if time.thread_time() > deadline:
        raise BadPageError("it takes too long to read: the page is not of the kind expected")


def _text(page: bytes | bytearray, charset: str) -> str:
    """The page as text. Addresses are ASCII, so a wrong letter elsewhere does no harm."""
    for mark, name in _MARKS:
        if page.startswith(mark):
            return page.decode(name, errors="replace")
    if nul := page[:200].count(0):
        wide = "utf-16-le" if page[1:200:2].count(0) * 2 > nul else "utf-16-be"
        return page.decode(wide, errors="replace")
    for name in ("utf-8", charset.strip().strip("\"'").lower()):
        if name == "utf-8" or _CHARSETS.fullmatch(name):
            try:
                return page.decode(name)
            except (UnicodeError, LookupError):
                continue
    return page.decode("utf-8", errors="replace")


def _decoded(cell: str, decode: Decode | None) -> str:
    """The cell's value; of a script, its first text in quotes. What is not encoded stays as it is.

    A port of plain digits is never base64 of digits, whose first character is a letter.
    """
    if decode is None or cell.isdecimal():
        return cell
    quoted = _QUOTED.search(cell)
    value = quoted[1] if quoted else cell
    if decode == "percent":
        return _TAG.sub("", unquote(value)).strip()
    try:
        return _of_base64(value).decode("ascii")
    except ValueError:
        return cell


def _of_base64(text: str) -> bytes:
    """Of either alphabet, padded or not (RFC 4648). Raises ValueError."""
    compact = "".join(text.split()).rstrip("=").replace("-", "+").replace("_", "/")
    return b64decode(compact + "=" * (-len(compact) % 4), validate=True)


def _by_text(parser: TextParser, text: str, defaults: Defaults) -> Iterator[Candidate]:
    if parser.decode == "percent":
        text = unquote(text)
    elif parser.decode == "base64":
        try:
            text = _of_base64(text).decode("utf-8", errors="replace")
        except ValueError as error:
            raise BadPageError(f"not base64: {error}") from error
    yield from find_candidates(text, defaults)


def _listed(
    fields: dict[str, str], decode: Decode | None, defaults: Defaults
) -> Iterator[Candidate]:
    """The proxies that one row, match or object names."""
    if protocol := protocol_of(fields.get("protocol", "")):
        defaults = replace(defaults, protocol=protocol)
    username, password = fields.get("username", ""), fields.get("password", "")
    if "address" not in fields:
        host = _decoded(fields.get("host", ""), decode)
        port = _decoded(fields.get("port", ""), decode)
        yield from read_pair(host, port, defaults, username, password)
        return
    address = _decoded(fields["address"], decode)
    if "<" in address:  # a piece of HTML, as JSON and scripts hold it
        address = _TAG.sub(" ", address)
    for found in find_candidates(address, defaults):
        if username and not found.upstream.username:
            place = found.upstream
            said = replace(defaults, protocol=found.protocol)
            yield from read_pair(place.host, str(place.port), said, username, password)
        else:
            yield found


def _by_regex(parser: RegexParser, text: str, defaults: Defaults) -> Iterator[Candidate]:
    # On bytes: on text the library counts its way from bytes to characters for every group.
    pattern = re2.compile(parser.pattern.encode())
    names = {index: name.decode() for name, index in pattern.groupindex.items()}
    for match in pattern.finditer(text.encode("utf-8", errors="replace")):
        groups = match.groups()
        fields = {
            name: groups[index - 1].decode("utf-8", errors="replace")
            for index, name in names.items()
            if groups[index - 1] is not None
        }
        yield from _listed(fields, parser.decode, defaults)


def _by_css(
    parser: CssParser, text: str, defaults: Defaults, deadline: float
) -> Iterator[Candidate]:
    selectors = {
        name: split_attribute(selector)
        for name in ("host", "port", "address", "protocol", "username", "password")
        if (selector := getattr(parser, name)) is not None
    }
    whole_row = parser.host is None and parser.address is None
    for row in LexborHTMLParser(text).css(parser.rows):
        _check_time(deadline)  # rows within rows within rows: each costs as much as all in it
        fields = {
            name: _cell(row, *selector, " " if name == "protocol" else "")
            for name, selector in selectors.items()
        }
        if whole_row:
            fields["address"] = row.text(separator=" ")
        yield from _listed(fields, parser.decode, defaults)


def _cell(row: LexborNode, element: str, attribute: str, separator: str) -> str:
    node = row.css_first(element) if element else row
    if node is None:
        return ""
    if attribute:
        return (node.attributes.get(attribute) or "").strip()
    return node.text(strip=True, separator=separator)


def _by_json(parser: JsonParser, text: str, defaults: Defaults) -> Iterator[Candidate]:
    try:
        items = jmespath.search(parser.path, json.loads(text))
    except (ValueError, RecursionError) as error:
        raise BadPageError(f"not JSON: {str(error)[:100]}") from error
    except JMESPathError as error:
        raise BadPageError(f"path {parser.path!r} does not fit: {str(error)[:100]}") from error
    if not isinstance(items, list):
        found = "nothing" if items is None else type(items).__name__
        raise BadPageError(f"path {parser.path!r} leads to {found}, expected a list")
    for item in items:
        if isinstance(item, str):
            yield from _listed({"address": item}, parser.decode, defaults)
        elif isinstance(item, list) and len(item) >= 2:
            fields = {"host": str(item[0]), "port": str(item[1])}
            yield from _listed(fields, parser.decode, defaults)
        elif isinstance(item, dict):
            yield from _listed(_fields(parser, item), parser.decode, defaults)


def _fields(parser: JsonParser, item: dict[str, Any]) -> dict[str, str]:
    """What an object says, in the words of the parser."""
    wanted = ("address",) if parser.address else ("host", "port")
    fields = {}
    for name in (*wanted, "protocol", "username", "password"):
        path = getattr(parser, name)
        if path is None:
            continue
        value = item[path] if path in item else _at(path, item)
        if isinstance(value, list):
            value = " ".join(str(part) for part in value[:20])
        fields[name] = "" if value is None else str(value)
    return fields


def _at(path: str, item: dict[str, Any]) -> object:
    try:
        return jmespath.search(path, item)
    except JMESPathError as error:
        raise BadPageError(f"field {path!r} does not fit: {str(error)[:100]}") from error
