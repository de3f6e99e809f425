"""What the web processes count, for Prometheus.

All processes of a service count into files of one folder (`PROMETHEUS_MULTIPROC_DIR`), and
whichever is asked gives the sum. Without that folder, as in a command, each counts for itself.
"""

import os

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    CollectorRegistry,
    Counter,
    Histogram,
    generate_latest,
)
from prometheus_client.multiprocess import MultiProcessCollector

PATH = "/metrics"
UNKNOWN = "none"
"""The route of what leads nowhere: callers choose paths, and each would be a series of its own."""
_METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"))

_requests = Counter("luffy_http_requests", "Requests answered", ["method", "route", "status"])
_durations = Histogram(
    "luffy_http_request_duration_seconds",
    "From a request's arrival at the application to its answer",
    ["route"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)
cache_reads = Counter(
    "luffy_cache_reads", "Answers looked for in Redis: hit, miss, or away", ["group", "outcome"]
)
more = CollectorRegistry()
"""Collectors of apps, which are asked each time for what no process of this service counts."""


def count(request: HttpRequest, status: int, seconds: float) -> None:
    """Count one request."""
    match = request.resolver_match
    route = match.route if match is not None else UNKNOWN
    method = request.method if request.method in _METHODS else "other"
    _requests.labels(method, route, str(status)).inc()
    _durations.labels(route).observe(seconds)


def answer(request: HttpRequest) -> HttpResponseBase:
    """The counters as text; nothing for callers from outside, whom the edge names in a header."""
    if "X-Forwarded-For" in request.headers:
        return HttpResponse(status=404)
    registry: CollectorRegistry = REGISTRY
    if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    text = generate_latest(registry) + generate_latest(more)
    return HttpResponse(text, content_type=CONTENT_TYPE_LATEST)
