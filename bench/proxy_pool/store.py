"""Measures the pool's store: python bench/proxy_pool/store.py redis://HOST:PORT/NUMBER

Needs the package proxypool, and a Redis that may be emptied: everything under the tables
`proxy_pool:bench:…` is written and deleted. Prints JSON on standard output, and what it does on
standard error.

- `fill`: verdicts settled per second, from one process, dispatch and stream included;
- `flat`: median µs of get, count, pop and delete at each size, round after round in turn, so that
  whatever else the machine does falls on all sizes; `spread` is the largest over the smallest;
- `pop`: proxies popped by 32 clients at once, and how many were handed out twice;
- `delete_under_check`: proxies that came back though they were deleted while they were checked;
- `longest`: the longest time that one script or command held Redis up, by name, in µs, while the
  largest pool was listed, filtered, counted, dispatched and settled (where the user may read
  Redis's slow log).
"""

import argparse
import asyncio
import json
import random
import statistics
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any

from proxypool.address import Upstream
from proxypool.candidate import Candidate
from proxypool.protocol import Anonymity, Protocol
from proxypool.query import Query
from proxypool.settings import load
from proxypool.store import Store, Work
from proxypool.verdict import Outcome, Verdict
from redis.asyncio import Redis
from redis.exceptions import NoPermissionError

WEB = Query(protocols=(Protocol.HTTP,))
CLIENTS = 32
OPERATIONS_A_ROUND = 40
COUNTRIES = ("CN", "US", "DE", "BR", "ID", "IN", "FR", "RU", "SG", "VN")


def say(text: str) -> None:
    """Tell the person who waits."""
    print(text, file=sys.stderr, flush=True)


def open_store(url: str, size: int) -> Store:
    """The store of the table for one size."""
    environment = {
        "DB_CONN": url,
        "TABLE_NAME": f"proxy_pool:bench:{size}",
        "MAX_KNOWN": "1000000",
        "POOL_SIZE_MAX": "1000000",
        "MAX_QUEUE": "4000",
        "RECHECK_INTERVAL": "86400",
        "POPPED_FOR": "0",
        "DELETED_FOR": "0",
    }
    return Store(load("stats", environment))


def address(number: int) -> str:
    """Another one for each number."""
    return f"11.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}:8080"


def proxies(count: int) -> list[str]:
    """Distinct addresses."""
    return [address(number) for number in range(count)]


def verdict() -> Verdict:
    """A good proxy as a pool has them: several protocols, half with https, many networks."""
    spoken = random.choice(
        (
            (Protocol.HTTP,),
            (Protocol.HTTP, Protocol.CONNECT),
            (Protocol.HTTP, Protocol.CONNECT, Protocol.SOCKS5),
        )
    )
    return Verdict(
        Outcome.GOOD,
        protocols=spoken,
        tried=tuple(Protocol),
        https=len(spoken) > 1,
        anonymous=random.choice((Anonymity.ANONYMOUS, Anonymity.ELITE)).value,
        exit_ip="11.1.2.3",
        region=random.choice(COUNTRIES),
        asn=random.randint(1, 2000),
        as_name="Example Networks",
        latency_ms=random.randint(20, 3000),
        connect_ms=random.randint(5, 500),
        failures={"socks4": "bad_answer"},
    )


async def fill(store: Store, names: Sequence[str], source: str = "bench") -> float:
    """Have all of them good; how many verdicts a second were settled."""
    await store.ensure_group()
    await store.add(source, [Candidate(Upstream.parse(name)) for name in names])
    started = time.perf_counter()
    settled = 0
    while True:
        handed = await store.dispatch()
        work = await store.take("bench", 4000, 0.01)
        if not handed and not work:
            break
        settled += sum((await store.settle((one, verdict()) for one in work)).values())
    return settled / (time.perf_counter() - started)


async def timed(operation: Callable[[], Awaitable[Any]], count: int, into: list[float]) -> None:
    """Call it in turn, and note the µs of each call."""
    for _ in range(count):
        started = time.perf_counter()
        await operation()
        into.append((time.perf_counter() - started) * 1e6)


async def flatness(stores: dict[int, Store], rounds: int) -> dict[str, Any]:
    """Median µs of each operation at each size."""
    measured: dict[str, dict[int, list[float]]] = {
        name: {size: [] for size in stores} for name in ("get", "count", "pop", "delete")
    }
    for _ in range(rounds):
        for size, store in stores.items():
            taken: list[str] = []

            async def pop(store: Store = store, taken: list[str] = taken) -> None:
                record = await store.pop(WEB)
                taken.append(json.loads(record or "{}").get("proxy", ""))

            # Not out of all of them: to make those would empty the caches before the largest size.
            names = [address(number) for number in random.sample(range(size), OPERATIONS_A_ROUND)]
            left = iter(names)

            async def delete(store: Store = store, left: Any = left) -> None:
                await store.delete(next(left))

            await timed(partial(store.get, WEB), OPERATIONS_A_ROUND, measured["get"][size])
            await timed(store.count, OPERATIONS_A_ROUND, measured["count"][size])
            await timed(pop, OPERATIONS_A_ROUND, measured["pop"][size])
            await fill(store, taken)
            await timed(delete, OPERATIONS_A_ROUND, measured["delete"][size])
            await fill(store, names)
    answer: dict[str, Any] = {}
    for name, by_size in measured.items():
        medians = {size: round(statistics.median(times), 1) for size, times in by_size.items()}
        answer[name] = {
            "median_us": medians,
            "spread": round(max(medians.values()) / min(medians.values()), 3),
        }
    return answer


