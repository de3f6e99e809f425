"""Plug-ins: whatever one does, it harms no one else."""

import asyncio
import signal
import sys
import time
from contextlib import aclosing
from pathlib import Path

import pytest
from proxypool import plugin
from proxypool.crawl import Crawl, crawl
from proxypool.fetch import new_session
from proxypool.source import Source

from tests.site import LOOPBACK, page, site

REFERENCE = """
class Fetcher:
    name = "mine"
    url = "http://list.example/"
    enabled = True

    def fetch(self):
        print("this is no address, and goes nowhere")
        yield "192.0.2.1:80"
        yield "socks5://me:pass@192.0.2.2:1080"
        yield "999.1.1.1:99999"
"""


ONE_THEN = """
class Mine:
    def fetch(self):
        yield '192.0.2.1:80'
        {body}
"""


def written(folder: Path, text: str) -> Path:
    file = folder / "mine.py"
    file.write_text(text)
    return file


async def crawled(folder: Path, text: str, **changes: object) -> Crawl:
    written(folder, text)
    fields = {"name": "mine", "plugin": "mine.py", "timeout_s": 60.0, **changes}
    source = Source.model_validate(fields, context={"folder": folder})
    async with new_session(LOOPBACK) as session:
        return await crawl(source, session, networks=LOOPBACK.allowed)


def found(result: Crawl) -> list[str]:
    return [str(upstream) for upstream in result.found]


async def test_a_class_in_the_references_style_is_run(tmp_path: Path) -> None:
    result = await crawled(tmp_path, REFERENCE, protocol="http", expires="2999-01-01")
    assert found(result) == ["192.0.2.1:80", "me:pass@192.0.2.2:1080"], result.error
    assert [one.protocol for one in result.candidates] == ["http", "socks5"]
    assert all(one.expires for one in result.candidates)
    assert result.unreadable == 1


async def test_a_coroutine_gets_a_session_of_the_pools(tmp_path: Path) -> None:
    async with site(page(b"192.0.2.7:80")) as address:
        result = await crawled(
            tmp_path,
            f"""
from proxypool.address import Upstream
from proxypool.candidate import Candidate
from proxypool.protocol import Protocol

class Mine:
    async def fetch(self, session):
        async with session.get("{address}/") as answer:
            yield (await answer.read()).decode()
        yield Candidate(Upstream("192.0.2.8", 1080), Protocol.SOCKS5, 4e9)
        try:
            await session.get("http://10.0.0.1:9/")
        except OSError as error:
            assert "not a public address" in str(error), error
            yield "192.0.2.9:80"
""",
        )
    assert found(result) == ["192.0.2.7:80", "192.0.2.8:1080", "192.0.2.9:80"], result.error
    assert result.candidates[1].expires == 4e9


@pytest.mark.parametrize(
    "body",
    [
        "@staticmethod\n    def fetch(): return ['192.0.2.1:80']",
        "@classmethod\n    def fetch(cls): yield '192.0.2.1:80'",
        "def fetch(self, page_count=1): yield '192.0.2.1:80'",
        "async def fetch(self, session): return ['192.0.2.1:80']",
        "async def fetch(self): yield '192.0.2.1:80'",
    ],
)
async def test_fetch_may_have_many_forms(body: str, tmp_path: Path) -> None:
    result = await crawled(tmp_path, f"class Mine:\n    {body}\n")
    assert found(result) == ["192.0.2.1:80"], result.error


async def test_one_that_is_not_enabled_brings_nothing(tmp_path: Path) -> None:
    text = REFERENCE.replace("enabled = True", "enabled = False")
    result = await crawled(tmp_path, text)
    assert result.error == "no proxy found"


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ("raise KeyError('gone')", "KeyError: 'gone'"),
        ("import sys; sys.exit(3)", "exit code 3"),
        ("import os; os._exit(4)", "exit code 4"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "exit code -11"),
        ("held = bytearray(1 << 34)", "MemoryError"),
        ("yield 5", "fetch yields int"),
        ("def f(): f()\n        f()", "RecursionError"),
    ],
)
async def test_one_that_goes_wrong_keeps_what_it_found_and_says_why(
    body: str, error: str, tmp_path: Path
) -> None:
    result = await crawled(tmp_path, ONE_THEN.format(body=body))
    assert found(result) == ["192.0.2.1:80"]
    assert error in result.error


