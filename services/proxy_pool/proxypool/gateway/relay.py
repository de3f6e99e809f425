"""Carries bytes between two connections, each direction until its own end."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from proxypool.gateway.channel import Channel


class Idle:
    """Calls `on_idle` when nothing has moved for `limit_s`. One timer, not one for each piece."""

    def __init__(self, limit_s: float, on_idle: Callable[[], object]) -> None:
        self._loop = asyncio.get_running_loop()
        self._limit_s = limit_s
        self._on_idle = on_idle
        self.moved_at = self._loop.time()
        self._timer = self._loop.call_later(limit_s, self._look)

    def touch(self) -> None:
        """Something moved."""
        self.moved_at = self._loop.time()

    def cancel(self) -> None:
        """Watch no longer."""
        self._timer.cancel()

    def _look(self) -> None:
        left = self.moved_at + self._limit_s - self._loop.time()
        if left <= 0.001:
            self._on_idle()
        else:
            self._timer = self._loop.call_later(left, self._look)


@dataclass(frozen=True, slots=True)
class Carried:
    """A relay's end."""

    sent: int
    """Bytes from the client."""
    received: int
    """Bytes for the client."""
    upstream_left_first: bool
    idle: bool


class _Direction:
    """From one side to the other."""

    def __init__(self, relay: "_Relay", to: Channel) -> None:
        self._relay = relay
        self._to = to
        self.count = 0
        self.ended = False

    def data(self, data: bytes) -> None:
        if not self.count:
            self._relay.first(self)
        self.count += len(data)
        self._relay.idle.touch()
        self._to.write(data)

    def end(self) -> None:
        self.ended = True
        self._relay.left(self)
        self._to.shut()

    def lost(self) -> None:
        self._relay.left(self)
        self._relay.finish()


class _Relay:
    def __init__(
        self, client: Channel, upstream: Channel, idle_s: float, on_answer: Callable[[], object]
    ) -> None:
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.idle = Idle(idle_s, self._on_idle)
        self.was_idle = False
        self.first_to_leave: _Direction | None = None
        self._on_answer = on_answer
        self.up = _Direction(self, upstream)
        self.down = _Direction(self, client)

    def first(self, direction: _Direction) -> None:
        if direction is self.down:
            self._on_answer()

    def left(self, direction: _Direction) -> None:
        if self.first_to_leave is None:
            self.first_to_leave = direction
        if self.up.ended and self.down.ended:
            self.finish()

    def finish(self) -> None:
        if not self.done.done():
            self.done.set_result(None)

    def _on_idle(self) -> None:
        self.was_idle = True
        self.finish()


async def relay(
    client: Channel, upstream: Channel, idle_s: float, on_answer: Callable[[], object]
) -> Carried:
    """Carry bytes until both sides have ended, one is lost, or nothing moves for `idle_s`.

    `on_answer` is called at the upstream's first byte. The connections are left to the caller.
    """
    running = _Relay(client, upstream, idle_s, on_answer)
    upstream.feeder, client.feeder = client, upstream
    try:
        client.divert(running.up)
        upstream.divert(running.down)
        await running.done
    finally:
        running.idle.cancel()
        client.feeder = upstream.feeder = None
        client.reclaim()
        upstream.reclaim()
    return Carried(
        running.up.count,
        running.down.count,
        running.first_to_leave is running.down,
        running.was_idle,
    )
