"""Two processes on one machine hand each other messages of 100 bytes, and blocks of 4 MiB.

A pipe is two system calls for a message. `multiprocessing.Queue` is a pipe with a lock, pickling,
and a thread that feeds it: convenient, and several times slower in answering. In shared memory the
receiver finds the bytes where the sender put them; a semaphore says when. That pays for blocks.
"""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable, Mapping
from functools import partial
from multiprocessing.context import ForkProcess

from lab.concurrency.channels import (
    Channel,
    PipeChannel,
    QueueChannel,
    SharedChannel,
    shared_memories,
)
from lab.concurrency.experiment import Experiment, Figures, Measured, Prediction, Run, Setting
from lab.concurrency.rounds import in_turns

SMALL, BLOCK = b"x" * 100, bytes(4 * 2**20)
fork = multiprocessing.get_context("fork")


def started(work: Callable[[], None]) -> ForkProcess:
    """A fork that does this."""
    process = fork.Process(target=work)
    process.start()
    return process


def latency_us(there: Channel, back: Channel, times: int) -> float:
    """Microseconds until a message has come back, one at a time."""

    def echo() -> None:
        for _ in range(times + 1):
            back.send(there.receive())

    other = started(echo)
    there.send(SMALL)  # the first one waits for the fork
    back.receive()
    began = time.perf_counter()
    for _ in range(times):
        there.send(SMALL)
        back.receive()
    took_s = time.perf_counter() - began
    other.join()
    return took_s / times * 1e6


def one_way(there: Channel, back: Channel, message: bytes, times: int) -> tuple[float, float]:
    """Seconds until the last of so many has arrived, and of processor time in both processes."""

    def take() -> None:
        for _ in range(times + 1):
            there.receive()
        back.send(str(time.process_time()).encode())

    other = started(take)
    there.send(message)  # the first one waits for the fork
    cpu, began = time.process_time(), time.perf_counter()
    for _ in range(times):
        there.send(message)
    others_cpu = float(back.receive())
    took_s = time.perf_counter() - began
    cpu_s = time.process_time() - cpu + others_cpu
    other.join()
    return took_s, cpu_s


def rate(there: Channel, back: Channel, times: int) -> float:
    """Small messages a second."""
    return times / one_way(there, back, SMALL, times)[0]


def blocks_in_turns(
    rounds: int, ways: Mapping[str, tuple[Channel, Channel]], blocks: int
) -> Figures:
    """Megabytes a second in blocks, and what a block takes of the processors."""
    speeds: dict[str, list[float]] = {name: [] for name in ways}
    costs: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, way in ways.items():
            took_s, cpu_s = one_way(*way, BLOCK, blocks)
            speeds[name].append(blocks * len(BLOCK) / took_s / 1e6)
            costs[name].append(cpu_s / blocks * 1000)
    return {"MB/s in blocks": speeds, "ms of processor time for a block": costs}


def measure(run: Run) -> Measured:
    """Latency, messages and megabytes a second, by each way."""
    times, blocks = (300, 10) if run.quick else (3000, 50)
    with shared_memories(2, len(BLOCK)) as memories:
        ways: dict[str, tuple[Channel, Channel]] = {
            "queue": (QueueChannel(), QueueChannel()),
            "pipe": (PipeChannel(), PipeChannel()),
            "shared memory": (SharedChannel(memories[0]), SharedChannel(memories[1])),
        }
        latencies = in_turns(
            run.rounds, {name: partial(latency_us, *way, times) for name, way in ways.items()}
        )
        rates = in_turns(
            run.rounds, {name: partial(rate, *way, times) for name, way in ways.items()}
        )
        of_blocks = blocks_in_turns(run.rounds, ways, blocks)
    return Measured({"µs there and back": latencies, "messages/s": rates} | of_blocks)


EXPERIMENT = Experiment(
    title="Talk between processes",
    predictions=(
        Prediction(
            "There and back takes at least 1.3 times as long by a queue as by a pipe.",
            *("µs there and back", "queue", "pipe"),
            at_least=1.3,
        ),
        Prediction(
            "A block of 4 MiB takes at least 1.3 times the processor time by a pipe as by shared "
            "memory.",
            *("ms of processor time for a block", "pipe", "shared memory"),
            at_least=1.3,
        ),
        Prediction(
            "Blocks go at least 1.3 times as fast by shared memory as by a pipe.",
            *("MB/s in blocks", "shared memory", "pipe"),
            at_least=1.3,
            needs_idle_cores=True,
        ),
    ),
    measure=measure,
    limit_s=90,
    settings=(
        Setting(
            "The table of countries and networks is one file that all processes of the pool map "
            "into their memory ({line}): nothing is sent.",
            "services/proxy_pool/proxypool/geo.py",
            "mmap.mmap(",
        ),
    ),
)
