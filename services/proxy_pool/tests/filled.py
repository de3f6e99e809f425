"""Fills a pool as checks would, without any."""

from collections.abc import Sequence
from typing import Any

from proxypool.protocol import Protocol
from proxypool.query import Query
from proxypool.store import Store
from proxypool.verdict import Outcome, Verdict

from tests.conftest import Admin, listed

TABLE = "proxy_pool:use_proxy"
PROXY = "192.0.2.1:80"
ALL = Query()
GOOD = Verdict(
    Outcome.GOOD,
    protocols=(Protocol.HTTP,),
    tried=(Protocol.HTTP,),
    exit_ip="198.51.100.7",
    anonymous="elite",
    latency_ms=12,
    connect_ms=3,
)
FAILED = Verdict(Outcome.FAILED, "timeout")
REFUSED = Verdict(Outcome.REFUSED, "transparent")
POSTPONED = Verdict(Outcome.POSTPONED, "judge_down")


def good(*protocols: Protocol, **changes: Any) -> Verdict:
    """A success of a check that tried all protocols and found these."""
    return GOOD._replace(protocols=protocols, tried=tuple(Protocol), **changes)


async def settle_all(store: Store, verdict: Verdict, count: int = 500) -> dict[str, int]:
    """Hand out what is due, and settle all of it with the same verdict."""
    await store.dispatch()
    work = await store.take("tester", count, 0.1)
    return await store.settle((one, verdict) for one in work)


async def fill(store: Store, proxies: Sequence[str], verdict: Verdict = GOOD) -> None:
    """Have all of them checked with this verdict; nothing else may be due."""
    await store.add("siteA", listed(*proxies))
    while sum((await settle_all(store, verdict)).values()):
        continue


async def make_due(admin: Admin, *lanes: str) -> None:
    """Have all that are waiting be due now; of some lanes alone, where they are given."""
    for lane in lanes or ("new", "alive", "failed"):
        for proxy in await admin.zrange(f"{TABLE}:due:{lane}", 0, -1):
            await admin.zadd(f"{TABLE}:due:{lane}", {proxy: 0})


async def check_again(store: Store, admin: Admin, verdict: Verdict) -> None:
    """One more check of everything."""
    await make_due(admin)
    await settle_all(store, verdict)
