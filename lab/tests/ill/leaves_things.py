"""Is done in time, and leaves a process, a segment of shared memory and a file.

Meanwhile another program, as which it poses, makes a segment and a folder beside its own.
"""

from __future__ import annotations

import json
import subprocess
import tempfile
from multiprocessing import resource_tracker
from multiprocessing.shared_memory import SharedMemory

from lab.concurrency.experiment import Experiment, Measured, Prediction, Run
from lab.concurrency.leftovers import SHARED_MEMORY


def left_segment(name: str | None = None) -> str:
    memory = SharedMemory(name, create=True, size=10)
    resource_tracker.unregister(memory._name, "shared_memory")  # type: ignore[attr-defined]
    memory.close()
    return memory.name


def measure(run: Run) -> Measured:
    subprocess.Popen(["sleep", "600"], start_new_session=True)
    tempfile.mkstemp(prefix="forgotten-")
    names = {
        "own": left_segment(run.own("segment")),
        "segment": left_segment(),
        "folder": tempfile.mkdtemp(dir=SHARED_MEMORY),
    }
    return Measured({"s": {"all": [1.0]}}, json.dumps(names))


EXPERIMENT = Experiment(
    "Leaves things", (Prediction("It works.", "s", "all", at_most=1),), measure, limit_s=20
)
