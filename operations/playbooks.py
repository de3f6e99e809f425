"""Runs a playbook as the operator would type it."""

from __future__ import annotations

import os
import subprocess

from invoke.exceptions import Exit

from operations.hosts import REPOSITORY, Host, ansible_program, inventory_path


def run_playbook(playbook: str, inventory: str, hosts: list[Host]) -> None:
    """Run ``playbook`` on ``hosts`` of ``inventory``; raises Exit with its status if it fails."""
    # The machine that builds takes part whichever hosts are named.
    limit = ",".join([*(host.name for host in hosts), "builder"])
    command = [ansible_program("ansible-playbook"), playbook]
    command += ["-i", str(inventory_path(inventory)), "--limit", limit]
    environment = {"ANSIBLE_LOG_PATH": str(REPOSITORY / "up.log")} | dict(os.environ)
    status = subprocess.run(command, cwd=REPOSITORY, env=environment, check=False).returncode
    if status:
        raise Exit(f"{playbook} failed; the full log: {environment['ANSIBLE_LOG_PATH']}", status)
