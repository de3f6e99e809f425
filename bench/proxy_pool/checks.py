"""The pool's own checks, whole: from candidates in the store to verdicts in the store.

Takes proxies from standard input, one a line, as one source with a protocol hint; hands them out
as the scheduler does; `proxypool checker` checks them in processes of its own, as it is deployed.
The clock runs from the first check handed out to the last verdict settled. Prints one JSON object.
Redis, the judges and all limits are the pool's own settings, taken from the environment.

    checks.py --protocol http [--records FILE] [--limit-s 300]
"""

import argparse
import asyncio
import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from proxypool.address import Upstream
from proxypool.candidate import Candidate
from proxypool.protocol import Protocol
from proxypool.query import Query
from proxypool.settings import load
from proxypool.store import Store

_SAMPLE_S = 0.1


def resident_mb(pid: int) -> float:
    """The largest resident memory of `pid` and of each of its descendants, in MB."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    own = next((int(line.split()[1]) for line in lines if line.startswith("VmHWM")), 0) / 1024
    return max([own, *(resident_mb(int(child)) for child in children)])


def tcp(name: str) -> int:
    """One of the numbers that the kernel keeps of TCP in this network namespace."""
    lines = Path("/proc/net/snmp").read_text().splitlines()
    names, numbers = (line.split()[1:] for line in lines if line.startswith("Tcp:"))
    return int(numbers[names.index(name)])


def begun_connections() -> int:
    """How many TCP connections were begun in this network namespace."""
    return tcp("ActiveOpens")


def standing_connections() -> int:
    """How many TCP connections stand; both ends of each are in this namespace, and counted."""
    return tcp("CurrEstab") // 2


async def progress(store: Store) -> tuple[int, int]:
    """How many verdicts the store has counted, and how many checks are handed out.

    Read straight from Redis: the whole statistics cost it as much as some of the verdicts.
    """
    redis: Any = store._redis
    checks = await redis.hgetall(store._key(":checks"))
    done = sum(int(checks.get(outcome, 0)) for outcome in ("good", "failed", "refused"))
    return done, int(await redis.hlen(store._key(":inflight")))


async def measure(proxies: list[str], hint: Protocol | None, limit_s: float) -> dict[str, Any]:
    """Check all `proxies` once. Raises TimeoutError after `limit_s`."""
    store = Store(load("checker"))
    await store.ensure_group()
    candidates = [Candidate(Upstream.parse(proxy), hint) for proxy in proxies]
    await store.add("bench", candidates)
    # It starts before the clock does: the programs' start is no part of a check's cost.
    checker = subprocess.Popen([sys.executable, "-m", "proxypool", "checker"])
    try:
        await asyncio.sleep(3.0)
        started, begun = time.monotonic(), begun_connections()
        memory_mb, most_under_way, most_standing = 0.0, 0, 0
        async with asyncio.timeout(limit_s):
            done = 0
            while done < len(proxies):
                while await store.dispatch():
                    pass
                memory_mb = max(memory_mb, resident_mb(checker.pid))
                await asyncio.sleep(_SAMPLE_S)
                done, under_way = await progress(store)
                most_under_way = max(most_under_way, under_way)
                most_standing = max(most_standing, standing_connections())
        took_s, begun = time.monotonic() - started, begun_connections() - begun
        statistics = await store.statistics()
        records = [json.loads(text) for text in await store.all(Query())]
        return {
            "verdicts": done,
            "seconds": round(took_s, 2),
            "verdicts_per_s": round(done / took_s, 1),
            "connections_per_s": round(begun / took_s, 1),
            "good": statistics["good"],
            "reasons": statistics["reasons"],
            "largest_process_mb": round(memory_mb, 1),
            "most_handed_out": most_under_way,
            "most_connections": most_standing,
            "records": records,
        }
    finally:
        checker.terminate()
        checker.wait(timeout=30)
        await store.close()


def main() -> None:
    """Check every proxy of standard input."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--protocol", type=Protocol)
    parser.add_argument("--records", type=Path, help="where the good ones' records are written")
    parser.add_argument("--limit-s", type=float, default=300.0)
    options = parser.parse_args()
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    os.environ.setdefault("LOG_LEVEL", "WARNING")
    result = asyncio.run(measure(sys.stdin.read().split(), options.protocol, options.limit_s))
    records = result.pop("records")
    if options.records:
        options.records.write_text(json.dumps(records))
    print(json.dumps(result))


if __name__ == "__main__":
    main()
