"""`proxypool check FILE`: checks a list once, and needs no store for it."""

import json
import os
import sys
from argparse import ArgumentParser, Namespace
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from proxypool import settings as settings_module
from proxypool.candidate import Candidate
from proxypool.commands.files import check_writable, write_whole
from proxypool.commands.lists import read_proxies
from proxypool.commands.processes import run_loop
from proxypool.commands.progress import Progress
from proxypool.commands.writing import add_format, form_of, written_results
from proxypool.cores import within_open_files
from proxypool.listing import Defaults
from proxypool.own_machine import judges
from proxypool.problems import ConfigurationError, Problem
from proxypool.settings import Settings
from proxypool.verdict import Outcome, Verdict

if TYPE_CHECKING:
    from proxypool.commands.checking import ListCheck

HELP = "check a list of proxies once, and write those that work"
ONE_SHOT = True

_EX_NOT_ALL_CHECKED = 75  # EX_TEMPFAIL of sysexits.h: it is worth trying again


def add_arguments(parser: ArgumentParser) -> None:
    """`FILE`, `--output`, `--format`, `--all`."""
    parser.add_argument("file", metavar="FILE", help="any text, CSV or JSON; - is standard input")
    add_format(parser)
    parser.add_argument("--all", action="store_true", help="also those that fail, with the reason")


@dataclass
class Findings:
    """What has been found out so far."""

    records: list[dict[str, Any]] = field(default_factory=list)
    reasons: Counter[str] = field(default_factory=Counter)
    """Why some do not work."""
    postponed: Counter[str] = field(default_factory=Counter)
    """Why nothing was found out about some."""
    working: int = 0

    @property
    def done(self) -> int:
        """How many are known to work or not to."""
        return self.working + self.reasons.total()

    def note(self, candidate: Candidate, verdict: Verdict, *, keep: bool) -> None:
        """Count a verdict, and keep its record where it is wanted."""
        if verdict.outcome is Outcome.POSTPONED:
            self.postponed[verdict.reason] += 1
            return
        works = verdict.outcome is Outcome.GOOD
        self.working += works
        if not works:
            self.reasons[verdict.reason or verdict.outcome.value] += 1
        if works or keep:
            self.records.append(_record(candidate, verdict))


def run(_: Settings, arguments: Namespace) -> int:
    """Check, write, sum up; the exit code is 1 where none works."""
    from proxypool.commands.checking import ListCheck

    settings = settings_module.load("check", {**os.environ, **judges(os.environ)})
    form = arguments.format or form_of(arguments.output)
    check_writable(arguments.output)
    listed = read_proxies(arguments.file, Defaults(), settings.upstream_rule)
    listed.tell("check")
    candidates, refused = listed.candidates, listed.not_allowed
    if not candidates:
        found = f"{refused} at addresses that are not allowed" if refused else "none"
        advice = "give a list with addresses such as 1.2.3.4:8080 or socks5://user:password@host:1"
        raise ConfigurationError([Problem(arguments.file, "addresses of proxies", found, advice)])
    findings = Findings()
    findings.reasons["address_not_allowed"] += refused
    with Progress(len(candidates)) as progress:

        def note(candidate: Candidate, verdict: Verdict) -> None:
            findings.note(candidate, verdict, keep=arguments.all)
            progress.step(findings.working)

        checking = ListCheck(within_open_files(settings), candidates, note)
        run_loop(checking.run())
    findings.records.sort(key=lambda record: (not record["works"], record["latency_ms"]))
    write_whole(arguments.output, written_results(map(json.dumps, findings.records), form))
    left = len(candidates) + refused - findings.done
    _sum_up(findings, left, _why_not_all(checking, findings))
    if checking.stopped_by:
        return 128 + checking.stopped_by  # as a shell says of a signal
    if left:
        return _EX_NOT_ALL_CHECKED
    return 0 if findings.working else 1


def _record(candidate: Candidate, verdict: Verdict) -> dict[str, Any]:
    return {
        "proxy": str(candidate.upstream),
        "works": verdict.outcome is Outcome.GOOD,
        "reason": "" if verdict.outcome is Outcome.GOOD else verdict.reason,
        "protocols": list(verdict.protocols),
        "https": verdict.https,
        "https_reason": verdict.https_reason,
        "anonymous": verdict.anonymous,
        "region": verdict.region,
        "asn": verdict.asn,
        "as_name": verdict.as_name,
        "exit_ip": verdict.exit_ip,
        "latency_ms": verdict.latency_ms,
        "connect_ms": verdict.connect_ms,
        "failures": dict(verdict.failures),
        "last_time": datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S"),
    }


def _why_not_all(checking: "ListCheck", findings: Findings) -> str:
    if checking.stopped_by:
        return "interrupted"
    if checking.judge_gone:
        return (
            f"no judge answered for {checking.judge_away_s:g} s. "
            "What to do: see that JUDGE_URL answers, and check the list again"
        )
    reasons = ", ".join(f"{count} {reason}" for reason, count in findings.postponed.most_common())
    advice = "check the list again, with a lower CHECK_CONCURRENCY or more open files (ulimit -n)"
    return f"{reasons}. What to do: {advice}"


def _sum_up(findings: Findings, left: int, why: str) -> None:
    not_checked = f", {left} not checked: {why}" if left else ""
    print(f"{findings.working} of {findings.done + left} work{not_checked}", file=sys.stderr)
    for reason, count in findings.reasons.most_common():
        if count:
            print(f"{count:>8}  {reason}", file=sys.stderr)
