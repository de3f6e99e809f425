"""Tens of thousands of proxies from one process, and what that costs."""

import asyncio
from pathlib import Path

from tests.clients import ask_judge, seen
from tests.conftest import WIDE_PORT, pages, running

MIB = 1024 * 1024


def resident_bytes(pid: int) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    raise AssertionError("no VmHWM")


async def test_fifty_thousand_proxies_take_less_than_250_mib() -> None:
    with running(
        FARM_ANSWERS_ITSELF="yes",
        FARM_ANNOUNCE="localhost:8001=localhost:1",
        FARM_WIDE_PORT=str(WIDE_PORT),
        FARM_WIDE_COUNT="50000",
    ) as pid:
        async with pages() as client:
            told = (await client.get("/farm/wide/?limit=50000")).json()
            assert told["total"] == len(told["proxies"]) == 50_000
            good = [entry for entry in told["proxies"] if entry["kind"].startswith("good")]

            async def check(entry: dict[str, object], protocol: str) -> bool:
                return bool(seen(await ask_judge(entry, protocol))["ip"] == entry["exit_ip"])

            for start in range(0, 2000, 100):
                chosen = good[start : start + 100]
                found = [check(entry, entry["protocols"][0]) for entry in chosen]
                assert all(await asyncio.gather(*found))
        peak = resident_bytes(pid)
        print(f"{peak / MIB:.0f} MiB at most")
        assert peak < 250 * MIB
