"""Verbs that keep other people's runs out of a host, and let them in again."""

from __future__ import annotations

import sys
from typing import Any

from invoke import Context

from operations import engines
from operations.hosts import Host
from operations.showing import show_rows
from operations.verb import DRY_RUN_HELP, JSON_HELP, hosts_for, verb


@verb(
    help={
        **JSON_HELP,
        **DRY_RUN_HELP,
        "why": "what others read who find it locked",
        "for": "how long it lasts if nobody unlocks, such as 30m; at most 7d",
        "wait": "how long to wait for who holds it, and for a run; 0: refuse at once",
    }
)
def lock(
    c: Context,
    why: str = "",
    for_: str = "2h",
    wait: str = "0",
    dry_run: bool = False,
    json: bool = False,
    inventory: str = "inventory.ini",
    hosts: str = "",
) -> None:
    """Keep other people's runs out.  Example: fab lock --why "moving the database" --for 30m

    All hosts or none: where one refuses (exit 75, with who holds it and until when), those that
    were locked before it are unlocked again. Your own runs go on.
    """
    chosen = hosts_for(c, inventory, hosts)
    arguments = ["lock", f"--by={engines.who()}", f"--why={why}", f"--for={for_}", f"--wait={wait}"]
    if dry_run:
        engines.show_plan(chosen, arguments, json)
        return
    held: dict[str, Any] = {}
    try:
        for host in chosen:
            answers, code = engines.ask([host], [*arguments, "--json"])
            engines.end(code)
            held.update(answers)
    except BaseException:
        # Also where somebody has no more patience to wait for the next one.
        give_back([each for each in chosen if held.get(each.name, {}).get("new")])
        raise
    show_rows(
        {host: [found] for host, found in held.items()}, ["by", "since", "until", "why"], json
    )


def give_back(hosts: list[Host]) -> None:
    """Unlock what was locked a moment ago; says so."""
    for host in hosts:
        _, code = engines.ask([host], ["unlock", f"--by={engines.who()}", "--json"])
        print(f"{host.name}: {'still locked' if code else 'unlocked again'}", file=sys.stderr)


@verb(
    help={
        **JSON_HELP,
        **DRY_RUN_HELP,
        "why": "a remark for the audit log",
        "force": "even if somebody else holds it",
    }
)
def unlock(
    c: Context,
    why: str = "",
    force: bool = False,
    dry_run: bool = False,
    json: bool = False,
    inventory: str = "inventory.ini",
    hosts: str = "",
) -> None:
    """Let other people's runs in again.  Example: fab unlock --hosts www.example.com"""
    chosen = hosts_for(c, inventory, hosts)
    arguments = ["unlock", f"--by={engines.who()}", f"--why={why}", *(["--force"] if force else [])]
    engines.change(chosen, arguments, dry_run, json)
