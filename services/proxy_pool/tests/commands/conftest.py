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
    """Runs `proxypool ARGUMENTS`, with `text` on its standard input."""

    async def run(*arguments: str, text: str = "", **settings: str) -> Ended:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "proxypool",
            *arguments,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env={**os.environ, **environment, **settings},
        )
        output, errors = await process.communicate(text.encode())
        print(errors.decode(), file=sys.stderr)
        return Ended(process.returncode or 0, output.decode(), errors.decode())

    return run
