"""A backup before a service that owns data gets another image.

The data may not be readable by the old image any more once the new one has been at it: the way back
is then `rollback` and `restore`, and this is what is restored.
"""

from __future__ import annotations

import json
import subprocess
import sys

from engine.backups import records
from engine.deployment import Deployment
from engine.errors import StepFailedError
from engine.left_out import ANNOUNCED
from engine.switch.to_release import switcher

NAME = "backup"
# A backup that a timer has begun is waited for.
LOCK_TIMEOUT_S = "900"
LOG_LINES = 20


def backup_first(deployment: Deployment) -> str:
    """Back up what runs if an owner of data gets another image; what was done, in words.

    Raises StepFailedError if the backup fails: nothing has been changed then.
    """
    owners = upgraded(deployment)
    if not owners:
        return "no service that owns data gets another image"
    words = f"{', '.join(owners)} will get another image"
    if not deployment.request.backup_first:
        return f"{words}; no backup was wanted"
    deployment.journal.note(f"{words}: everything is backed up before")
    name = _backup(deployment, words)
    return f"backup {name}; the way back is fab rollback, and fab restore {name} for the data"


def upgraded(deployment: Deployment) -> list[str]:
    """The services with data that are replaced in place, by containers of another image."""
    spec = deployment.incoming.backup
    if spec is None or deployment.previous is None:
        return []
    owners = {part.service for part in spec.parts}
    found = []
    for each in switcher(deployment).situations():
        image_id = deployment.image_ids.get(
            str(deployment.model["services"][each.service]["image"])
        )
        others = [old for old in each.giving_way if old.well and old.image_id != image_id]
        if each.service in owners and each.spec.switch == ANNOUNCED and others:
            found.append(each.service)
    return sorted(found)


def _backup(deployment: Deployment, why: str) -> str:
    """The verb `backup` in a run of its own; the name of the backup."""
    command = [sys.executable, sys.argv[0], "backup", "--root", str(deployment.layout.root)]
    command += [f"--by={deployment.task.by}", f"--why={why}", "--lock-timeout", LOCK_TIMEOUT_S]
    command.append("--json")
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    if done.returncode:
        # A whole one of which a later step failed, too: what copies the logs may stand still.
        raise StepFailedError(
            NAME,
            "a backup before the upgrade, without a fault",
            _said(done.stdout) or f"exit code {done.returncode}",
            "run: fab backup, and see what it says; or deploy with --without-backup",
            log=done.stderr.splitlines()[-LOG_LINES:],
        )
    return str(records.noted(deployment.layout, records.BACKUP)["name"])


def _said(result: str) -> str:
    """The message of a run's result; empty where it ended without one."""
    try:
        return str(json.loads(result)["message"])
    except (ValueError, KeyError, TypeError):
        return ""
