"""Answers kept in Redis, dropped when what they show is saved, and never needed to be there.

Kept is the text that is sent: an answer from Redis is neither read nor written as JSON again.

Each group of answers has a generation, a random word in Redis that is part of every key. To drop
the group is to write a new word: whoever began to read before that stores under the old one, where
nobody looks any more. Word and answer are asked for at once, under the word that was seen last.

Without Redis every read is built from the database. A Redis that does not answer is left alone for
a moment, so that not every request has to wait for it to fail.
"""

import logging
import time
import uuid
from collections.abc import Callable
from typing import Any, cast

from django.conf import settings
from django.utils.translation import get_language
from redis.exceptions import RedisError

from luffy.metrics import cache_reads
from luffy.redis_store import redis_client

logger = logging.getLogger(__name__)

PAUSE_AFTER_FAILURE_S = 2.0


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
        self._seen: bytes | None = None
        self._owes_invalidation = False

    def get(self, key: str, build: Callable[[], bytes]) -> bytes:
        """The answer under `key`, in the request's language; `build()` makes a missing one.

        What `build` raises is passed on and nothing is stored.
        """
        looked = self._look(key)
        if looked is None:
            cache_reads.labels(self._group, "away").inc()
            return build()
        generation, stored = looked
        cache_reads.labels(self._group, "miss" if stored is None else "hit").inc()
        if stored is not None:
            return stored
        answer = build()
        self._attempt("writing", lambda: self._store(generation, key, answer))
        return answer

    def refresh(self, key: str, build: Callable[[], bytes]) -> None:
        """Build the answer under `key` anew although the stored one has not run out.

        Raises:
            RedisError: when it could not be stored.
        """
        answer = build()
        generation = redis_client().get(self._name) or self._new_generation()
        self._store(cast("bytes", generation), key, answer)

    def invalidate(self) -> None:
        """Drop every answer of the group.

        With Redis gone this process does it before its next read; another one may show what it had
        until it runs out (`settings.CACHE_LIFETIME_S`).
        """
        try:
            redis_client().set(self._name, _new_word())
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
        return f"{settings.REDIS_KEY_PREFIX}:generation:{self._group}"

    def _full_key(self, generation: bytes, key: str) -> str:
        word = generation.decode()
        return f"{settings.REDIS_KEY_PREFIX}:reads:{self._group}:{word}:{get_language()}:{key}"

    def _look(self, key: str) -> tuple[bytes, bytes | None] | None:
        """The generation and what is stored; nothing where Redis is not to be asked, or fails."""
        if not redis_availability.ask():
            return None
        if self._owes_invalidation:
            self.invalidate()
        found = self._attempt("reading", lambda: self._read(key))
        return cast("tuple[bytes, bytes | None] | None", found)

    def _read(self, key: str) -> tuple[bytes, bytes | None]:
        guess = self._seen
        names = [self._name, *([self._full_key(guess, key)] if guess else [])]
        generation, *stored = cast("list[bytes | None]", redis_client().mget(names))
        if generation is not None and generation == guess:
            return generation, stored[0]
        self._seen = generation = generation or self._new_generation()
        return generation, cast("bytes | None", redis_client().get(self._full_key(generation, key)))

    def _new_generation(self) -> bytes:
        # The first of several processes wins; all of them then use its word.
        redis_client().set(self._name, _new_word(), nx=True)
        return cast("bytes", redis_client().get(self._name))

    def _store(self, generation: bytes, key: str, answer: bytes) -> None:
        redis_client().set(self._full_key(generation, key), answer, ex=settings.CACHE_LIFETIME_S)

    def _attempt(self, doing: str, call: Callable[[], Any]) -> Any:
        try:
            value = call()
        except RedisError as error:
            redis_availability.failed(doing, error)
            return None
        redis_availability.answered()
        return value


def _new_word() -> str:
    return uuid.uuid4().hex
