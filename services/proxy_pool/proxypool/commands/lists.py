"""The proxies of a list that a command is given: any text, CSV or JSON."""

import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import islice

from proxypool.address import BadAddressError, UpstreamRule, parse_networks
from proxypool.candidate import Candidate
from proxypool.commands.files import read_list
from proxypool.imports import BadListError, Import, reader_for, shown_place
from proxypool.listing import Defaults, find_candidates, read_entry

_ANY_ADDRESS = UpstreamRule(parse_networks("0.0.0.0/0,::/0"))
_SHOWN = 5
_MOST_OF_A_LINE = 65_536  # addresses of one network
_COMMENT = re.compile(r"^[ \t]*#.*$", re.MULTILINE)


@dataclass
class ReadList:
    """What stands in a list."""

    candidates: list[Candidate] = field(default_factory=list)
    """Each proxy once."""
    not_allowed: int = 0
    """Those at addresses that may not be connected to."""
    no_proxies: int = 0
    """Lines, rows or objects without a proxy."""
    shown: list[tuple[int, str]] = field(default_factory=list)
    """Number and beginning of the first of these, without credentials."""

    def tell(self, command: str) -> None:
        """Say on standard error what was no proxy, if anything was."""
        if not self.no_proxies:
            return
        print(f"proxypool {command}: {self.no_proxies} lines are no proxies", file=sys.stderr)
        for number, beginning in self.shown:
            print(f"    line {number}: {beginning}", file=sys.stderr)
        if self.no_proxies > len(self.shown):
            print(f"    … and {self.no_proxies - len(self.shown)} more", file=sys.stderr)


def read_proxies(name: str, defaults: Defaults, rule: UpstreamRule) -> ReadList:
    """Read a file; what `rule` does not permit is counted.

    Rows of CSV and objects of JSON are read by their columns; of all else every address in the text
    is taken, but for lines that begin with #. Raises ConfigurationError where it cannot be read.
    """
    text = read_list(name)
    result = ReadList()
    found: dict[str, Candidate] = {}
    for candidate in _candidates(text, defaults, result):
        key = str(candidate.upstream)
        if key in found:
            continue
        ip = candidate.upstream.ip
        if ip is not None and not rule.permits(ip):
            result.not_allowed += 1
            continue
        found[key] = candidate
    result.candidates = list(found.values())
    return result


def _candidates(text: str, defaults: Defaults, result: ReadList) -> Iterator[Candidate]:
    of_columns = _of_columns(text, defaults, result)
    if of_columns:
        yield from of_columns
        return
    defaults = replace(defaults, host_names=True)
    # A form never goes over the end of a line, so that each can be looked at alone.
    for number, line in enumerate(_COMMENT.sub("", text).split("\n"), start=1):
        any_found = False
        for candidate in _of_line(line, defaults):
            any_found = True
            yield candidate
        if not any_found and line.strip(" \t\r\ufeff"):
            result.no_proxies += 1
            if len(result.shown) < _SHOWN:
                result.shown.append((number, shown_place(line.strip())))


def _of_line(line: str, defaults: Defaults) -> Iterable[Candidate]:
    """Every address in the line; a name of one label, such as `squid:3128`, where it stands alone.

    Within other text such a word may be anything.
    """
    found = list(find_candidates(line, defaults))
    if found or len(line.split()) != 1:
        return found
    try:
        return list(islice(read_entry(line.strip(" \ufeff"), defaults), _MOST_OF_A_LINE))
    except BadAddressError:
        return []


def _of_columns(text: str, defaults: Defaults, result: ReadList) -> list[Candidate]:
    """What JSON, and CSV with a header, say in their columns; nothing for all other texts."""
    start = text.lstrip("\ufeff \t\r\n")[:1000]
    head = start.partition("\n")[0].lower()
    if start.startswith("["):
        reader = reader_for("application/json")
    elif {"proxy", "host", "ip"} & {cell.strip() for cell in head.split(",")}:
        reader = reader_for("text/csv")
    else:
        return []
    # What may be connected to is decided by the caller, who counts.
    reading = Import(defaults, _ANY_ADDRESS)
    found: list[Candidate] = []
    try:
        for number, item in (*reader.feed(text.encode()), *reader.end()):
            found += reading.candidates(number, item)
    except BadListError:
        return []  # not what it looked like: the text is searched instead
    if found:
        result.no_proxies = reading.refused
        result.shown = [(number, place) for number, place, _ in reading.refusals[:_SHOWN]]
    return found
