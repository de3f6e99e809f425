"""A pool whose every number is known, for tests of what people see of it.

`python -m tests.planted` puts it into the Redis of DB_CONN and prints the truth as JSON. The pool
is what checks and crawls would have made of it; only the history's times are set by hand. Where
UPSTREAM names a proxy that listens, that one alone is put under the table TABLE_OF_GATEWAY: what
a gateway finds out about it must not change the truth.
"""

import asyncio
import json
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from proxypool.address import Upstream
from proxypool.candidate import Candidate
from proxypool.protocol import Anonymity, Protocol
from proxypool.query import Query
from proxypool.settings import load
from proxypool.store import Store
from proxypool.targets import Target
from proxypool.verdict import Outcome, TargetVerdict, Verdict

GOOD = 40
FAILURES = {"connect_timeout": 30, "connect_refused": 12, "not_the_judge": 5, "transparent": 3}
PAID = "buyer:s3cret%2Fpass@gate.example:7000"
"""One with credentials, the fastest."""

_COUNTRIES = ("CN", "US", "DE", "")
_SPOKEN = (
    (Protocol.HTTP, Protocol.CONNECT),
    (Protocol.HTTP,),
    (Protocol.SOCKS5,),
    (Protocol.SOCKS4, Protocol.SOCKS4A),
)
_LEVELS = (Anonymity.ELITE, Anonymity.ELITE, Anonymity.ANONYMOUS)
_HTTPS_FAILURE = "tunnel_refused"


@dataclass(frozen=True)
class Planted:
    """One good proxy."""

    proxy: str
    verdict: Verdict
    source: str


def good_ones() -> Iterator[Planted]:
    """The good proxies."""
    for number in range(GOOD):
        proxy = f"203.0.113.{number + 1}:{8000 + number}" if number else PAID
        spoken = _SPOKEN[number % 4]
        tunnels = Protocol.HTTP not in spoken or Protocol.CONNECT in spoken
        country = _COUNTRIES[number // 4 % 4]
        yield Planted(
            proxy,
            Verdict(
                Outcome.GOOD,
                protocols=spoken,
                tried=tuple(Protocol),
                https=tunnels,
                https_reason="" if tunnels else _HTTPS_FAILURE,
                anonymous=_LEVELS[number % 3].value,
                exit_ip=f"198.51.100.{number + 1}",
                region=country,
                asn=64500 + number % 3,
                as_name=f"EXAMPLE-{number % 3}",
                latency_ms=60 + number * 90,
                connect_ms=20 + number,
                targets={"shop": TargetVerdict(works=number % 2 == 0, latency_ms=70 + number * 90)},
            ),
            "siteA" if number < 25 else "siteB",
        )


async def plant(store: Store) -> dict[str, Any]:
    """Fill an empty store; what is in it now."""
    await store.ensure_group()
    await store.put_target(Target(name="shop", url="http://shop.example/"))
    verdicts: dict[str, Verdict] = {}
    for one in good_ones():
        await store.add(one.source, [Candidate(Upstream.parse(one.proxy))])
        verdicts[one.proxy] = one.verdict
    bad = [reason for reason, count in FAILURES.items() for _ in range(count)]
    for number, reason in enumerate(bad):
        proxy = f"192.0.2.{number + 1}:3128"
        outcome = Outcome.REFUSED if reason in ("not_the_judge", "transparent") else Outcome.FAILED
        await store.add("siteB", [Candidate(Upstream.parse(proxy))])
        verdicts[proxy] = Verdict(outcome, reason)
    await _settle(store, verdicts)
    await _crawls(store)
    samples = await _history(store)
    statistics = await store.statistics()
    _, records = await store.list(Query(), limit=1000)
    return {
        "statistics": statistics,
        "records": [json.loads(record) for record in records],
        "samples": samples,
    }


async def _settle(store: Store, verdicts: dict[str, Verdict]) -> None:
    left = len(verdicts)
    while left:
        await store.dispatch()
        work = await store.take("planter", 500, 0.1)
        settled = await store.settle((one, verdicts[one.proxy]) for one in work)
        left -= sum(settled.values())


async def _crawls(store: Store) -> None:
    finished = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(time.time() - 125))
    crawl = {"fetched": 25, "new": 25, "state": "ok", "failures": 0, "error": ""}
    crawls = {
        "siteA": crawl,
        "siteB": {**crawl, "fetched": 65, "new": 65},
        "siteC": {
            **crawl,
            "fetched": 0,
            "new": 0,
            "state": "dead",
            "failures": 12,
            "error": "http://list.example/: expected status 200; found 503",
        },
    }
    for name, statistics in crawls.items():
        await store.finish_crawl(name, {**statistics, "finished": finished}, 600)
    await store.note_judges(
        {
            "http://judge.example/check/": {"up": True, "latency_ms": 42},
            "http://next-door.example/": {"up": True, "latency_ms": 0},
            "http://silent.example/": {"up": False, "latency_ms": 0, "error": "timeout"},
        }
    )


async def _history(store: Store) -> int:
    """Samples of the last three hours, the newest of now; their number."""
    await store.sample_history()
    newest = (await store.history(1))[-1]
    redis: Any = store._redis  # no method of the store sets the clock back
    for minutes in range(10, 190, 10):
        sample = {
            **newest,
            "time": newest["time"] - minutes * 60,
            "good": newest["good"] - minutes // 10,
        }
        key = store._key(":history")
        await redis.zadd(key, {json.dumps(sample): sample["time"]})
    return len(await store.history(24))


async def _plant_upstream(store: Store, upstream: str) -> None:
    spoken = (Protocol.HTTP, Protocol.CONNECT)
    await store.ensure_group()
    await store.add("gateway", [Candidate(Upstream.parse(upstream))])
    await _settle(store, {upstream: Verdict(Outcome.GOOD, protocols=spoken, tried=spoken)})


async def _main() -> None:
    store = Store(load("stats"))
    try:
        print(json.dumps(await plant(store)))
    finally:
        await store.close()
    if "UPSTREAM" in os.environ:
        table = os.environ["TABLE_OF_GATEWAY"]
        others = Store(load("stats", {**os.environ, "TABLE_NAME": table}))
        try:
            await _plant_upstream(others, os.environ["UPSTREAM"])
        finally:
            await others.close()


if __name__ == "__main__":
    asyncio.run(_main())
