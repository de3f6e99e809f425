"""Never ends, ignores being asked to, and has a child in a session of its own."""

from __future__ import annotations

import signal
import subprocess
import threading

from lab.concurrency.experiment import Experiment, Measured, Run


def measure(_run: Run) -> Measured:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    subprocess.Popen(["sleep", "600"], start_new_session=True)
    threading.Event().wait()
    return Measured({})


EXPERIMENT = Experiment("Hangs", (), measure, limit_s=1)
