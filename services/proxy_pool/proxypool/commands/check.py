"""`proxypool check FILE`: checks a list once, and needs no store for it."""

import asyncio
import sys
from argparse import ArgumentParser, Namespace
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from proxypool.candidate import Candidate
from proxypool.commands.files import read_list, write_whole
from proxypool.commands.progress import Progress
from proxypool.formats import FORMATS, lines
from proxypool.problems import ConfigurationError, Problem
from proxypool.settings import Settings
from proxypool.verdict import Outcome, Verdict

HELP = "check a list of proxies once, and write those that work"
ONE_SHOT = True

_JUDGE_WAIT_S = 15.0
_TRIES = 3  # of a check that was postponed, because the judge was away


def add_arguments(parser: ArgumentParser) -> None:
    """`FILE`, `--output`, `--format`, `--all`."""
    parser.add_argument("file", metavar="FILE", help="any text, CSV or JSON; - is standard input")
    parser.add_argument("--output", metavar="FILE", default="-", help="standard output without it")
    parser.add_argument("--format", choices=FORMATS, help="by the file's name without it, else txt")
    parser.add_argument("--all", action="store_true", help="also those that fail, with the reason")


@dataclass
class Findings:
    """What has been found out so far."""

    records: list[dict[str, Any]] = field(default_factory=list)
    reasons: Counter[str] = field(default_factory=Counter)
    working: int = 0

    def note(self, candidate: Candidate, verdict: Verdict, *, keep: bool) -> None:
        """Count a verdict, and keep its record where it is wanted."""
        works = verdict.outcome is Outcome.GOOD
        self.working += works
        if not works:
            self.reasons[verdict.reason or verdict.outcome.value] += 1
        if works or keep:
            self.records.append(_record(candidate, verdict))


def run(settings: Settings, arguments: Namespace) -> int:
    """Check, write, sum up; the exit code is 1 where none works."""
    form = arguments.format or _form_of(arguments.output)
    candidates = list(_candidates(read_list(arguments.file)))
    if not candidates:
        found = "none"
        advice = "give a list with addresses such as 1.2.3.4:8080 or socks5://user:password@host:1"
        raise ConfigurationError([Problem(arguments.file, "addresses of proxies", found, advice)])
    findings = Findings()
    with Progress(len(candidates)) as progress:

        def note(candidate: Candidate, verdict: Verdict) -> None:
            findings.note(candidate, verdict, keep=arguments.all)
            progress.step(findings.working)

        asyncio.run(_check_all(settings, candidates, note))
    findings.records.sort(key=lambda record: (bool(record["reason"]), record["latency_ms"]))
    write_whole(arguments.output, lines(findings.records, form))
    _sum_up(len(candidates), findings)
    return 0 if findings.working else 1


def _form_of(output: str) -> str:
    suffix = Path(output).suffix.removeprefix(".").lower()
    return suffix if suffix in FORMATS else "txt"


def _candidates(text: str) -> Iterator[Candidate]:
    from proxypool.listing import Defaults, find_candidates

    seen: set[str] = set()
    for candidate in find_candidates(text, Defaults(host_names=True)):
        name = str(candidate.upstream)
        if name not in seen:
            seen.add(name)
            yield candidate


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
        try:
            await asyncio.wait_for(judge.up.wait(), _JUDGE_WAIT_S)
        except TimeoutError as error:
            advice = "see that JUDGE_URL and JUDGE_DIRECT_URL answer from here"
            expected = f"a judge that answers within {_JUDGE_WAIT_S:g} s"
            raise ConfigurationError([Problem("JUDGE_URL", expected, "none", advice)]) from error
        async with asyncio.TaskGroup() as group:
            for _ in range(min(settings.check_concurrency, len(candidates))):
                group.create_task(work())
    finally:
        watching.cancel()


async def _check_one(candidate: Candidate, settings: Settings, judge: Any) -> Verdict:
    from proxypool.check import check

    return await check(str(candidate.upstream), settings, judge)


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
        "failures": verdict.failures,
        "last_time": verdict.as_dict()["last_time"],
    }


def _sum_up(total: int, findings: Findings) -> None:
    print(f"{findings.working} of {total} work", file=sys.stderr)
    for reason, count in findings.reasons.most_common():
        print(f"{count:>8}  {reason}", file=sys.stderr)
