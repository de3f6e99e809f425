"""Is the process alive, and can it do its work.

`/healthz` answers 200 as long as requests are answered at all. `/readyz` names each dependency:

    {"status": "ready", "checks": {"database": "ok", "schema": "ok", "redis": "ok"}}

It answers 503 with status "unavailable" while the database is out of reach or lacks a migration
that this code needs. Without Redis the catalogue is read from the database, so that is "degraded"
and 200: taking the service out of rotation would turn a slow site into none.
"""

import logging
from collections.abc import Callable

from django.db import DatabaseError, connection, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, JsonResponse
from django.http.response import HttpResponseBase
from redis.exceptions import RedisError

from luffy import metrics
from luffy.redis_store import redis_client

logger = logging.getLogger(__name__)

OK = "ok"


def health_answers(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """Middleware that answers health checks, and Prometheus, before the Host header or the scheme
    is looked at."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        if request.path == "/healthz":
            return JsonResponse({"status": "alive"})
        if request.path == "/readyz":
            return _readiness()
        if request.path == metrics.PATH:
            return metrics.answer(request)
        return get_response(request)

    return middleware


def _readiness() -> JsonResponse:
    database = _check("database", _ask_database)
    # Not asked of a database that is out of reach: it would wait for the same timeout again.
    schema = _check("schema", _ask_schema) if database == OK else "not asked"
    redis = _check("redis", _ask_redis)
    if database != OK or schema != OK:
        status = "unavailable"
    else:
        status = "ready" if redis == OK else "degraded"
    checks = {"database": database, "schema": schema, "redis": redis}
    return JsonResponse(
        {"status": status, "checks": checks}, status=503 if status == "unavailable" else 200
    )


def _check(name: str, ask: Callable[[], str]) -> str:
    """What `ask` says; the error's kind is shown, its text (which may name hosts) is logged."""
    try:
        return ask()
    except (DatabaseError, RedisError) as error:
        logger.warning("%s is not ready: %s", name, error)
        return f"unavailable ({type(error).__name__})"


def _ask_database() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return OK


class _Schema:
    """Whether every migration of this code is applied; once true, it stays so."""

    def __init__(self) -> None:
        self._complete = False

    def missing(self, connection: BaseDatabaseWrapper) -> int:
        """How many are not."""
        if self._complete:
            return 0
        executor = MigrationExecutor(connection)
        missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
        self._complete = not missing
        return len(missing)


_schema = _Schema()


def schema_is_complete(connection: BaseDatabaseWrapper) -> bool:
    """Whether the database behind `connection` has every migration of this code."""
    return not _schema.missing(connection)


def _ask_schema() -> str:
    missing = _schema.missing(connections["default"])
    return f"{missing} migrations are missing; run `luffy migrate`" if missing else OK


def _ask_redis() -> str:
    # A key that is never set: the answer is nothing, but Redis has to give it.
    redis_client().ping()
    return OK
