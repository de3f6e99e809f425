"""The proxies of a list that a command is given: any text, CSV or JSON."""

from collections.abc import Iterator
from dataclasses import replace

from proxypool.address import UpstreamRule, parse_networks
from proxypool.candidate import Candidate
from proxypool.commands.files import read_list
from proxypool.imports import BadListError, Import, reader_for
from proxypool.listing import Defaults, find_candidates


def candidates_of(name: str, defaults: Defaults, rule: UpstreamRule) -> tuple[list[Candidate], int]:
    """Each proxy of the file once, and how many stand at addresses that `rule` does not permit.

    Rows of CSV and objects of JSON are read by their columns; of all else every address in the text
    is taken. Raises ConfigurationError where the file cannot be read.
    """
    text = read_list(name)
    found: dict[str, Candidate] = {}
    refused = 0
    for candidate in _candidates(text, defaults):
        key = str(candidate.upstream)
        if key in found:
            continue
        ip = candidate.upstream.ip
        if ip is not None and not rule.permits(ip):
            refused += 1
            continue
        found[key] = candidate
    return list(found.values()), refused


def _candidates(text: str, defaults: Defaults) -> Iterator[Candidate]:
    yield from _of_columns(text, defaults) or find_candidates(
        text, replace(defaults, host_names=True)
    )


def _of_columns(text: str, defaults: Defaults) -> list[Candidate]:
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
    reading = Import(defaults, UpstreamRule(parse_networks("0.0.0.0/0,::/0")))
    found: list[Candidate] = []
    try:
        for number, item in (*reader.feed(text.encode()), *reader.end()):
            found += reading.candidates(number, item)
    except BadListError:
        return []  # not what it looked like: the text is searched instead
    return found
