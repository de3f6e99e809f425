"""Runs plug-ins: Python files for the rare list that no parser reads.

Each runs in a process of its own, so that one that raises, hangs, exits, or eats memory harms
nothing else, and ends when its time is over.
"""

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

from proxypool.address import Network, Upstream
from proxypool.candidate import Candidate
from proxypool.protocol import Protocol

_CHECK_TIMEOUT_S = 20.0
_STOP_S = 2.0
_ERROR_BYTES = 64 * 1024
_LINE_BYTES = 16 * 1024
# Nothing of the pool's own environment: it may name secrets.
_ENVIRONMENT = ("PATH", "LANG", "LC_ALL", "TZ", "SSL_CERT_FILE", "SSL_CERT_DIR", "RES_OPTIONS")


class PluginError(Exception):
    """The plug-in cannot be used, or its run did not end well."""


def check(path: Path) -> None:
    """Import the plug-in, in a process of its own; raises PluginError that says what is wrong."""
    try:
        ended = subprocess.run(
            _command("check", path),
            env=_environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_CHECK_TIMEOUT_S,
            check=False,
        )
    except OSError as error:
        raise PluginError(f"its process cannot be started: {error.strerror}") from error
    except subprocess.TimeoutExpired as error:
        raise PluginError(f"not imported within {_CHECK_TIMEOUT_S:g} s") from error
    if ended.returncode:
        raise PluginError(_last_line(ended.stderr) or f"exit code {ended.returncode}")


async def run(path: Path, networks: tuple[Network, ...]) -> AsyncGenerator[Candidate | None, None]:
    """What the plug-in lists, as it lists it; None for what is no address.

    Close the iterator to end the plug-in.

    `networks` are those that its session may connect to beside public ones. Raises PluginError
    at the end where the run ended badly.
    """
    try:
        process = await asyncio.create_subprocess_exec(
            *_command("fetch", path),
            *map(str, networks),
            env=_environment(),
            stdin=subprocess.PIPE,  # open for as long as this process lives
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            limit=_LINE_BYTES,
            start_new_session=True,
        )
    except OSError as error:
        raise PluginError(f"its process cannot be started: {error.strerror}") from error
    if process.stdout is None or process.stderr is None:
        raise RuntimeError("pipes were asked for")
    errors = asyncio.create_task(_tail(process.stderr))
    try:
        while line := await process.stdout.readline():
            yield _candidate(line)
        code = await process.wait()
        if code:
            raise PluginError(_last_line(await errors) or f"exit code {code}")
    except ValueError as error:
        raise PluginError(f"it lists what is no address: {str(error)[:200]}") from error
    finally:
        await _end(process)
        errors.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await errors


def _command(verb: str, path: Path) -> list[str]:
    return [sys.executable, "-m", "proxypool.plugin_process", verb, str(path)]


def _environment() -> dict[str, str]:
    kept = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
    # The package is found where this process found it.
    kept["PYTHONPATH"] = os.pathsep.join(entry for entry in sys.path if entry)
    return {**kept, "PYTHONDONTWRITEBYTECODE": "1", "PYTHONUNBUFFERED": "1"}


def _candidate(line: bytes) -> Candidate | None:
    said: dict[str, Any] | None = json.loads(line)
    if said is None:
        return None
    protocol = Protocol(said["protocol"]) if said["protocol"] else None
    return Candidate(Upstream.parse(said["proxy"]), protocol, float(said["expires"]))


async def _tail(stream: asyncio.StreamReader) -> bytes:
    """All of the stream is read, so that the writer never blocks; its end is kept."""
    kept = b""
    while data := await stream.read(_LINE_BYTES):
        kept = (kept + data)[-_ERROR_BYTES:]
    return kept


def _last_line(output: bytes) -> str:
    lines = [line.strip() for line in output.decode("utf-8", errors="replace").splitlines()]
    return next((line[:300] for line in reversed(lines) if line), "")


async def _end(process: asyncio.subprocess.Process) -> None:
    """End the process and whatever it started."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        if process.returncode is not None and number is signal.SIGKILL:
            return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_STOP_S):
                await process.wait()
