"""`maintenance`: the course site is closed to all but some, or opened again."""

from __future__ import annotations

import argparse
import json
from datetime import datetime, timedelta, timezone
from typing import Any

from engine.asking import add_task_arguments, duration_s, task_of
from engine.errors import EXIT_OK, UsageError
from engine.journal import utc_now
from engine.layout import Layout


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What `maintenance` may be told."""
    parser.add_argument("state", choices=["on", "off"], help="closed or open")
    parser.add_argument(
        "--let", default="", metavar="ADDRESS,…", help="addresses and networks let in all the same"
    )
    parser.add_argument(
        "--for",
        dest="for_s",
        type=duration_s,
        default=0,
        metavar="TIME",
        help="how long it is expected to take, such as 30m; callers are told",
    )
    add_task_arguments(parser)
    parser.add_argument("--check", action="store_true", help="say what would change, as JSON")


def run(options: argparse.Namespace, layout: Layout) -> int:
    """Close the course site for maintenance, or open it again."""
    from engine.closing import SwitchMaintenance
    from engine.docker_api import connect
    from engine.run import execute
    from engine.status import require_current

    wanted = _wanted(options) if options.state == "on" else None
    if options.state == "off" and (options.let or options.for_s):
        raise UsageError("maintenance off", "neither --let nor --for", "one of them")
    require_current(layout)
    work = SwitchMaintenance(wanted)
    if options.check:
        reasons = work.plan(_Looking(layout, connect()))  # type: ignore[arg-type]
        print(json.dumps({"changed": bool(reasons), "reasons": reasons}))
        return EXIT_OK
    told = {"state": options.state, **({"let": wanted["let"]} if wanted else {})}
    return execute(work, task_of(options, **told), layout, as_json=options.json)


class _Looking:
    """What a plan looks with."""

    def __init__(self, layout: Layout, client: Any) -> None:
        self.layout, self.client = layout, client


def _wanted(options: argparse.Namespace) -> dict[str, Any]:
    from engine.maintenance import DEFAULT_RETRY_AFTER_S, addresses

    try:
        let = addresses(options.let)
    except ValueError as error:
        do = "write such as 203.0.113.7 or 2001:db8::/32, with commas"
        raise UsageError("--let", "addresses and networks", str(error), do) from error
    until = datetime.now(timezone.utc) + timedelta(seconds=options.for_s)
    return {
        "by": options.by,
        "why": options.why,
        "since": utc_now(),
        "until": until.strftime("%Y-%m-%dT%H:%MZ") if options.for_s else "",
        "let": let,
        "retry_after_s": options.for_s or DEFAULT_RETRY_AFTER_S,
    }
