"""The verb that closes the course site for maintenance, and opens it again."""

from __future__ import annotations

from invoke import Context
from invoke.exceptions import Exit

from operations import engines
from operations.verb import BAD_USE, DRY_RUN_HELP, JSON_HELP, WAIT_HELP, hosts_for, verb


@verb(
    help={
        **JSON_HELP,
        **DRY_RUN_HELP,
        "state": "on or off",
        "why": "a remark for status, doctor and the audit log",
        **WAIT_HELP,
        "let": "addresses and networks that are let in all the same, with commas",
        "for": "how long it is expected to take, such as 30m; callers are told",
    },
    positional=["state"],
    optional=["state"],
)
def maintenance(
    c: Context,
    state: str | None = None,
    why: str = "",
    let: str = "",
    for_: str = "",
    wait: str = "0",
    dry_run: bool = False,
    json: bool = False,
    inventory: str = "inventory.ini",
    hosts: str = "",
) -> None:
    """Close the course site, or open it again.  Example: fab maintenance on --let 203.0.113.7

    Site and API answer 503 with a page until `off`, over restarts, reboots and deploys; the proxy
    pool, its gateway and the judge go on.
    """
    if state not in ("on", "off"):
        raise Exit(f"maintenance: expected on or off; found {state or 'nothing'}", BAD_USE)
    chosen = hosts_for(c, inventory, hosts)
    arguments = ["maintenance", state, *engines.asked(why, wait)]
    arguments += [f"--let={let}"] if let else []
    arguments += [f"--for={for_}"] if for_ else []
    engines.change(chosen, arguments, dry_run, json)
