"""Where commands write proxies to, and in which form."""

from argparse import ArgumentParser
from collections.abc import Iterable, Iterator
from pathlib import Path

from proxypool import exports
from proxypool.protocol import Protocol

FORMATS = tuple(exports.MEDIA_TYPES)


def add_format(parser: ArgumentParser) -> None:
    """Declare `--output` and `--format`."""
    parser.add_argument("--output", metavar="FILE", default="-", help="standard output without it")
    parser.add_argument("--format", choices=FORMATS, help="by FILE's ending without it, else txt")


def form_of(output: str) -> str:
    """The form that a file's name asks for."""
    suffix = Path(output).suffix.removeprefix(".").lower()
    return suffix if suffix in FORMATS else "txt"


def written(records: Iterable[str], form: str, wanted: tuple[Protocol, ...] = ()) -> Iterator[str]:
    """Records (JSON) in one of FORMATS; of several protocols, txt names one that was `wanted`."""
    if form == "json":
        return exports.as_json(records)
    return exports.as_csv(records) if form == "csv" else exports.as_lines(records, wanted)


def written_results(records: Iterable[str], form: str) -> Iterator[str]:
    """The same of a check's results, good and bad ones."""
    if form == "csv":
        return exports.as_csv(records, exports.CHECKED_COLUMNS)
    return written(records, form)
