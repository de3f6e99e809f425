"""The checks of `proxypool check`: a list's, each once, until all are made or it has to end."""

import asyncio
import signal
from collections.abc import Callable, Sequence

from proxypool.candidate import Candidate
from proxypool.check import check
from proxypool.judge import JudgeWatch
from proxypool.problems import ConfigurationError, Problem
from proxypool.settings import Settings
from proxypool.verdict import Outcome, Verdict

_JUDGE_WAITS = 1.5
"""How many times VERIFY_TIMEOUT a judge has to answer before the first check."""
_JUDGE_AWAY = 3.0
"""How many times VERIFY_TIMEOUT the judge may be away later."""
_TRIES = 5  # of a check that was postponed
_OWN_LIMIT = "own_limit"
_AFTER_OWN_LIMIT_S = 1.0  # other checks end meanwhile, and give back what they had open


class _JudgeGoneError(Exception):
    """No judge answered for so long that there is no point in waiting on."""


class ListCheck:
    """Checks `candidates`, `CHECK_CONCURRENCY` at once, and gives each verdict to `note`."""

    def __init__(
        self,
        settings: Settings,
        candidates: Sequence[Candidate],
        note: Callable[[Candidate, Verdict], None],
    ) -> None:
        self._settings = settings
        self._candidates = candidates
        self._note = note
        self.judge_away_s = _JUDGE_AWAY * settings.verify_timeout_s
        self.judge_gone = False
        """Whether it ended early because no judge answered."""
        self.stopped_by = 0
        """The signal that ended it early, if one did."""

    async def run(self) -> None:
        """Check; raises ConfigurationError where no judge answers at the beginning.

        What was found until SIGTERM, SIGINT or the judge's end has been noted.
        """
        judge = JudgeWatch(self._settings)
        watching = asyncio.create_task(judge.watch())
        checking = asyncio.create_task(self._check_all(judge))

        def stop(number: int) -> None:
            self.stopped_by = number
            checking.cancel()

        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop, number)
        try:
            await checking
        except asyncio.CancelledError:
            if not self.stopped_by:
                raise
        finally:
            watching.cancel()

    async def _check_all(self, judge: JudgeWatch) -> None:
        wait_s = _JUDGE_WAITS * self._settings.verify_timeout_s
        try:
            await asyncio.wait_for(judge.up.wait(), wait_s)
        except TimeoutError as error:
            advice = "see that JUDGE_URL and JUDGE_DIRECT_URL answer from here"
            expected = f"a judge that answers within {wait_s:g} s"
            raise ConfigurationError([Problem("JUDGE_URL", expected, "none", advice)]) from error
        waiting = iter(self._candidates)

        async def work() -> None:
            for candidate in waiting:
                self._note(candidate, await self._verdict(candidate, judge))

        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(min(self._settings.check_concurrency, len(self._candidates))):
                    group.create_task(work())
        except* _JudgeGoneError:
            self.judge_gone = True

    async def _verdict(self, candidate: Candidate, judge: JudgeWatch) -> Verdict:
        """A check's verdict; a postponed one where several tries found nothing out."""
        hint = (candidate.protocol,) if candidate.protocol else ()
        verdict = Verdict(Outcome.POSTPONED)
        for _ in range(_TRIES):
            if verdict.reason == _OWN_LIMIT:
                await asyncio.sleep(_AFTER_OWN_LIMIT_S)
            try:
                async with asyncio.timeout(self.judge_away_s):
                    await judge.up.wait()
            except TimeoutError:
                raise _JudgeGoneError from None
            verdict = await check(str(candidate.upstream), self._settings, judge, hint=hint)
            if verdict.outcome is not Outcome.POSTPONED:
                break
        return verdict
