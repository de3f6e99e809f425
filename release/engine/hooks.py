"""Programs of the operator's own, run at fixed moments of a deploy: `<etc>/hooks/<moment>`."""

from __future__ import annotations

import os
import stat
import subprocess
from pathlib import Path

from engine.compose import KEPT_VARIABLES
from engine.deployment import Deployment
from engine.errors import StepFailedError

BEFORE_MIGRATE, AFTER_DEPLOY, AFTER_FAILURE = "before-migrate", "after-deploy", "after-failure"
TIMEOUT_S = 600
LAST_LINES = 30
FREE_FOR_OTHERS = stat.S_IWGRP | stat.S_IWOTH


def run_hook(deployment: Deployment, moment: str) -> str:
    """Run the operator's program for that moment, if there is one; returns a remark.

    It gets RELEASE, PREVIOUS, VERB, BY and WHY in its environment; what it prints goes to the
    journal. Raises StepFailedError if it ends with another code than 0, takes more than ten
    minutes, or is not root's alone.
    """
    hook = deployment.incoming.secrets_dir.parent / "hooks" / moment
    if not hook.exists():
        return f"no {hook}"
    _refuse_other_peoples(hook)
    kept = {name: os.environ[name] for name in KEPT_VARIABLES if name in os.environ}
    about = {
        "RELEASE": deployment.release_id,
        "PREVIOUS": deployment.previous or "",
        "VERB": deployment.task.verb,
        "BY": deployment.task.by,
        "WHY": deployment.task.why,
    }
    try:
        done = subprocess.run(
            [str(hook)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=TIMEOUT_S,
            check=False,
            env={**kept, **about},
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise StepFailedError(str(hook), "a program that runs to its end", str(error)) from error
    lines = done.stdout.splitlines()
    for line in lines:
        deployment.journal.write("output", source=moment, line=line)
    if done.returncode:
        raise StepFailedError(
            str(hook),
            "exit code 0",
            f"exit code {done.returncode}",
            "see what it printed; without the file, no hook runs",
            lines[-LAST_LINES:],
        )
    return f"{hook} ended with 0"


def _refuse_other_peoples(hook: Path) -> None:
    about = hook.stat()
    if about.st_uid or about.st_mode & FREE_FOR_OTHERS or not about.st_mode & stat.S_IXUSR:
        raise StepFailedError(
            str(hook),
            "a program of root that nobody else can write",
            f"uid {about.st_uid}, mode {stat.S_IMODE(about.st_mode):04o}",
            f"chown root {hook}; chmod 0755 {hook}",
        )
