"""Bytes from one process to another, counted and hashed on the way; never whole in memory."""

from __future__ import annotations

import hashlib
import os
import select
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from engine.compose import clean_environment
from engine.errors import StepFailedError
from engine.interrupts import kill_group
from engine.processes import identity
from engine.tools import Tools

CHUNK_BYTES = 1024 * 1024
STALLED_S = 900
GRACE_S = 30
LAST_LINES = 20


@dataclass(frozen=True)
class Passed:
    """What went by."""

    bytes: int
    sha256: str


class Process:
    """A child that reads from a pipe or writes to one. What is no pipe is kept for later."""

    def __init__(self, tools: Tools, command: Sequence[str], what: str, reads: bool) -> None:
        self.tools, self.what = tools, what
        self._errors: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 (closed with the child)
        # Of one that reads, what it prints is little, and nobody reads it before it has ended.
        self._printed: IO[bytes] | None = tempfile.TemporaryFile() if reads else None  # noqa: SIM115
        self.child = subprocess.Popen(
            list(command),
            stdin=subprocess.PIPE if reads else subprocess.DEVNULL,
            stdout=self._printed or subprocess.PIPE,
            stderr=self._errors,
            cwd=Path("/"),
            env=clean_environment({}),
            # Its own group: a Ctrl-C in the terminal reaches the engine alone. With the lock's
            # descriptor, so that the lock outlives the engine if this does.
            start_new_session=True,
            pass_fds=(tools.lock.descriptor,),
        )

    @property
    def output(self) -> IO[bytes]:
        """What it prints."""
        return _pipe(self.child.stdout)

    @property
    def given(self) -> IO[bytes]:
        """What it reads."""
        return _pipe(self.child.stdin)

    def printed(self) -> bytes:
        """All that one has printed which reads."""
        if self._printed is None:
            return b""
        self._printed.seek(0)
        return self._printed.read()

    def said(self) -> list[str]:
        """The last lines of what it wrote to stderr."""
        self._errors.seek(0)
        lines = self._errors.read().decode("utf-8", "replace").splitlines()
        return [line.rstrip() for line in lines if line.strip()]

    def end(self) -> None:
        """Wait for it. Raises StepFailedError with its own words if it ended with an error."""
        code = self.child.wait()
        if code:
            lines = self.said()[-LAST_LINES:]
            found = f"exit code {code}" + (f": {lines[-1].strip()}" if lines else "")
            raise CommandError(self.what, code, found, lines)

    def kill(self) -> None:
        """End it, if it still runs."""
        if self.child.poll() is None:
            kill_group(self.child.pid, signal.SIGTERM)
            try:
                self.child.wait(GRACE_S)
            except subprocess.TimeoutExpired:
                kill_group(self.child.pid, signal.SIGKILL)
                self.child.wait()
        for stream in (self.child.stdin, self.child.stdout):
            if stream is not None:
                try:
                    stream.close()
                except BrokenPipeError:
                    # What was left to be written is of no use to one that has ended.
                    continue
        for file in (self._errors, self._printed):
            if file is not None:
                file.close()


class CommandError(StepFailedError):
    """A command ended with an error; its exit code says which."""

    def __init__(self, what: str, code: int, found: str, log: list[str]) -> None:
        super().__init__(what, "exit code 0", found, "", log)
        self.code = code


@contextmanager
def started(tools: Tools, command: Sequence[str], what: str, *, reads: bool) -> Iterator[Process]:
    """A child that is gone afterwards, whatever happens; a signal to the engine ends it."""
    tools.interrupts.stop_if_asked()
    process = Process(tools, command, what, reads)
    try:
        tools.lock.note_child(identity(process.child.pid))
        tools.interrupts.child_started(process.child.pid)
        yield process
    finally:
        process.kill()
        tools.interrupts.child_ended()
        tools.lock.note_child("")


def output_of(tools: Tools, command: Sequence[str], what: str, given: bytes = b"") -> bytes:
    """What a command prints, where that is little. Raises CommandError."""
    with started(tools, command, what, reads=True) as process:
        process.child.communicate(given)
        tools.interrupts.stop_if_asked()
        process.end()
        return process.printed()


def passed_on(source: Process, sink: Process | None, tools: Tools) -> Passed:
    """Hand all that `source` prints to `sink`, or to nobody; both have to end well.

    Raises CommandError and StepFailedError; the sink never sees the end of a source that failed.
    """
    digest, count = hashlib.sha256(), 0
    for chunk in _chunks(source):
        tools.interrupts.stop_if_asked()
        digest.update(chunk)
        count += len(chunk)
        if sink is not None:
            _write(sink, chunk)
    tools.interrupts.stop_if_asked()
    source.end()
    if sink is not None:
        _close(sink)
        sink.end()
    return Passed(count, digest.hexdigest())


def carried(
    tools: Tools, source: tuple[Sequence[str], str], sink: tuple[Sequence[str], str]
) -> Passed:
    """Run two commands, each with what it is called, the first one's output into the second."""
    with started(tools, *sink, reads=True) as to, started(tools, *source, reads=False) as begin:
        return passed_on(begin, to, tools)


def _chunks(source: Process) -> Iterator[bytes]:
    descriptor = source.output.fileno()
    while True:
        ready, _, _ = select.select([descriptor], [], [], STALLED_S)
        if not ready:
            raise StepFailedError(source.what, f"some data within {STALLED_S} s", "none")
        chunk = os.read(descriptor, CHUNK_BYTES)
        if not chunk:
            return
        yield chunk


def _write(sink: Process, chunk: bytes) -> None:
    try:
        sink.given.write(chunk)
    except BrokenPipeError:
        _left(sink)


def _close(sink: Process) -> None:
    try:
        sink.given.close()
    except BrokenPipeError:
        _left(sink)


def _pipe(stream: IO[bytes] | None) -> IO[bytes]:
    if stream is None:
        raise ValueError("a child without that pipe")
    return stream


def _left(sink: Process) -> None:
    """It ended before it had read everything: its own words say why."""
    sink.end()
    raise StepFailedError(sink.what, "that it reads to the end", "it stopped reading")
