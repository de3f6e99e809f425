"""What one-shot commands do where the store does not answer."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from proxypool.problems import Problem

EX_UNAVAILABLE = 69
"""Exit code where the store does not answer (sysexits.h)."""


@dataclass
class ExitCode:
    """The process's exit code, known when the block has ended."""

    code: int = 0


@contextmanager
def store_answers(command: str) -> Iterator[ExitCode]:
    """Around a use of the store: says that it does not answer, instead of a traceback."""
    from proxypool.store import UNAVAILABLE

    exit_code = ExitCode()
    try:
        yield exit_code
    except UNAVAILABLE as error:
        problem = Problem("redis", "an answer", str(error), "see that Redis runs")
        print(f"proxypool {command}: {problem}", file=sys.stderr)
        exit_code.code = EX_UNAVAILABLE
