"""`lab concurrency`: makes the experiments, says what came of each, and writes the report."""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import sys
from datetime import UTC, datetime
from pathlib import Path

from lab.concurrency import links, report
from lab.concurrency.catalogue import chosen, load
from lab.concurrency.experiment import REDIS_URL, Run
from lab.concurrency.redis_server import redis_server
from lab.concurrency.run import REPOSITORY, Outcome, run_one
from lab.errors import NotHereError

DOCS = REPOSITORY / "docs"
NOT_MADE, OTHERWISE = 1, 3


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What can be asked for."""
    parser.description = (
        "Makes each experiment with its prediction, measurement and verdict. A run of all of "
        "them writes docs/concurrency.md. Exit code 0: all as predicted, or not to be made here; "
        "3: some verdict is otherwise; 1: an experiment failed, took too long, or left something; "
        "64: asked wrongly."
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="only these experiments")
    parser.add_argument("--list", action="store_true", help="the experiments' names")
    parser.add_argument("--quick", action="store_true", help="small sizes, for a first look")
    parser.add_argument(
        "--redis",
        default=os.environ.get(REDIS_URL, ""),
        metavar="URL",
        help=f"a Redis on loopback; else a container. With a password: in {REDIS_URL}, not here",
    )
    parser.add_argument("--docs", type=Path, metavar="FOLDER", help="write the report there")
    parser.add_argument(
        "--links", action="store_true", help="renew the report's links to lines; measures nothing"
    )


def run(asked: argparse.Namespace) -> int:
    """Do what was asked for; the exit code. Raises LabError at what cannot be done."""
    names = chosen(asked.names)
    if asked.list:
        for name in names:
            print(f"{name:<14} {load(name).title}")
        return 0
    settings = [setting for name in names for setting in load(name).settings]
    if asked.links:
        path = (asked.docs or DOCS) / report.PAGE
        path.write_text(links.renewed(path.read_text(), settings, path.parent))
        return 0
    for setting in settings:
        links.line_of(setting)
    # What is being measured is ended, and a container removed, however this is stopped.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    load_before, when = os.getloadavg()[0], datetime.now(UTC)
    outcomes = make(names, asked.quick, asked.redis)
    complete = not asked.names and not asked.quick
    if docs := asked.docs or (DOCS if complete else None):
        loads = (load_before, os.getloadavg()[0])
        print(f"written: {report.write(outcomes, docs.resolve(), loads, when)}")
    return exit_code(outcomes)


def make(names: list[str], quick: bool, redis_url: str) -> list[Outcome]:
    """Make the experiments one after the other, and say what came of each."""
    outcomes = []
    with contextlib.ExitStack() as stack:
        for name in names:
            experiment, url = load(name), ""
            try:
                if experiment.needs_redis:
                    url = stack.enter_context(redis_server(redis_url))
                outcome = run_one(name, Run(quick, url))
            except NotHereError as error:
                outcome = Outcome(name, experiment, not_here=str(error))
            outcomes.append(outcome)
            print(told(outcome), flush=True)
    return outcomes


def told(outcome: Outcome) -> str:
    """An outcome, in lines for a terminal."""
    lines = [f"{outcome.name}: {outcome.experiment.title} ({outcome.took_s:.1f} s)"]
    lines += [
        f"  {verdict!s:<12} {verdict.prediction} {verdict.measured}" for verdict in outcome.verdicts
    ]
    if outcome.not_here:
        lines.append(f"  not here: {outcome.not_here}")
    if outcome.problem:
        lines.append(f"  {outcome.problem}")
    return "\n".join(lines)


def exit_code(outcomes: list[Outcome]) -> int:
    """The worst of what happened."""
    if any(outcome.problem for outcome in outcomes):
        return NOT_MADE
    right = all(verdict.as_predicted for outcome in outcomes for verdict in outcome.verdicts)
    return 0 if right else OTHERWISE
