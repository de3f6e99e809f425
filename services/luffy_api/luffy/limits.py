"""How often something may be done, counted in Redis over all processes.

A window begins with its first use and ends a fixed time later. Several limits are taken as one: if
any of them is used up, none is counted.
"""

from dataclasses import dataclass
from typing import cast

from django.utils.translation import gettext_lazy as _
from rest_framework.exceptions import APIException

from luffy.redis_store import private_key, redis_client

# KEYS: counters. ARGV: for each its limit and its window in milliseconds. Answers how many
# milliseconds are to be waited, 0 when all were counted.
_TAKE = """
local wait = 0
for i, key in ipairs(KEYS) do
  if tonumber(redis.call('GET', key) or '0') >= tonumber(ARGV[2 * i - 1]) then
    wait = math.max(wait, redis.call('PTTL', key), 1)
  end
end
if wait > 0 then return wait end
for i, key in ipairs(KEYS) do
  if redis.call('INCR', key) == 1 then redis.call('PEXPIRE', key, ARGV[2 * i]) end
end
return 0
"""
_GIVE_BACK = """
for _, key in ipairs(KEYS) do
  if tonumber(redis.call('GET', key) or '0') > 0 then redis.call('DECR', key) end
end
"""


class TooManyRequests(APIException):
    """A limit is used up; `wait` (the header `Retry-After`) says for how many seconds."""

    status_code = 429
    default_detail = _("Too many requests. Please wait a moment.")
    default_code = "throttled"

    def __init__(self, wait_s: int) -> None:
        super().__init__()
        self.wait = wait_s  # the name that DRF looks for


@dataclass(frozen=True)
class Use:
    """One use of a limit by one subject."""

    key: str
    most: int
    window_s: int


@dataclass(frozen=True)
class Limit:
    """At most `most` uses in `window_s` seconds for each subject."""

    name: str
    most: int
    window_s: int

    def by(self, *subjects: str) -> Use:
        """A use by `subjects`, who are one: a phone, or a name from an address."""
        return Use(private_key("limit", self.name, *subjects), self.most, self.window_s)


def take(*uses: Use) -> None:
    """Count all of `uses`, or none.

    Raises:
        TooManyRequests: one of them is used up.
        RedisError: Redis did not count.
    """
    arguments = [number for use in uses for number in (use.most, use.window_s * 1000)]
    wait_ms = cast(
        "int", redis_client().eval(_TAKE, len(uses), *(use.key for use in uses), *arguments)
    )
    if wait_ms:
        raise TooManyRequests(-(-wait_ms // 1000))


def give_back(*uses: Use) -> None:
    """Take back what `take` counted.

    Raises:
        RedisError: Redis did not count.
    """
    redis_client().eval(_GIVE_BACK, len(uses), *(use.key for use in uses))
