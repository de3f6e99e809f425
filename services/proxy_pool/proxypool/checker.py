"""The checker: takes checks from the stream, makes many at once, settles their verdicts."""

import asyncio
import logging
import os
import secrets
import socket
from functools import partial

from proxypool.check import check
from proxypool.heartbeat import Heartbeat
from proxypool.judge import JudgeWatch
from proxypool.patience import patiently
from proxypool.settings import Settings
from proxypool.store import UNAVAILABLE, Store, Work
from proxypool.verdict import Outcome, Verdict

log = logging.getLogger(__name__)

_TAKE_AT_ONCE = 64
_WAIT_S = 1.0
_PAUSE_S = 1.0
_SETTLE_AT_ONCE = 64


class Checker:
    """Runs until `stop`. Any number may run, on any number of hosts."""

    def __init__(self, settings: Settings, store: Store) -> None:
        self._settings = settings
        self._store = store
        self._judge = JudgeWatch(settings)
        self._heartbeat = Heartbeat(settings.heartbeat_file)
        self._name = f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(4)}"
        self._stopping = asyncio.Event()
        self._under_way: dict[asyncio.Task[None], Work] = {}
        self._slot_free = asyncio.Event()
        # Unbounded, but never longer than CHECK_CONCURRENCY: a check ends when it is settled.
        self._verdicts: asyncio.Queue[tuple[Work, Verdict, asyncio.Future[None]]] = asyncio.Queue()

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
            await self._finish()
        finally:
            for task in (background, taking, stopping, *self._under_way):
                task.cancel()
            await asyncio.gather(background, taking, stopping, return_exceptions=True)

    async def _in_background(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._judge.watch())
            tasks.create_task(self._settle())
            tasks.create_task(self._take_over())

    async def _take(self) -> None:
        while not self._stopping.is_set():
            if not self._judge.up.is_set():
                # Still alive, and Redis answers: waiting for the judge is not being ill.
                await patiently("the heartbeat", self._store.ping)
                self._heartbeat.beat()
                await asyncio.sleep(_PAUSE_S)
                continue
            room = self._settings.check_concurrency - len(self._under_way)
            if room <= 0:
                await patiently("the heartbeat", self._store.ping)
                self._heartbeat.beat()
                await self._slot()
                continue
            taken = await patiently(
                "work",
                partial(self._store.take, self._name, min(room, _TAKE_AT_ONCE), _WAIT_S),
            )
            self._heartbeat.beat()
            self._start(taken)

    async def _slot(self) -> None:
        """Wait until a check ends, a second at most."""
        self._slot_free.clear()
        try:
            async with asyncio.timeout(_PAUSE_S):
                await self._slot_free.wait()
        except TimeoutError:
            return

    async def _take_over(self) -> None:
        interval_s = max(self._settings.claim_idle_s / 4, 0.5)
        while True:
            await asyncio.sleep(interval_s)
            room = self._settings.check_concurrency - len(self._under_way)
            if self._stopping.is_set() or room <= 0 or not self._judge.up.is_set():
                continue
            await patiently("the list of consumers", self._store.bury_consumers)
            taken = await patiently(
                "work of the dead",
                partial(self._store.take_over, self._name, min(room, _TAKE_AT_ONCE)),
            )
            mine = {work.id for work in self._under_way.values()}
            taken = [work for work in taken if work.id not in mine]
            if taken:
                log.info("took over %d checks that nobody had settled", len(taken))
                self._start(taken)

    def _start(self, taken: list[Work]) -> None:
        for work in taken:
            task = asyncio.create_task(self._check(work))
            self._under_way[task] = work
            task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._under_way.pop(task, None)
        self._slot_free.set()
        if not task.cancelled() and task.exception() is not None:
            log.error("a check broke, its work stays claimable", exc_info=task.exception())

    async def _check(self, work: Work) -> None:
        verdict = await check(work.proxy, self._settings, self._judge)
        log.debug("%s: %s %s", work.proxy, verdict.outcome, verdict.reason)
        await self._hand_in(work, verdict)

    async def _hand_in(self, work: Work, verdict: Verdict) -> None:
        written = asyncio.get_running_loop().create_future()
        self._verdicts.put_nowait((work, verdict, written))
        await written

    async def _settle(self) -> None:
        while True:
            batch = [await self._verdicts.get()]
            while len(batch) < _SETTLE_AT_ONCE and not self._verdicts.empty():
                batch.append(self._verdicts.get_nowait())
            pairs = [(work, verdict) for work, verdict, _ in batch]
            await patiently("verdicts", partial(self._store.settle, pairs))
            for _, _, written in batch:
                if not written.done():
                    written.set_result(None)

    async def _finish(self) -> None:
        """Give checks under way their time, return the others' work, leave the group."""
        log.info("stopping: %d checks under way", len(self._under_way))
        if self._under_way:
            await asyncio.wait(self._under_way, timeout=self._settings.stop_grace_s)
        left = dict(self._under_way)
        for task in left:
            task.cancel()
        if left:
            await asyncio.gather(*left, return_exceptions=True)
        returned = Verdict(Outcome.POSTPONED, "checker_stopped", at_once=True)
        try:
            # Not patiently: while Redis is away another checker takes the work over later.
            async with asyncio.timeout(_WAIT_S):
                if left:
                    await self._store.settle((work, returned) for work in left.values())
                await self._store.leave(self._name)
        except (TimeoutError, *UNAVAILABLE) as error:
            log.warning("could not return %d checks, they will be taken over: %s", len(left), error)
            return
        log.info("stopped: returned %d checks", len(left))
