"""Finds the proxies on a page, by the source's parser. Pages are written by strangers."""

import json
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

import jmespath
import re2
from jmespath.exceptions import JMESPathError
from selectolax.lexbor import LexborHTMLParser, LexborNode

from proxypool.address import BadAddressError, Upstream, find_addresses
from proxypool.sources import CssParser, JsonParser, Parser, RegexParser, TextParser


class BadPageError(Exception):
    """The page is not of the kind that the source's parser reads."""


def extract(parser: Parser, page: bytes | bytearray, limit: int) -> list[Upstream]:
    """Up to `limit` distinct proxies on `page`, in its order.

    Raises BadPageError where the page is of another kind; a page without proxies gives [].
    """
    text = page.decode("utf-8", errors="replace")
    match parser:
        case TextParser():
            found: Iterable[Upstream] = find_addresses(text)
        case RegexParser():
            found = _by_regex(parser, text)
        case CssParser():
            found = _by_css(parser, text)
        case JsonParser():
            found = _by_json(parser, text)
    return list(islice(dict.fromkeys(found), limit))


def _upstream(host: object, port: object) -> Iterator[Upstream]:
    try:
        yield Upstream.of(str(host), str(port))
    except BadAddressError:
        return


def _by_regex(parser: RegexParser, text: str) -> Iterator[Upstream]:
    pattern = re2.compile(parser.pattern)
    with_address = "address" in pattern.groupindex
    for match in pattern.finditer(text):
        if with_address:
            yield from find_addresses(match.group("address") or "")
        else:
            yield from _upstream(match.group("host"), match.group("port"))


def _by_css(parser: CssParser, text: str) -> Iterator[Upstream]:
    for row in LexborHTMLParser(text).css(parser.rows):
        if parser.host is None or parser.port is None:
            yield from find_addresses(row.text(separator=" "))
            continue
        host, port = row.css_first(parser.host), row.css_first(parser.port)
        if host is not None and port is not None:
            yield from _upstream(_text(host), _text(port))


def _text(node: LexborNode) -> str:
    return node.text(strip=True)


def _by_json(parser: JsonParser, text: str) -> Iterator[Upstream]:
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
        yield from _by_json_item(parser, item)


def _by_json_item(parser: JsonParser, item: Any) -> Iterator[Upstream]:
    if isinstance(item, str):
        yield from find_addresses(item)
    elif isinstance(item, list) and len(item) >= 2:
        yield from _upstream(item[0], item[1])
    elif isinstance(item, dict) and parser.host in item and parser.port in item:
        yield from _upstream(item[parser.host], item[parser.port])
