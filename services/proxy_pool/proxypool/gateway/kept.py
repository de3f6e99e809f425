"""Connections to upstreams that one client's next request may use again.

They are never shared between clients: an upstream that mixes answers up can only harm the one who
is its client already.
"""

import asyncio

from proxypool.gateway.channel import Channel
from proxypool.gateway.choice import Choice
from proxypool.gateway.destination import Destination
from proxypool.protocol import Protocol

_MOST = 2
_KEEP_S = 10.0


class KeptLinks:
    """What one client's connection keeps, the newest last."""

    def __init__(self) -> None:
        self._kept: list[tuple[tuple[str, Protocol, str], Channel, float]] = []

    def take(self, choice: Choice, protocol: Protocol, destination: Destination) -> Channel | None:
        """A connection that still looks alive, or None."""
        key = _key(choice, protocol, destination)
        now = asyncio.get_running_loop().time()
        for place, (kept_key, channel, until) in enumerate(self._kept):
            if kept_key == key:
                del self._kept[place]
                if until > now and not (channel.closed or channel.eof or channel.buffer):
                    return channel
                channel.abort()
                return None
        return None

    def put(
        self, choice: Choice, protocol: Protocol, destination: Destination, channel: Channel
    ) -> None:
        """Keep a connection on which nothing is under way."""
        until = asyncio.get_running_loop().time() + _KEEP_S
        self._kept.append((_key(choice, protocol, destination), channel, until))
        if len(self._kept) > _MOST:
            self._kept.pop(0)[1].abort()

    def close(self) -> None:
        """Close all of them."""
        for _, channel, _ in self._kept:
            channel.abort()
        self._kept.clear()


def _key(choice: Choice, protocol: Protocol, destination: Destination) -> tuple[str, Protocol, str]:
    # Plain proxies too: some read one head, and copy from then on to where that led.
    return choice.name, protocol, destination.authority()
