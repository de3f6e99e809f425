"""What is amiss with the site's own work: tasks that wait, and queries that take long.

The release engine's `doctor` asks for it (release/README.md), by `luffy doctor`. It writes nothing
but how many slow queries it counted, in Redis, for its next look.
"""

import json
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass

from django.conf import settings
from django.db import connection

from luffy.redis_store import redis_client

OK, ATTENTION, BROKEN = "ok", "attention", "broken"
MANY_TASKS, TOO_MANY_TASKS = 100, 1000
SLOW_QUERIES_AN_HOUR = 10
_LOOKED_AT = f"{settings.REDIS_KEY_PREFIX}:doctor:slow_queries"
_HOUR_S = 3600


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at, and what to do about it."""

    check: str
    level: str
    says: str
    do: str = ""

    def line(self) -> str:
        """As the release engine reads it."""
        return json.dumps(asdict(self), ensure_ascii=False)


def findings() -> Iterator[Finding]:
    """Everything that there is to say.

    Raises:
        RedisError, DatabaseError: one of them does not answer.
    """
    yield _queue()
    yield _slow_queries(time.time())


def _queue() -> Finding:
    key = f"{settings.REDIS_KEY_PREFIX}:{settings.CELERY_TASK_DEFAULT_QUEUE}"
    waiting = redis_client().llen(key)
    if waiting > MANY_TASKS:
        level = BROKEN if waiting > TOO_MANY_TASKS else ATTENTION
        do = "see what the worker does: fab logs luffy_worker"
        return Finding("queue", level, f"{waiting} tasks wait for a worker", do)
    return Finding("queue", OK, f"{waiting} tasks wait for a worker")


def _slow_queries(now_s: float) -> Finding:
    """How many there were since the last look, an hour ago or more; the first look compares with
    the database's start. MariaDB counts what takes longer than `long_query_time`."""
    counted, up_s = _status("Slow_queries"), _status("Uptime")
    before = json.loads(redis_client().get(_LOOKED_AT) or "{}")
    started = now_s - up_s
    if not before or before["at_s"] < started or before["count"] > counted:
        before = {"at_s": started, "count": 0}
    elapsed_s = now_s - before["at_s"]
    if elapsed_s >= _HOUR_S:
        text = json.dumps({"at_s": now_s, "count": counted})
        redis_client().set(_LOOKED_AT, text, ex=30 * 24 * _HOUR_S)
    found = counted - before["count"]
    hours = max(elapsed_s / _HOUR_S, 1.0)
    says = f"{found} slow queries within {hours:.0f} h"
    if found / hours <= SLOW_QUERIES_AN_HOUR:
        return Finding("queries", OK, says)
    do = "set mariadb_slow_query_seconds for a while, and see: fab logs mariadb"
    return Finding("queries", ATTENTION, says, do)


def _status(name: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute("SHOW GLOBAL STATUS LIKE %s", [name])
        row = cursor.fetchone()
    return int(row[1])
