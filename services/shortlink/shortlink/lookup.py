"""From a code to what it leads to: from Redis, else from MariaDB, with a copy for the next."""

from shortlink.cache import Cache, Target
from shortlink.links import Links
from shortlink.metrics import lookups


class Lookup:
    """Finds targets."""

    def __init__(self, cache: Cache, links: Links) -> None:
        self._cache = cache
        self._links = links
        self._in_redis = lookups.labels("redis").inc
        self._in_mariadb = lookups.labels("mariadb").inc

    async def kept(self, code: str) -> Target | None:
        """What Redis has of the code, NONE among it; None where it has nothing or is away."""
        found = await self._cache.get(code)
        if found is not None:
            self._in_redis()
        return found

    async def read(self, code: str) -> Target:
        """What the table has of the code; NONE where there is no such code.

        Raises DatabaseAwayError.
        """
        found = await self._links.target(code)
        self._in_mariadb()
        await self._cache.keep(code, found)
        return found
