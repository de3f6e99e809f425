"""The way of clicks: from each process to a stream in Redis, and from there to MariaDB.

While Redis is away a process writes to MariaDB itself; while both are, it keeps what it has.
"""

import asyncio
import logging
from collections import Counter, deque
from collections.abc import Container, Iterable, Sequence
from datetime import UTC, datetime

from shortlink.clicks import MOST_KEYS, OTHERS, Batch, Clicks, day_of
from shortlink.database import Connection, Database, DatabaseAwayError
from shortlink.metrics import clicks_lost, clicks_written
from shortlink.redis_store import UNAVAILABLE, RedisStore

log = logging.getLogger(__name__)

STREAM = "shortlink:clicks"
_MOST_WAITING = 20_000  # batches in Redis; beyond them processes keep their own
_MOST_KEPT = 8  # batches in a process while both stores are away
_AT_ONCE = 200
_LINKS_AT_ONCE = 10_000
_MOST_HOSTS = 100  # referrers of a link that are counted one by one
_WRITE_TIMEOUT_S = 30.0
_LOCK = "shortlink.clicks"


class ClickQueue:
    """Hands one process's clicks on, and writes everybody's."""

    def __init__(self, clicks: Clicks, redis: RedisStore, database: Database) -> None:
        self._clicks = clicks
        self._redis = redis
        self._database = database
        self._kept: deque[Batch] = deque()
        self._handing_on = asyncio.Lock()

    async def hand_on(self) -> None:
        """Give what was clicked to Redis, or to MariaDB where that fails; keep it where both do."""
        async with self._handing_on:
            self._collect()
            while self._kept:
                batch = self._kept[0]
                if not (await self._to_redis(batch) or await self._to_mariadb(batch)):
                    return
                self._kept.popleft()

    async def write(self) -> bool:
        """Write what waits in Redis into MariaDB; whether something may be left.

        Raises DatabaseAwayError and those of UNAVAILABLE. One process at a time does it: MariaDB's
        lock is gone with its connection.
        """
        async with self._database.connection(_WRITE_TIMEOUT_S) as connection:
            if await connection.row("SELECT GET_LOCK(%s, 0)", (_LOCK,)) != (1,):
                return False
            try:
                entries = await self._redis.first(STREAM, _AT_ONCE)
                await _write(connection, _batches(entries))
                await self._redis.drop(STREAM, [number for number, _ in entries])
            finally:
                await connection.rows("SELECT RELEASE_LOCK(%s)", (_LOCK,))
        return len(entries) == _AT_ONCE

    def _collect(self) -> None:
        if len(self._kept) >= _MOST_KEPT:
            # The last one was never handed to anybody: it may still grow.
            newest = self._clicks.take()
            if newest is not None:
                _merge(self._kept[-1], newest)
            return
        if (batch := self._clicks.take()) is not None:
            self._kept.append(batch)

    async def _to_redis(self, batch: Batch) -> bool:
        try:
            fields = {"id": batch.id, "batch": batch.to_json()}
            return await self._redis.append(STREAM, fields, _MOST_WAITING)
        except UNAVAILABLE:
            return False

    async def _to_mariadb(self, batch: Batch) -> bool:
        try:
            async with self._database.connection(_WRITE_TIMEOUT_S) as connection:
                await _write(connection, [batch])
        except DatabaseAwayError as error:
            log.warning("clicks wait in this process: %s", error)
            return False
        return True


def _merge(into: Batch, more: Batch) -> None:
    for key, count in more.counts.items():
        if key in into.counts or len(into.counts) < 2 * MOST_KEYS:
            into.counts[key] += count
        else:
            clicks_lost.inc(count)
    into.last.update(more.last)


def _batches(entries: Iterable[tuple[str, dict[str, str]]]) -> list[Batch]:
    found: dict[str, Batch] = {}
    for number, fields in entries:
        try:
            batch = Batch.from_json(fields.get("id", ""), fields.get("batch", ""))
        except ValueError as error:
            # It would be there for ever, and nobody could read it.
            log.error("entry %s of %s is dropped: %s", number, STREAM, error)
            continue
        found[batch.id] = batch
    return list(found.values())


