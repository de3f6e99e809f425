"""`proxypool doctor`: what is amiss with the pool, a line of JSON for each thing looked at.

The release engine's `doctor` runs it (release/README.md): `check`, `level` (ok, attention, broken),
`says`, and in `do` what to do about it.
"""

import asyncio
import json
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from proxypool.commands.answers import store_answers
from proxypool.settings import Settings

HELP = "tell what is amiss with the pool, as lines of JSON for the release engine"
ONE_SHOT = True

FEW = 5
NEARLY_FULL = 0.95
EMPTY_FOR_S = 3600
"""So long without a single good proxy, and something is broken."""


def add_arguments(_: ArgumentParser) -> None:
    """None."""


def run(settings: Settings, _: Namespace) -> int:
    """Print the findings; 69 where the store does not answer."""
    from proxypool.store import Store

    async def read() -> tuple[dict[str, Any], list[dict[str, Any]], float]:
        store = Store(settings)
        try:
            statistics = await store.statistics()
            # More than is looked at: the oldest sample tells how long it has been so.
            return statistics, await store.history(hours=2 * EMPTY_FOR_S / 3600), time.time()
        finally:
            await store.close()

    with store_answers("doctor") as failed:
        statistics, history, now_s = asyncio.run(read())
        for finding in [
            *_pool(statistics["good"], settings.pool_size_max, history, now_s),
            *_sources(statistics["sources"]),
            *_judges(statistics["judges"]),
        ]:
            print(json.dumps(finding))
    return failed.code


def _pool(
    good: int, most: int, history: Sequence[Mapping[str, Any]], now_s: float
) -> Iterator[dict[str, str]]:
    if not good:
        filled = [sample["time"] for sample in history if sample["good"]]
        since_s = max(filled) if filled else min((s["time"] for s in history), default=now_s)
        minutes = int(now_s - since_s) // 60
        level = "broken" if now_s - since_s >= EMPTY_FOR_S else "attention"
        yield _finding(
            "pool", level, f"no good proxy for {minutes} min", "see: fab logs proxy_pool_checker"
        )
    elif good < FEW:
        says = f"{good} good proxies: fewer than {FEW}"
        yield _finding("pool", "attention", says, "add sources; see: fab logs proxy_pool_scheduler")
    elif good >= most * NEARLY_FULL:
        says = f"{good} good proxies, and room for {most}"
        yield _finding("pool", "attention", says, "raise proxy_pool_size_max")
    else:
        yield _finding("pool", "ok", f"{good} good proxies")


def _sources(sources: Mapping[str, Mapping[str, Any]]) -> Iterator[dict[str, str]]:
    failing = {name: source["error"] for name, source in sources.items() if source.get("error")}
    for name, error in sorted(failing.items()):
        says = f"source {name}: {error}"
        yield _finding("sources", "attention", says, "mend or disable it: proxypool sources")
    if sources and not failing:
        yield _finding("sources", "ok", f"{len(sources)} sources were read")


def _judges(judges: Mapping[str, Mapping[str, Any]]) -> Iterator[dict[str, str]]:
    if not judges:
        says = "no checker has told of its judges lately"
        yield _finding("judges", "attention", says, "see: fab logs proxy_pool_checker")
    for url, seen in judges.items():
        if seen["up"]:
            yield _finding("judges", "ok", f"{url} answers")
        else:
            says = f"{url}: {seen['error'] or 'it does not answer'}"
            yield _finding("judges", "attention", says, "see that the host reaches it")


def _finding(check: str, level: str, says: str, do: str = "") -> dict[str, str]:
    return {"check": check, "level": level, "says": says, "do": do}
