"""The operator's daily verbs. `fab --list` shows them, `fab --help VERB` explains one.

Each takes `--inventory FILE` (default: inventory.ini) and `--hosts a,b` (default: all of it).
"""

from __future__ import annotations

import sys

from fabric import task
from invoke import Context
from invoke.exceptions import Exit

from operations.hosts import Host, InventoryError, hosts_of
from operations.playbooks import run_playbook

HELP = {
    "inventory": "the inventory file",
    "hosts": "names from the inventory, separated by commas; default: all",
}
LOGS_HELP = {**HELP, "service": "as in `docker-compose ps`", "tail": "how many lines from the end"}


@task(help=HELP)
def deploy(c: Context, inventory: str = "inventory.ini", hosts: str = "") -> None:
    """Build, ship and run what this checkout holds, then verify it.  Example: fab deploy"""
    run_playbook("playbooks/deploy.yml", inventory, hosts)
    run_playbook("playbooks/verify.yml", inventory, hosts)


@task(help=HELP)
def smoke(c: Context, inventory: str = "inventory.ini", hosts: str = "") -> None:
    """Ask each host what a user would ask.  Example: fab smoke --hosts www.example.com"""
    run_playbook("playbooks/verify.yml", inventory, hosts)


@task(help=HELP)
def status(c: Context, inventory: str = "inventory.ini", hosts: str = "") -> None:
    """Show the current release and each service's health.  Example: fab status"""
    run_engine(inventory, hosts, ["status"])


@task(help=LOGS_HELP, positional=["service"])
def logs(
    c: Context, service: str, tail: int = 100, inventory: str = "inventory.ini", hosts: str = ""
) -> None:
    """Show a service's last log lines.  Example: fab logs edge --tail 50"""
    run_engine(inventory, hosts, ["logs", service, "--tail", str(tail)])


def run_engine(inventory: str, names: str, arguments: list[str]) -> None:
    """Run the release engine's ``arguments`` on every named host; exit with the worst status."""
    try:
        chosen: list[Host] = hosts_of(inventory, names)
    except InventoryError as error:
        raise Exit(str(error), code=64) from error
    worst = 0
    for host in chosen:
        if len(chosen) > 1:
            print(f"--- {host.name}")
        sys.stdout.flush()
        worst = max(worst, host.engine(arguments))
    if worst:
        raise Exit(code=worst)
