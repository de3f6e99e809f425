"""`shortlink doctor`: what is amiss, a line of JSON for each thing looked at.

The release engine's `doctor` runs it (release/README.md): `check`, `level` (ok, attention, broken),
`says`, and in `do` what to do about it.
"""

import asyncio
import json
from collections.abc import Iterator

from shortlink.click_queue import STREAM
from shortlink.database import Database, DatabaseAwayError
from shortlink.migration import missing_migrations
from shortlink.redis_store import UNAVAILABLE, RedisStore
from shortlink.settings import Settings

HELP = "tell what is amiss, as lines of JSON for the release engine"
ONE_SHOT = True

_TIMEOUT_S = 5.0
MANY_WAITING = 2_000
"""Batches of clicks: some minutes of a busy service's."""


def run(settings: Settings) -> int:
    """Print the findings."""

    async def look() -> list[dict[str, str]]:
        return [
            *_of_mariadb(await _missing(settings)),
            *_of_redis(await _waiting(settings)),
        ]

    for finding in asyncio.run(look()):
        print(json.dumps(finding))
    return 0


async def _missing(settings: Settings) -> int | str:
    database = Database(settings)
    try:
        return len(await missing_migrations(database, _TIMEOUT_S))
    except DatabaseAwayError as error:
        return str(error)
    finally:
        await database.close()


async def _waiting(settings: Settings) -> int | str:
    redis = RedisStore(settings.redis_url)
    try:
        return await redis.length(STREAM)
    except UNAVAILABLE as error:
        return type(error).__name__
    finally:
        await redis.close()


def _of_mariadb(missing: int | str) -> Iterator[dict[str, str]]:
    if isinstance(missing, str):
        says = f"MariaDB does not answer ({missing}): links that Redis has not kept answer 503"
        yield _finding("mariadb", "broken", says, "see: fab logs mariadb")
    elif missing:
        says = f"{missing} migrations are missing"
        yield _finding("schema", "broken", says, "deploy again: it runs `shortlink migrate`")
    else:
        yield _finding("mariadb", "ok", "MariaDB answers, and has every migration")


def _of_redis(waiting: int | str) -> Iterator[dict[str, str]]:
    if isinstance(waiting, str):
        says = f"Redis does not answer ({waiting}): each redirect asks MariaDB"
        yield _finding("redis", "attention", says, "see: fab logs redis")
    elif waiting >= MANY_WAITING:
        says = f"{waiting} batches of clicks wait for MariaDB"
        yield _finding("clicks", "attention", says, "see: fab logs shortlink")
    else:
        yield _finding("clicks", "ok", f"{waiting} batches of clicks are on their way")


def _finding(check: str, level: str, says: str, do: str = "") -> dict[str, str]:
    return {"check": check, "level": level, "says": says, "do": do}
