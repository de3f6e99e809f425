"""Files whose age tells whether worker and beat do their work.

A health check compares the file's age with a limit (bin/luffy-health). That costs nothing, while
`celery inspect ping` starts a Python process with the whole application each time.
"""

import tempfile
from pathlib import Path
from typing import Any

from celery import bootsteps
from celery.beat import PersistentScheduler

INTERVAL_S = 10


def heartbeat_file(service: str) -> Path:
    """The file that `service` (worker, beat) touches."""
    return Path(tempfile.gettempdir()) / f"luffy-{service}.heartbeat"


class ConsumerHeartbeat(bootsteps.StartStopStep):
    """Touches the worker's file from the loop that takes tasks, while it has its broker.

    It stops with the consumer when the connection is lost, and starts again with it.
    """

    requires = ("celery.worker.consumer.tasks:Tasks",)

    def __init__(self, consumer: Any, **options: Any) -> None:
        super().__init__(consumer, **options)
        self._timer: Any = None

    def start(self, consumer: Any) -> None:
        """Begin to touch the file."""
        heartbeat_file("worker").touch()
        self._timer = consumer.timer.call_repeatedly(
            INTERVAL_S, heartbeat_file("worker").touch, priority=10
        )

    def stop(self, consumer: Any) -> None:
        """Leave the file to age."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


class HeartbeatScheduler(PersistentScheduler):
    """Celery's scheduler, which touches beat's file as long as its tasks reach the broker."""

    _reaches_broker = True

    def tick(self, *arguments: Any, **options: Any) -> Any:
        """Send what is due; returns the seconds until the next task."""
        wait_s = super().tick(*arguments, **options)
        if self._reaches_broker:
            heartbeat_file("beat").touch()
        return wait_s

    def apply_async(self, *arguments: Any, **options: Any) -> Any:
        """Send one task, and remember whether it could be sent."""
        self._reaches_broker = False
        result = super().apply_async(*arguments, **options)
        self._reaches_broker = True
        return result