@pytest.mark.parametrize(
    "body",
    [
        "import sys\n        while True: sys.stderr.write('x' * 65536)",
        "while True: pass",
        "import time; time.sleep(1000)",
    ],
)
async def test_one_that_hangs_can_be_ended(body: str, tmp_path: Path) -> None:
    file = written(tmp_path, ONE_THEN.format(body=body))
    async with aclosing(plugin.run(file, ())) as listed:
        first = await anext(listed)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.5):  # the loop is free to notice it
                await anext(listed)
    assert first is not None


async def test_one_that_hangs_is_ended_at_the_deadline(tmp_path: Path) -> None:
    text = "class Mine:\n    def fetch(self):\n        while True: pass\n"
    result = await crawled(tmp_path, text, timeout_s=1.0)
    assert result.error.startswith("not finished within 1 s")


async def test_one_without_end_is_stopped_at_the_limit(tmp_path: Path) -> None:
    text = """
class Mine:
    def fetch(self):
        number = 0
        while True:
            number += 1
            yield f"192.0.2.1:{number % 60000 + 1}"
"""
    result = await crawled(tmp_path, text, max_addresses=500)
    assert len(result.found) == 500


async def test_nothing_of_it_stays_behind(tmp_path: Path) -> None:
    text = f"""
import os, signal, subprocess, sys
class Mine:
    def fetch(self):
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(1000)"])
        with open({str(tmp_path / "pids")!r}, "w") as file:
            file.write(f"{{os.getpid()}} {{child.pid}}")
        yield "192.0.2.1:80"
        while True: pass
"""
    async with aclosing(plugin.run(written(tmp_path, text), ())) as listed:
        assert await anext(listed)
    pids = [int(pid) for pid in (tmp_path / "pids").read_text().split()]
    deadline = time.monotonic() + 10
    while any(alive(pid) for pid in pids):
        assert time.monotonic() < deadline, "a process was left behind"
        await asyncio.sleep(0.05)


def alive(pid: int) -> bool:
    """Whether it runs; a zombie, whom only init can take away, does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


async def test_it_sees_nothing_of_the_pools_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DB_CONN", "redis://pool:secret@redis:6379/0")
    text = """
import os
class Mine:
    def fetch(self):
        assert "secret" not in str(dict(os.environ)), "the environment holds a secret"
        yield "192.0.2.1:80"
"""
    result = await crawled(tmp_path, text)
    assert result.error == ""


async def test_it_ends_with_the_pool(tmp_path: Path) -> None:
    text = f"""
import os
class Mine:
    def fetch(self):
        with open({str(tmp_path / "pid")!r}, "w") as file:
            file.write(str(os.getpid()))
        yield "192.0.2.1:80"
        while True: pass
"""
    file = written(tmp_path, text)
    program = f"""
import asyncio
from pathlib import Path
from proxypool import plugin

async def main():
    async for _ in plugin.run(Path({str(file)!r}), ()):
        print("listed", flush=True)

asyncio.run(main())
"""
    pool = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        program,
        stdout=asyncio.subprocess.PIPE,
    )
    assert pool.stdout is not None
    assert await pool.stdout.readline() == b"listed\n"
    pool.send_signal(signal.SIGKILL)
    await pool.wait()
    pid = int((tmp_path / "pid").read_text())
    deadline = time.monotonic() + 20
    while alive(pid):
        assert time.monotonic() < deadline, "the plug-in outlived the pool"
        await asyncio.sleep(0.05)


def test_a_good_one_passes_the_check(tmp_path: Path) -> None:
    plugin.check(written(tmp_path, REFERENCE))


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("", "expected one class with a method fetch, found none"),
        ("class A:\n    fetch = 5\n", "found none"),
        (REFERENCE + REFERENCE.replace("Fetcher", "Other"), "found Fetcher, Other"),
        ("class A:\n    def fetch(self, url): yield 1\n", "found the arguments ['url']"),
        ("class A(:\n", "SyntaxError"),
        ("import nothing_of_this_name\n", "ModuleNotFoundError"),
        ("raise SystemExit(0)\n", "SystemExit"),
        ("\n\nint('x')\n", "line 3: ValueError: invalid literal"),
    ],
)
def test_a_bad_one_is_refused_with_the_reason(text: str, error: str, tmp_path: Path) -> None:
    with pytest.raises(plugin.PluginError) as caught:
        plugin.check(written(tmp_path, text))
    assert error in str(caught.value)


def test_a_base_class_in_the_same_file_does_not_count(tmp_path: Path) -> None:
    text = "class Base:\n    def fetch(self): raise NotImplementedError\n\n"
    plugin.check(written(tmp_path, text + REFERENCE.replace("class Fetcher:", "class F(Base):")))