async def _write(connection: Connection, batches: Sequence[Batch]) -> None:
    """Add the batches that are not in the tables yet, all or none; of links that live alone."""
    if not batches:
        return
    await connection.begin()
    now = datetime.now(UTC).replace(tzinfo=None, microsecond=0)
    noted = await connection.rows(
        "INSERT IGNORE INTO click_batches (id, written_at) VALUES "  # noqa: S608  places alone
        f"{', '.join(['(%s, %s)'] * len(batches))} RETURNING id",
        [value for batch in batches for value in (batch.id, now)],
    )
    ids = {row[0] for row in noted}
    new = [batch for batch in batches if batch.id in ids]
    living = await _living(connection, {link for batch in new for link, _, _ in batch.counts})
    days, referrers, last = _summed(new, living)
    await connection.change_many(
        "INSERT INTO link_days (link_id, day, clicks, last_click_at) VALUES (%s, %s, %s, %s) "
        "ON DUPLICATE KEY UPDATE clicks = clicks + VALUES(clicks), "
        "last_click_at = GREATEST(last_click_at, VALUES(last_click_at))",
        [
            (link, day_of(day), count, _moment(last[link], day))
            for (link, day), count in sorted(days.items())
        ],
    )
    await connection.change_many(
        "INSERT INTO link_referrers (link_id, host, clicks) VALUES (%s, %s, %s) "
        "ON DUPLICATE KEY UPDATE clicks = clicks + VALUES(clicks)",
        [
            (link, host, count)
            for (link, host), count in sorted((await _few(connection, referrers)).items())
        ],
    )
    await connection.change(
        "DELETE FROM click_batches WHERE written_at < UTC_TIMESTAMP() - INTERVAL 1 DAY LIMIT 1000"
    )
    await connection.commit()
    clicks_written.inc(days.total())


async def _living(connection: Connection, links: Iterable[int]) -> set[int]:
    """Those of the links that are not deleted, nor will be before this transaction ends."""
    wanted = sorted(links)
    found: set[int] = set()
    for first in range(0, len(wanted), _LINKS_AT_ONCE):
        some = wanted[first : first + _LINKS_AT_ONCE]
        rows = await connection.rows(
            "SELECT id FROM links WHERE deleted_at IS NULL "  # noqa: S608  places alone
            f"AND id IN ({', '.join(['%s'] * len(some))}) LOCK IN SHARE MODE",
            some,
        )
        found.update(row[0] for row in rows)
    return found


def _summed(
    batches: Iterable[Batch],
    living: Container[int],
) -> tuple[Counter[tuple[int, int]], Counter[tuple[int, str]], dict[int, int]]:
    days: Counter[tuple[int, int]] = Counter()
    referrers: Counter[tuple[int, str]] = Counter()
    last: dict[int, int] = {}
    for batch in batches:
        for (link, day, host), count in batch.counts.items():
            if link in living:
                days[link, day] += count
                referrers[link, host] += count
        for link, moment in batch.last.items():
            last[link] = max(moment, last.get(link, 0))
    return days, referrers, last


def _moment(last: int, day: int) -> datetime:
    """The last click of that day; of a day that ended in this batch it is the day's end at most."""
    end = (day + 1) * 86_400 - 1
    return datetime.fromtimestamp(min(last, end), UTC).replace(tzinfo=None)


async def _few(
    connection: Connection, referrers: Counter[tuple[int, str]]
) -> Counter[tuple[int, str]]:
    """The same, with what would be a link's 101st host and later ones as one.

    Callers choose what stands in Referer: without this anybody could fill the table.
    """
    named = sorted({link for link, host in referrers if host not in ("", OTHERS)})
    if not named:
        return referrers
    places = ", ".join(["%s"] * len(named))
    known: dict[int, set[str]] = {link: set() for link in named}
    for link, host in await connection.rows(
        f"SELECT link_id, host FROM link_referrers WHERE link_id IN ({places})",  # noqa: S608
        named,
    ):
        known[link].add(host)
    for hosts in known.values():
        hosts -= {"", OTHERS}
    few: Counter[tuple[int, str]] = Counter()
    for (link, host), count in sorted(referrers.items()):
        hosts = known.get(link, set())
        if host not in ("", OTHERS) and host not in hosts:
            if len(hosts) >= _MOST_HOSTS:
                host = OTHERS
            else:
                hosts.add(host)
        few[link, host] += count
    return few
