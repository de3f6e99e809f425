"""Records of proxies as a list that other programs read: plain text, JSON or CSV."""

import csv
import io
import json
from collections.abc import Iterable, Iterator
from typing import Any

FORMATS = ("txt", "json", "csv")

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
    "last_time",
)
"""Of a record, what CSV shows."""


def lines(records: Iterable[dict[str, Any]], form: str) -> Iterator[str]:
    """The records' text in one of FORMATS, piece by piece; each piece ends with a line's end.

    txt has one proxy a line, as the pool names it; json is one array; csv has a heading.
    """
    if form == "txt":
        return (f"{record['proxy']}\n" for record in records)
    return _json(records) if form == "json" else _csv(records)


def _json(records: Iterable[dict[str, Any]]) -> Iterator[str]:
    before = "["
    for record in records:
        yield f"{before}\n{json.dumps(record, ensure_ascii=False)}"
        before = ","
    yield "[]\n" if before == "[" else "\n]\n"


def _csv(records: Iterable[dict[str, Any]]) -> Iterator[str]:
    yield _row(COLUMNS)
    for record in records:
        yield _row(_cell(record.get(column, "")) for column in COLUMNS)


def _cell(value: object) -> object:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list | tuple):
        return " ".join(map(str, value))
    return value


def _row(values: Iterable[object]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(values)
    return text.getvalue()
