"""The command line."""

from __future__ import annotations

import argparse
import getpass
import json
import os
import re
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

from engine import VERSION
from engine.errors import (
    EXIT_FAILED,
    EXIT_OK,
    EXIT_UNHEALTHY,
    EXIT_USAGE,
    EngineError,
    NoInputError,
)
from engine.follow import exit_code, find_run, follow
from engine.journal import Journal, new_run_id
from engine.layout import Layout
from engine.reader import read_incoming
from engine.report import Reporter

DEFAULT_ROOT = "/opt/luffy-bundle"
CONTROL = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        self.exit(EXIT_USAGE, f"{self.prog}: {message}\n")


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns its exit code."""
    options = _parser().parse_args(arguments)
    command: Callable[[argparse.Namespace, Layout], int] = options.command
    try:
        return command(options, Layout(Path(options.root).absolute()))
    except EngineError as error:
        print(error, file=sys.stderr)
        if getattr(options, "json", False) and options.verb in {"deploy", "follow"}:
            # A run that was lost, or one that never began: machines still find their last line.
            outcome = getattr(error, "outcome", "failed")
            run = getattr(options, "run", None)
            _print_result({"run": run, "outcome": outcome, "message": str(error)})
        return error.exit_code
    except BrokenPipeError:
        # Whoever read our output has left; there is nobody to tell.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_OK
    except OSError as error:
        print(f"{options.verb}: {error}", file=sys.stderr)
        return EXIT_FAILED


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="engine.pyz", description=__doc__)
    parser.add_argument("--version", action="version", version=VERSION)
    verbs = parser.add_subparsers(dest="verb", required=True, parser_class=_Parser)

    def add(
        name: str, command: Callable[[argparse.Namespace, Layout], int]
    ) -> argparse.ArgumentParser:
        verb = verbs.add_parser(name, help=command.__doc__, description=command.__doc__)
        verb.add_argument(
            "--root", default=DEFAULT_ROOT, help="the deployment (default: %(default)s)"
        )
        verb.set_defaults(command=command)
        return verb

    deploy = add("deploy", _deploy)
    deploy.add_argument("--incoming", help="what was shipped (default: ROOT/incoming)")
    deploy.add_argument("--by", default=_who(), help="who deploys (default: %(default)s)")
    deploy.add_argument("--why", default="", help="a remark for the history and the lock")
    deploy.add_argument(
        "--lock-timeout",
        type=float,
        default=0.0,
        metavar="SECONDS",
        help="how long to wait for another run (default: refuse at once)",
    )
    deploy.add_argument(
        "--wait-timeout",
        type=int,
        default=300,
        metavar="SECONDS",
        help="how long services may take to become healthy (default: %(default)s)",
    )
    deploy.add_argument(
        "--min-free-mib",
        type=int,
        default=512,
        metavar="MIB",
        help="the free disk space that is needed (default: %(default)s)",
    )
    deploy.add_argument(
        "--keep", type=int, default=5, help="releases to keep (default: %(default)s)"
    )
    mode = deploy.add_mutually_exclusive_group()
    mode.add_argument("--detach", action="store_true", help="print the run's ID and go on alone")
    mode.add_argument("--check", action="store_true", help="say what would change, as JSON")
    deploy.add_argument(
        "--json", action="store_true", help="print the result as JSON, the rest to stderr"
    )

    watch = add("follow", _follow)
    which = watch.add_mutually_exclusive_group(required=True)
    which.add_argument("--run", help="the run's ID")
    which.add_argument("--latest", action="store_true", help="the run that was started last")
    watch.add_argument("--timeout", type=float, metavar="SECONDS", help="how long to follow")
    watch.add_argument(
        "--json", action="store_true", help="print the result as JSON, the rest to stderr"
    )

    add("status", _status).add_argument("--json", action="store_true", help="as JSON")
    logs = add("logs", _logs)
    logs.add_argument("service", nargs="*", metavar="SERVICE", help="services (default: all)")
    logs.add_argument(
        "--tail", type=int, default=100, metavar="N", help="lines (default: %(default)s)"
    )
    logs.add_argument("--since", help="only newer ones, such as 10m or 2024-05-01T00:00:00Z")
    logs.add_argument("--follow", action="store_true", help="go on as they are written")
    add("releases", _releases).add_argument("--json", action="store_true", help="as JSON")
    prune = add("prune", _prune)
    prune.add_argument(
        "--keep", type=int, default=5, help="releases to keep (default: %(default)s)"
    )
    return parser


def _deploy(options: argparse.Namespace, layout: Layout) -> int:
    """Make the shipped release current."""
    # Imported here, all of it: the file may be replaced while a detached run still works, and the
    # other verbs start faster without the Docker SDK.
    from engine.compare import compare
    from engine.deployment import Request
    from engine.detach import detach
    from engine.docker_api import connect
    from engine.preflight import check_root
    from engine.run import Run

    incoming = read_incoming(Path(options.incoming or layout.root / "incoming").absolute())
    if options.check:
        try:
            found = compare(layout, incoming, connect())
            release, reasons = found.release_id, found.reasons
        except EngineError as error:
            release, reasons = None, [str(error)]
        print(json.dumps({"changed": bool(reasons), "release": release, "reasons": reasons}))
        return EXIT_OK
    check_root()
    request = Request(
        layout,
        incoming,
        options.by,
        options.why,
        options.lock_timeout,
        options.wait_timeout,
        options.min_free_mib,
        options.keep,
    )
    run = new_run_id()
    journal = Journal(layout.journal(run), run)
    work = Run(request, journal)
    if options.detach:
        journal.write("run_queued", by=options.by)
        detach(work.execute, layout.journals / f"{run}.err")
        print(json.dumps({"run": run, "journal": str(journal.path)}))
        return EXIT_OK
    journal.echo = _echo(options.json)
    code = work.execute()
    if options.json:
        _print_result(work.ended)
    return code


def _follow(options: argparse.Namespace, layout: Layout) -> int:
    """Show a run until it ends, and exit as it did."""
    path = find_run(layout, options.run)
    options.run = path.stem
    ended = follow(path, options.timeout, _echo(options.json))
    if options.json:
        _print_result(ended)
    return exit_code(ended)


def _status(options: argparse.Namespace, layout: Layout) -> int:
    """Show the current release and its services; exit 0 if all are healthy, 3 otherwise."""
    from engine.docker_api import connect
    from engine.status import require_current, status, table

    require_current(layout)
    found = status(layout, connect())
    print(json.dumps(found) if options.json else "\n".join(table(found)))
    return EXIT_OK if found["healthy"] else EXIT_UNHEALTHY


def _logs(options: argparse.Namespace, layout: Layout) -> int:
    """Show what services wrote."""
    from engine.compose import clean_environment
    from engine.resolve import lasting_services, read_model
    from engine.status import require_current

    folder = layout.release(require_current(layout))
    model = read_model(folder)
    for service in options.service:
        if service not in lasting_services(model):
            known = ", ".join(sorted(lasting_services(model)))
            raise NoInputError(f"service {service}", f"one of {known}", service)
    command = [
        "docker",
        "compose",
        "--ansi",
        "never",
        "--env-file",
        os.devnull,
        "-p",
        model["name"],
    ]
    command += [
        "-f",
        str(folder / "compose.yaml"),
        "logs",
        "--timestamps",
        "--tail",
        str(options.tail),
    ]
    command += ["--since", options.since] if options.since else []
    command += ["--follow"] if options.follow else []
    child = subprocess.Popen(
        [*command, *options.service], stdout=subprocess.PIPE, env=clean_environment({})
    )
    for line in child.stdout or []:
        # compose clears the line it writes on even where there is no terminal.
        print(CONTROL.sub("", line.decode("utf-8", "replace")), end="", flush=True)
    return child.wait()


def _releases(options: argparse.Namespace, layout: Layout) -> int:
    """List the releases on this host, the latest first."""
    from engine.status import releases

    found = releases(layout)
    if options.json:
        print(json.dumps(found))
        return EXIT_OK
    for each in found:
        mark = "*" if each["current"] else " "
        print(f"{mark} {each['release']}  {each['time']:24}  {each['outcome']:14}  {each['by']}")
    return EXIT_OK


def _prune(options: argparse.Namespace, layout: Layout) -> int:
    """Remove old releases, and the configuration and images that only they used."""
    from engine.docker_api import connect
    from engine.journal import utc_now
    from engine.lock import Lock
    from engine.processes import identity
    from engine.prune import prune
    from engine.status import require_current

    require_current(layout)
    lock = Lock(layout.lock)
    holder = {
        "run": "prune",
        "by": _who(),
        "since": utc_now(),
        "pid": os.getpid(),
        "process": identity(os.getpid()),
    }
    lock.acquire(holder, 0.0, lambda text: print(text, file=sys.stderr))
    try:
        removed = prune(layout, connect(), max(1, options.keep))
    finally:
        lock.release()
    print("\n".join(f"removed {each}" for each in removed) if removed else "nothing to remove")
    return EXIT_OK


def _echo(to_stderr: bool) -> Callable[[dict[str, Any]], None]:
    reporter = Reporter()
    stream = [sys.stderr if to_stderr else sys.stdout]

    def tell(event: dict[str, Any]) -> None:
        for line in reporter.lines(event) if stream else []:
            try:
                print(line, file=stream[0], flush=True)
            except OSError:
                # The connection was cut. The run goes on; its journal has every line.
                stream.clear()
                return

    return tell


def _print_result(ended: dict[str, Any]) -> None:
    keys = ("run", "release", "outcome", "changed", "failed_step", "message")
    defaults = {"outcome": "failed", "changed": False, "message": ""}
    print(json.dumps({key: ended.get(key, defaults.get(key)) for key in keys}), flush=True)


def _who() -> str:
    try:
        user = os.environ.get("SUDO_USER") or getpass.getuser()
    except (KeyError, OSError):
        # A uid without a name, as in some containers.
        user = str(os.getuid())
    return f"{user}@{socket.gethostname()}"
