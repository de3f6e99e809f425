"""The verb for what services keep secret."""

from __future__ import annotations

from invoke import Context
from invoke.exceptions import Exit

from operations import engines
from operations.showing import show_rows
from operations.verb import BAD_USE, DRY_RUN_HELP, JSON_HELP, WAIT_HELP, hosts_for, verb


@verb(
    help={
        **JSON_HELP,
        **DRY_RUN_HELP,
        "action": "rotate, to make one anew; nothing lists them",
        "name": "the secret, as the list has it",
        "why": "a remark for the history and the audit log",
        **WAIT_HELP,
    },
    positional=["action", "name"],
    optional=["action", "name"],
)
def secrets(
    c: Context,
    action: str | None = None,
    name: str | None = None,
    why: str = "",
    wait: str = "0",
    dry_run: bool = False,
    json: bool = False,
    inventory: str = "inventory.ini",
    hosts: str = "",
) -> None:
    """List the secrets, or make one anew.  Example: fab secrets rotate mariadb_password

    No value is ever shown. Services that read it are switched, and none is locked out meanwhile;
    run it again where it was interrupted.
    """
    chosen = hosts_for(c, inventory, hosts)
    if action is None:
        answers, worst = engines.ask(chosen, ["secrets", "--json"])
        show_rows(answers, ["secret", "age_days", "rotate", "do"], json)
        engines.end(worst)
        return
    if action != "rotate" or not name:
        found = " ".join(word for word in (action, name) if word)
        raise Exit(
            f"secrets: expected nothing, or rotate NAME; found {found}; do: fab secrets lists them",
            BAD_USE,
        )
    engines.change(chosen, ["rotate", name, *engines.asked(why, wait)], dry_run, json)
