import asyncio
import os
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import pytest


@dataclass
class Ended:
    """What a command printed, and its exit code."""

    code: int
    output: str
    errors: str


Proxypool = Callable[..., Awaitable[Ended]]


@pytest.fixture
def proxypool(environment: dict[str, str]) -> Proxypool:
    """Runs `proxypool ARGUMENTS`, with `text` on its standard input.

    `started` is told of the process; `open_files` are its soft and hard limit.
    """

    async def run(
        *arguments: str,
        text: str = "",
        started: Callable[[asyncio.subprocess.Process], None] = lambda _: None,
        open_files: tuple[int, int] | None = None,
        **settings: str,
    ) -> Ended:
        limit = [] if open_files is None else ["prlimit", "--nofile={}:{}".format(*open_files)]
        process = await asyncio.create_subprocess_exec(
            *limit,
            sys.executable,
            "-m",
            "proxypool",
            *arguments,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env={**os.environ, **environment, **settings},
        )
        started(process)
        output, errors = await process.communicate(text.encode())
        print(errors.decode(), file=sys.stderr)
        return Ended(process.returncode or 0, output.decode(), errors.decode())

    return run
