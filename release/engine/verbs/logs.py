"""`logs`: what services wrote."""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess

from engine.errors import NoInputError
from engine.layout import Layout

# What compose puts before a line: the container without the project's name, and the time.
LINE = re.compile(r"(\S+)\s+\| (\S+) ?(.*)")
CONTROL = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What `logs` may be told."""
    parser.add_argument("service", nargs="*", metavar="SERVICE", help="services (default: all)")
    parser.add_argument(
        "--tail", type=int, default=100, metavar="N", help="lines (default: %(default)s)"
    )
    parser.add_argument("--since", help="only newer ones, such as 10m or 2024-05-01T00:00:00Z")
    parser.add_argument("--follow", action="store_true", help="go on as they are written")
    parser.add_argument("--json", action="store_true", help="an object a line")


def run(options: argparse.Namespace, layout: Layout) -> int:
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
    command = ["docker", "compose", "--ansi", "never", "--env-file", os.devnull]
    command += ["-p", model["name"], "-f", str(folder / "compose.yaml")]
    command += ["logs", "--timestamps", "--tail", str(options.tail)]
    command += ["--since", options.since] if options.since else []
    command += ["--follow"] if options.follow else []
    child = subprocess.Popen(
        [*command, *options.service], stdout=subprocess.PIPE, env=clean_environment({})
    )
    for line in child.stdout or []:
        # compose clears the line it writes on even where there is no terminal.
        text = CONTROL.sub("", line.decode("utf-8", "replace")).rstrip("\n")
        print(_as_json(text) if options.json else text, flush=True)
    return child.wait()


def _as_json(text: str) -> str:
    found = LINE.fullmatch(text)
    container, time, line = found.groups() if found else ("", "", text)
    return json.dumps({"container": container, "time": time, "line": line}, ensure_ascii=False)
