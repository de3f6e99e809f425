"""One check: ask the judge through a proxy, and say what the proxy is."""

import asyncio

from proxypool.address import BadAddressError, Upstream
from proxypool.http1 import (
    CONNECT_ERRORS,
    AddressNotAllowedError,
    Answer,
    ExchangeError,
    exchange,
)
from proxypool.judge import JudgeWatch, NotTheJudgeError, Question
from proxypool.protocol import Protocol
from proxypool.settings import Settings
from proxypool.verdict import Anonymity, Outcome, Verdict

# A status is passed on by an honest proxy that could not reach the judge; the others are the
# proxy's own doing.
_TAMPERING = frozenset({"not_the_judge", "marker_lost"})


async def check(proxy: str, settings: Settings, judge: JudgeWatch) -> Verdict:
    """Find out whether `proxy` (ip:port) carries a request to the judge, unchanged, for no one."""
    try:
        upstream = Upstream.parse(proxy)
    except BadAddressError:
        return Verdict(Outcome.REFUSED, "bad_address")
    rule = settings.upstream_rule
    if upstream.ip is None or not rule.permits(upstream.ip):
        return Verdict(Outcome.REFUSED, AddressNotAllowedError.reason)
    question = Question.about(settings.judge_url, through_proxy=True)
    loop = asyncio.get_running_loop()
    started = loop.time()
    try:
        answer = await exchange(
            str(upstream.ip),
            upstream.port,
            question.request(),
            connect_timeout_s=settings.connect_timeout_s,
            total_timeout_s=settings.verify_timeout_s,
            permits=rule.permits,
        )
        return _judged(question, answer, judge)
    except AddressNotAllowedError as error:
        return Verdict(Outcome.REFUSED, error.reason)
    except CONNECT_ERRORS as error:
        # The judge has no part in these.
        return Verdict(Outcome.FAILED, error.reason)
    except NotTheJudgeError as error:
        outcome = Outcome.REFUSED if error.reason in _TAMPERING else Outcome.FAILED
        found = Verdict(outcome, error.reason)
    except ExchangeError as error:
        found = Verdict(Outcome.FAILED, error.reason)
    if await judge.was_up(started, loop.time()):
        return found
    return Verdict(Outcome.POSTPONED, "judge_down")


def _judged(question: Question, answer: Answer, judge: JudgeWatch) -> Verdict:
    """The verdict on an answer. Raises NotTheJudgeError."""
    sight = question.read(answer)
    own = judge.own_addresses
    if not own:
        return Verdict(Outcome.POSTPONED, "own_address_unknown")
    if sight.shows(own):
        return Verdict(Outcome.REFUSED, "transparent", exit_ip=sight.ip)
    anonymity = Anonymity.ANONYMOUS if sight.names_a_proxy() else Anonymity.ELITE
    return Verdict(
        Outcome.GOOD,
        protocols=(Protocol.HTTP,),
        tried=(Protocol.HTTP,),
        exit_ip=sight.ip,
        anonymous=anonymity.value,
        latency_ms=round(answer.total_s * 1000),
        connect_ms=round(answer.connect_s * 1000),
    )
