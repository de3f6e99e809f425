"""Verbs that make releases current, and clear away old ones."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from invoke import Context
from invoke.exceptions import Exit

from operations import engines
from operations.hosts import Host
from operations.playbooks import outcomes, run_playbooks
from operations.showing import show_json, show_rows
from operations.verb import BAD_USE, DRY_RUN_HELP, JSON_HELP, WAIT_HELP, hosts_for, verb

# What is refused is refused before anything is built.
DEPLOY = ("playbooks/preflight.yml", "playbooks/deploy.yml")
VERIFY = ("playbooks/verify.yml",)
# Of what an engine says last of a run, or of a look, what programs get.
ENGINE_WORDS = (
    *("run", "release", "outcome", "changed", "failed_step", "message", "remarks", "reasons"),
)
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
        **JSON_HELP,
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
    json: bool = False,
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
    if json:
        deploy_for_programs(inventory, chosen, given, dry_run)
        return
    run_playbooks(DEPLOY, inventory, chosen, given, dry_run)
    if not dry_run:
        run_playbooks(VERIFY, inventory, chosen)


def deploy_for_programs(
    inventory: str, hosts: list[Host], given: Mapping[str, str], dry_run: bool
) -> None:
    """Deploy, and print how each host ended; exits as the playbooks do."""
    found, status = outcomes(DEPLOY, inventory, hosts, given, dry_run)
    rows = {host.name: deployed(found.get(host.name, {}), dry_run) for host in hosts}
    if not (dry_run or status):
        found, status = outcomes(VERIFY, inventory, hosts)
        for host in hosts:
            rows[host.name] |= smoked(found.get(host.name, {}))
    show_json({host: [row] for host, row in rows.items()})
    engines.end(status)


def deployed(found: dict[str, Any], dry_run: bool) -> dict[str, Any]:
    """Return how a host ended, for programs: what its engine said last, and whether all went well.

    A host to which it did not come, since another one had failed, was left out.
    """
    said = {name: found[name] for name in ENGINE_WORDS if name in found}
    for outcome in ("unreachable", "failed"):
        if found.get(outcome):
            return {**said, "outcome": outcome}
    return {"outcome": "looked at" if dry_run else "left out", **said}


def smoked(found: dict[str, Any]) -> dict[str, Any]:
    """Return how the smoke tests of a host ended, for programs."""
    passed = "says" in found and not (found["failed"] or found["unreachable"])
    return {"smoke_passed": passed, "smoke": found.get("says")}


@verb(help=JSON_HELP)
def smoke(
    c: Context, json: bool = False, inventory: str = "inventory.ini", hosts: str = ""
) -> None:
    """Ask each host what a user would ask.  Example: fab smoke --hosts www.example.com"""
    chosen = hosts_for(c, inventory, hosts)
    if not json:
        run_playbooks(VERIFY, inventory, chosen)
        return
    found, status = outcomes(VERIFY, inventory, chosen)
    show_json({host.name: [smoked(found.get(host.name, {}))] for host in chosen})
    engines.end(status)


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
