"""`proxypool check FILE`: checks a list once, and needs no store for it."""

import asyncio
import json
import os
import sys
from argparse import ArgumentParser, Namespace
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from proxypool import settings as settings_module
from proxypool.candidate import Candidate
from proxypool.commands.files import write_whole
from proxypool.commands.lists import candidates_of
from proxypool.commands.progress import Progress
from proxypool.commands.writing import add_format, form_of, written
from proxypool.listing import Defaults
from proxypool.own_machine import judges
from proxypool.problems import ConfigurationError, Problem
from proxypool.settings import Settings
from proxypool.verdict import Outcome, Verdict

HELP = "check a list of proxies once, and write those that work"
ONE_SHOT = True

_JUDGE_WAITS = 1.5
"""How many times VERIFY_TIMEOUT a judge has to answer before the first check."""
_EX_INTERRUPTED = 130  # as a shell says of SIGINT
_TRIES = 3  # of a check that was postponed, because the judge was away


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
    working: int = 0

    @property
    def done(self) -> int:
        """How many have a verdict."""
        return self.working + self.reasons.total()

    def note(self, candidate: Candidate, verdict: Verdict, *, keep: bool) -> None:
        """Count a verdict, and keep its record where it is wanted."""
        works = verdict.outcome is Outcome.GOOD
        self.working += works
        if not works:
            self.reasons[verdict.reason or verdict.outcome.value] += 1
        if works or keep:
            self.records.append(_record(candidate, verdict))


def run(_: Settings, arguments: Namespace) -> int:
    """Check, write, sum up; the exit code is 1 where none works."""
    settings = settings_module.load("check", {**os.environ, **judges(os.environ)})
    form = arguments.format or form_of(arguments.output)
    candidates, refused = candidates_of(arguments.file, Defaults(), settings.upstream_rule)
    if not candidates:
        found = f"{refused} at addresses that are not allowed" if refused else "none"
        advice = "give a list with addresses such as 1.2.3.4:8080 or socks5://user:password@host:1"
        raise ConfigurationError([Problem(arguments.file, "addresses of proxies", found, advice)])
    findings = Findings()
    findings.reasons["address_not_allowed"] += refused
    interrupted = False
    with Progress(len(candidates)) as progress:

        def note(candidate: Candidate, verdict: Verdict) -> None:
            findings.note(candidate, verdict, keep=arguments.all)
            progress.step(findings.working)

        try:
            asyncio.run(_check_all(settings, candidates, note))
        except KeyboardInterrupt:
            interrupted = True  # what has been found until now is not lost
    findings.records.sort(key=lambda record: (not record["works"], record["latency_ms"]))
    write_whole(arguments.output, written(map(json.dumps, findings.records), form))
    _sum_up(len(candidates) + refused, findings, interrupted)
    if interrupted:
        return _EX_INTERRUPTED
    return 0 if findings.working else 1


async def _check_all(
    settings: Settings,
    candidates: list[Candidate],
    note: Callable[[Candidate, Verdict], None],
) -> None:
    """Check `CHECK_CONCURRENCY` at once; raises ConfigurationError where no judge answers."""
    from proxypool.judge import JudgeWatch

    judge = JudgeWatch(settings)
    watching = asyncio.create_task(judge.watch())
    waiting = iter(candidates)

    async def work() -> None:
        for candidate in waiting:
            for _ in range(_TRIES):
                await judge.up.wait()
                verdict = await _check_one(candidate, settings, judge)
                if verdict.outcome is not Outcome.POSTPONED:
                    break
            note(candidate, verdict)

    try:
        wait_s = _JUDGE_WAITS * settings.verify_timeout_s
        try:
            await asyncio.wait_for(judge.up.wait(), wait_s)
        except TimeoutError as error:
            advice = "see that JUDGE_URL and JUDGE_DIRECT_URL answer from here"
            expected = f"a judge that answers within {wait_s:g} s"
            raise ConfigurationError([Problem("JUDGE_URL", expected, "none", advice)]) from error
        async with asyncio.TaskGroup() as group:
            for _ in range(min(settings.check_concurrency, len(candidates))):
                group.create_task(work())
    finally:
        watching.cancel()


async def _check_one(candidate: Candidate, settings: Settings, judge: Any) -> Verdict:
    from proxypool.check import check

    hint = (candidate.protocol,) if candidate.protocol else ()
    return await check(str(candidate.upstream), settings, judge, hint=hint)


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


def _sum_up(total: int, findings: Findings, interrupted: bool) -> None:
    left = f", {total - findings.done} not checked: interrupted" if interrupted else ""
    print(f"{findings.working} of {total} work{left}", file=sys.stderr)
    for reason, count in findings.reasons.most_common():
        if count:
            print(f"{count:>8}  {reason}", file=sys.stderr)
