"""Fails before it has measured anything."""

from __future__ import annotations

from lab.concurrency.experiment import Experiment, Measured, Run


def measure(_run: Run) -> Measured:
    raise ValueError("no figures today")


EXPERIMENT = Experiment("Crashes", (), measure, limit_s=20)