async def popping(url: str, size: int) -> dict[str, int]:
    """32 clients empty the pool at once."""
    clients = [open_store(url, size) for _ in range(CLIENTS)]
    popped: list[str] = []

    async def client(store: Store) -> None:
        while record := await store.pop(Query()):
            popped.append(json.loads(record)["proxy"])

    await asyncio.gather(*map(client, clients))
    for store in clients:
        await store.close()
    return {
        "clients": CLIENTS,
        "popped": len(popped),
        "duplicates": len(popped) - len(set(popped)),
        "missed": size - len(set(popped)),
    }


async def deleting(store: Store, count: int) -> dict[str, int]:
    """Delete proxies while checks of them are under way, whose verdicts then come in."""
    names = [f"12.0.{i >> 8}.{i & 255}:8080" for i in range(count)]
    await store.ensure_group()
    await store.add("bench", [Candidate(Upstream.parse(name)) for name in names])
    work: list[Work] = []
    while len(work) < count:
        await store.dispatch()
        work += await store.take("bench", 1000, 0.1)
    first = [one for number, one in enumerate(work) if number % 2]

    async def delete() -> None:
        for name in names:
            await store.delete(name)

    async def settle() -> None:
        for start in range(0, len(first), 8):
            await store.settle((one, verdict()) for one in first[start : start + 8])

    await asyncio.gather(delete(), settle())
    await store.settle((one, verdict()) for one in work if one not in set(first))
    back = [name for name in names if await store.record(name)]
    return {"deleted": count, "returned": len(back)}


async def longest(url: str, store: Store) -> dict[str, int] | None:
    """µs of the slowest call of each script and command on the large pool."""
    redis: Any = Redis.from_url(url, decode_responses=True)
    try:
        await redis.config_set("slowlog-log-slower-than", 200)
        await redis.config_set("slowlog-max-len", 5000)
        await redis.slowlog_reset()
    except NoPermissionError:
        return None
    rare = Query(
        protocols=(Protocol.SOCKS5,), https=True, country="CN", max_latency_ms=25, min_score=50.0
    )
    for query in (Query(), rare, Query(protocols=(Protocol.SOCKS4,), https=True)):
        for sort in ("score", "latency"):
            await store.list(query, sort=sort, offset=5000, limit=1000)
        await store.get(query)
        await store.best(query)
    await store.all(Query())
    await store.count()
    await store.statistics()
    await store.sample_history()
    await fill(store, [f"13.0.{i >> 8}.{i & 255}:8080" for i in range(4000)])
    names = {script.sha: name for name, script in store._scripts.items()}
    worst: dict[str, int] = {}
    for entry in await redis.slowlog_get(5000):
        words = bytes(entry["command"]).decode(errors="replace").split()
        name = names.get(words[1], words[1]) if words[0] == "EVALSHA" else words[0].lower()
        worst[name] = max(worst.get(name, 0), entry["duration"])
    await redis.aclose()
    return dict(sorted(worst.items(), key=lambda pair: -pair[1]))


async def clear(url: str, sizes: Sequence[int]) -> None:
    """Delete the tables."""
    redis: Any = Redis.from_url(url, decode_responses=True)
    for size in sizes:
        async for key in redis.scan_iter(f"proxy_pool:bench:{size}*", count=1000):
            await redis.unlink(key)
    await redis.aclose()


async def main() -> None:
    """Run all parts."""
    parser = argparse.ArgumentParser(description="Measures the proxy pool's store.")
    parser.add_argument("url", help="redis://user:password@host:port/number, which is written to")
    parser.add_argument("--sizes", type=int, nargs="+", default=[100, 1000, 10_000, 100_000])
    parser.add_argument("--rounds", type=int, default=25)
    arguments = parser.parse_args()
    sizes = sorted(arguments.sizes)
    await clear(arguments.url, sizes)
    stores = {size: open_store(arguments.url, size) for size in sizes}
    answer: dict[str, Any] = {}
    for size, store in stores.items():
        rate = await fill(store, proxies(size))
        say(f"filled {size}: {rate:.0f} verdicts/s")
        answer["fill"] = {"size": size, "verdicts_per_s": round(rate)}
    say("get, count, pop, delete")
    answer["flat"] = await flatness(stores, arguments.rounds)
    say("delete under check")
    answer["delete_under_check"] = await deleting(stores[sizes[0]], 2000)
    say("longest calls")
    answer["longest_us"] = await longest(arguments.url, stores[sizes[-1]])
    say("pop")
    await clear(arguments.url, sizes[-1:])
    await fill(stores[sizes[-1]], proxies(sizes[-1]))
    answer["pop"] = await popping(arguments.url, sizes[-1])
    await clear(arguments.url, sizes)
    for store in stores.values():
        await store.close()
    print(json.dumps(answer, indent=2))


if __name__ == "__main__":
    asyncio.run(main())
