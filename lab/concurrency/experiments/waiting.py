"""Each way asks a server on loopback the same number of times; the server answers 100 ms later.

Who waits needs no processor. A thread that waits lets go of the GIL, a coroutine that waits lets
go of its thread: the waits lie beside each other, however many there are. One thread has them in a
row.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from lab.concurrency.experiment import Experiment, Measured, Prediction, Run, Setting
from lab.concurrency.rounds import in_turns, seconds

WAIT_S = 0.1
fork = multiprocessing.get_context("fork")


def answer_late(listener: socket.socket) -> None:
    """Answer every caller after WAIT_S, all of them at once."""

    async def answer(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(WAIT_S)
        writer.write(b"late")
        writer.close()

    async def serve() -> None:
        async with await asyncio.start_server(answer, sock=listener) as server:
            await server.serve_forever()

    asyncio.run(serve())


@contextmanager
def late_server() -> Iterator[tuple[str, int]]:
    """A server in a process of its own; its address."""
    with socket.create_server(("127.0.0.1", 0), backlog=512) as listener:
        server = fork.Process(target=answer_late, args=(listener,), daemon=True)
        server.start()
        try:
            yield listener.getsockname()
        finally:
            server.kill()
            server.join()


def ask(address: tuple[str, int]) -> None:
    """Wait for one answer, and read it to its end."""
    with socket.create_connection(address) as connection:
        while connection.recv(100):
            pass


def by_one_thread(address: tuple[str, int], times: int) -> None:
    """One after the other."""
    for _ in range(times):
        ask(address)


def by_threads(address: tuple[str, int], times: int) -> None:
    """A thread for each."""
    with ThreadPoolExecutor(times) as threads:
        list(threads.map(ask, [address] * times))


def by_processes(address: tuple[str, int], times: int) -> None:
    """A process for each."""
    processes = [fork.Process(target=ask, args=(address,)) for _ in range(times)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()


def by_coroutines(address: tuple[str, int], times: int) -> None:
    """A coroutine for each, all in one thread."""

    async def ask_and_wait() -> None:
        reader, writer = await asyncio.open_connection(*address)
        await reader.read()
        writer.close()

    async def ask_all() -> None:
        await asyncio.gather(*(ask_and_wait() for _ in range(times)))

    asyncio.run(ask_all())


def measure(run: Run) -> Measured:
    """Seconds until all answers are there."""
    times = 8 if run.quick else 20
    with late_server() as address:
        ways = {
            "one thread": lambda: seconds(lambda: by_one_thread(address, times)),
            "threads": lambda: seconds(lambda: by_threads(address, times)),
            "processes": lambda: seconds(lambda: by_processes(address, times)),
            "coroutines": lambda: seconds(lambda: by_coroutines(address, times)),
        }
        return Measured({"s": in_turns(run.rounds, ways)})


EXPERIMENT = Experiment(
    title="Waiting: I/O-bound work",
    predictions=(
        Prediction(
            "Threads wait for all answers at least 3 times sooner than one thread.",
            *("s", "one thread", "threads"),
            at_least=3,
        ),
        Prediction(
            "Coroutines in a single thread: at least 3 times sooner as well.",
            *("s", "one thread", "coroutines"),
            at_least=3,
        ),
        Prediction(
            "Processes: at least twice as soon, their start included.",
            *("s", "one thread", "processes"),
            at_least=2,
        ),
    ),
    measure=measure,
    limit_s=60,
    settings=(
        Setting(
            "A checker of the proxy pool waits for a thousand proxies at once ({line}), as "
            "coroutines.",
            "group_vars/all.yml",
            "proxy_pool_check_concurrency:",
        ),
        Setting(
            "A process of the course site's API has threads ({line}): while one of them waits "
            "for MariaDB or for the payment gateway, the others answer.",
            "group_vars/all.yml",
            "luffy_api_threads:",
        ),
    ),
)
