"""The checker: takes checks from the stream, makes many at once, settles their verdicts."""

import asyncio
import logging
import os
import secrets
import socket
from collections import deque
from collections.abc import Iterable
from functools import partial
from itertools import islice

from proxypool.check import Checks
from proxypool.geo import Geography
from proxypool.heartbeat import Heartbeat
from proxypool.judge import JudgeWatch
from proxypool.patience import patiently
from proxypool.settings import Settings
from proxypool.store import UNAVAILABLE, Store, Work
from proxypool.targets import Target
from proxypool.verdict import Outcome, Verdict

log = logging.getLogger(__name__)

_TAKE_AT_ONCE = 256
_WAIT_S = 1.0
_PAUSE_S = 1.0
_SETTLE_AT_ONCE = 256
_GATHER_S = 0.005  # verdicts are settled together: a script call costs more than a verdict in it
_TARGETS_FOR_S = 5.0


class Checker:
    """Runs until `stop`. Any number may run, on any number of hosts.

    `run` raises ConfigurationError where a file that the settings name is not what it should be.
    """

    def __init__(self, settings: Settings, store: Store) -> None:
        self._settings = settings
        self._store = store
        self._judge = JudgeWatch(settings)
        self._checks = Checks(settings, self._judge, Geography.from_settings(settings))
        self._heartbeat = Heartbeat(settings.heartbeat_file)
        self._name = f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(4)}"
        self._stopping = asyncio.Event()
        # What has been taken and is not settled: it bounds what is held in memory.
        self._under_way: dict[str, Work] = {}
        self._tasks: dict[asyncio.Task[None], Work] = {}
        self._room_free = asyncio.Event()
        self._verdicts: deque[tuple[Work, Verdict]] = deque()
        self._verdict_there = asyncio.Event()
        self._all_settled = asyncio.Event()
        self._targets: dict[str, Target] = {}
        self._targets_read_at = float("-inf")

    def stop(self) -> None:
        """Take no more work; finish or return what is under way; then `run` returns."""
        self._stopping.set()

    async def run(self) -> None:
        """Check until `stop` is called."""
        await patiently("the consumer group", self._store.ensure_group)
        background = asyncio.create_task(self._in_background())
        taking = asyncio.create_task(self._take())
        stopping = asyncio.create_task(self._stopping.wait())
        try:
            done, _ = await asyncio.wait(
                (background, taking, stopping), return_when=asyncio.FIRST_COMPLETED
            )
            for task in done - {stopping}:
                task.result()  # raises what ended it: only a fault in the program does
            # Not cancelled at once: what Redis is handing over just now would be out of sight.
            await asyncio.wait((taking,), timeout=_WAIT_S + _PAUSE_S)
            taking.cancel()
            await self._finish(background)
        finally:
            for task in (background, taking, stopping, *self._tasks):
                task.cancel()
            await asyncio.gather(background, taking, stopping, return_exceptions=True)

    async def _in_background(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._judge.watch())
            tasks.create_task(self._tell_of_judges())
            tasks.create_task(self._settle())
            tasks.create_task(self._take_over())

    async def _tell_of_judges(self) -> None:
        while True:
            await asyncio.sleep(self._settings.judge_interval_s)
            seen = self._judge.seen()
            await patiently("the judges", partial(self._store.note_judges, seen))

    async def _take(self) -> None:
        while not self._stopping.is_set():
            if not self._judge.up.is_set():
                # Still alive, and Redis answers: waiting for the judge is not being ill.
                await patiently("the heartbeat", self._store.ping)
                self._heartbeat.beat()
                await asyncio.sleep(_PAUSE_S)
                continue
            room = self._room()
            if room < min(_TAKE_AT_ONCE, self._settings.check_concurrency) // 4 + 1:
                await self._room_or_pause()
                continue
            taken = await patiently(
                "work",
                partial(self._store.take, self._name, min(room, _TAKE_AT_ONCE), _WAIT_S),
            )
            self._heartbeat.beat()
            await self._start(taken)

    def _room(self) -> int:
        """For how many more checks: as many verdicts as checks may wait for Redis meanwhile."""
        most = self._settings.check_concurrency
        return min(most - len(self._tasks), 2 * most - len(self._under_way))

    async def _room_or_pause(self) -> None:
        """Wait until checks have ended; after a second of waiting show that we are alive."""
        self._room_free.clear()
        try:
            async with asyncio.timeout(_PAUSE_S):
                await self._room_free.wait()
        except TimeoutError:
            await patiently("the heartbeat", self._store.ping)
            self._heartbeat.beat()

    async def _take_over(self) -> None:
        interval_s = max(self._settings.claim_idle_s / 4, 0.5)
        while True:
            await asyncio.sleep(interval_s)
            room = self._room()
            if self._stopping.is_set() or room <= 0 or not self._judge.up.is_set():
                continue
            await patiently("the list of consumers", self._store.bury_consumers)
            taken = await patiently(
                "work of the dead",
                partial(self._store.take_over, self._name, min(room, _TAKE_AT_ONCE)),
            )
            taken = [work for work in taken if work.id not in self._under_way]
            if taken:
                log.info("took over %d checks that nobody had settled", len(taken))
                await self._start(taken)

    async def _start(self, taken: list[Work]) -> None:
        for work in taken:
            self._under_way[work.id] = work
        if any(work.targets for work in taken):
            await self._read_targets()
        for work in taken:
            task = asyncio.create_task(self._check(work))
            self._tasks[task] = work
            task.add_done_callback(self._ended)

    async def _read_targets(self) -> None:
        now = asyncio.get_running_loop().time()
        if now - self._targets_read_at > _TARGETS_FOR_S:
            self._targets = await patiently("the targets", self._store.targets)
            self._targets_read_at = now

    def _ended(self, task: asyncio.Task[None]) -> None:
        work = self._tasks.pop(task)
        self._room_free.set()
        if not task.cancelled() and task.exception() is not None:
            log.error("a check broke, its work stays claimable", exc_info=task.exception())
            self._release([work])

    def _release(self, works: Iterable[Work]) -> None:
        for work in works:
            self._under_way.pop(work.id, None)
        self._room_free.set()
        if not self._under_way:
            self._all_settled.set()

    async def _check(self, work: Work) -> None:
        targets = [self._targets[name] for name in work.targets if name in self._targets]
        verdict = await self._checks.check(
            work.proxy,
            hint=work.hint,
            full=work.full,
            was_good=work.was_good,
            targets=targets,
        )
        log.debug("%s: %s %s", work.id, verdict.outcome, verdict.reason)
        self._verdicts.append((work, verdict))
        self._verdict_there.set()

    async def _settle(self) -> None:
        while True:
            await self._verdict_there.wait()
            await asyncio.sleep(_GATHER_S)
            self._verdict_there.clear()
            while self._verdicts:
                batch = list(islice(self._verdicts, _SETTLE_AT_ONCE))
                await patiently("verdicts", partial(self._store.settle, batch))
                for _ in batch:
                    self._verdicts.popleft()
                self._release(work for work, _ in batch)

    async def _finish(self, background: asyncio.Task[None]) -> None:
        """Give checks under way their time, return the others' work, leave the group."""
        log.info("stopping: %d checks under way", len(self._under_way))
        if self._under_way:
            self._all_settled.clear()
            waiting = asyncio.create_task(self._all_settled.wait())
            await asyncio.wait((waiting,), timeout=self._settings.stop_grace_s)
            waiting.cancel()
        background.cancel()
        left = dict(self._tasks)
        for task in left:
            task.cancel()
        await asyncio.gather(background, *left, return_exceptions=True)
        returned = Verdict(Outcome.POSTPONED, "checker_stopped", at_once=True)
        ended = {work.id for work, _ in self._verdicts}
        unsettled = [
            *self._verdicts,
            *((work, returned) for work in self._under_way.values() if work.id not in ended),
        ]
        try:
            # Not patiently: while Redis is away another checker takes the work over later.
            async with asyncio.timeout(_WAIT_S):
                if unsettled:
                    await self._store.settle(unsettled)
                await self._store.leave(self._name)
        except (TimeoutError, *UNAVAILABLE) as error:
            log.warning(
                "could not return %d checks, they will be taken over: %s", len(unsettled), error
            )
            return
        log.info("stopped: returned %d checks", len(unsettled) - len(ended))
