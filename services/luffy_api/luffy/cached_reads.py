"""Answers kept in Redis, dropped when what they show is saved, and never needed to be there.

Each group of answers has a generation, a random word in Redis that is part of every key. To drop
the group is to write a new word: whoever began to read before that stores under the old one, where
nobody looks any more.

Without Redis every read is built from the database. A Redis that does not answer is left alone for
a moment, so that not every request has to wait for it to fail.
"""

import json
import logging
import time
import uuid
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.utils.translation import get_language
from redis.exceptions import RedisError

from luffy.metrics import cache_reads

logger = logging.getLogger(__name__)

PAUSE_AFTER_FAILURE_S = 2.0


class JSONSerializer:
    """Values in Redis as JSON: unlike a pickle, one that was tampered with runs no code."""

    def dumps(self, value: Any) -> bytes:
        """Turn a value into what is stored."""
        return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()

    def loads(self, stored: bytes) -> Any:
        """Turn what is stored back into the value."""
        return json.loads(stored)


class _Availability:
    """Whether Redis is worth asking, as this process last saw it."""

    def __init__(self) -> None:
        self._failed_at: float | None = None

    def ask(self) -> bool:
        paused = self._failed_at is not None
        return not (paused and time.monotonic() - (self._failed_at or 0) < PAUSE_AFTER_FAILURE_S)

    def failed(self, doing: str, error: Exception) -> None:
        logger.warning("Redis did not answer (%s); reading from the database: %s", doing, error)
        self._failed_at = time.monotonic()

    def answered(self) -> None:
        if self._failed_at is not None:
            logger.info("Redis answers again")
            self._failed_at = None


redis_availability = _Availability()


class CachedReads:
    """A group of answers that are dropped together."""

    def __init__(self, group: str) -> None:
        self._group = group
        self._owes_invalidation = False

    def get(self, key: str, build: Callable[[], Any]) -> Any:
        """The answer under `key`, in the request's language; `build()` makes a missing one.

        `build` returns what JSON can hold. What it raises is passed on and nothing is stored.
        """
        full_key = self._full_key(key)
        if full_key is None:
            cache_reads.labels(self._group, "away").inc()
            return build()
        stored = self._attempt("reading", lambda: cache.get(full_key))
        cache_reads.labels(self._group, "miss" if stored is None else "hit").inc()
        if stored is not None:
            return stored["answer"]
        return self._store(full_key, build())

    def refresh(self, key: str, build: Callable[[], Any]) -> None:
        """Build the answer under `key` anew although the stored one has not run out.

        Raises:
            RedisError: when it could not be stored.
        """
        answer = build()
        full_key = self._generation_key(cache.get(self._name) or self._new_generation(), key)
        cache.set(full_key, {"answer": answer})

    def invalidate(self) -> None:
        """Drop every answer of the group.

        With Redis gone this process does it before its next read; another one may show what it had
        until it runs out (`settings.CACHE_LIFETIME_S`).
        """
        try:
            cache.set(self._name, uuid.uuid4().hex, timeout=None)
            self._owes_invalidation = False
        except RedisError as error:
            self._owes_invalidation = True
            logger.warning(
                "Redis did not take an invalidation; stale answers of %s last %d s at most: %s",
                self._group,
                settings.CACHE_LIFETIME_S,
                error,
            )

    @property
    def _name(self) -> str:
        return f"generation:{self._group}"

    def _generation_key(self, generation: str, key: str) -> str:
        return f"{self._group}:{generation}:{get_language()}:{key}"

    def _new_generation(self) -> str:
        # `add` lets the first of several processes win; all of them then use its word.
        cache.add(self._name, uuid.uuid4().hex, timeout=None)
        return str(cache.get(self._name))

    def _full_key(self, key: str) -> str | None:
        if not redis_availability.ask():
            return None
        if self._owes_invalidation:
            self.invalidate()
        generation = self._attempt(
            "reading", lambda: cache.get(self._name) or self._new_generation()
        )
        return self._generation_key(generation, key) if generation else None

    def _store(self, full_key: str, answer: Any) -> Any:
        # In an envelope, so that an empty list is told apart from nothing stored.
        self._attempt("writing", lambda: cache.set(full_key, {"answer": answer}))
        return answer

    def _attempt(self, doing: str, call: Callable[[], Any]) -> Any:
        try:
            value = call()
        except RedisError as error:
            redis_availability.failed(doing, error)
            return None
        redis_availability.answered()
        return value
