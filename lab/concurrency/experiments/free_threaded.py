"""The same two threads of pure Python, on a build of CPython that has no GIL (3.13t or later).

It is taken from the PATH, as `python3.14t` or `python3.13t`, and is asked whether its GIL is really
off. The Python that runs this lab is asked the same, as the baseline.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import astuple
from pathlib import Path

from lab.concurrency.cores import Share, figures, in_threads
from lab.concurrency.experiment import Experiment, Measured, Prediction, Run, Setting
from lab.concurrency.experiments.computing import compute
from lab.errors import LabError, NotHereError

REPOSITORY = Path(__file__).resolve().parents[3]
BUILDS = ("python3.14t", "python3.13t")


def find_build() -> str:
    """The path of a free-threaded build. Raises NotHereError where there is none."""
    for name in BUILDS:
        if path := shutil.which(name):
            return path
    raise NotHereError(
        "free-threaded Python",
        expected=f"{' or '.join(BUILDS)} on the PATH",
        found="neither",
        do="install a free-threaded build and run this again",
    )


def has_gil() -> bool:
    """Whether the Python that runs this has its GIL on."""
    return bool(getattr(sys, "_is_gil_enabled", lambda: True)())


def ask(python: str, window_s: float) -> tuple[bool, Share]:
    """Whether that Python has a GIL, and what two threads of it get."""
    answer = subprocess.run(
        [python, "-m", __spec__.name, str(window_s)],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    )
    gil, share = json.loads(answer.stdout)
    return gil, Share(*share)


def measure(run: Run) -> Measured:
    """What two threads get of each, in turns."""
    build = find_build()
    window_s = 0.3 if run.quick else 1.0
    if ask(build, 0.01)[0]:
        raise LabError(
            build,
            expected="a Python without a GIL",
            found="one whose GIL is on",
            do="take it from the PATH, or unset PYTHON_GIL",
        )
    ways = {
        "with a GIL": lambda: ask(sys.executable, window_s)[1],
        "free-threaded": lambda: ask(build, window_s)[1],
    }
    return Measured(figures(run.rounds, ways), note=Path(build).name)


EXPERIMENT = Experiment(
    title="Without a GIL: a free-threaded build",
    predictions=(
        Prediction(
            "Two threads with a GIL use no more than one core (1.15 at most).",
            *("cores used", "with a GIL"),
            at_most=1.15,
        ),
        Prediction(
            "Without one they want at least 1.8 all the time.",
            *("cores wanted", "free-threaded"),
            at_least=1.8,
            by_median=True,
        ),
    ),
    measure=measure,
    limit_s=60,
    settings=(
        Setting(
            "The bundle's services run on Debian's Python, which has a GIL: they get their cores "
            "by processes ({line}).",
            "group_vars/all.yml",
            "luffy_api_workers:",
        ),
    ),
)


if __name__ == "__main__":
    print(json.dumps([has_gil(), astuple(in_threads(2, float(sys.argv[1]), compute))]))
