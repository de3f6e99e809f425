"""`logs`: what services wrote."""

from __future__ import annotations

import argparse
import json
import sys
from typing import TYPE_CHECKING

from engine.errors import EXIT_OK, EXIT_UNHEALTHY, NoInputError, UsageError
from engine.layout import Layout

if TYPE_CHECKING:
    from engine.service_logs import Line


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What `logs` may be told."""
    parser.add_argument("service", nargs="*", metavar="SERVICE", help="services (default: all)")
    parser.add_argument(
        "--tail", type=int, default=100, metavar="N", help="lines (default: %(default)s)"
    )
    parser.add_argument("--since", help="only newer ones, such as 10m or 2024-05-01T00:00:00Z")
    parser.add_argument("--follow", action="store_true", help="go on as they are written")
    parser.add_argument(
        "--request", metavar="ID", help="every line of this request, in the order of their times"
    )
    parser.add_argument("--json", action="store_true", help="an object a line")


def run(options: argparse.Namespace, layout: Layout) -> int:
    """Show what services wrote; exit 3 where no line belongs to the request."""
    from engine.resolve import lasting_services, read_model
    from engine.service_logs import ServiceLogs
    from engine.status import require_current

    _check(options)
    folder = layout.release(require_current(layout))
    model = read_model(folder)
    for service in options.service:
        if service not in lasting_services(model):
            known = ", ".join(sorted(lasting_services(model)))
            raise NoInputError(f"service {service}", f"one of {known}", service)
    logs = ServiceLogs(folder, str(model["name"]), options.service)
    since = ["--since", options.since] if options.since else []
    if options.request:
        found = logs.of_request(options.request, since)
        for line in found:
            _show(line, options.json)
        if not found:
            print(f"no line of request {options.request} in the logs", file=sys.stderr)
        return EXIT_OK if found else EXIT_UNHEALTHY
    follow = ["--follow"] if options.follow else []
    for line in logs.read(["--tail", str(options.tail), *since, *follow]):
        _show(line, options.json)
    return EXIT_OK


def _check(options: argparse.Namespace) -> None:
    from engine.service_logs import REQUEST_ID

    if options.request is None:
        return
    if not REQUEST_ID.fullmatch(options.request):
        expected = "8 to 128 letters, digits, dots, hyphens and underscores"
        do = "take it from the answer's header X-Request-ID"
        raise UsageError("--request", expected, options.request or "nothing", do)
    if options.follow:
        raise UsageError("--request", "no --follow beside it", "--follow", "leave one out")


def _show(line: Line, as_json: bool) -> None:
    text = json.dumps(line.as_json(), ensure_ascii=False) if as_json else line.text
    print(text, flush=True)
