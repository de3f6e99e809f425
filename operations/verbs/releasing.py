"""Verbs that make releases current, and clear away old ones."""

from __future__ import annotations

import re

from invoke import Context
from invoke.exceptions import Exit

from operations import engines
from operations.playbooks import run_playbooks
from operations.showing import show_rows
from operations.verb import BAD_USE, DRY_RUN_HELP, JSON_HELP, WAIT_HELP, hosts_for, verb

AT_ONCE = re.compile(r"[1-9]\d*|([1-9]\d?|100)%")
WITHOUT_BACKUP_HELP = "make none before a service that owns data gets another image"


@verb(
    help={
        "why": "a remark for the history and the audit log",
        **WAIT_HELP,
        "leave_out": "services that would be away for a moment and go on as they are, by commas",
        "at_once": "how many hosts at a time after the first one, such as 2 or 25%",
        "window": "go on where the running release cannot live with the new one's migrations",
        "without_backup": WITHOUT_BACKUP_HELP,
        **DRY_RUN_HELP,
    }
)
def deploy(
    c: Context,
    why: str = "",
    wait: str = "",
    leave_out: str = "",
    at_once: str = "",
    window: bool = False,
    without_backup: bool = False,
    dry_run: bool = False,
    inventory: str = "inventory.ini",
    hosts: str = "",
) -> None:
    """Build, ship and run what this checkout holds, then verify it.  Example: fab deploy

    Every host is looked at before anything is built. With several hosts, one of them comes first;
    the first failure stops it.
    """
    if at_once and not AT_ONCE.fullmatch(at_once):
        raise Exit(f"--at-once: expected a number from 1, or 1% to 100%; found {at_once}", BAD_USE)
    chosen = hosts_for(c, inventory, hosts)
    told = {
        "stack_why": why,
        "stack_wait_for_lock": wait,
        "hosts_at_once": at_once,
        "stack_leave_out": leave_out,
        "stack_window": "true" if window else "",
        "stack_backup_first": "false" if without_backup else "",
    }
    # What is not said here is the inventory's to say.
    given = {name: value for name, value in told.items() if value}
    # What is refused is refused before anything is built.
    run_playbooks(
        ["playbooks/preflight.yml", "playbooks/deploy.yml"], inventory, chosen, given, dry_run
    )
    if not dry_run:
        run_playbooks(["playbooks/verify.yml"], inventory, chosen)


@verb()
def smoke(c: Context, inventory: str = "inventory.ini", hosts: str = "") -> None:
    """Ask each host what a user would ask.  Example: fab smoke --hosts www.example.com"""
    run_playbooks(["playbooks/verify.yml"], inventory, hosts_for(c, inventory, hosts))


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
        "release": "one that `fab releases` lists; else the one that was current before",
        "why": "a remark for the history and the audit log",
        **WAIT_HELP,
        "without_backup": WITHOUT_BACKUP_HELP,
    },
    positional=["release"],
    optional=["release"],
)
def rollback(
    c: Context,
    release: str | None = None,
    why: str = "",
    wait: str = "0",
    without_backup: bool = False,
    dry_run: bool = False,
    json: bool = False,
    inventory: str = "inventory.ini",
    hosts: str = "",
) -> None:
    """Make an earlier release current again.  Example: fab rollback --why "orders fail"

    What is in the databases stays: only what runs goes back.
    """
    chosen = hosts_for(c, inventory, hosts)
    arguments = ["rollback", *([release] if release else []), *engines.asked(why, wait)]
    arguments += ["--without-backup"] if without_backup else []
    engines.change(chosen, arguments, dry_run, json)


@verb(
    help={
        **JSON_HELP,
        **DRY_RUN_HELP,
        "service": "SERVICE=N, such as luffy_api=2; several are separated by commas",
        "why": "a remark for the history and the audit log",
        **WAIT_HELP,
    },
    positional=["service"],
    optional=["service"],
)
def scale(
    c: Context,
    service: str | None = None,
    why: str = "",
    wait: str = "0",
    dry_run: bool = False,
    json: bool = False,
    inventory: str = "inventory.ini",
    hosts: str = "",
) -> None:
    """Run a service more than once, for later releases too.  Example: fab scale luffy_api=2"""
    if not service:
        raise Exit("scale: expected SERVICE=N, such as luffy_api=2; found nothing", BAD_USE)
    chosen = hosts_for(c, inventory, hosts)
    arguments = ["scale", *service.split(","), *engines.asked(why, wait)]
    engines.change(chosen, arguments, dry_run, json)


@verb(
    help={
        **JSON_HELP,
        **DRY_RUN_HELP,
        "keep": "how many releases stay, the latest that were current; the current one always does",
        "why": "a remark for the audit log",
        **WAIT_HELP,
    }
)
def prune(
    c: Context,
    keep: int = 5,
    why: str = "",
    wait: str = "0",
    dry_run: bool = False,
    json: bool = False,
    inventory: str = "inventory.ini",
    hosts: str = "",
) -> None:
    """Remove old releases and what only they used.  Example: fab prune --keep 2 --dry-run"""
    chosen = hosts_for(c, inventory, hosts)
    arguments = ["prune", *engines.asked(why, wait), f"--keep={keep}"]
    engines.change(chosen, arguments, dry_run, json)
