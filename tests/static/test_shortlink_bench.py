"""The measurement of short links counts what it says, and its page says what was measured."""

from __future__ import annotations

import asyncio
import importlib.util
import json
import sys
import time
from pathlib import Path
from types import ModuleType

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
FOLDER = REPOSITORY / "bench/shortlink"
HEAD = b"HTTP/1.1 302 Found\r\ncontent-length: 0\r\n\r\n"


@pytest.fixture
def bench(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """A program of the folder."""
    monkeypatch.syspath_prepend(str(FOLDER.parent))
    name = f"bench_shortlink_{request.param}"
    spec = importlib.util.spec_from_file_location(name, FOLDER / f"{request.param}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, name, module)  # dataclasses look for it there
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("bench", ["load"], indirect=True)
@pytest.mark.parametrize(
    ("answers", "counted"),
    [
        ([b""], {"cut": 1}),
        ([HEAD[:20]], {"cut": 1}),
        ([HEAD, b""], {"302": 1, "cut": 1}),
        ([HEAD], {"302": 1}),
    ],
)
def test_what_was_asked_and_not_answered_is_counted(
    bench: ModuleType, answers: list[bytes], counted: dict[str, int]
) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for answer in answers:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(answer)
        if answers[-1] != HEAD:
            writer.close()

    async def ask() -> dict[str, int]:
        async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            case = bench.Case(port, iter(["abc", "def"]))
            # One that is answered asks again only where the server expects it.
            end = time.perf_counter() + (60 if len(answers) > 1 else 0)
            _, client = await asyncio.get_running_loop().create_connection(
                lambda: bench.Client(case, end), "127.0.0.1", port
            )
            await asyncio.wait_for(client.done, 10)
            return dict(case.statuses)

    assert asyncio.run(ask()) == counted


@pytest.mark.parametrize("bench", ["report"], indirect=True)
def test_the_page_has_what_was_measured(bench: ModuleType) -> None:
    results = json.loads((FOLDER / "results.json").read_text())
    page = (REPOSITORY / "docs/shortlink.md").read_text()
    assert bench.sizes_table(results) in page
    assert bench.failures_sentence(results) in page
    # A thousand links are the popular ones: they have no others.
    others = bench.NAMES["others"]
    assert [f"| {others} | {size} |" in page for size in ("1,000", "1,000,000")] == [False, True]
