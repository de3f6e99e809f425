"""One HTTP request over one upstream: both bodies pass as they come, nothing is kept but a replay.

A request's first bytes are kept for another attempt, up to a bound; an answer is never kept.
"""

import asyncio
from collections.abc import Callable

from proxypool.gateway import heads
from proxypool.gateway.bodies import BadBodyError, Framing
from proxypool.gateway.channel import Channel
from proxypool.gateway.heads import AnswerHead, BadHeadError
from proxypool.gateway.relay import Idle

MAX_HEAD_BYTES = 32 * 1024
MAX_REPLAY_BYTES = 64 * 1024
_MAX_INTERIM_ANSWERS = 8


class ExchangeFailedError(Exception):
    """No answer came from the upstream; `reason` is one word."""

    def __init__(self, reason: str, *, doubtful: bool) -> None:
        super().__init__(reason)
        self.reason = reason
        self.doubtful = doubtful


class ClientFaultError(Exception):
    """The client's own body is broken, cut short or too slow."""

    def __init__(self, status: int, found: str) -> None:
        super().__init__(found)
        self.status = status
        self.found = found


class RequestBody:
    """A request's body on its way from the client, and what of it another attempt would need."""

    def __init__(self, client: Channel, framing: Framing, *, awaits_continue: bool) -> None:
        self.framing = framing
        self.awaits_continue = awaits_continue
        """The client has sent `Expect: 100-continue` and no such answer was passed on yet."""
        self.replayable = True
        """Whether all that was taken so far is still at hand."""
        self.fault: ClientFaultError | None = None
        self.moved_at = asyncio.get_running_loop().time()
        self.count = 0
        self._client = client
        self._kept = bytearray()
        self._upstream: Channel | None = None

    def start(self, upstream: Channel) -> None:
        """Send what was kept, and from then on what comes."""
        self._upstream = upstream
        upstream.feeder = self._client
        if self._kept:
            upstream.write(bytes(self._kept))
        self.moved_at = asyncio.get_running_loop().time()
        if not self.framing.done:
            self._client.divert(self)

    def stop(self) -> None:
        """Take nothing more from the client."""
        if self._upstream is not None:
            self._upstream.feeder = None
            self._upstream = None
            self._client.reclaim()

    # as the sink of the client's connection

    def data(self, data: bytes) -> None:
        """A piece of the body, and perhaps of what follows it."""
        upstream = self._upstream
        try:
            used = self.framing.feed(data)
        except BadBodyError as error:
            self._break(ClientFaultError(400, str(error)))
            return
        piece = data[:used]
        self.count += used
        self.moved_at = asyncio.get_running_loop().time()
        if self.replayable:
            if len(self._kept) + used > MAX_REPLAY_BYTES:
                self.replayable = False
                self._kept.clear()
            else:
                self._kept += piece
        if upstream is not None:
            upstream.write(piece)
        if self.framing.done:
            self._client.reclaim()
            if used < len(data):
                self._client.put_back(data[used:])  # the next request

    def end(self) -> None:
        """The client ended inside the body."""
        self._break(ClientFaultError(400, "the end of the connection inside the body"))

    def lost(self) -> None:
        """The client left inside the body."""
        self._break(ClientFaultError(400, "the end of the connection inside the body"))

    def _break(self, fault: ClientFaultError) -> None:
        self.fault = fault
        self._client.reclaim()
        if self._upstream is not None:
            self._upstream.abort()


async def read_answer(
    upstream: Channel,
    client: Channel,
    body: RequestBody,
    *,
    first_byte_timeout_s: float,
    idle_timeout_s: float,
    interim: bool,
) -> AnswerHead:
    """The head of the final answer; interim ones (1xx) go to the client, if it knows them.

    The upstream has `first_byte_timeout_s` from the last piece of the request that it took.
    Raises ExchangeFailedError, and ClientFaultError where the client does not send on.
    """
    for _ in range(_MAX_INTERIM_ANSWERS):
        raw = await _head(upstream, body, first_byte_timeout_s, idle_timeout_s)
        try:
            head = heads.read_answer(raw)
        except BadHeadError as error:
            raise ExchangeFailedError("bad_answer", doubtful=False) from error
        if head.status >= 200:
            return head
        if head.status == 101:
            raise ExchangeFailedError("bad_answer", doubtful=False)  # nobody asked to switch
        if interim:
            body.awaits_continue = body.awaits_continue and head.status != 100
            client.write(raw + b"\r\n\r\n")
    raise ExchangeFailedError("bad_answer", doubtful=False)


