"""`proxypool check`: a list in, those that work out, with a real judge and real proxies."""

import asyncio
import contextlib
import csv
import json
import os
import pty
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from proxypool.commands.check import Findings
from proxypool.verdict import Outcome, Verdict

from tests import proxies
from tests.commands.conftest import Proxypool
from tests.conftest import listed as candidates_of
from tests.judge import Judge

NOWHERE = "127.0.0.1:1"


@pytest.fixture
async def farm() -> AsyncIterator[dict[str, str]]:
    """One proxy of each kind, by its kind."""
    async with AsyncExitStack() as stack:
        yield {
            behave.__name__: await stack.enter_async_context(proxies.proxy(behave))
            for behave in (proxies.good, proxies.anonymous, proxies.says_ok_to_all)
        }


@pytest.fixture
def settings(judge: Judge) -> dict[str, str]:
    return {"JUDGE_URL": judge.url, "JUDGE_DIRECT_URL": judge.url, "DB_CONN": "redis://127.0.0.1:1"}


async def test_those_that_work_are_written_as_urls(
    proxypool: Proxypool, farm: dict[str, str], settings: dict[str, str]
) -> None:
    text = f"# a list\n{farm['good']}, noise 999.1.1.1:80\n{NOWHERE}\n{farm['says_ok_to_all']}\n"
    ended = await proxypool("check", "-", text=text, **settings)
    assert ended.code == 0
    assert ended.output == f"http://{farm['good']}\n"
    assert "1 of 3 work" in ended.errors
    assert "1  connect_refused" in ended.errors
    assert "1  not_the_judge" in ended.errors
    assert "checked 3 of 3, 1 work" in ended.errors, "plain lines where there is no terminal"


async def test_a_terminal_shows_a_bar(
    farm: dict[str, str], settings: dict[str, str], environment: dict[str, str]
) -> None:
    ours, its = pty.openpty()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "proxypool", "check", "-"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=its,
        env={**os.environ, **environment, **settings, "TERM": "xterm", "COLUMNS": "100"},
    )
    os.close(its)
    shown = asyncio.create_task(asyncio.to_thread(_all_of, ours))
    output, _ = await process.communicate(f"{farm['good']}\n{NOWHERE}\n".encode())
    text = await shown
    os.close(ours)
    assert output.decode() == f"http://{farm['good']}\n"
    assert "━" in text, "a bar"
    assert "2/2" in text
    assert "1 work" in text
    assert "\x1b[2K" in text or "\r" in text, "drawn over itself"


def _all_of(terminal: int) -> str:
    text = b""
    with contextlib.suppress(OSError):  # what a terminal says when nobody is left at its other end
        while piece := os.read(terminal, 4096):
            text += piece
    return text.decode()


