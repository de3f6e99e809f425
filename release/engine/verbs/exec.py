"""`exec`: a command in a container that runs, with the caller's terminal or pipes."""

from __future__ import annotations

import argparse
import json
import shlex
import signal
import subprocess
import sys
from typing import Any

from engine.asking import add_person_arguments, task_of
from engine.errors import EXIT_OK, NoInputError, UsageError
from engine.layout import Layout

PASSED_ON = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
SIGNALLED = 128


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What `exec` may be told."""
    add_person_arguments(parser)
    parser.add_argument("--container", help="this one of the service's (default: a healthy one)")
    parser.add_argument("--console", metavar="NAME", help="one that the release describes")
    parser.add_argument("--check", action="store_true", help="say what would run where, as JSON")
    parser.add_argument("service", nargs="?", metavar="SERVICE", help="a service")
    parser.add_argument("words", nargs=argparse.REMAINDER, metavar="COMMAND", help="what to run")


def run(options: argparse.Namespace, layout: Layout) -> int:
    """Run a command in a container; ends with the command's own exit code."""
    from engine import audit
    from engine.compose import clean_environment
    from engine.docker_api import connect, project_containers
    from engine.resolve import lasting_services, read_model
    from engine.running import chosen
    from engine.status import require_current

    release = require_current(layout)
    service, command = _asked(options, layout, release)
    model = read_model(layout.release(release))
    containers = project_containers(connect(), str(model["name"]))
    container = chosen(containers, service, lasting_services(model), options.container)
    if options.check:
        text = f"{shlex.join(command)} would run in {container.name}"
        print(json.dumps({"changed": True, "reasons": [text]}))
        return EXIT_OK
    task = task_of(options, service=service, container=container.name, command=command)
    # Nothing is done of which no line can be written beforehand.
    audit.append(layout, {**task.audit_entry(), "outcome": "begun"})
    code = _run(["docker", "exec", *_streams(), container.id, *command], clean_environment({}))
    outcome = "failed" if code else "ok"
    audit.append(layout, {**task.audit_entry(), "outcome": outcome, "exit_code": code})
    return code


def _asked(options: argparse.Namespace, layout: Layout, release: str) -> tuple[str, list[str]]:
    from engine.reader import read_incoming

    if options.console is None:
        if not options.words:
            found = options.service or "nothing"
            raise UsageError("exec", "a service and a command", found, "exec SERVICE COMMAND …")
        return options.service, options.words
    if options.service:
        raise UsageError("exec --console", "no command beside it", options.service)
    consoles = read_incoming(layout.release(release) / "incoming").consoles
    console = consoles.get(options.console)
    if console is None:
        known = ", ".join(sorted(consoles)) or "none: this release has no console"
        raise NoInputError(f"console {options.console}", f"one of {known}", options.console)
    return console.service, list(console.command)


def _streams() -> list[str]:
    # A terminal has to be one at both ends: what is piped must stay as it is, byte for byte.
    terminal = sys.stdin.isatty() and sys.stdout.isatty()
    return ["--interactive", *(["--tty"] if terminal else [])]


def _run(command: list[str], environment: dict[str, str]) -> int:
    """Run it to its end, whatever happens to the caller: its last line is still to be written."""
    child: list[subprocess.Popen[bytes]] = []

    def pass_on(number: int, _: Any) -> None:
        for each in child:
            each.send_signal(number)

    before = {number: signal.signal(number, pass_on) for number in PASSED_ON}
    try:
        sys.stdout.flush()
        child.append(subprocess.Popen(command, env=environment))
        code = child[0].wait()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    return code if code >= 0 else SIGNALLED - code
