"""Verbs that look, and change nothing."""

from __future__ import annotations

import json as json_format
import sys
from typing import Any

from invoke import Context
from invoke.exceptions import Exit

from operations import engines
from operations.hosts import Host
from operations.showing import show_json, show_rows
from operations.verb import BAD_USE, JSON_HELP, hosts_for, verb

NOTHING_FOUND = 3
SERVICE_COLUMNS = ["service", "condition", "image", "restarts", "uptime", "memory"]
CONTAINER_COLUMNS = ["container", "service", "state", "health", "restarts", "uptime", "memory"]


@verb(help=JSON_HELP)
def status(
    c: Context, json: bool = False, inventory: str = "inventory.ini", hosts: str = ""
) -> None:
    """Show the current release and each service's health.  Example: fab status

    Exits with 3 if something is not healthy.
    """
    answers, worst = engines.ask(hosts_for(c, inventory, hosts), ["status", "--json"])
    if json:
        show_json({host: [answer] for host, answer in answers.items()})
        engines.end(worst)
        return
    for host, found in answers.items():
        print(
            f"{host}: release {found['release']} of {found['project']}, "
            f"{found['deployed']} by {found['by']}"
        )
    show_rows({host: found["services"] for host, found in answers.items()}, SERVICE_COLUMNS, False)
    for host, found in answers.items():
        for line in remarks(found):
            print(f"{host}: {line}")
    engines.end(worst)


def remarks(found: dict[str, Any]) -> list[str]:
    """Return what else there is to say of a host's status."""
    running, held = found["running_deploy"], found["hold"]
    lines = [f"a run is at work: {running['run']} of {running['by']}"] if running else []
    if held:
        why = f" ({held['why']})" if held["why"] else ""
        lines.append(
            f"locked by {held['by']} since {held['since']}{why}, until {held['until']}; "
            "do: fab unlock"
        )
    closed = found["maintenance"]
    if closed:
        lines.append(
            f"maintenance is on since {closed['since']} by {closed['by']}"
            + (f" ({closed['why']})" if closed["why"] else "")
            + "; do: fab maintenance off"
        )
    return lines + (
        ["healthy"] if found["healthy"] else [f"problem: {p}" for p in found["problems"]]
    )


@verb(help=JSON_HELP)
def ps(c: Context, json: bool = False, inventory: str = "inventory.ini", hosts: str = "") -> None:
    """List the containers of the bundle.  Example: fab ps --hosts www.example.com --json"""
    chosen = hosts_for(c, inventory, hosts)
    answers, worst = engines.ask(chosen, ["status", "--json"])
    rows = {host: found["services"] for host, found in answers.items()}
    show_rows(rows, CONTAINER_COLUMNS, json)
    # That something is not healthy is for `status` to say; here it is one of the rows.
    engines.end(0 if len(answers) == len(chosen) else worst)


@verb(
    help={
        **JSON_HELP,
        "service": "one alone, as in `fab ps`",
        "follow": "go on as lines are written, until Ctrl-C",
        "since": "only newer ones, such as 10m or 2026-05-01T00:00:00Z",
        "tail": "how many lines from the end of each service",
        "request": "every line of the request with this X-Request-ID, from all services and hosts",
    },
    positional=["service"],
    optional=["service"],
)
def logs(
    c: Context,
    service: str | None = None,
    follow: bool = False,
    since: str = "",
    tail: str = "100",
    request: str = "",
    json: bool = False,
    inventory: str = "inventory.ini",
    hosts: str = "",
) -> None:
    """Show what services wrote.  Example: fab logs edge --since 10m --follow

    With --request the lines are in the order of their times; exits with 3 if there is none.
    """
    if not (tail.isascii() and tail.isdecimal() and int(tail) > 0):
        raise Exit(f"--tail: expected a number of lines from 1; found {tail}", BAD_USE)
    chosen = hosts_for(c, inventory, hosts)
    arguments = ["logs", f"--tail={tail}", *([f"--since={since}"] if since else [])]
    arguments += ["--follow"] if follow else []
    arguments += [f"--request={request}"] if request else []
    arguments += [service] if service else []
    if request:
        lines_of_request(chosen, arguments, json)
        return

    def show(host: str, line: str) -> None:
        print(f"{host}  {line}", flush=True)

    def show_object(host: str, line: str) -> None:
        print(json_format.dumps({"host": host, **json_format.loads(line)}), flush=True)

    if json:
        engines.follow(chosen, [*arguments, "--json"], show_object)
    elif len(chosen) > 1:
        engines.follow(chosen, arguments, show)
    else:
        engines.run(chosen, arguments)


def lines_of_request(hosts: list[Host], arguments: list[str], as_json: bool) -> None:
    """Show what all hosts wrote of one request, in the order of the times.

    Exits with 3 where none wrote anything, or with what a host's engine ended with instead.
    """
    found: list[dict[str, Any]] = []
    codes = set()
    for host in hosts:
        answer = host.engine([*arguments, "--json"], capture=True)
        codes.add(answer.code)
        found += [
            {"host": host.name, **json_format.loads(line)} for line in answer.out.splitlines()
        ]
    for line in sorted(found, key=lambda each: str(each["time"])):
        where = f"{line['host']}  " if len(hosts) > 1 else ""
        shown = f"{where}{line['container']} | {line['time']} {line['line']}"
        print(json_format.dumps(line, ensure_ascii=False) if as_json else shown)
    # That one of several hosts has no such line is not worth a word.
    engines.end(max(codes - {NOTHING_FOUND}, default=0) or (0 if found else NOTHING_FOUND))


@verb(help={**JSON_HELP, "tail": "how many entries from the end; 0 for all"})
def audit(
    c: Context,
    tail: int = 50,
    json: bool = False,
    inventory: str = "inventory.ini",
    hosts: str = "",
) -> None:
    """Show who asked each host for what.  Example: fab audit --tail 20

    Exits with 3 if a line of a host's audit log was changed or is missing.
    """
    chosen = hosts_for(c, inventory, hosts)
    answers, worst = engines.ask(chosen, ["audit", f"--tail={tail}", "--json"])
    if json:
        show_json({host: [answer] for host, answer in answers.items()})
    else:
        rows = {host: answer["entries"] for host, answer in answers.items()}
        show_rows(rows, ["time", "verb", "outcome", "by", "from", "why", "run"], False)
        for host, answer in answers.items():
            if answer["doubtful_line"] is None:
                print(f"{host}: every line follows from the one before it", file=sys.stderr)
    engines.end(worst)
