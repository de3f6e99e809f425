"""The operator's daily verbs. `fab --list` shows them, `fab --help VERB` explains one.

Each takes `--inventory FILE` (default: inventory.ini) and `--hosts a,b` (default: all of it).
"""

from __future__ import annotations

import sys

from fabric import Connection, task
from invoke import Context
from invoke.exceptions import Exit

from operations.hosts import Host, InventoryError, hosts_of
from operations.playbooks import run_playbook

BAD_USE = 64
HELP = {
    "inventory": "the inventory file",
    "hosts": "names from the inventory, separated by commas; default: all",
}
LOGS_HELP = {**HELP, "service": "as in `docker-compose ps`", "tail": "how many lines from the end"}


@task(help=HELP)
def deploy(c: Context, inventory: str = "inventory.ini", hosts: str = "") -> None:
    """Build, ship and run what this checkout holds, then verify it.  Example: fab deploy"""
    chosen = hosts_for(c, inventory, hosts)
    run_playbook("playbooks/deploy.yml", inventory, chosen)
    run_playbook("playbooks/verify.yml", inventory, chosen)


@task(help=HELP)
def smoke(c: Context, inventory: str = "inventory.ini", hosts: str = "") -> None:
    """Ask each host what a user would ask.  Example: fab smoke --hosts www.example.com"""
    run_playbook("playbooks/verify.yml", inventory, hosts_for(c, inventory, hosts))


@task(help=HELP)
def status(c: Context, inventory: str = "inventory.ini", hosts: str = "") -> None:
    """Show the current release and each service's health.  Example: fab status"""
    run_engine(hosts_for(c, inventory, hosts), ["status"])


@task(help=LOGS_HELP, positional=["service"])
def logs(
    c: Context, service: str, tail: str = "100", inventory: str = "inventory.ini", hosts: str = ""
) -> None:
    """Show a service's last log lines.  Example: fab logs edge --tail 50"""
    if not (tail.isascii() and tail.isdecimal() and int(tail) > 0):
        raise Exit(f"--tail: expected a number of lines from 1; found {tail}", BAD_USE)
    run_engine(hosts_for(c, inventory, hosts), ["logs", service, "--tail", tail])


def hosts_for(c: Context, inventory: str, names: str) -> list[Host]:
    """Return the hosts that a verb is for; exits with 64 where they cannot be known."""
    if isinstance(c, Connection):
        raise Exit("-H: expected no such option here; do: name hosts with --hosts a,b", BAD_USE)
    try:
        return hosts_of(inventory, names)
    except InventoryError as error:
        raise Exit(str(error), BAD_USE) from error


def run_engine(hosts: list[Host], arguments: list[str]) -> None:
    """Run the release engine's ``arguments`` on every host; exit with the worst status."""
    worst = 0
    for host in hosts:
        if len(hosts) > 1:
            print(f"--- {host.name}")
        sys.stdout.flush()
        worst = max(worst, host.engine(arguments))
    if worst:
        raise Exit(code=worst)
