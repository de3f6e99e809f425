"""Processes that run, fail and stop as one."""

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from proxypool.supervisor import Role, Supervisor

from tests.conftest import Until

Starts = Callable[[], Awaitable[int]]

NOTES_ITS_START = """
import os, pathlib, signal, sys, time
with open({place!r}, "a") as file:
    file.write(f"{{os.getpid()}}\\n")
{body}
"""


class Program:
    """A process that notes each of its starts, then does `body`."""

    def __init__(self, folder: Path, name: str, body: str) -> None:
        self.place = folder / name
        program = NOTES_ITS_START.format(place=str(self.place), body=body)
        self.role = Role(name, command=(sys.executable, "-c", program))

    async def pids(self) -> list[int]:
        return [int(line) for line in self.place.read_text().split()] if self.place.exists() else []


def supervise(*programs: Program, grace_s: float = 30) -> Supervisor:
    return Supervisor([one.role for one in programs], grace_s=grace_s, first_pause_s=0.01)


async def gone(pid: int) -> bool:
    try:
        state = await asyncio.to_thread(Path(f"/proc/{pid}/stat").read_text)
    except (FileNotFoundError, ProcessLookupError):
        return True
    # One that has ended and is not yet taken off the list has no program any more.
    return state.rpartition(")")[2].split()[0] == "Z"


async def test_all_stop_together_and_the_exit_code_is_0(tmp_path: Path, until: Until) -> None:
    programs = [Program(tmp_path, name, "time.sleep(600)") for name in ("one", "two")]
    supervisor = supervise(*programs)
    running = asyncio.create_task(supervisor.run())
    for program in programs:
        await until(program.pids)
    supervisor.stop()
    assert await running == 0
    for program in programs:
        [pid] = await program.pids()
        assert await gone(pid)


async def test_one_that_is_killed_is_started_again(tmp_path: Path, until: Until) -> None:
    program = Program(tmp_path, "one", "time.sleep(600)")
    supervisor = supervise(program)
    running = asyncio.create_task(supervisor.run())
    await until(program.pids)
    os.kill((await program.pids())[0], signal.SIGKILL)

    async def twice() -> bool:
        return len(await program.pids()) == 2

    await until(twice)
    supervisor.stop()
    assert await running == 0


@pytest.mark.parametrize(("code", "starts"), [(78, 1), (3, 5)])
async def test_one_that_cannot_be_kept_running_ends_all(
    tmp_path: Path, until: Until, code: int, starts: int
) -> None:
    other = Program(tmp_path, "other", "time.sleep(600)")
    wait = f"while not pathlib.Path({str(other.place)!r}).exists(): time.sleep(0.01)"
    bad = Program(tmp_path, "bad", f"{wait}\nsys.exit({code})")
    assert await supervise(other, bad).run() == code
    assert len(await bad.pids()) == starts
    [pid] = await other.pids()
    assert await gone(pid)


async def test_one_that_does_not_stop_is_killed(tmp_path: Path, until: Until) -> None:
    stubborn = "signal.signal(signal.SIGTERM, signal.SIG_IGN)\npathlib.Path({!r}).touch()\n"
    ready = tmp_path / "ready"
    body = stubborn.format(str(ready)) + "time.sleep(600)"
    program = Program(tmp_path, "one", body)
    supervisor = supervise(program, grace_s=0.2)
    running = asyncio.create_task(supervisor.run())
    await until(lambda: asyncio.to_thread(ready.exists))
    supervisor.stop()
    assert await running == 0
    [pid] = await program.pids()
    assert await gone(pid)


async def test_a_supervisor_that_is_killed_leaves_nothing_running(
    tmp_path: Path, until: Until
) -> None:
    program = Program(tmp_path, "one", "time.sleep(600)")
    code = (
        "import asyncio, sys\n"
        "from proxypool.supervisor import Role, Supervisor\n"
        f"role = Role('one', command={[*program.role.command]!r})\n"
        "asyncio.run(Supervisor([role], grace_s=30).run())"
    )
    parent = await asyncio.create_subprocess_exec(sys.executable, "-c", code)
    await until(program.pids)
    parent.kill()
    await parent.wait()
    [pid] = await program.pids()
    await until(lambda: gone(pid))


def test_what_a_role_is_given_is_not_shown() -> None:
    assert "hunter2" not in repr(Role("server", {"DB_CONN": "redis://:hunter2@host"}))
