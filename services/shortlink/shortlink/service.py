"""All parts of the service in one process, and what they do between requests."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import UTC, datetime

from shortlink.accounts import Accounts
from shortlink.api.models import LinkAnswer
from shortlink.cache import Cache
from shortlink.callers import Callers
from shortlink.click_queue import STREAM, ClickQueue
from shortlink.clicks import Clicks
from shortlink.database import Database, DatabaseAwayError
from shortlink.limits import Limits
from shortlink.links import Link, Links
from shortlink.lookup import Lookup
from shortlink.metrics import Gauges
from shortlink.migration import missing_migrations
from shortlink.redis_store import UNAVAILABLE, RedisStore
from shortlink.settings import Settings
from shortlink.statistics import Total, totals

log = logging.getLogger(__name__)

_HAND_ON_S = 1.0
_CHECK_TIMEOUT_S = 2.0  # the health check waits for 3
OK = "ok"


class Service:
    """The parts, by name."""

    def __init__(self, settings: Settings) -> None:
        """Raises ConfigurationError where a file that a setting names cannot be read."""
        self.settings = settings
        self.accounts = Accounts.load(settings.accounts_file)
        self.callers = Callers(settings.edge_networks)
        self.url_rule = settings.url_rule
        self.redis = RedisStore(settings.redis_url)
        self.database = Database(settings)
        self.cache = Cache(self.redis, settings.cache_s, settings.unknown_s)
        self.links = Links(self.database, self.cache, settings.code_length)
        self.lookup = Lookup(self.cache, self.links)
        self.limits = Limits(self.redis)
        self.clicks = Clicks()
        self.click_queue = ClickQueue(self.clicks, self.redis, self.database)
        self.behind_s = _HAND_ON_S + settings.flush_interval_s
        self._schema_complete = False

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """While it runs clicks are handed on; at its end, what is left of them."""
        tasks = [
            asyncio.create_task(_repeat(_HAND_ON_S, self._hand_on)),
            asyncio.create_task(_repeat(self.settings.flush_interval_s, self._write)),
        ]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self.click_queue.hand_on()
            await self.redis.close()
            await self.database.close()

    async def checks(self) -> dict[str, str]:
        """What is to be said of each store: `ok`, or the kind of trouble."""
        mariadb, redis = await asyncio.gather(self._ask_mariadb(), self._ask_redis())
        return {"mariadb": mariadb, "redis": redis}

    async def gauges(self) -> Gauges:
        """What Prometheus is told beside the counters."""
        found = Gauges()
        found.up = {store: said == OK for store, said in (await self.checks()).items()}
        with contextlib.suppress(*UNAVAILABLE):  # it says so in `up`
            found.batches_waiting = await self.redis.length(STREAM)
        return found

    async def answers(self, links: Sequence[Link]) -> list[LinkAnswer]:
        """Links as the API shows them. Raises DatabaseAwayError."""
        found = await totals(self.database, [link.id for link in links])
        now = datetime.now(UTC)
        return [self._answer(link, found.get(link.id, Total()), now) for link in links]

    def short_url(self, code: str) -> str:
        """Where visitors reach the link."""
        return f"{self.settings.public_url}/{code}"

    def _answer(self, link: Link, total: Total, now: datetime) -> LinkAnswer:
        return LinkAnswer(
            code=link.code,
            short_url=self.short_url(link.code),
            url=link.url,
            chosen=link.chosen,
            created_at=link.created_at,
            expires_at=link.expires_at,
            expired=link.expired(now),
            clicks=total.clicks,
            last_click_at=total.last_click_at,
            qr_url=f"{self.short_url(link.code)}.svg",
        )

    async def _ask_mariadb(self) -> str:
        try:
            if self._schema_complete:
                await self.database.ping(_CHECK_TIMEOUT_S)
            elif missing := await missing_migrations(self.database, _CHECK_TIMEOUT_S):
                return f"{len(missing)} migrations are missing: run `shortlink migrate`"
            self._schema_complete = True
        except DatabaseAwayError as error:
            log.warning("mariadb: %s", error)
            return "does not answer"
        return OK

    async def _ask_redis(self) -> str:
        try:
            await self.redis.ping()
        except UNAVAILABLE as error:
            return f"does not answer ({type(error).__name__})"
        return OK

    async def _hand_on(self) -> None:
        await self.click_queue.hand_on()
        try:
            await self.links.settle()
        except DatabaseAwayError as error:
            log.warning("redis is not told of changes yet: %s", error)

    async def _write(self) -> None:
        try:
            while await self.click_queue.write():
                pass
        except DatabaseAwayError as error:
            log.warning("clicks wait in redis: %s", error)
        except UNAVAILABLE:
            pass  # logged and counted; processes write themselves meanwhile


async def _repeat(pause_s: float, work: Callable[[], Awaitable[None]]) -> None:
    while True:
        await asyncio.sleep(pause_s)
        try:
            await work()
        except Exception:
            log.exception("%s failed: it is tried again", getattr(work, "__name__", "work"))
