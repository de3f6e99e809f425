"""Two processes on one machine hand each other messages of 100 bytes, and blocks of 4 MiB.

A pipe is two system calls for a message. `multiprocessing.Queue` is a pipe with a lock, pickling,
and a thread that feeds it: convenient, and several times slower in answering. In shared memory the
receiver finds the bytes where the sender put them; a semaphore says when. That pays for blocks.

For a small message it pays nothing. Who waits for an answer waits until the kernel has woken the
other process, by whatever way. And a pipe keeps many messages for a receiver that is late; here the
shared memory has room for one, so that each waits until the one before is taken.
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
from lab.concurrency.experiment import Experiment, Measured, Prediction, Run, Setting
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
        there.receive()
        cpu = time.process_time()  # without that of the fork itself
        for _ in range(times):
            there.receive()
        back.send(str(time.process_time() - cpu).encode())

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


def one_way_in_turns(
    rounds: int, ways: Mapping[str, tuple[Channel, Channel]], message: bytes, times: int
) -> tuple[dict[str, list[float]], dict[str, list[float]]]:
    """Of each way, how many go in a second, and the seconds of processor time for each."""
    rates: dict[str, list[float]] = {name: [] for name in ways}
    costs: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, way in ways.items():
            took_s, cpu_s = one_way(*way, message, times)
            rates[name].append(times / took_s)
            costs[name].append(cpu_s / times)
    return rates, costs


def scaled(figures: Mapping[str, list[float]], by: float) -> dict[str, list[float]]:
    """The same in another unit."""
    return {name: [value * by for value in values] for name, values in figures.items()}


def measure(run: Run) -> Measured:
    """Latency, messages and megabytes a second, and what each takes, by each way."""
    times, blocks = (300, 10) if run.quick else (3000, 50)
    with shared_memories([run.own("there"), run.own("back")], len(BLOCK)) as memories:
        ways: dict[str, tuple[Channel, Channel]] = {
            "queue": (QueueChannel(), QueueChannel()),
            "pipe": (PipeChannel(), PipeChannel()),
            "shared memory": (SharedChannel(memories[0]), SharedChannel(memories[1])),
        }
        latencies = in_turns(
            run.rounds, {name: partial(latency_us, *way, times) for name, way in ways.items()}
        )
        rates, costs = one_way_in_turns(run.rounds, ways, SMALL, times * 5)
        block_rates, block_costs = one_way_in_turns(run.rounds, ways, BLOCK, blocks)
    return Measured(
        {
            "µs there and back": latencies,
            "messages/s": rates,
            "µs of processor time for a message": scaled(costs, 1e6),
            "MB/s in blocks": scaled(block_rates, len(BLOCK) / 1e6),
            "ms of processor time for a block": scaled(block_costs, 1e3),
        }
    )


EXPERIMENT = Experiment(
    title="Talk between processes",
    predictions=(
        Prediction(
            "There and back takes at least 1.3 times as long by a queue as by a pipe.",
            *("µs there and back", "queue", "pipe"),
            at_least=1.3,
        ),
        Prediction(
            "By shared memory it takes at most 1.5 times as long as by a pipe.",
            *("µs there and back", "shared memory", "pipe"),
            at_most=1.5,
            needs_idle_cores=True,
        ),
        Prediction(
            "A message takes at least 1.3 times the processor time by a queue as by a pipe.",
            *("µs of processor time for a message", "queue", "pipe"),
            at_least=1.3,
        ),
        Prediction(
            "Messages go at least 1.3 times as fast by a pipe as by a queue.",
            *("messages/s", "pipe", "queue"),
            at_least=1.3,
            needs_idle_cores=True,
        ),
        Prediction(
            "And at least 1.3 times as fast as by shared memory with room for one.",
            *("messages/s", "pipe", "shared memory"),
            at_least=1.3,
            needs_idle_cores=True,
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
