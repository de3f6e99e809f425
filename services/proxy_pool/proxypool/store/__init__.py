"""The store: Redis, every mutation one atomic script. `keys.py` says what is kept where.

| module | what it does |
|---|---|
| `reading.py` | what the API, the gateway and the command ask: get, pop, list, count, report |
| `work.py` | candidates in, checks handed out, taken, settled |
| `crawls.py` | who crawls which source, and when |
| `targets.py` | the named sites that proxies are tried with |
| `standing.py` | how it stands with a proxy that is known and not good |
| `passed.py` | the last requests through the gateways |
| `sessions.py` | which upstream each session of the gateway has |
| `statistics.py` | numbers, reasons, the history |
| `migration.py` | a pool of an earlier layout, and the reference's |
"""

from proxypool.store.base import UNAVAILABLE
from proxypool.store.crawls import CrawlStore
from proxypool.store.keys import FACETS, SUFFIXES
from proxypool.store.migration import MigrationStore
from proxypool.store.passed import PassedStore
from proxypool.store.reading import SORTS, Counts, Report
from proxypool.store.sessions import SessionStore
from proxypool.store.standing import Standing, StandingStore
from proxypool.store.statistics import StatisticsStore
from proxypool.store.targets import TargetStore
from proxypool.store.work import GROUP, Added, Work

__all__ = [
    "FACETS",
    "GROUP",
    "SORTS",
    "SUFFIXES",
    "UNAVAILABLE",
    "Added",
    "Counts",
    "Report",
    "Standing",
    "Store",
    "Work",
]


class Store(
    StatisticsStore,
    MigrationStore,
    CrawlStore,
    TargetStore,
    StandingStore,
    SessionStore,
    PassedStore,
):
    """The pool in Redis. Methods raise one of UNAVAILABLE while Redis does not answer."""
