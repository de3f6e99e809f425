"""Is done in time, and leaves a process, a segment of shared memory and a file."""

from __future__ import annotations

import subprocess
import tempfile
from multiprocessing import resource_tracker
from multiprocessing.shared_memory import SharedMemory

from lab.concurrency.experiment import Experiment, Measured, Prediction, Run


def measure(_run: Run) -> Measured:
    subprocess.Popen(["sleep", "600"], start_new_session=True)
    memory = SharedMemory(create=True, size=10)
    resource_tracker.unregister(memory._name, "shared_memory")  # type: ignore[attr-defined]
    memory.close()
    tempfile.mkstemp(prefix="forgotten-")
    return Measured({"s": {"all": [1.0]}}, memory.name)


EXPERIMENT = Experiment(
    "Leaves things", (Prediction("It works.", "s", "all", at_most=1),), measure, limit_s=20
)
