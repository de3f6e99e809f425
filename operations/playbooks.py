"""Runs playbooks as the operator would type them."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping, Sequence

from invoke.exceptions import Exit

from operations.hosts import REPOSITORY, Host, ansible_program, inventory_path


def run_playbooks(
    playbooks: Sequence[str],
    inventory: str,
    hosts: list[Host],
    told: Mapping[str, str] | None = None,
    dry_run: bool = False,
) -> None:
    """Run ``playbooks`` on ``hosts`` of ``inventory``, ``told`` some variables for this once.

    The first that fails is the last that is run.

    With ``dry_run`` it says what it would change, and changes nothing (Ansible's check mode).
    Raises Exit with its status if it fails.
    """
    # The machine that builds takes part whichever hosts are named.
    limit = ",".join([*(host.name for host in hosts), "builder"])
    command = [ansible_program("ansible-playbook"), *playbooks]
    command += ["-i", str(inventory_path(inventory)), "--limit", limit]
    command += ["--extra-vars", json.dumps(told)] if told else []
    command += ["--check"] if dry_run else []
    environment = {"ANSIBLE_LOG_PATH": str(REPOSITORY / "up.log")} | dict(os.environ)
    status = subprocess.run(command, cwd=REPOSITORY, env=environment, check=False).returncode
    if status:
        raise Exit(
            f"{' '.join(playbooks)} failed; the full log: {environment['ANSIBLE_LOG_PATH']}", status
        )
