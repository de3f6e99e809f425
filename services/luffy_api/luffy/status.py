"""What the parts of the API do just now, for the page that an operator looks at.

For everybody to read, so it says what works and nothing else: no version, name or error text. It
answers whatever is gone, and does not wait long for what hangs: the database is asked over a
connection of its own. What was seen is kept for a moment, and only one caller at a time looks.
"""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from django.db import Error as DatabaseFault
from django.db import connections
from redis.exceptions import RedisError

from luffy import health
from luffy.heartbeat import REMEMBERED_S, heartbeat_key
from luffy.redis_store import redis_client

logger = logging.getLogger(__name__)

OK, FAILING, UNKNOWN = "ok", "failing", "unknown"
STATES = (OK, FAILING, UNKNOWN)
KEPT_FOR_S = 2.0
SILENT_AFTER_S = 35
"""Three heartbeats that did not come, as in bin/luffy-health."""
_TIMEOUTS = {"connect_timeout": 1, "read_timeout": 2, "write_timeout": 2}
"""Of the database, in seconds: shorter than what a request may take."""


@dataclass(frozen=True)
class Part:
    """How one part is, and for how many seconds it has been silent, if it sends heartbeats."""

    state: str
    seconds: int | None = None


@dataclass(frozen=True)
class Status:
    """What was seen, and when."""

    parts: dict[str, Part]
    seen: datetime = field(default_factory=lambda: datetime.now(UTC))


class _Kept:
    """The last look, for as long as it counts."""

    def __init__(self, look: Callable[[], Status]) -> None:
        self._look = look
        self._busy = threading.Lock()
        self._last: Status | None = None
        self._until = 0.0

    def get(self) -> Status:
        """What was seen in the last KEPT_FOR_S seconds; while somebody looks, what was before."""
        last = self._last
        if last is not None and time.monotonic() < self._until:
            return last
        # Who comes while another looks gets the old one, and waits only where there is none.
        if not self._busy.acquire(blocking=last is None) and last is not None:
            return last
        try:
            if self._last is last:
                self._last = self._look()
                self._until = time.monotonic() + KEPT_FOR_S
            return self._last or self._look()
        finally:
            self._busy.release()

    def forget(self) -> None:
        """Have the next caller look."""
        self._last, self._until = None, 0.0


def _look() -> Status:
    return Status({**_database(), **_redis()})


def _database() -> dict[str, Part]:
    connection = connections.create_connection("default")
    own = connection.settings_dict
    connection.settings_dict = own | {"OPTIONS": own["OPTIONS"] | _TIMEOUTS}
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        complete = health.schema_is_complete(connection)
    except DatabaseFault as error:
        logger.warning("the status says that the database fails: %s", error)
        return {"database": Part(FAILING), "schema": Part(UNKNOWN)}
    finally:
        connection.close()
    return {"database": Part(OK), "schema": Part(OK if complete else FAILING)}


def _redis() -> dict[str, Part]:
    pipeline = redis_client().pipeline(transaction=False)
    pipeline.ping()
    for service in ("worker", "beat"):
        pipeline.pttl(heartbeat_key(service))
    try:
        _pong, worker_ms, beat_ms = pipeline.execute()
    except RedisError as error:
        logger.warning("the status says that Redis fails: %s", error)
        return {"redis": Part(FAILING), "worker": Part(UNKNOWN), "beat": Part(UNKNOWN)}
    return {"redis": Part(OK), "worker": _heard(worker_ms), "beat": _heard(beat_ms)}


def _heard(left_ms: int) -> Part:
    """Of a heartbeat that Redis forgets in `left_ms`; negative where there is none."""
    if left_ms < 0:
        return Part(FAILING)
    # What is left is rounded up: a heartbeat of just now is 0 s old.
    seconds = REMEMBERED_S + -left_ms // 1000
    return Part(OK if seconds <= SILENT_AFTER_S else FAILING, seconds)


site_status = _Kept(_look)
