"""Verbs that make releases current, and clear away old ones."""

from __future__ import annotations

from invoke import Context

from operations import engines
from operations.playbooks import run_playbook
from operations.showing import show_rows
from operations.verb import DRY_RUN_HELP, JSON_HELP, hosts_for, verb


@verb(
    help={
        "why": "a remark for the history and the audit log",
        "wait": "how long to wait for the lock that somebody holds, such as 10m",
    }
)
def deploy(
    c: Context, why: str = "", wait: str = "", inventory: str = "inventory.ini", hosts: str = ""
) -> None:
    """Build, ship and run what this checkout holds, then verify it.  Example: fab deploy"""
    chosen = hosts_for(c, inventory, hosts)
    told = {"stack_why": why, "stack_wait_for_lock": wait}
    # What is not said here is the inventory's to say.
    given = {name: value for name, value in told.items() if value}
    run_playbook("playbooks/deploy.yml", inventory, chosen, given)
    run_playbook("playbooks/verify.yml", inventory, chosen)


@verb()
def smoke(c: Context, inventory: str = "inventory.ini", hosts: str = "") -> None:
    """Ask each host what a user would ask.  Example: fab smoke --hosts www.example.com"""
    run_playbook("playbooks/verify.yml", inventory, hosts_for(c, inventory, hosts))


@verb(help=JSON_HELP)
def releases(
    c: Context, json: bool = False, inventory: str = "inventory.ini", hosts: str = ""
) -> None:
    """List the releases on each host, the latest first.  Example: fab releases"""
    answers, worst = engines.ask(hosts_for(c, inventory, hosts), ["releases", "--json"])
    show_rows(answers, ["release", "current", "time", "outcome", "by"], json)
    engines.end(worst)


@verb(
    help={
        **JSON_HELP,
        **DRY_RUN_HELP,
        "keep": "how many releases stay, beside the current one",
        "why": "a remark for the audit log",
    }
)
def prune(
    c: Context,
    keep: int = 5,
    why: str = "",
    dry_run: bool = False,
    json: bool = False,
    inventory: str = "inventory.ini",
    hosts: str = "",
) -> None:
    """Remove old releases and what only they used.  Example: fab prune --keep 2 --dry-run"""
    chosen = hosts_for(c, inventory, hosts)
    arguments = ["prune", f"--by={engines.who()}", f"--why={why}", f"--keep={keep}"]
    engines.change(chosen, arguments, dry_run, json)