async def test_a_file_takes_its_form_from_its_name(
    proxypool: Proxypool, farm: dict[str, str], settings: dict[str, str], tmp_path: Path
) -> None:
    listed = tmp_path / "list.txt"
    listed.write_text(f"http://{farm['good']}\n{farm['anonymous']}\n{NOWHERE}\n")
    for name in ("out.json", "out.csv"):
        output = str(tmp_path / name)
        ended = await proxypool("check", str(listed), "--output", output, **settings)
        assert (ended.code, ended.output) == (0, "")
    records = json.loads((tmp_path / "out.json").read_text())
    with (tmp_path / "out.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    found = {record["proxy"]: record["anonymous"] for record in records}
    assert found == {farm["good"]: "elite", farm["anonymous"]: "anonymous"}
    assert {row["proxy"]: row["anonymous"] for row in rows} == found
    latencies = [record["latency_ms"] for record in records]
    assert latencies == sorted(latencies)
    assert {path.name for path in tmp_path.iterdir()} >= {"out.json", "out.csv", "list.txt"}
    assert not list(tmp_path.glob(".out*")), "no half file is left"


async def test_all_shows_why_the_others_fail(
    proxypool: Proxypool, farm: dict[str, str], settings: dict[str, str]
) -> None:
    text = f"{NOWHERE}\n{farm['good']}\n"
    ended = await proxypool("check", "-", "--all", "--format", "json", text=text, **settings)
    records = json.loads(ended.output)
    assert [(one["proxy"], one["works"], one["reason"]) for one in records] == [
        (farm["good"], True, ""),
        (NOWHERE, False, "connect_refused"),
    ]


async def test_all_tells_good_from_dead_in_csv_and_text(
    proxypool: Proxypool, farm: dict[str, str], settings: dict[str, str]
) -> None:
    text = f"{NOWHERE}\n{farm['good']}\n"
    ended = await proxypool("check", "-", "--all", "--format", "csv", text=text, **settings)
    rows = list(csv.DictReader(ended.output.splitlines()))
    assert [(row["proxy"], row["works"], row["reason"]) for row in rows] == [
        (farm["good"], "true", ""),
        (NOWHERE, "false", "connect_refused"),
    ]
    ended = await proxypool("check", "-", "--all", text=text, **settings)
    assert ended.output == f"http://{farm['good']}\n# {NOWHERE} connect_refused\n"
    again = await proxypool("check", "-", text=ended.output, **settings)
    assert "1 of 1 work" in again.errors, "the comment is passed over"


async def test_lines_that_are_no_proxies_are_told_without_credentials(
    proxypool: Proxypool, farm: dict[str, str], settings: dict[str, str]
) -> None:
    bad = "me:secret@1.2.3.4\n999.1.1.1:80\n" + "nothing\n" * 5
    ended = await proxypool("check", "-", text=f"# ours\n\n{farm['good']}\n{bad}", **settings)
    assert ended.code == 0
    assert "proxypool check: 7 lines are no proxies\n    line 4: '1.2.3.4'\n" in ended.errors
    assert "line 5: '999.1.1.1:80'" in ended.errors
    assert "… and 2 more" in ended.errors
    assert "secret" not in ended.errors


async def test_a_name_of_one_label_alone_on_its_line_is_a_proxy(
    proxypool: Proxypool, settings: dict[str, str]
) -> None:
    text = "squid.invalid:3128\nsquid-that-is-nowhere:3128\nnot a:1 proxy\n"
    ended = await proxypool("check", "-", "--all", text=text, **settings)
    assert sorted(line.split()[1] for line in ended.output.splitlines()) == [
        "squid-that-is-nowhere:3128",
        "squid.invalid:3128",
    ]
    assert "line 3" in ended.errors


async def test_what_export_writes_is_read(
    proxypool: Proxypool, farm: dict[str, str], settings: dict[str, str]
) -> None:
    listed = json.dumps([{"proxy": farm["good"], "protocols": ["http"]}, {"proxy": NOWHERE}])
    ended = await proxypool("check", "-", text=listed, **settings)
    assert ended.output == f"http://{farm['good']}\n"
    host, _, port = farm["good"].partition(":")
    ended = await proxypool("check", "-", text=f"ip,port,country\n{host},{port},CN\n", **settings)
    assert ended.output == f"http://{farm['good']}\n"


async def test_nothing_that_works_is_a_failure(
    proxypool: Proxypool, settings: dict[str, str]
) -> None:
    ended = await proxypool("check", "-", text=NOWHERE, **settings)
    assert (ended.code, ended.output) == (1, "")
    assert "0 of 1 work" in ended.errors


async def test_addresses_that_are_not_allowed_are_counted_and_left_alone(
    proxypool: Proxypool, farm: dict[str, str], settings: dict[str, str]
) -> None:
    text = f"10.0.0.1:80\n{farm['good']}\n"
    ended = await proxypool("check", "-", text=text, **settings)
    assert ended.code == 0
    assert "1 of 2 work" in ended.errors
    assert "1  address_not_allowed" in ended.errors


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("-",), "expected addresses of proxies; found none"),
        (("/nowhere/list.txt",), "expected a file that can be read; found /nowhere/list.txt"),
    ],
)
async def test_a_list_that_is_none_is_refused(
    proxypool: Proxypool, settings: dict[str, str], arguments: tuple[str, ...], said: str
) -> None:
    ended = await proxypool("check", *arguments, text="nothing here", **settings)
    assert ended.code == 78
    assert said in ended.errors


