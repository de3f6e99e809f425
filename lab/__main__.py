"""The lab: `scripts/lab SUBJECT …`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import NoReturn

from lab.concurrency.command import add_arguments, run
from lab.errors import LabError

EX_USAGE = 64


class Parser(argparse.ArgumentParser):
    """Ends with 64 where it is asked for something that does not exist."""

    def error(self, message: str) -> NoReturn:
        """Say what is wrong and how to ask."""
        self.print_usage(sys.stderr)
        self.exit(EX_USAGE, f"lab: {message}\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what is asked for; the exit code."""
    parser = Parser(prog="lab", description="Experiments that measure what is claimed.")
    subjects = parser.add_subparsers(dest="subject", required=True, metavar="SUBJECT")
    add_arguments(subjects.add_parser("concurrency", help="threads, processes and coroutines"))
    asked = parser.parse_args(arguments)
    try:
        return run(asked)
    except LabError as error:
        print(f"lab: {error}", file=sys.stderr)
        return EX_USAGE


if __name__ == "__main__":
    raise SystemExit(main())
