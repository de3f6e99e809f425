"""The arguments that every verb has which starts a run, and who it is that asks."""

from __future__ import annotations

import argparse
import getpass
import os
import re
import socket
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from engine.deployment import Request
    from engine.incoming import Incoming
    from engine.layout import Layout
    from engine.tools import Task

DURATION = re.compile(r"(\d{1,9})([smhd]?)")
UNITS_S = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}


def add_task_arguments(parser: argparse.ArgumentParser) -> None:
    """Let a verb be told who asks and why, how long to wait, and how to show the run."""
    add_person_arguments(parser)
    parser.add_argument(
        "--lock-timeout",
        type=float,
        default=0.0,
        metavar="SECONDS",
        help="how long to wait for another run, if that is longer than --wait (default: it is not)",
    )
    parser.add_argument(
        "--wait",
        type=duration_s,
        default=0,
        metavar="TIME",
        help="how long to wait for another run, and for the lock that somebody holds, such as 10m "
        "(default: refuse at once)",
    )
    parser.add_argument(
        "--json", action="store_true", help="print the result as JSON, the rest to stderr"
    )
    parser.set_defaults(prints_result=True)


def add_deploy_arguments(parser: argparse.ArgumentParser) -> None:
    """Let a verb be told what every one is that makes a release current."""
    add_task_arguments(parser)
    parser.add_argument(
        "--wait-timeout",
        type=int,
        default=300,
        metavar="SECONDS",
        help="how long services may take to become healthy (default: %(default)s)",
    )
    parser.add_argument(
        "--min-free-mib",
        type=int,
        default=512,
        metavar="MIB",
        help="the free disk space that is needed (default: %(default)s)",
    )
    parser.add_argument(
        "--keep", type=int, default=5, help="releases to keep (default: %(default)s)"
    )
    parser.add_argument(
        "--without-backup",
        action="store_true",
        help="make none before a service that owns data gets another image",
    )
    mode = parser.add_mutually_exclusive_group()
    mode.add_argument("--detach", action="store_true", help="print the run's ID and go on alone")
    mode.add_argument("--check", action="store_true", help="say what would change, as JSON")


def add_person_arguments(parser: argparse.ArgumentParser) -> None:
    """Let a verb be told who asks, and why."""
    parser.add_argument("--by", default=who(), help="who asks for it (default: %(default)s)")
    parser.add_argument("--why", default="", help="a remark for the history and the lock")


def task_of(options: argparse.Namespace, **arguments: Any) -> Task:
    """What was asked for on the command line; `arguments` are what is the verb's own."""
    from engine.tools import Task

    wait_s = getattr(options, "wait", 0.0)
    return Task(
        options.verb,
        options.by,
        options.why,
        arguments,
        max(getattr(options, "lock_timeout", 0.0), wait_s),
        wait_s,
        came_from(),
    )


def request_of(
    options: argparse.Namespace, layout: Layout, incoming: Incoming, **more: Any
) -> Request:
    """What `add_deploy_arguments` was told of a release that is to become current."""
    from engine.deployment import Request

    return Request(
        layout,
        incoming,
        options.wait_timeout,
        options.min_free_mib,
        options.keep,
        backup_first=not options.without_backup,
        **more,
    )


def duration_s(text: str) -> int:
    """A time such as 90, 90s, 10m, 2h or 1d, in seconds. Raises ArgumentTypeError."""
    found = DURATION.fullmatch(text)
    if not found:
        raise argparse.ArgumentTypeError(f"expected a time such as 90s, 10m or 2h; found {text}")
    return int(found[1]) * UNITS_S[found[2]]


def who() -> str:
    """The person at the keyboard, as far as this host knows: user@host."""
    try:
        user = os.environ.get("SUDO_USER") or getpass.getuser()
    except (KeyError, OSError):
        # A uid without a name, as in some containers.
        user = str(os.getuid())
    return f"{user}@{socket.gethostname()}"


def came_from() -> str:
    """The address at the other end of the SSH connection that this came by, or an empty string.

    sudo takes the variable away; the shell above it still has it (sshd(8), proc(5)).
    """
    pid = os.getpid()
    while pid > 1:
        try:
            environment = Path(f"/proc/{pid}/environ").read_bytes()
            status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8", errors="replace")
        except OSError:
            # Ended while we looked, or not ours to look at.
            return ""
        for variable in environment.split(b"\0"):
            if variable.startswith(b"SSH_CONNECTION="):
                return variable.partition(b"=")[2].decode("ascii", "replace").split(" ")[0]
        pid = int(re.search(r"^PPid:\s*(\d+)", status, re.MULTILINE)[1])  # type: ignore[index]
    return ""
