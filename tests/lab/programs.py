"""Runs the programs of lab/requests, and compares what they print with what their page says."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

from write_readme import FOLDER, README, path_of, printed_in

AT_ONCE = 3
LIMIT_S = 100
LATE_S = 1.5
"""How much later than on an idle machine a program may be."""
TIME = re.compile(r"(\d+\.\d) s\b")

Run = subprocess.CompletedProcess[str]


def run(name: str, options: list[str]) -> Run:
    """Run a program as a learner does."""
    return subprocess.run(
        [sys.executable, str(path_of(name)), *options],
        cwd=FOLDER,
        # Where no name server answers, that is soon known.
        env=dict(os.environ) | {"RES_OPTIONS": "timeout:1 attempts:1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=LIMIT_S,
    )


def run_all(names: tuple[str, ...], options: list[str]) -> dict[str, Run]:
    """Run programs, a few at a time: they wait more than they work."""
    with ThreadPoolExecutor(AT_ONCE) as threads:
        return dict(zip(names, threads.map(lambda name: run(name, options), names), strict=True))


def differences(name: str, done: Run) -> list[str]:
    """What is not as the page says: lines, and times that are too short or much too long."""
    if done.returncode or done.stderr:
        return [f"exit code {done.returncode}", done.stderr]
    said = printed_in(README.read_text(), name).splitlines()
    printed = done.stdout.rstrip().splitlines()
    if list(map(without_times, said)) != list(map(without_times, printed)):
        return ["README.md says:", *said, f"{name} printed:", *printed]
    return [
        f"README.md says: {expected}; {name} printed: {found}"
        for expected, found in zip(said, printed, strict=True)
        if not all(
            -0.1 <= took - wanted <= LATE_S
            for wanted, took in zip(times(expected), times(found), strict=True)
        )
    ]


def without_times(line: str) -> str:
    """The line, whatever time stands in it."""
    return TIME.sub("… s", line)


def times(line: str) -> list[float]:
    """The times in a line, in seconds."""
    return [float(text) for text in TIME.findall(line)]
