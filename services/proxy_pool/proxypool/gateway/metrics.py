"""What the gateway counts, in the format of Prometheus."""

from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest


class Metrics:
    """Counters of one gateway process."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self.connections = Gauge(
            "gateway_connections", "Clients that are connected", registry=self._registry
        )
        self.accepted = Counter(
            "gateway_connections_accepted", "Connections taken in", registry=self._registry
        )
        self.refused = Counter(
            "gateway_refused",
            "Connections and requests that were refused, by reason",
            ["reason"],
            registry=self._registry,
        )
        self.requests = Counter(
            "gateway_requests",
            "Requests and tunnels, by what the client speaks and how they ended",
            ["kind", "outcome"],
            registry=self._registry,
        )
        self.failures = Counter(
            "gateway_attempts_failed",
            "Attempts in vain, by reason",
            ["reason"],
            registry=self._registry,
        )
        self.received_bytes = Counter(
            "gateway_received_bytes", "Carried from clients to upstreams", registry=self._registry
        )
        self.sent_bytes = Counter(
            "gateway_sent_bytes", "Carried from upstreams to clients", registry=self._registry
        )
        self.reports = Counter(
            "gateway_reports",
            "Results for the score: sent to the store, left out of a sample, or dropped",
            ["fate"],
            registry=self._registry,
        )

    def value(self, name: str, labels: dict[str, str]) -> float | None:
        """One counter's value, or None where it has not been counted yet."""
        return self._registry.get_sample_value(name, labels)

    def text(self) -> bytes:
        """All of them."""
        return generate_latest(self._registry)
