"""Tells the pool how its proxies did, without making the caller wait."""

import logging
import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from requests import exceptions

log = logging.getLogger(__name__)

_WAITING = 1000  # reports; a pool that does not answer must not take the caller's memory


@dataclass(frozen=True, slots=True)
class Report:
    """How one proxy did."""

    proxy: str
    ok: bool
    latency_ms: int = 0
    reason: str = ""
    target: str = ""

    def content(self) -> dict[str, Any]:
        """The body of `POST /api/v2/proxies/{proxy}/report`."""
        values = {"latency_ms": self.latency_ms, "reason": self.reason, "target": self.target}
        return {"ok": self.ok, **{name: value for name, value in values.items() if value}}


class Feedback:
    """Sends reports from a thread of its own. What finds no place in the queue is dropped."""

    def __init__(self, send: Callable[[Report], None]) -> None:
        self._send = send
        self._waiting: queue.Queue[Report | None] = queue.Queue(_WAITING)
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._closed = False
        self.sent = 0
        self.dropped = 0
        """Reports that never reached the pool."""

    def put(self, report: Report) -> None:
        """Hand over one report; returns at once."""
        with self._lock:
            if self._closed:
                self.dropped += 1
                return
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._run, name="proxypool-feedback", daemon=True
                )
                self._thread.start()
            try:
                self._waiting.put_nowait(report)
            except queue.Full:
                self.dropped += 1

    def close(self, limit_s: float = 5.0) -> None:
        """Send what waits, for at most `limit_s`; later reports are dropped."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            thread = self._thread
        if thread is None:
            return
        deadline = time.monotonic() + limit_s
        try:
            self._waiting.put(None, timeout=limit_s)
        except queue.Full:
            log.warning("%d reports were not sent to the pool in time", self._waiting.qsize())
            return
        thread.join(max(0.0, deadline - time.monotonic()))
        if thread.is_alive():
            log.warning("%d reports were not sent to the pool in time", self._waiting.qsize())

    def _run(self) -> None:
        answers = True
        while (report := self._waiting.get()) is not None:
            try:
                self._send(report)
                self.sent += 1
                answers = True
            except exceptions.RequestException as error:
                self.dropped += 1
                if answers:  # once for each outage, not for each report
                    log.warning("the pool takes no reports: %s", error)
                answers = False