async def _head(upstream: Channel, body: RequestBody, first_byte_s: float, idle_s: float) -> bytes:
    loop = asyncio.get_running_loop()
    searched = 0
    heard_at = loop.time()
    while True:
        end = upstream.buffer.find(b"\r\n\r\n", searched)
        if end >= 0:
            break
        size = len(upstream.buffer)
        if size > MAX_HEAD_BYTES:
            raise ExchangeFailedError("too_large", doubtful=False)
        if size and not b"HTTP/1.".startswith(upstream.buffer[:7]):
            raise ExchangeFailedError("bad_answer", doubtful=False)
        searched = max(0, size - 3)
        invited = body.count > 0 or not body.awaits_continue
        waits_for_client = not body.framing.done and not upstream.stuck and invited
        limit_s = idle_s if waits_for_client and not size else first_byte_s
        now, due = loop.time(), max(heard_at, body.moved_at) + limit_s
        if now >= due:
            if waits_for_client and not size:
                raise ClientFaultError(408, "no more of the body")
            raise ExchangeFailedError("timeout", doubtful=True)
        try:
            # Looked at again now and then: the body moves without waking anyone here.
            async with asyncio.timeout_at(min(due, now + first_byte_s)):
                more = await upstream.more()
        except TimeoutError:
            continue
        if body.fault is not None:
            raise body.fault
        if not more:
            raise ExchangeFailedError("closed", doubtful=True)
    if end > MAX_HEAD_BYTES:
        raise ExchangeFailedError("too_large", doubtful=False)
    raw = upstream.take(end)
    upstream.take(4)
    return raw


class AnswerBody:
    """An answer's body on its way to the client."""

    def __init__(
        self, client: Channel, head: bytes, framing: Framing, content: list[bytes] | None
    ) -> None:
        self.done: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        """`whole`, or one word that says why it is not."""
        self.count = 0
        self.excess = False
        """More came than belongs to the body."""
        self.moved: Callable[[], object] | None = None
        """Called at each piece."""
        self._client = client
        self._head = head
        self._framing = framing
        self._content = content

    def data(self, data: bytes) -> None:
        """A piece of the body."""
        if self.done.done():
            self.excess = True
            return  # beyond the body's end: nobody's
        try:
            used = self._framing.feed(data)
        except BadBodyError:
            self.finish("bad_answer")
            return
        self.count += used
        self.excess = used < len(data)
        if self.moved is not None:
            self.moved()
        piece = data if used == len(data) else data[:used]
        if self._content is not None:
            piece = b"".join(self._content)
            self._content.clear()
        if self._head:  # a small answer is one packet
            piece, self._head = self._head + piece, b""
        self._client.write(piece)
        if self._framing.done:
            self.finish("whole")

    def end(self) -> None:
        """The upstream sends no more."""
        self.finish("whole" if self._framing.ends_with_connection() else "closed")

    def lost(self) -> None:
        """The connection to the upstream broke."""
        self.finish("closed")

    def finish(self, how: str) -> None:
        """It is over; the first one to say so is right."""
        if not self.done.done():
            self.done.set_result(how)


async def carry_answer(
    upstream: Channel,
    client: Channel,
    head: bytes,
    framing: Framing,
    content: list[bytes] | None,
    idle_timeout_s: float,
) -> tuple[str, int]:
    """Send the head and carry the body; how that ended, and how many bytes of body came.

    `whole`; `excess`: whole, and more came behind it; or `closed`, `bad_answer`, `idle`.
    """
    if framing.done or not upstream.buffer:
        client.write(head)
        head = b""
    if framing.done:
        return "excess" if upstream.buffer else "whole", 0
    body = AnswerBody(client, head, framing, content)
    feeder, client.feeder = client.feeder, upstream
    idle: Idle | None = None
    try:
        upstream.divert(body)
        if not body.done.done():
            idle = Idle(idle_timeout_s, lambda: body.finish("idle"))
            body.moved = idle.touch
        how = await body.done
        return "excess" if how == "whole" and body.excess else how, body.count
    finally:
        if idle is not None:
            idle.cancel()
        client.feeder = feeder
        upstream.reclaim()
