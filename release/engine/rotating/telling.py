"""An owner is told which values of a secret it accepts, while it runs."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence

from engine.backups.one_off import Project
from engine.compose import clean_environment
from engine.errors import StepFailedError
from engine.rotating.spec import Owner

TIMEOUT_S = 60


def tell(project: Project, owner: Owner, values: Sequence[bytes]) -> str:
    """Run the owner's command with these values on its input; returns a remark.

    Raises RefusedError where the owner does not run, and StepFailedError with the command's own
    words, which the journal keeps the values out of.
    """
    what = f"{owner.service}: {' '.join(owner.command)}"
    command = project.inside(owner.service, owner.command)
    try:
        done = subprocess.run(
            command,
            input=b"".join(value.splitlines()[0] + b"\n" for value in values),
            capture_output=True,
            timeout=TIMEOUT_S,
            check=False,
            env=clean_environment({}),
            # Its own group: a Ctrl-C in the terminal is the engine's to decide on.
            start_new_session=True,
        )
    except subprocess.TimeoutExpired as error:
        raise StepFailedError(what, f"an end within {TIMEOUT_S} s", "still at work") from error
    if done.returncode:
        words = (done.stdout + done.stderr).decode("utf-8", "replace").strip().splitlines()
        found = f"exit code {done.returncode}" + (f": {words[-1]}" if words else "")
        raise StepFailedError(what, "exit code 0", found, f"see: fab logs {owner.service}", words)
    return f"{owner.service} accepts {'both values' if len(values) > 1 else 'the new one alone'}"
