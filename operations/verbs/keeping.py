"""Verbs that keep data, bring it back, and prove that it can be brought back."""

from __future__ import annotations

import re
import sys
from typing import Any

from invoke import Context
from invoke.exceptions import Exit

from operations import engines
from operations.showing import show_json, show_rows
from operations.verb import BAD_USE, DRY_RUN_HELP, JSON_HELP, WAIT_HELP, hosts_for, verb

RUN_HELP = {**JSON_HELP, **DRY_RUN_HELP, **WAIT_HELP, "why": "a remark for the audit log"}
NAME = re.compile(r"[0-9]{8}T[0-9]{6}Z")
MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")


@verb(help={**RUN_HELP, "binlogs_only": "only what the database has logged since the last time"})
def backup(
    c: Context,
    binlogs_only: bool = False,
    why: str = "",
    wait: str = "0",
    dry_run: bool = False,
    json: bool = False,
    inventory: str = "inventory.ini",
    hosts: str = "",
) -> None:
    """Back up each host's data, and verify it.  Example: fab backup --why upgrade

    A host that fails keeps none of the others from being backed up.
    """
    arguments = ["backup", *engines.asked(why, wait)]
    arguments += ["--binlogs-only"] if binlogs_only else []
    engines.change(hosts_for(c, inventory, hosts), arguments, dry_run, json, stops=False)


@verb(help=JSON_HELP)
def backups(
    c: Context, json: bool = False, inventory: str = "inventory.ini", hosts: str = ""
) -> None:
    """List the backups, the latest first, and the worst loss.  Example: fab backups"""
    answers, worst = engines.ask(hosts_for(c, inventory, hosts), ["backups", "--json"])
    if json:
        show_json({host: [answer] for host, answer in answers.items()})
    else:
        rows = {host: answer["backups"] for host, answer in answers.items()}
        show_rows(rows, ["name", "time", "host"], False)
        for host, answer in answers.items():
            for line in answer["losses"]:
                print(f"{host}: {line}", file=sys.stderr)
    engines.end(worst)


@verb(
    help={
        **RUN_HELP,
        "name": "the backup, as fab backups lists it",
        "to_time": "go on until just before that moment, such as 2026-01-31T23:59:59Z (UTC)",
        "keep_secrets": "leave the host's secrets as they are",
        "forget_old": "remove the data from before earlier restores, and restore nothing",
    },
    positional=["name"],
    optional=["name"],
)
def restore(
    c: Context,
    name: str | None = None,
    to_time: str = "",
    keep_secrets: bool = False,
    forget_old: bool = False,
    why: str = "",
    wait: str = "0",
    dry_run: bool = False,
    json: bool = False,
    inventory: str = "inventory.ini",
    hosts: str = "",
) -> None:
    """Serve a backup's data; what was served stays.  Example: fab restore 20260131T021500Z

    It is checked whole first, and filled into new volumes while the old data serves.
    """
    refuse_unclear(name, to_time, forget_old)
    arguments = ["restore", *engines.asked(why, wait)]
    arguments += [name] if name else []
    arguments += [f"--to-time={to_time}"] if to_time else []
    arguments += ["--keep-secrets"] if keep_secrets else []
    arguments += ["--forget-old"] if forget_old else []
    chosen = hosts_for(c, inventory, hosts)
    if len(chosen) > 1 and not forget_old:
        names = ", ".join(host.name for host in chosen)
        raise Exit(f"restore: expected one host; found {names}; do: name it with --hosts", BAD_USE)
    engines.change(chosen, arguments, dry_run, json)


def refuse_unclear(name: str | None, to_time: str, forget_old: bool) -> None:
    """Exit with 64 where it is not clear what is to be restored."""
    problem: tuple[str, Any] | None = None
    if forget_old and (name or to_time):
        problem = ("--forget-old alone", name or to_time)
    elif not forget_old and not NAME.fullmatch(name or ""):
        problem = ("a backup's name such as 20260131T021500Z", name or "none")
    elif to_time and not MOMENT.fullmatch(to_time):
        problem = ("--to-time with a time in UTC such as 2026-01-31T23:59:59Z", to_time)
    if problem:
        raise Exit(
            f"restore: expected {problem[0]}; found {problem[1]}; do: fab backups lists them",
            BAD_USE,
        )


@verb(help=RUN_HELP)
def drill(
    c: Context,
    why: str = "",
    wait: str = "0",
    dry_run: bool = False,
    json: bool = False,
    inventory: str = "inventory.ini",
    hosts: str = "",
) -> None:
    """Restore the latest backup where nobody uses it, and compare it.  Example: fab drill

    Exits with 1 where anything differs.
    """
    arguments = ["drill", *engines.asked(why, wait)]
    engines.change(hosts_for(c, inventory, hosts), arguments, dry_run, json, stops=False)
