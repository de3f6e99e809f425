"""Compares what the pool found with what the farm planted.

Prints one JSON object: property → how many were planted, found right, and found wrong; names the
first few that were wrong on standard error.

    truth.py TRUTH_JSON RECORDS_JSON
"""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

Entry = dict[str, Any]
_SHOWN = 5


def counted(name: str, entries: list[Entry], is_right: Callable[[Entry], bool]) -> dict[str, int]:
    """How many of `entries` were found right."""
    wrong = [entry for entry in entries if not is_right(entry)]
    for entry in wrong[:_SHOWN]:
        print(f"{name}: {entry['kind']} at {entry['proxy']} was found wrong", file=sys.stderr)
    return {
        "planted": len(entries),
        "right": len(entries) - len(wrong),
        "wrong": len(wrong),
    }


def compared(truth: list[Entry], records: list[Entry]) -> dict[str, dict[str, int]]:
    """Every property, of the proxies whose state does not depend on when they are asked."""
    steady = [entry for entry in truth if entry["steady"]]
    live = [entry for entry in steady if entry["usable"]]
    fake = [entry for entry in steady if not entry["usable"]]
    found = {record["proxy"]: record for record in records}
    known = [entry for entry in live if entry["proxy"] in found]

    def says(name: str, field: str) -> Callable[[Entry], bool]:
        return lambda entry: found[entry["proxy"]][field] == entry[name]

    return {
        "live ones, found": counted("live", live, lambda entry: entry["proxy"] in found),
        "dead, hanging and false ones, kept out": counted(
            "fake", fake, lambda entry: entry["proxy"] not in found
        ),
        "https": counted("https", known, says("https", "https")),
        "anonymity": counted("anonymity", known, says("anonymity", "anonymous")),
        "protocols": counted(
            "protocols",
            known,
            lambda entry: set(found[entry["proxy"]]["protocols"]) == set(entry["protocols"]),
        ),
        "exit address": counted("exit", known, says("exit_ip", "exit_ip")),
        "country": counted("country", known, says("country", "region")),
        "ASN": counted("ASN", known, says("asn", "asn")),
    }


def main() -> None:
    """Compare."""
    truth, records = (json.loads(Path(path).read_text()) for path in sys.argv[1:3])
    print(json.dumps(compared(truth, records)))


if __name__ == "__main__":
    main()
