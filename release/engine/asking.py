"""The arguments that every verb has which starts a run, and who it is that asks."""

from __future__ import annotations

import argparse
import getpass
import os
import socket
from typing import Any

from engine.tools import Task


def add_task_arguments(parser: argparse.ArgumentParser) -> None:
    """Let a verb be told who asks and why, how long to wait, and how to show the run."""
    parser.add_argument("--by", default=who(), help="who asks for it (default: %(default)s)")
    parser.add_argument("--why", default="", help="a remark for the history and the lock")
    parser.add_argument(
        "--lock-timeout",
        type=float,
        default=0.0,
        metavar="SECONDS",
        help="how long to wait for another run (default: refuse at once)",
    )
    parser.add_argument(
        "--json", action="store_true", help="print the result as JSON, the rest to stderr"
    )
    parser.set_defaults(prints_result=True)


def task_of(options: argparse.Namespace, **arguments: Any) -> Task:
    """What was asked for on the command line; `arguments` are what is the verb's own."""
    return Task(options.verb, options.by, options.why, arguments, options.lock_timeout)


def who() -> str:
    """The person at the keyboard, as far as this host knows: user@host."""
    try:
        user = os.environ.get("SUDO_USER") or getpass.getuser()
    except (KeyError, OSError):
        # A uid without a name, as in some containers.
        user = str(os.getuid())
    return f"{user}@{socket.gethostname()}"
