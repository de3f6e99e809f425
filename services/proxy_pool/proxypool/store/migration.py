"""A pool of an earlier layout is taken over where it stands, and so is the reference's."""

import logging
from typing import Any

from redis.asyncio import Redis

from proxypool.address import BadAddressError, Upstream
from proxypool.candidate import Candidate
from proxypool.problems import ConfigurationError, Problem
from proxypool.protocol import Protocol
from proxypool.store.keys import LAYOUT
from proxypool.store.work import Added, WorkStore

log = logging.getLogger(__name__)

_PIECE = 100
_REFERENCE_PIECE = 500


class MigrationStore(WorkStore):
    """Runs once for each process, before its first work."""

    _is_migrated = False

    async def dispatch(self) -> int:
        """As `WorkStore.dispatch`, on a pool of this layout."""
        await self._migrate_once()
        return await super().dispatch()

    async def ensure_group(self) -> None:
        """As `WorkStore.ensure_group`, on a pool of this layout."""
        await self._migrate_once()
        await super().ensure_group()

    async def _migrate_once(self) -> None:
        if not self._is_migrated:
            await self.migrate()
            self._is_migrated = True

    async def migrate(self) -> int:
        """Bring a pool of an earlier layout to this one; how many records were completed.

        May run any number of times, also at once, and go on where it was interrupted. The pool
        serves meanwhile. Raises ConfigurationError where the layout is a later one.
        """
        text = await self._redis.hget(self._key(":meta"), "layout")
        found = int(text) if text and text.isdecimal() else 0
        if found > LAYOUT:
            raise ConfigurationError(
                [
                    Problem(
                        f"the store {self._table}",
                        f"layout {LAYOUT} or an earlier one",
                        f"layout {found}, of a later version of the pool",
                        "run that version, or set TABLE_NAME to begin another pool",
                    )
                ]
            )
        # An earlier version that ran in between leaves its sets behind, and records in no facet.
        earlier = await self._redis.exists(self._key(":all"), self._key(":https"))
        if found == LAYOUT and not earlier:
            return 0
        completed = await self._complete_records()
        await self._heal()
        await self._count_listed()
        await self._drop_earlier_keys()
        await self._redis.hset(self._key(":meta"), "layout", str(LAYOUT))
        if completed:
            log.info("took over %d proxies of an earlier layout", completed)
        return completed

    async def import_reference(self, name: str = "use_proxy", url: str = "") -> Added:
        """Take the reference's pool over as candidates: the hash `name`, `ip:port` → JSON.

        `url`: the Redis that it lies in, where that is not the store's own. What is no address is
        left out, and counted in the log.
        """
        other = Redis.from_url(url, decode_responses=True) if url else None
        redis: Any = self._redis if other is None else other
        total, skipped = Added(), 0
        try:
            cursor = 0
            while True:
                cursor, page = await redis.hscan(name, cursor, count=_REFERENCE_PIECE)
                candidates = []
                for proxy in page:
                    try:
                        upstream = Upstream.parse(proxy)
                    except BadAddressError:
                        skipped += 1
                        continue
                    candidates.append(Candidate(upstream, Protocol.HTTP))
                total += await self.add("reference", candidates)
                if not cursor:
                    break
        finally:
            if other is not None:
                await other.aclose()
        if skipped:
            log.warning("%s: left out %d entries that are no addresses", name, skipped)
        return total

    async def _complete_records(self) -> int:
        cursor = "0"
        completed = 0
        while True:
            cursor, more, damaged = await self._run("migrate", self._rules, cursor, _PIECE)
            self._warn_of(damaged)
            completed += int(more)
            if cursor == "0":
                return completed

    async def _heal(self) -> None:
        cursor = "0"
        while True:
            cursor, healed = await self._run("heal", cursor, _PIECE)
            if healed:
                log.warning("took out %d proxies without a record", healed)
            if cursor == "0":
                return

    async def _count_listed(self) -> None:
        cursor = "0"
        while True:
            cursor, damaged = await self._run("relist", cursor, _PIECE)
            self._warn_of(damaged)
            if cursor == "0":
                return

    async def _drop_earlier_keys(self) -> None:
        for suffix in (":all", ":https"):
            while await self._redis.spop(self._key(suffix), 1000):
                continue
        for field in await self._redis.hkeys(self._key(":by_source")):
            await self._redis.hdel(self._key(":by_source"), field)
