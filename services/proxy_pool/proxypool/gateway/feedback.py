"""What requests tell about upstreams, given to the store in batches."""

import logging
import random
import time
from collections import OrderedDict

from proxypool.gateway.metrics import Metrics
from proxypool.gateway.upstreams import Upstreams
from proxypool.store import UNAVAILABLE, Report, Store

log = logging.getLogger(__name__)

_BATCH = 500
_OF_ONE = 10  # results of one upstream in a batch: more would not move its score further
_MAX_UPSTREAMS = 5_000
_ALIVE_FOR_S = 600.0
_MAX_DESTINATIONS = 4_096


class Feedback:
    """Collects successes and failures, and judges those that may be the destination's fault.

    A failure that may be the destination's counts against the upstream only where another one has
    reached that destination lately: else whoever asks for a dead site would empty the pool.
    """

    def __init__(self, store: Store, upstreams: Upstreams, metrics: Metrics) -> None:
        self._store = store
        self._upstreams = upstreams
        self._metrics = metrics
        self._waiting: dict[str, _Sample] = {}
        self._alive: OrderedDict[str, tuple[str, float]] = OrderedDict()

    def succeeded(self, name: str, destination: str, target: str, latency_ms: int = 0) -> None:
        """The upstream carried a request to `destination`; 0 ms where it was not measured."""
        self._alive[destination] = (name, time.monotonic() + _ALIVE_FOR_S)
        self._alive.move_to_end(destination)
        if len(self._alive) > _MAX_DESTINATIONS:
            self._alive.popitem(last=False)
        self._upstreams.praise(name)
        self._note(Report(name, True, latency_ms=latency_ms, target=target, source="gateway"))

    def failed(self, name: str, reason: str, target: str) -> None:
        """It did not, by its own fault; `reason` is one word."""
        self._upstreams.penalise(name)
        self._note(Report(name, False, reason=reason, target=target, source="gateway"))

    def doubted(self, name: str, reason: str, destination: str, target: str) -> bool:
        """It did not, but it may be the destination's fault; whether it counted."""
        by, until = self._alive.get(destination, ("", 0.0))
        if until <= time.monotonic() or by == name:
            return False
        self.failed(name, reason, target)
        return True

    async def flush(self) -> None:
        """Hand on what has come together."""
        waiting, self._waiting = self._waiting, {}
        reports = [report for sample in waiting.values() for report in sample.reports]
        for start in range(0, len(reports), _BATCH):
            batch = reports[start : start + _BATCH]
            try:
                await self._store.report_many(batch)
            except UNAVAILABLE as error:
                log.warning("redis takes no reports: %s; they wait", type(error).__name__)
                for report in reports[start:]:
                    self._note(report)
                return
            self._metrics.reports.labels("sent").inc(len(batch))

    def _note(self, report: Report) -> None:
        sample = self._waiting.get(report.proxy)
        if sample is None:
            if len(self._waiting) >= _MAX_UPSTREAMS:
                self._metrics.reports.labels("dropped").inc()
                return
            sample = self._waiting[report.proxy] = _Sample()
        if not sample.take(report):
            self._metrics.reports.labels("left_out").inc()


class _Sample:
    """A few results of one upstream, each equally likely to be among them (algorithm R)."""

    __slots__ = ("reports", "seen")

    def __init__(self) -> None:
        self.reports: list[Report] = []
        self.seen = 0

    def take(self, report: Report) -> bool:
        """False where one, this or another, is left out."""
        self.seen += 1
        if len(self.reports) < _OF_ONE:
            self.reports.append(report)
            return True
        place = random.randrange(self.seen)  # noqa: S311  a sample, no secret
        if place < _OF_ONE:
            self.reports[place] = report
        return False
