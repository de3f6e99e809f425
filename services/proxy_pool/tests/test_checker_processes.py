"""A checker of several processes, as it is deployed."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from proxypool.settings import Settings
from proxypool.store import Store
from redis.exceptions import ResponseError

from tests import proxies
from tests.conftest import Admin, Until, listed
from tests.judge import Judge

WORK = "proxy_pool:use_proxy:work"


@pytest.fixture
def start(
    environment: dict[str, str], judge: Judge, tmp_path: Path
) -> Iterator[Callable[..., "subprocess.Popen[bytes]"]]:
    started = []
    log = (tmp_path / "checker.log").open("wb")

    def start_(**changes: str) -> "subprocess.Popen[bytes]":
        process = subprocess.Popen(
            [sys.executable, "-m", "proxypool", "checker"],
            env={
                **environment,
                "JUDGE_URL": judge.url,
                "CHECK_PROCESSES": "2",
                "CHECK_CONCURRENCY": "20",
                **changes,
            },
            stderr=log,
        )
        started.append(process)
        return process

    yield start_
    for process in started:
        process.kill()
        process.wait(10)
    log.close()
    print((tmp_path / "checker.log").read_text()[-6000:])


def children(process: "subprocess.Popen[bytes]") -> list[int]:
    path = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    return sorted(int(pid) for pid in path.read_text().split()) if path.exists() else []


def lives(pid: int) -> bool:
    try:
        return "State:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False


async def consumers(admin: Admin) -> list[str]:
    try:
        return [one["name"] for one in await admin.xinfo_consumers(WORK, "checkers")]
    except ResponseError:  # no group yet
        return []


async def both_take_work(admin: Admin) -> object:
    return len(await consumers(admin)) == 2


async def test_every_process_takes_work_and_all_stop_together(
    start: Callable[..., "subprocess.Popen[bytes]"],
    judged: Settings,
    open_store: Callable[[Settings], Store],
    admin: Admin,
    until: Until,
) -> None:
    store = open_store(judged)
    checker = start()
    await until(lambda: both_take_work(admin))
    parts = children(checker)
    assert len(parts) == 2
    async with proxies.proxy(proxies.good) as good:
        await store.add("siteA", listed(good))
        await store.dispatch()

        async def settled() -> object:
            return (await store.statistics())["checks"].get("good") == 1

        await until(settled)
    checker.send_signal(signal.SIGTERM)
    assert await asyncio.to_thread(checker.wait, 20) == 0
    assert not any(map(lives, parts))
    assert await consumers(admin) == []


async def test_a_process_that_dies_is_started_again(
    start: Callable[..., "subprocess.Popen[bytes]"], admin: Admin, until: Until, tmp_path: Path
) -> None:
    checker = start()
    await until(lambda: both_take_work(admin))
    victim, other = children(checker)
    os.kill(victim, signal.SIGKILL)

    async def replaced() -> object:
        now = children(checker)
        return len(now) == 2 and victim not in now

    await until(replaced)
    assert other in children(checker)
    assert checker.poll() is None
    assert "ended with -9: it is started again in 1 s" in (tmp_path / "checker.log").read_text()


async def test_it_is_healthy_only_while_every_process_is(
    start: Callable[..., "subprocess.Popen[bytes]"], admin: Admin, until: Until, tmp_path: Path
) -> None:
    heartbeat = tmp_path / "heartbeat"
    checker = start()
    await until(lambda: both_take_work(admin))

    async def newer_than(moment: float) -> bool:
        return heartbeat.stat().st_mtime > moment

    started = heartbeat.stat().st_mtime
    await until(lambda: newer_than(started))
    frozen = children(checker)[0]
    os.kill(frozen, signal.SIGSTOP)

    async def stands_still() -> bool:
        before = heartbeat.stat().st_mtime
        await asyncio.sleep(4)
        return heartbeat.stat().st_mtime == before

    await until(stands_still, 60)
    os.kill(frozen, signal.SIGCONT)
    before = heartbeat.stat().st_mtime
    await until(lambda: newer_than(before))


async def test_no_process_outlives_the_one_that_started_it(
    start: Callable[..., "subprocess.Popen[bytes]"], admin: Admin, until: Until
) -> None:
    checker = start()
    await until(lambda: both_take_work(admin))
    parts = children(checker)
    checker.send_signal(signal.SIGKILL)
    await asyncio.to_thread(checker.wait, 10)

    async def none_lives() -> bool:
        return not any(map(lives, parts))

    await until(none_lives)
