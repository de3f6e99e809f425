"""Runs an experiment in a process group of its own, within its time, and looks at what it left."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from dataclasses import dataclass, field
from pathlib import Path

from lab.concurrency.catalogue import EXPERIMENTS, load
from lab.concurrency.experiment import (
    REDIS_URL,
    TOKEN,
    Experiment,
    Figures,
    Run,
    Verdict,
)
from lab.concurrency.leftovers import end_processes, files_in, remove_shared_memory
from lab.concurrency.redis_server import remove_keys

REPOSITORY = Path(__file__).resolve().parents[2]
_LINES_SHOWN = 15


@dataclass(frozen=True)
class Outcome:
    """What an experiment came to.

    ``problem`` says why it counts for nothing, ``not_here`` what this machine lacks for it.
    """

    name: str
    experiment: Experiment
    took_s: float = 0
    figures: Figures = field(default_factory=dict)
    note: str = ""
    problem: str = ""
    not_here: str = ""

    @property
    def verdicts(self) -> list[Verdict]:
        """A verdict for each prediction, if there is anything to go by."""
        if not self.figures:
            return []
        return [prediction.verdict(self.figures) for prediction in self.experiment.predictions]


def run_one(name: str, run: Run, package: str = EXPERIMENTS) -> Outcome:
    """Make one experiment; whatever happens, nothing of it is left, or it is told that it is."""
    experiment = load(name, package)
    token = uuid.uuid4().hex
    with tempfile.TemporaryDirectory(prefix="lab-") as folder:
        answer, said, scratch = (Path(folder) / part for part in ("answer", "said", "scratch"))
        scratch.mkdir()
        began = time.monotonic()
        with said.open("w") as log:
            child = subprocess.Popen(
                [
                    *(sys.executable, "-m", "lab.concurrency.child", package, name, str(answer)),
                    "quick" if run.quick else "full",
                ],
                cwd=scratch,
                env=os.environ
                | {TOKEN: token, REDIS_URL: run.redis_url}
                | {"TMPDIR": str(scratch), "PYTHONPATH": str(REPOSITORY)},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        in_time = False
        try:
            in_time = _ends_within(child, experiment.limit_s)
        finally:
            if not in_time:
                os.killpg(child.pid, signal.SIGKILL)
                child.wait()
            left = end_processes(token, at_once=not in_time) + files_in(scratch)
            removed, stays = _remove_what_others_see(token, run.redis_url)
            left += removed
        took_s = time.monotonic() - began
        if not in_time:
            problem = f"expected an end within {experiment.limit_s:g} s; found none, and killed it"
            return Outcome(name, experiment, took_s, problem=problem + stays)
        if not answer.exists():
            lines = "\n".join(said.read_text().splitlines()[-_LINES_SHOWN:])
            problem = f"expected figures; found exit code {child.returncode}:\n{lines}"
            return Outcome(name, experiment, took_s, problem=problem + stays)
        found = json.loads(answer.read_text())
    problem = f"expected nothing to be left; found {', '.join(left)}{stays}" if left else ""
    return Outcome(name, experiment, took_s, problem=problem, **found)


def _remove_what_others_see(token: str, redis_url: str) -> tuple[list[str], str]:
    """What bore the run's name outside its folder, and words for what of that could not go."""
    segments, segments_stay = remove_shared_memory(token)
    keys, keys_stay = remove_keys(redis_url, token) if redis_url else ([], [])
    stays = segments_stay + keys_stay
    words = f"; and this stays: {', '.join(stays)}" if stays else ""
    return segments + keys + stays, words


def _ends_within(child: subprocess.Popen[bytes], limit_s: float) -> bool:
    try:
        child.wait(limit_s)
    except subprocess.TimeoutExpired:
        return False
    return True
