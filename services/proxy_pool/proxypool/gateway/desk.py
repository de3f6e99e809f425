"""What all client connections of one gateway share."""

import asyncio
from dataclasses import dataclass, field
from functools import lru_cache

from proxypool.gateway.access import Access
from proxypool.gateway.channel import Channel
from proxypool.gateway.destination import Destination, DestinationRule
from proxypool.gateway.metrics import Metrics
from proxypool.gateway.passed import Passed
from proxypool.gateway.relay import Carried, relay
from proxypool.gateway.route import Link, Roads, Route
from proxypool.settings import Settings

_DESTINATIONS = 2048  # that are not read anew for each request


@dataclass
class Desk:
    """Settings, rules and roads, and which connections rest between two requests."""

    settings: Settings
    access: Access
    destinations: DestinationRule
    roads: Roads
    metrics: Metrics
    passed: Passed
    stopping: bool = False
    _resting: set[Channel] = field(default_factory=set)

    def __post_init__(self) -> None:
        def read(text: str, default_port: int) -> Destination:
            destination = Destination.of_authority(text, default_port)
            self.check(destination)
            return destination

        self._read = lru_cache(_DESTINATIONS)(read)

    def destination(self, text: str, default_port: int = 0) -> Destination:
        """The destination that `host:port` means. Raises BadDestinationError."""
        return self._read(text, default_port)

    def check(self, destination: Destination) -> None:
        """Raises RefusedDestinationError where it may not be reached."""
        self.destinations.check(destination)

    def rest(self, client: Channel) -> bool:
        """Nothing is under way on this connection; false where it is to be closed instead."""
        if self.stopping:
            client.close(self.settings.gateway_stop_grace_s)
            return False
        self._resting.add(client)
        return True

    def begin(self, client: Channel) -> None:
        """A request is under way."""
        self._resting.discard(client)

    def stop(self) -> None:
        """Close what rests; what is under way closes when it is through."""
        self.stopping = True
        for client in self._resting:
            client.close(self.settings.gateway_stop_grace_s)
        self._resting.clear()

    def ended(self, route: Route, kind: str, outcome: str, link: Link | None = None) -> None:
        """A request or tunnel is over: counted, and kept among the last ones."""
        self.metrics.requests.labels(kind, outcome).inc()
        self.passed.note(route, kind, outcome, link)

    async def carry(self, route: Route, link: Link, client: Channel, kind: str) -> Carried:
        """Carry a tunnel's bytes to its end, and learn from it about the upstream."""
        opened = asyncio.get_running_loop().time() - link.opened_at
        carried = await relay(
            client,
            link.channel,
            self.settings.gateway_idle_timeout_s,
            lambda: route.carried(link, opened),
        )
        if carried.sent and not carried.received and carried.upstream_left_first:
            # It said that the tunnel is open, took bytes, and brought none.
            route.doubt(link.choice, link.protocol, "closed")
        metrics = self.metrics
        metrics.received_bytes.inc(carried.sent)
        metrics.sent_bytes.inc(carried.received)
        self.ended(route, kind, "idle" if carried.idle else "carried", link)
        client.close(self.settings.gateway_idle_timeout_s)
        return carried
