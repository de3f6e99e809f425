"""What the processes count, for Prometheus.

All processes count into files of one folder (`PROMETHEUS_MULTIPROC_DIR`, which `shortlink serve`
makes), and whichever is asked gives the sum. Without that folder, as in a test, each counts
for itself.
"""

import os

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

__all__ = ["CONTENT_TYPE_LATEST", "Gauges", "text"]

requests = Counter(
    "shortlink_http_requests", "Requests answered, by route and status.", ("route", "status")
)
durations = Histogram(
    "shortlink_http_request_duration_seconds",
    "From a request's head to the end of its answer.",
    ("route",),
    buckets=(0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
lookups = Counter(
    "shortlink_lookups", "Codes looked up, by the store that knew: redis, mariadb.", ("store",)
)
links_made = Counter("shortlink_links_made", "Links made, by whether they were new.", ("new",))
redis_failures = Counter("shortlink_redis_failures", "Commands that Redis did not do.")
mariadb_failures = Counter("shortlink_mariadb_failures", "Times that MariaDB did not answer.")
clicks_counted = Counter("shortlink_clicks", "Redirects that were counted as clicks.")
clicks_written = Counter("shortlink_clicks_written", "Clicks that are in MariaDB.")
clicks_lost = Counter(
    "shortlink_clicks_lost", "Clicks given up because both stores were away for too long."
)


class Gauges(Collector):
    """Values read just now, by name: what each is for, and the values by the label `store`."""

    def __init__(self) -> None:
        self.up: dict[str, bool] = {}
        self.batches_waiting: int | None = None

    def collect(self) -> list[Metric]:
        """All of them."""
        up = GaugeMetricFamily("shortlink_store_up", "Whether a store answers.", labels=("store",))
        for store, answers in self.up.items():
            up.add_metric((store,), float(answers))
        found: list[Metric] = [up]
        if self.batches_waiting is not None:
            found.append(
                GaugeMetricFamily(
                    "shortlink_click_batches_waiting",
                    "Batches of clicks in Redis that are not in MariaDB yet.",
                    value=float(self.batches_waiting),
                )
            )
        return found


def text(gauges: Gauges) -> bytes:
    """All metrics of all processes."""
    registry: CollectorRegistry = REGISTRY
    if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    own = CollectorRegistry(auto_describe=False)
    own.register(gauges)
    return generate_latest(registry) + generate_latest(own)
