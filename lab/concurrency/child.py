"""Makes one experiment and writes what it found: child.py PACKAGE NAME ANSWER_FILE QUICK REDIS_URL.

A process of its own, so that whatever an experiment does to itself ends with it.
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path

from lab.concurrency.catalogue import load
from lab.concurrency.experiment import Run
from lab.errors import NotHereError


def main(package: str, name: str, answer: str, quick: str, redis_url: str) -> None:
    """Write the figures and the note, or why there can be none here."""
    run = Run(quick=quick == "quick", redis_url=redis_url)
    try:
        found = asdict(load(name, package).measure(run))
    except NotHereError as error:
        found = {"not_here": str(error)}
    Path(answer).write_text(json.dumps(found))


if __name__ == "__main__":
    main(*sys.argv[1:])
