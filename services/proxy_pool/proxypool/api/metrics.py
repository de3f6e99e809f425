"""Prometheus metrics: the process's own requests, and the pool as its statistics show it."""

import asyncio
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.gc_collector import GCCollector
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from proxypool.store import UNAVAILABLE, Store

_FRESH_FOR_S = 5.0
_MOST_SOURCES = 200  # label values: one time series each, in every scrape
_MOST_REASONS = 100
_BUCKETS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


class Metrics:
    """The metrics of one application, in a registry of their own."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._registry = CollectorRegistry(auto_describe=False)
        ProcessCollector(registry=self._registry)
        PlatformCollector(registry=self._registry)
        GCCollector(registry=self._registry)
        self._requests = Counter(
            "proxypool_http_requests",
            "Requests answered, by route and status.",
            ("route", "status"),
            registry=self._registry,
        )
        self._durations = Histogram(
            "proxypool_http_request_duration_seconds",
            "From a request's head to the end of its answer.",
            ("route",),
            buckets=_BUCKETS_S,
            registry=self._registry,
        )
        self.store_errors = Counter(
            "proxypool_store_errors",
            "Requests that the store did not serve because Redis did not answer.",
            registry=self._registry,
        )
        self._pool = _PoolCollector()
        self._registry.register(self._pool)
        self._read_at = float("-inf")
        self._reading = asyncio.Lock()
        # Finding a metric by its labels costs more than counting; there are few of them.
        self._counting: dict[tuple[str, int], Callable[[], None]] = {}
        self._timing: dict[str, Callable[[float], None]] = {}

    def note(self, route: str, status: int, seconds: float) -> None:
        """Count one answered request; `route` is one of the application's own routes."""
        count = self._counting.get((route, status))
        if count is None:
            count = self._requests.labels(route, str(status)).inc
            self._counting[route, status] = count
        count()
        observe = self._timing.get(route)
        if observe is None:
            observe = self._timing[route] = self._durations.labels(route).observe
        observe(seconds)

    async def answer(self, _: Request) -> Response:
        """GET /metrics. Without Redis the process's own metrics, and `proxypool_store_up 0`."""
        await self._refresh()
        return Response(generate_latest(self._registry), media_type=CONTENT_TYPE_LATEST)

    async def _refresh(self) -> None:
        async with self._reading:
            if time.monotonic() - self._read_at < _FRESH_FOR_S:
                return
            try:
                self._pool.statistics = await self._store.statistics()
            except UNAVAILABLE:
                self._pool.statistics = None
                self.store_errors.inc()
            self._read_at = time.monotonic()


class Meter:
    """Counts and times every request; says nothing of what it asks for but the route."""

    def __init__(self, app: ASGIApp, metrics: Metrics, route_of: Callable[[Scope], str]) -> None:
        self._app = app
        self._metrics = metrics
        self._route_of = route_of

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        status = 500  # what the server answers where the application raises

        async def noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, noted)
        finally:
            self._metrics.note(self._route_of(scope), status, time.perf_counter() - began)


class _PoolCollector(Collector):
    """Turns the statistics that were read last into metrics."""

    statistics: dict[str, Any] | None = None

    def collect(self) -> Iterator[Metric]:
        """All metrics of the pool."""
        found = self.statistics
        yield _gauge(
            "store_up", "Whether Redis answered when it was asked last.", found is not None
        )
        if found is None:
            return
        facets: dict[str, int] = found["facets"]
        yield _gauge("good", "Good proxies.", found["good"])
        yield _gauge("good_https", "Good proxies that carry verified TLS.", facets.get("https", 0))
        protocols = ("http", "connect", "socks4", "socks4a", "socks5")
        yield _gauges(
            "good_by_protocol",
            "Good proxies that speak a protocol; one may speak several.",
            "protocol",
            {name: facets.get(name, 0) for name in protocols},
        )
        yield _gauges(
            "good_by_anonymity",
            "Good proxies by anonymity level.",
            "anonymity",
            {
                level: facets.get(f"anonymity:{level}", 0)
                for level in ("transparent", "anonymous", "elite")
            },
        )
        yield _gauge("known", "Candidates, good and dead proxies together.", found["known"])
        yield _gauge("checks_queued", "Checks handed out and not yet settled.", found["queued"])
        yield _gauge("checks_under_way", "Proxies with such a check.", found["under_way"])
        yield _counters("checks", "Verdicts by outcome.", "outcome", found["checks"])
        reasons = sorted(found["reasons"].items(), key=lambda item: -item[1])[:_MOST_REASONS]
        yield _counters("check_failures", "Failed checks by reason.", "reason", dict(reasons))
        yield from self._sources(found["sources"])

    def _sources(self, sources: dict[str, dict[str, Any]]) -> Iterator[Metric]:
        now = time.time()
        some = dict(sorted(sources.items())[:_MOST_SOURCES])
        yield _gauges(
            "source_alive",
            "Good proxies that a source lists.",
            "source",
            {name: entry["alive"] for name, entry in some.items()},
        )
        yield _gauges(
            "source_yield_ratio",
            "Good ones of all that the pool knows from a source.",
            "source",
            {name: entry["yield"] for name, entry in some.items() if "yield" in entry},
        )
        yield _gauges(
            "source_last_crawl_age_seconds",
            "Time since a source's last crawl.",
            "source",
            {
                name: max(0.0, now - moment)
                for name, entry in some.items()
                if (moment := last_crawl(entry)) is not None
            },
        )


def last_crawl(entry: dict[str, Any]) -> float | None:
    """When a source was crawled last, Unix seconds, from its statistics (UTC)."""
    try:
        moment = datetime.fromisoformat(str(entry.get("finished")))
    except ValueError:
        return None
    return moment.replace(tzinfo=UTC).timestamp()


def _gauge(name: str, text: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"proxypool_{name}", text, value=float(value))


def _gauges(name: str, text: str, label: str, values: dict[str, float]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(f"proxypool_{name}", text, labels=(label,))
    for key, value in values.items():
        family.add_metric((key,), float(value))
    return family


def _counters(name: str, text: str, label: str, values: dict[str, float]) -> CounterMetricFamily:
    family = CounterMetricFamily(f"proxypool_{name}", text, labels=(label,))
    for key, value in values.items():
        family.add_metric((key,), float(value))
    return family
