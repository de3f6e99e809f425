"""What every verb of `fab` has in common."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from typing import Any

from fabric import Connection, task
from fabric.tasks import Task
from invoke import Context
from invoke.exceptions import Exit

import operations.words  # noqa: F401 (lets verbs take a word that may be left out)
from operations.hosts import Host, InventoryError, hosts_of

BAD_USE = 64
HELP = {
    "inventory": "the inventory file",
    "hosts": "names from the inventory, separated by commas; default: all",
}
JSON_HELP = {"json": "a list with an object for each, for programs"}
WAIT_HELP = {
    "wait": "how long to wait for another run, and for the lock that somebody holds, such as 10m"
}
DRY_RUN_HELP = {"dry_run": "say what would change, and change nothing"}


class Verb(Task):  # type: ignore[misc]  # Fabric ships no types
    """A task whose `-h` is help and `-i` the inventory, whatever its parameters are called."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run it; where the reader of the output is gone, as with `head`, nothing is left to do."""
        try:
            return super().__call__(*args, **kwargs)
        except BrokenPipeError:
            # What is left in the buffer would raise once more when Python ends.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise Exit(code=0) from None

    def arg_opts(self, name: str, default: Any, taken_names: set[str]) -> dict[str, Any]:
        """Return an argument's options; `--hosts` and others would else be given the letters."""
        reserved = {"h"} if name == "inventory" else {"h", "i"}
        found: dict[str, Any] = super().arg_opts(name, default, {*taken_names, *reserved})
        return found


def verb(help: Mapping[str, str] | None = None, **options: Any) -> Callable[..., Any]:  # noqa: A002 (invoke's own word)
    """Make a verb of a function; ``help`` is that of the parameters which not every verb has."""
    decorated: Callable[..., Any] = task(klass=Verb, help={**HELP, **(help or {})}, **options)
    return decorated


def hosts_for(c: Context, inventory: str, names: str) -> list[Host]:
    """Return the hosts that a verb is for; exits with 64 where they cannot be known."""
    if isinstance(c, Connection):
        raise Exit("-H: expected no such option here; do: name hosts with --hosts a,b", BAD_USE)
    try:
        return hosts_of(inventory, names)
    except InventoryError as error:
        raise Exit(str(error), BAD_USE) from error
