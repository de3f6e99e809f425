"""How often something may be done, counted in Redis over all processes.

A window begins with its first use and ends a fixed time later. While Redis is away each process
counts for itself: somebody may do a little more then, and nothing is refused for that alone.
"""

import math
import time
from collections import OrderedDict
from dataclasses import dataclass

from shortlink.redis_store import UNAVAILABLE, RedisStore

_KEPT = 10_000
# Takes a use where there is one left; answers how many milliseconds are to be waited, else 0.
_TAKE = """
if tonumber(redis.call('GET', KEYS[1]) or '0') >= tonumber(ARGV[1]) then
  return math.max(redis.call('PTTL', KEYS[1]), 1)
end
if redis.call('INCR', KEYS[1]) == 1 then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
return 0
"""
_LEFT = """
if tonumber(redis.call('GET', KEYS[1]) or '0') < tonumber(ARGV[1]) then return 0 end
return math.max(redis.call('PTTL', KEYS[1]), 1)
"""


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `most` uses in `window_s` seconds for each subject."""

    name: str
    most: int
    window_s: int

    def __str__(self) -> str:
        return f"at most {self.most} in {self.window_s} s"


class Limits:
    """Counts uses. What is answered are whole seconds to wait, 0 where there is a use left."""

    def __init__(self, redis: RedisStore) -> None:
        self._redis = redis
        self._own = OwnWindows()

    async def take(self, limit: Limit, subject: str) -> int:
        """Use the limit once, if it is not used up."""
        try:
            wait_ms = await self._redis.run(
                _TAKE, [_key(limit, subject)], [limit.most, limit.window_s * 1000]
            )
        except UNAVAILABLE:
            return self._own.take(limit, subject)
        return math.ceil(int(wait_ms) / 1000)

    async def wait_s(self, limit: Limit, subject: str) -> int:
        """Whether it is used up; uses none."""
        try:
            wait_ms = await self._redis.run(_LEFT, [_key(limit, subject)], [limit.most])
        except UNAVAILABLE:
            return self._own.wait_s(limit, subject)
        return math.ceil(int(wait_ms) / 1000)


class OwnWindows:
    """The same in this process's memory, which is bounded, whoever calls."""

    def __init__(self) -> None:
        self._windows: OrderedDict[str, tuple[float, int]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._windows)

    def take(self, limit: Limit, subject: str) -> int:
        """As in Limits."""
        if wait_s := self.wait_s(limit, subject):
            return wait_s
        now, key = time.monotonic(), _key(limit, subject)
        end, used = self._windows.get(key, (0.0, 0))
        if end <= now:
            end, used = now + limit.window_s, 0
        self._windows[key] = (end, used + 1)
        self._windows.move_to_end(key)
        if len(self._windows) > _KEPT:
            self._windows.popitem(last=False)
        return 0

    def wait_s(self, limit: Limit, subject: str) -> int:
        """As in Limits."""
        end, used = self._windows.get(_key(limit, subject), (0.0, 0))
        left_s = end - time.monotonic()
        return math.ceil(left_s) if left_s > 0 and used >= limit.most else 0


def _key(limit: Limit, subject: str) -> str:
    return f"shortlink:limit:{limit.name}:{subject}"
