"""What happens in the shop, counted for Prometheus.

A web process counts for `/metrics` as all else does. The worker has no such address: what its tasks
counted they hand over through Redis (`hand_over`), and whichever web process is asked adds it.
"""

import logging
from collections.abc import Iterator
from typing import cast

from django.conf import settings
from django.db import transaction
from prometheus_client import Counter
from prometheus_client.core import CounterMetricFamily
from redis.exceptions import RedisError

from luffy.redis_store import redis_client

logger = logging.getLogger(__name__)

orders = Counter("luffy_orders", "Orders placed, paid, cancelled or timed out", ["event"])
notifications = Counter(
    "luffy_payment_notifications", "Notifications of the gateway, by outcome", ["outcome"]
)
refunds = Counter("luffy_refunds", "Refunds asked for, done, failed or left open", ["outcome"])

_OF_THE_WORKER = {"orders": orders, "refunds": refunds}


def count_order(event: str) -> None:
    """Count it once it is kept: a transaction may be tried again, or come to nothing."""
    transaction.on_commit(orders.labels(event).inc)


class _HandedOver:
    """What this process handed over already."""

    counts: dict[str, float] = {}  # noqa: RUF012 - one for the process


def _key() -> str:
    return f"{settings.REDIS_KEY_PREFIX}:shop:counts"


def hand_over() -> None:
    """Add what this process counted since the last time to what Redis holds."""
    found = {
        f"{name} {sample.labels[label]}": sample.value
        for name, counter in _OF_THE_WORKER.items()
        for family in counter.collect()
        for sample in family.samples
        for label in sample.labels
        if sample.name.endswith("_total")
    }
    new = {name: value - _HandedOver.counts.get(name, 0) for name, value in found.items()}
    try:
        with redis_client().pipeline(transaction=True) as pipeline:
            for name, value in new.items():
                if value:
                    pipeline.hincrby(_key(), name, int(value))
            pipeline.execute()
    except RedisError as error:
        logger.warning("what was counted is handed over later: %s", error)
    else:
        _HandedOver.counts = found


class WorkerCounts:
    """A collector for Prometheus: what the worker's tasks counted."""

    def collect(self) -> Iterator[CounterMetricFamily]:
        """A family for each counter; none of them while Redis is away."""
        try:
            counts = cast("dict[bytes, bytes]", redis_client().hgetall(_key()))
        except RedisError as error:
            logger.warning("what the worker counted is not known: %s", error)
            return
        for name in _OF_THE_WORKER:
            family = CounterMetricFamily(
                f"luffy_worker_{name}", f"As luffy_{name}, by the worker's tasks", labels=["event"]
            )
            for key, value in sorted(counts.items()):
                kind, _blank, event = key.decode().partition(" ")
                if kind == name:
                    family.add_metric([event], float(value))
            yield family
