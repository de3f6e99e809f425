"""Ways to hand bytes to another process."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.shared_memory import SharedMemory
from typing import Protocol, cast

fork = multiprocessing.get_context("fork")


class Channel(Protocol):
    """One way to hand bytes to another process."""

    def send(self, message: bytes) -> None:
        """Hand it over."""

    def receive(self) -> bytes:
        """Wait for the next one."""


class PipeChannel:
    """The kernel's pipe, without pickling."""

    def __init__(self) -> None:
        self._reads, self._writes = fork.Pipe(duplex=False)
        self.send: Callable[[bytes], None] = self._writes.send_bytes
        self.receive: Callable[[], bytes] = self._reads.recv_bytes


class QueueChannel:
    """multiprocessing's queue."""

    def __init__(self) -> None:
        queue = fork.Queue(maxsize=1000)
        self.send: Callable[[bytes], None] = queue.put
        self.receive: Callable[[], bytes] = queue.get


class SharedChannel:
    """A place in shared memory for one message, and two semaphores that say whose turn it is."""

    def __init__(self, memory: SharedMemory) -> None:
        self._buffer = cast("memoryview", memory.buf)
        self._size = fork.Value("q", 0, lock=False)
        self._free, self._full = fork.Semaphore(1), fork.Semaphore(0)

    def send(self, message: bytes) -> None:
        """Put it there as soon as the one before is taken."""
        self._free.acquire()
        self._buffer[: len(message)] = message
        self._size.value = len(message)
        self._full.release()

    def receive(self) -> bytes:
        """Take a copy of it, as the other ways do."""
        self._full.acquire()
        message = bytes(self._buffer[: self._size.value])
        self._free.release()
        return message


@contextmanager
def shared_memories(names: list[str], size: int) -> Iterator[list[SharedMemory]]:
    """Pieces of shared memory of so many bytes, which are gone afterwards."""
    memories = [SharedMemory(name, create=True, size=size) for name in names]
    try:
        yield memories
    finally:
        for memory in memories:
            memory.close()
            memory.unlink()
