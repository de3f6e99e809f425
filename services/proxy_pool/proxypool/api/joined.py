"""A transport that sends an answer's head and body together."""

import asyncio
from typing import Any


class Joined:
    """Holds one piece back until the next, or until the loop's next turn.

    uvicorn writes an answer's head and its body one after the other, and each would be a call of
    the kernel and a packet of its own. At most one piece is held.
    """

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._held = b""
        self._will_send = False

    def write(self, data: bytes) -> None:
        """Send what is held and this, or hold this."""
        if self._held:
            held, self._held = self._held, b""
            self._transport.write(held + data)
            return
        self._held = data
        if data and not self._will_send:
            self._will_send = True
            self._loop.call_soon(self._send)

    def close(self) -> None:
        """Send what is held, then close."""
        self._send()
        self._transport.close()

    def _send(self) -> None:
        self._will_send = False
        if self._held:
            held, self._held = self._held, b""
            self._transport.write(held)

    def __getattr__(self, name: str) -> Any:
        """All else is the transport's own."""
        return getattr(self._transport, name)
