"""Needs what no machine has."""

from __future__ import annotations

from lab.concurrency.experiment import Experiment, Measured, Run
from lab.errors import NotHereError


def measure(_run: Run) -> Measured:
    raise NotHereError("unicorn", expected="one", found="none", do="look again")


EXPERIMENT = Experiment("Is not here", (), measure, limit_s=20)
