"""The same messages by a list in Redis, beside a pipe.

Redis is a third process, and each message is two requests to it over TCP. For that it reaches
processes on other machines, keeps messages while nobody listens, and any number may send and take.
One at a time is slow; many in one request (a pipeline) is not.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial

import redis

from lab.concurrency.channels import Channel, PipeChannel
from lab.concurrency.experiment import Experiment, Measured, Prediction, Run, Setting
from lab.concurrency.experiments.talk import SMALL, latency_us, rate
from lab.concurrency.rounds import in_turns, seconds

WAIT_S = 20
PIPELINE = 100


class RedisChannel:
    """A list under a key; each process connects for itself, since it forks first."""

    def __init__(self, url: str, key: str) -> None:
        self._url = url
        self.key = key
        self._clients: dict[int, redis.Redis] = {}

    @property
    def client(self) -> redis.Redis:
        """This process's connection."""
        if os.getpid() not in self._clients:
            self._clients[os.getpid()] = redis.Redis.from_url(self._url)
        return self._clients[os.getpid()]

    def send(self, message: bytes) -> None:
        """Put it at the end."""
        self.client.rpush(self.key, message)

    def receive(self) -> bytes:
        """Wait for the first one."""
        found = self.client.blpop([self.key], timeout=WAIT_S)
        if found is None:
            raise TimeoutError(f"expected a message within {WAIT_S} s; found none")
        return bytes(found[1])


def pipelined_rate(channel: RedisChannel, times: int) -> float:
    """Messages a second that are sent and taken by PIPELINE in one request."""

    def send_and_take() -> None:
        for _ in range(times // PIPELINE):
            with channel.client.pipeline(transaction=False) as many:
                for _ in range(PIPELINE):
                    many.rpush(channel.key, SMALL)
                many.lpop(channel.key, PIPELINE)
                many.execute()

    return times / seconds(send_and_take)


def measure(run: Run) -> Measured:
    """Latency and messages a second, by each way."""
    times = 100 if run.quick else 1000
    there, back = (RedisChannel(run.redis_url, run.own(name)) for name in ("there", "back"))
    ways: dict[str, tuple[Channel, Channel]] = {
        "pipe": (PipeChannel(), PipeChannel()),
        "Redis": (there, back),
    }
    rates: dict[str, Callable[[], float]] = {
        # As many by a pipe would be over before a neighbour had its turn.
        "pipe": lambda: rate(*ways["pipe"], times * 20),
        "Redis": lambda: rate(*ways["Redis"], times),
    }
    rates["Redis, 100 in a request"] = lambda: pipelined_rate(there, times * 10)
    try:
        return Measured(
            {
                "µs there and back": in_turns(
                    run.rounds,
                    {name: partial(latency_us, *way, times) for name, way in ways.items()},
                ),
                "messages/s": in_turns(run.rounds, rates),
            }
        )
    finally:
        there.client.delete(there.key, back.key)


EXPERIMENT = Experiment(
    title="Talk by Redis",
    predictions=(
        Prediction(
            "There and back takes at least twice as long by Redis as by a pipe.",
            *("µs there and back", "Redis", "pipe"),
            at_least=2,
        ),
        Prediction(
            "Messages go at least 3 times as fast by a pipe as by Redis one by one.",
            *("messages/s", "pipe", "Redis"),
            at_least=3,
        ),
        Prediction(
            "100 in a request go at least 3 times as fast as one by one.",
            *("messages/s", "Redis, 100 in a request", "Redis"),
            at_least=3,
        ),
    ),
    measure=measure,
    limit_s=90,
    needs_redis=True,
    settings=(
        Setting(
            "The proxy pool's processes share their work by a stream in Redis ({line}), and take "
            "many at once: any number of them may run, on any host.",
            "services/proxy_pool/proxypool/store/work.py",
            "await self._redis.xreadgroup(",
        ),
        Setting(
            "Celery's tasks go by way of Redis ({line}): they outlive the process that asked for "
            "them.",
            "services/luffy_api/luffy/settings.py",
            "CELERY_BROKER_URL = ",
        ),
    ),
)
