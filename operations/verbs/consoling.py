"""Verbs that open a terminal in a container, or run one command there."""

from __future__ import annotations

import shlex
import sys

from invoke import Context
from invoke.exceptions import Exit

from operations import engines
from operations.verb import BAD_USE, DRY_RUN_HELP, JSON_HELP, hosts_for, verb

WHY_HELP = {"why": "a remark for the audit log"}


@verb(
    name="exec",
    help={
        **WHY_HELP,
        **DRY_RUN_HELP,
        **JSON_HELP,
        "service": "as in `fab ps`",
        "command": "in quotes; for pipes and variables of its own: sh -c '…'",
        "container": "this one of the service's; default: a healthy one",
    },
    positional=["service", "command"],
    optional=["service", "command"],
)
def exec_(
    c: Context,
    service: str | None = None,
    command: str | None = None,
    container: str = "",
    why: str = "",
    dry_run: bool = False,
    json: bool = False,
    inventory: str = "inventory.ini",
    hosts: str = "",
) -> None:
    """Run a command in a container of a service.  Example: fab exec edge "haproxy -vv"

    It gets this terminal, or what is piped into fab; the exit code is its own. On several hosts it
    runs on one after the other, without input. --json is for --dry-run alone.
    """
    words = words_of(command or "")
    if not service or not words:
        raise Exit('exec: expected SERVICE "COMMAND …"; found nothing for one of them', BAD_USE)
    if json and not dry_run:
        raise Exit("--json: expected --dry-run beside it; the output is the command's", BAD_USE)
    chosen = hosts_for(c, inventory, hosts)
    options = [f"--by={engines.who()}", f"--why={why}"]
    options += [f"--container={container}"] if container else []
    if dry_run:
        engines.show_plan(chosen, ["exec", *options], json, [service, *words])
    elif len(chosen) == 1:
        told = ["exec", *options, service, *words]
        engines.end(chosen[0].engine(told, terminal=has_terminal()).code)
    else:
        engines.run(chosen, ["exec", *options, service, *words], with_input=False)


@verb(help=WHY_HELP)
def shell(c: Context, why: str = "", inventory: str = "inventory.ini", hosts: str = "") -> None:
    """Open Django's shell in the API.  Example: fab shell --hosts www.example.com"""
    console(c, "shell", why, inventory, hosts)


@verb(help={**WHY_HELP, "root": "as root, on the whole server"})
def db(
    c: Context,
    root: bool = False,
    why: str = "",
    inventory: str = "inventory.ini",
    hosts: str = "",
) -> None:
    """Open the database's client on the site's database.  Example: fab db < report.sql"""
    console(c, "db_root" if root else "db", why, inventory, hosts)


@verb(help=WHY_HELP)
def redis(c: Context, why: str = "", inventory: str = "inventory.ini", hosts: str = "") -> None:
    """Open redis-cli, with every right.  Example: fab redis --why "who fills the cache" """
    console(c, "redis", why, inventory, hosts)


def console(c: Context, name: str, why: str, inventory: str, hosts: str) -> None:
    """Open a console that the release describes, on one host."""
    chosen = hosts_for(c, inventory, hosts)
    if len(chosen) != 1:
        names = ", ".join(host.name for host in chosen)
        raise Exit(f"--hosts: expected exactly one of {names}; found {len(chosen)}", BAD_USE)
    arguments = ["exec", f"--by={engines.who()}", f"--why={why}", f"--console={name}"]
    engines.end(chosen[0].engine(arguments, terminal=has_terminal()).code)


def words_of(command: str) -> list[str]:
    """Return the words of a command as a shell would have them; exits with 64 on an open quote."""
    try:
        return shlex.split(command)
    except ValueError as error:
        raise Exit(f"COMMAND: expected words as for a shell; found {error}", BAD_USE) from error


def has_terminal() -> bool:
    """Return whether somebody sits at both ends; what is piped must pass byte for byte."""
    return sys.stdin.isatty() and sys.stdout.isatty()
