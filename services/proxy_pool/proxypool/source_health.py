"""Whether a source is worth its crawls: ok, failing, or dead."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

FAILURES_UNTIL_DEAD = 8
"""Crawls in a row that brought nothing. With the growing waits between them: minutes."""
CRAWLS_UNTIL_DEAD = 10
"""Crawls in a row that found none of what the source lists alive."""


class State(StrEnum):
    """A dead source is still crawled, as seldom as any that fails, and may come back."""

    OK = "ok"
    FAILING = "failing"
    DEAD = "dead"


@dataclass(frozen=True, slots=True)
class Health:
    """What the crawls until now say of a source."""

    state: State
    failures: int
    """Crawls in a row that brought nothing."""
    crawls_without_alive: int
    """Crawls in a row that brought proxies, while none of those known from it was alive."""

    @property
    def reason(self) -> str:
        """Why it is not ok, in words."""
        if self.failures == 1:
            return "its last crawl brought nothing"
        if self.failures:
            return f"{self.failures} crawls in a row brought nothing"
        if self.crawls_without_alive >= CRAWLS_UNTIL_DEAD:
            return f"for {self.crawls_without_alive} crawls none of its proxies has been alive"
        return ""


def health_after(before: Mapping[str, Any], *, succeeded: bool) -> Health:
    """The health after a crawl; `before` is the source's statistics until then, or empty.

    Of the first crawl's proxies nothing is known yet.
    """
    failures = 0 if succeeded else int(before.get("failures", 0)) + 1
    without = int(before.get("crawls_without_alive", 0))
    if before.get("alive", 0):
        without = 0
    elif succeeded and before.get("finished"):
        without += 1
    if failures >= FAILURES_UNTIL_DEAD or without >= CRAWLS_UNTIL_DEAD:
        state = State.DEAD
    else:
        state = State.FAILING if failures else State.OK
    return Health(state, failures, without)
