"""Leaves keys in Redis: in its quick form it is done in time, else it is killed at its limit."""

from __future__ import annotations

import threading
from pathlib import Path

from lab.concurrency.experiment import Experiment, Measured, Run
from lab.concurrency.experiments.talk_redis import RedisChannel


def measure(run: Run) -> Measured:
    for name in ("there", "back"):
        RedisChannel(run.redis_url, run.own(name)).send(b"forgotten")
    if not run.quick:
        threading.Event().wait()
    return Measured({"s": {"all": [1.0]}}, Path("/proc/self/cmdline").read_text())


EXPERIMENT = Experiment("Leaves keys", (), measure, limit_s=4, needs_redis=True)
