"""Heartbeats that tell whether worker and beat do their work: as files, and in Redis.

A health check compares the file's age with a limit (bin/luffy-health). That costs nothing, while
`celery inspect ping` starts a Python process with the whole application each time. The same beats
are told to Redis, where the status of the site (`luffy.status`) reads them from another container.
"""

import logging
import tempfile
from pathlib import Path
from typing import Any

from celery import bootsteps
from celery.beat import PersistentScheduler
from django.conf import settings
from redis.exceptions import RedisError

from luffy.redis_store import redis_client

logger = logging.getLogger(__name__)

INTERVAL_S = 10
REMEMBERED_S = 24 * 3600
"""How long Redis remembers a heartbeat: its age is what is gone of that, by Redis' own clock."""


def heartbeat_file(service: str) -> Path:
    """The file that `service` (worker, beat) touches."""
    return Path(tempfile.gettempdir()) / f"luffy-{service}.heartbeat"


def heartbeat_key(service: str) -> str:
    """The key in Redis that `service` sets."""
    return f"{settings.REDIS_KEY_PREFIX}:heartbeat:{service}"


def beat(service: str) -> None:
    """Tell that `service` works. The file decides of its health; Redis is for people to look at."""
    heartbeat_file(service).touch()
    try:
        redis_client().set(heartbeat_key(service), "1", ex=REMEMBERED_S)
    except RedisError as error:
        logger.warning("the heartbeat of %s was not told to Redis: %s", service, error)


class ConsumerHeartbeat(bootsteps.StartStopStep):
    """The worker's, from the loop that takes tasks, while it has its broker.

    It stops with the consumer when the connection is lost, and starts again with it.
    """

    requires = ("celery.worker.consumer.tasks:Tasks",)

    def __init__(self, consumer: Any, **options: Any) -> None:
        super().__init__(consumer, **options)
        self._timer: Any = None

    def start(self, consumer: Any) -> None:
        """Begin to beat."""
        beat("worker")
        self._timer = consumer.timer.call_repeatedly(INTERVAL_S, beat, ("worker",), priority=10)

    def stop(self, consumer: Any) -> None:
        """Leave the last one to age."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


class HeartbeatScheduler(PersistentScheduler):
    """Celery's scheduler, which beats as long as its tasks reach the broker."""

    _reaches_broker = True

    def tick(self, *arguments: Any, **options: Any) -> Any:
        """Send what is due; returns the seconds until the next task."""
        wait_s = super().tick(*arguments, **options)
        if self._reaches_broker:
            beat("beat")
        return wait_s

    def apply_async(self, *arguments: Any, **options: Any) -> Any:
        """Send one task, and remember whether it could be sent."""
        self._reaches_broker = False
        result = super().apply_async(*arguments, **options)
        self._reaches_broker = True
        return result
