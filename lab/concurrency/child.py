"""Makes one experiment and writes what it found: child.py PACKAGE NAME ANSWER_FILE QUICK.

A process of its own, so that whatever an experiment does to itself ends with it.
"""

from __future__ import annotations

import json
import os
import sys
from dataclasses import asdict
from pathlib import Path

from lab.concurrency.catalogue import load
from lab.concurrency.experiment import REDIS_URL, TOKEN, Run
from lab.errors import NotHereError


def main(package: str, name: str, answer: str, quick: str) -> None:
    """Write the figures and the note, or why there can be none here."""
    run = Run(quick == "quick", os.environ[REDIS_URL], os.environ[TOKEN])
    try:
        found = asdict(load(name, package).measure(run))
    except NotHereError as error:
        found = {"not_here": str(error)}
    Path(answer).write_text(json.dumps(found))


if __name__ == "__main__":
    main(*sys.argv[1:])