async def test_without_a_judge_nothing_is_said_of_proxies(proxypool: Proxypool) -> None:
    nowhere = f"http://{NOWHERE}/"
    ended = await proxypool("check", "-", text=NOWHERE, JUDGE_URL=nowhere, JUDGE_DIRECT_URL=nowhere)
    assert ended.code == 78
    assert "JUDGE_URL: expected a judge that answers" in ended.errors


ONE_BY_ONE = {"CHECK_CONCURRENCY": "1", "CONNECT_TIMEOUT": "1", "VERIFY_TIMEOUT": "1"}


@pytest.mark.parametrize(("open_files", "count"), [((64, 4096), 100), ((64, 64), 3)])
async def test_few_open_files_make_no_proxy_fail(
    proxypool: Proxypool,
    farm: dict[str, str],
    settings: dict[str, str],
    open_files: tuple[int, int],
    count: int,
) -> None:
    text = "".join(f"user{number}:pw@{farm['good']}\n" for number in range(count))
    # A hundred at once on a busy machine take a while; that is not what is asked here.
    patient = settings | {"CONNECT_TIMEOUT": "20", "VERIFY_TIMEOUT": "40", "CLAIM_IDLE": "60"}
    ended = await proxypool("check", "-", text=text, open_files=open_files, **patient)
    assert ended.code == 0
    assert f"{count} of {count} work" in ended.errors
    told = "CHECK_CONCURRENCY: expected 2256 open files to be allowed for 1000 checks"
    assert (told in ended.errors) == (open_files[1] < 2256)


def test_what_nothing_was_found_out_about_does_not_count_as_dead() -> None:
    findings = Findings()
    [candidate] = candidates_of(NOWHERE)
    findings.note(candidate, Verdict(Outcome.POSTPONED, "own_limit"), keep=True)
    assert (findings.done, findings.reasons.total()) == (0, 0)
    assert findings.postponed == {"own_limit": 1}


@pytest.mark.parametrize("output", ["/nowhere/out.txt", "/proc/out.txt", "/tmp"])  # noqa: S108
async def test_an_output_that_cannot_be_written_is_told_before_the_first_check(
    proxypool: Proxypool, settings: dict[str, str], judge: Judge, output: str
) -> None:
    ended = await proxypool("check", "-", "--output", output, text=NOWHERE, **settings)
    assert ended.code == 78
    assert f"--output: expected a file that can be written; found {output}" in ended.errors
    assert judge.asked == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_what_was_found_until_a_signal_is_kept(
    proxypool: Proxypool, farm: dict[str, str], settings: dict[str, str], number: signal.Signals
) -> None:
    processes: list[asyncio.subprocess.Process] = []

    async def interrupts(_: bytes, reader: proxies.Reader, __: proxies.Writer) -> None:
        if processes[0].returncode is None:
            processes[0].send_signal(number)
        await reader.read()

    async with proxies.proxy(interrupts) as last:
        ended = await proxypool(
            "check",
            "-",
            text=f"{farm['good']}\n{last}\n{NOWHERE}\n",
            started=processes.append,
            **settings,
            **ONE_BY_ONE,
        )
    assert (ended.code, ended.output) == (128 + number, f"http://{farm['good']}\n")
    assert "1 of 3 work, 2 not checked: interrupted" in ended.errors


async def test_a_judge_that_dies_ends_it_and_what_was_found_is_kept(
    proxypool: Proxypool, farm: dict[str, str], settings: dict[str, str], judge: Judge
) -> None:
    async def kills_the_judge(_: bytes, __: proxies.Reader, ___: proxies.Writer) -> None:
        await judge.stop()

    async with proxies.proxy(kills_the_judge) as last:
        text = f"{farm['good']}\n{last}\n{NOWHERE}\n"
        ended = await proxypool("check", "-", text=text, **settings, **ONE_BY_ONE)
    assert (ended.code, ended.output) == (75, f"http://{farm['good']}\n")
    assert "1 of 3 work, 2 not checked: no judge answered for 3 s" in ended.errors
