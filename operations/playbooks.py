"""Runs playbooks as the operator would type them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

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

    The first that fails is the last that is run. With ``dry_run`` it says what it would change, and
    changes nothing (Ansible's check mode). Raises Exit with its status if it fails.
    """
    status = play(playbooks, inventory, hosts, told, dry_run)
    if status:
        raise Exit(f"{' '.join(playbooks)} failed; the full log: {log_path()}", status)


def outcomes(
    playbooks: Sequence[str],
    inventory: str,
    hosts: list[Host],
    told: Mapping[str, str] | None = None,
    dry_run: bool = False,
) -> tuple[dict[str, dict[str, Any]], int]:
    """Run them, and return what there is to say of each host for programs, and the status.

    What is shown of their progress goes to stderr; a host that was not reached is left out.
    """
    with tempfile.TemporaryDirectory(prefix="fab-") as folder:
        path = Path(folder) / "outcomes"
        status = play(playbooks, inventory, hosts, told, dry_run, path)
        found = json.loads(path.read_text()) if path.exists() else {}
    return {host.name: found[host.name] for host in hosts if host.name in found}, status


def play(
    playbooks: Sequence[str],
    inventory: str,
    hosts: list[Host],
    told: Mapping[str, str] | None,
    dry_run: bool,
    outcomes_path: Path | None = None,
) -> int:
    """Run ansible-playbook; returns its status."""
    # The machine that builds takes part whichever hosts are named.
    limit = ",".join([*(host.name for host in hosts), "builder"])
    command = [ansible_program("ansible-playbook"), *playbooks]
    command += ["-i", str(inventory_path(inventory)), "--limit", limit]
    command += ["--extra-vars", json.dumps(told)] if told else []
    command += ["--check"] if dry_run else []
    environment = {**os.environ, "ANSIBLE_LOG_PATH": log_path()}
    environment |= {"STAGES_OUTCOMES": str(outcomes_path)} if outcomes_path else {}
    return subprocess.run(
        command,
        cwd=REPOSITORY,
        env=environment,
        stdout=sys.stderr if outcomes_path else None,
        check=False,
    ).returncode


def log_path() -> str:
    """Return where everything that a playbook says is written."""
    return os.environ.get("ANSIBLE_LOG_PATH", str(REPOSITORY / "up.log"))
