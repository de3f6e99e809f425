"""Writes good proxies as text, CSV and JSON. What is written is read back by `imports.py`."""

import csv
import io
import json
from collections.abc import Iterable, Iterator
from typing import Any

from proxypool.protocol import Protocol

MEDIA_TYPES = {
    "txt": "text/plain; charset=utf-8",
    "csv": "text/csv; charset=utf-8",
    "json": "application/json",
}
"""By format."""

COLUMNS = (
    "proxy",
    "protocols",
    "https",
    "anonymous",
    "region",
    "asn",
    "as_name",
    "exit_ip",
    "latency_ms",
    "connect_ms",
    "score",
    "success_rate",
    "source",
    "targets",
    "first_seen",
    "last_seen",
    "expires",
)
"""Of CSV."""

CHECKED_COLUMNS = ("proxy", "works", "reason", *COLUMNS[1:])
"""Of CSV with the results of a check, which may be bad ones too."""

_SCHEMES = (Protocol.SOCKS5, Protocol.SOCKS4A, Protocol.SOCKS4)


def scheme_of(record: dict[str, Any], wanted: tuple[Protocol, ...] = ()) -> str:
    """The scheme that clients use a proxy with: `http` for both kinds of HTTP proxies.

    Of a proxy that speaks several, one of those that were `wanted`.
    """
    spoken = record.get("protocols") or [Protocol.HTTP]
    speaks = [protocol for protocol in spoken if protocol in wanted] or spoken
    if Protocol.HTTP in speaks or Protocol.CONNECT in speaks:
        return "http"
    return next((scheme for scheme in _SCHEMES if scheme in speaks), Protocol.SOCKS5)


def as_lines(records: Iterable[str], wanted: tuple[Protocol, ...] = ()) -> Iterator[str]:
    """`scheme://[user:password@]host:port`, one a line, of records as JSON.

    What does not work is a comment with the reason, which an import passes over.
    """
    for text in records:
        record = json.loads(text)
        if not record.get("works", True):
            yield f"# {record['proxy']} {record['reason']}\n"
            continue
        yield f"{scheme_of(record, wanted)}://{record['proxy']}\n"


def as_json(records: Iterable[str]) -> Iterator[str]:
    """One array, a record a line."""
    before = "[\n"
    for text in records:
        yield before + text
        before = ",\n"
    yield "\n]\n" if before != "[\n" else "[]\n"


def as_csv(records: Iterable[str], columns: tuple[str, ...] = COLUMNS) -> Iterator[str]:
    """A header and a row for each (RFC 4180)."""
    yield ",".join(columns) + "\r\n"
    for text in records:
        record = json.loads(text)
        row = io.StringIO()
        csv.writer(row).writerow([_cell(record, column) for column in columns])
        yield row.getvalue()


def _cell(record: dict[str, Any], column: str) -> object:
    value = record.get(column, "")
    if column == "targets":
        return " ".join(sorted(name for name, result in (value or {}).items() if result["works"]))
    if isinstance(value, list):
        return " ".join(map(str, value))
    if isinstance(value, bool):
        return str(value).lower()
    return value
