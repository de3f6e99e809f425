"""The HTTP side: requests with an absolute URL, and CONNECT (RFC 9110, RFC 9112)."""

import asyncio
import re
from dataclasses import dataclass
from http import HTTPStatus

from proxypool.gateway import bodies, heads
from proxypool.gateway.access import LoginRequiredError, TooManyLoginsError
from proxypool.gateway.answers import REALM, answer
from proxypool.gateway.cache import StoreAwayError
from proxypool.gateway.channel import Channel
from proxypool.gateway.credentials import BadUserError, Wish, read_basic
from proxypool.gateway.desk import Desk
from proxypool.gateway.destination import (
    BadDestinationError,
    Destination,
    RefusedDestinationError,
)
from proxypool.gateway.exchange import (
    MAX_HEAD_BYTES,
    ClientFaultError,
    ExchangeFailedError,
    RequestBody,
    carry_answer,
    read_answer,
)
from proxypool.gateway.heads import AnswerHead, BadHeadError, RequestHead
from proxypool.gateway.kept import KeptLinks
from proxypool.gateway.route import AllFailedError, Link, NoUpstreamError, Route
from proxypool.gateway.wanted import CannotCarryError, Kind, Wanted
from proxypool.problems import Problem
from proxypool.protocol import Protocol
from proxypool.tunnel import basic_credentials

_START = re.compile(rb"(?:\r\n)?[!#$%&'*+.^_`|~0-9A-Za-z-]{0,32}(?: .*)?", re.DOTALL)
_ABSOLUTE = re.compile(r"([a-z][a-z0-9+.-]*)://([^/?#]*)([^#]*)", re.IGNORECASE)
# RFC 9110, 9.2.2: sending them twice does what sending them once does.
_IDEMPOTENT = frozenset(("GET", "HEAD", "OPTIONS", "PUT", "DELETE", "TRACE"))
_MAY_BE_THE_PROXYS = frozenset((502, 503, 504))
_PROXYS_OWN = {407: "auth_required", 511: "captive"}
_LINGER_S = 2.0
_OURS = b"x-proxy-upstream"


class Refusal(Exception):  # noqa: N818  an answer, not a fault
    """The gateway answers itself."""

    def __init__(
        self,
        status: int,
        problem: Problem,
        *headers: str,
        close: bool = False,
        route: Route | None = None,
        outcome: str = "failed",
    ) -> None:
        """`outcome`: how the request is counted that ends so."""
        super().__init__(str(problem))
        self.outcome = outcome
        self.status = status
        self.problem = problem
        self.headers = headers
        self.close = close
        self.route = route


class _StaleLinkError(Exception):
    """The upstream has closed a connection that was kept."""


class _AttemptFailedError(Exception):
    """No answer through this upstream; the route knows why."""


@dataclass(slots=True)
class _Request:
    """One request on its way."""

    head: RequestHead
    body: RequestBody
    wish: Wish
    path: str
    wanted: Wanted
    began: float


class HttpSide:
    """One client's connection."""

    def __init__(self, desk: Desk, client: Channel, caller: str) -> None:
        self._desk = desk
        self._settings = desk.settings
        self._client = client
        self._caller = caller
        self._admitted: tuple[list[bytes], Wish] | None = None
        self._kept = KeptLinks()

    async def serve(self, refusal: Refusal | None = None) -> None:
        """Answer requests until the client or one of us is through.

        With `refusal`, the first request is answered by it.
        """
        try:
            await self._serve(refusal)
        finally:
            self._kept.close()

    async def _serve(self, refusal: Refusal | None) -> None:
        first = True
        while True:
            try:
                raw = await self._read_head(first)
                if raw is None:
                    return
                self._desk.begin(self._client)
                head = heads.read_request(raw)
            except BadHeadError as error:
                await self._refuse(_bad_request(str(error)), None, with_body=True)
                return
            except Refusal as problem:
                await self._refuse(problem, None, with_body=True)
                return
            first = False
            try:
                if refusal is not None:
                    raise refusal
                keeps = await self._answer(head)
            except Refusal as problem:
                keeps = await self._refuse(problem, head, with_body=head.method != "HEAD")
            if not keeps or self._client.closed:
                return
            await self._client.drain()
            if not self._desk.rest(self._client):
                return  # the gateway is stopping

    async def _read_head(self, first: bool) -> bytes | None:
        """A request's head; None where there is no further one. Raises Refusal."""
        client, settings = self._client, self._settings
        limit_s = settings.gateway_head_timeout_s if first else settings.gateway_idle_timeout_s
        try:
            if not client.buffer:
                async with asyncio.timeout(limit_s):
                    if not await client.more():
                        return None
            raw = self._whole_head(0)
            if raw is not None:
                return raw
            async with asyncio.timeout(settings.gateway_head_timeout_s):
                return await self._rest_of_head()
        except TimeoutError:
            if not client.buffer:
                return None
            found = f"{len(client.buffer)} bytes of one"
            problem = Problem("head", "a whole request head in time", found, "send it faster")
            raise Refusal(408, problem, close=True) from None

    def _whole_head(self, searched: int) -> bytes | None:
        """The head, where all of it is there; `searched` bytes are known not to end it."""
        buffer = self._client.buffer
        end = buffer.find(b"\r\n\r\n", searched)
        if not 0 < end <= MAX_HEAD_BYTES or buffer.startswith(b"\r\n"):
            return None
        return self._client.take(end + 4)[:-4]

    async def _rest_of_head(self) -> bytes | None:
        client, searched = self._client, 0
        while True:
            if client.buffer.startswith(b"\r\n"):  # RFC 9112, 2.2: one is passed over
                client.take(2)
                searched = 0
            raw = self._whole_head(searched)
            if raw is not None:
                return raw
            if len(client.buffer) > MAX_HEAD_BYTES:
                advice = "send fewer or shorter headers"
                problem = Problem(
                    "head", f"at most {MAX_HEAD_BYTES} bytes of headers", "more", advice
                )
                raise Refusal(431, problem, close=True)
            if _START.fullmatch(client.buffer[:64]) is None:
                raise _bad_request(f"beginning {bytes(client.buffer[:16])!r}")
            searched = max(0, len(client.buffer) - 3)
            if not await client.more():
                if client.buffer and not client.lost:
                    raise _bad_request("the end of the connection inside the head")
                return None

    async def _answer(self, head: RequestHead) -> bool:
        """Answer one request; whether another may follow. Raises Refusal."""
        try:
            framing = bodies.of_request(head)
            wish = self._admit(head)
            if head.method == "CONNECT":
                destination, path = self._desk.destination(head.target), ""
                kind = Kind.TUNNEL
            else:
                destination, path = self._split(head)
                kind = Kind.REQUEST
            wanted = Wanted.of(kind, destination, wish)
        except BadHeadError as error:
            raise _bad_request(str(error)) from error
        except LoginRequiredError as error:
            self._desk.metrics.refused.labels("login").inc()
            challenge = f'Proxy-Authenticate: Basic realm="{REALM}", charset="UTF-8"'
            raise Refusal(407, error.problem, challenge) from error
        except TooManyLoginsError as error:
            self._desk.metrics.refused.labels("logins").inc()
            retry = f"Retry-After: {error.wait_s:.0f}"
            raise Refusal(429, error.problem, retry, close=True) from error
        except RefusedDestinationError as error:
            self._desk.metrics.refused.labels("destination").inc()
            raise Refusal(403, error.problem) from error
        except (BadUserError, BadDestinationError, CannotCarryError) as error:
            raise Refusal(400, error.problem) from error
        route = Route(self._desk.roads, wanted, self._client)
        if kind is Kind.TUNNEL:
            if not isinstance(framing, bodies.Length) or not framing.done:
                raise _bad_request("a body behind CONNECT")
            return await self._tunnel(route)
        self._check_upgrade(head)
        expects = b"100-continue" in head.fields.words(b"expect") and head.minor == 1
        body = RequestBody(self._client, framing, awaits_continue=expects)
        now = asyncio.get_running_loop().time()
        request = _Request(head, body, wish, path, wanted, now)
        try:
            return await self._request(route, request)
        finally:
            body.stop()

    def _admit(self, head: RequestHead) -> Wish:
        values = head.fields.values(b"proxy-authorization")
        if self._admitted is not None and self._admitted[0] == values:
            return self._admitted[1]
        if len(values) > 1:
            raise BadHeadError("Proxy-Authorization twice")
        credentials = read_basic(values[0].decode("latin-1")) if values else None
        if values and credentials is None:
            credentials = ("", "")  # another scheme, or garbage: a wrong one
        wish = self._desk.access.admit(self._caller, credentials)
        self._admitted = (values, wish)
        return wish

    def _split(self, head: RequestHead) -> tuple[Destination, str]:
        """Destination and path of a request with an absolute URL."""
        match = _ABSOLUTE.fullmatch(head.target)
        if match is None or match[1].lower() != "http":
            found = repr(head.target[:80])
            advice = "use this address as a proxy: http://host/… for plain requests, else CONNECT"
            raise Refusal(400, Problem("URL", "http://host/path", found, advice))
        path = match[3]
        if not path.startswith("/"):
            path = "*" if head.method == "OPTIONS" and not path else f"/{path}"
        return self._desk.destination(match[2], 80), path

    def _check_upgrade(self, head: RequestHead) -> None:
        # Others, such as h2c, are offers that a proxy may pass over (RFC 9110, 7.8).
        if b"websocket" in head.fields.words(b"upgrade"):
            advice = "open a tunnel with CONNECT; clients do so for wss:// by themselves"
            raise Refusal(
                501, Problem("Upgrade", "a plain request", "an upgrade to websocket", advice)
            )

    # CONNECT

    async def _tunnel(self, route: Route) -> bool:
        try:
            link = await self._open(route)
        except Refusal as refusal:
            self._desk.ended(route, "connect", refusal.outcome)
            raise
        try:
            place = link.choice.place
            self._client.write(
                f"HTTP/1.1 200 Connection established\r\nX-Proxy-Upstream: {place}\r\n\r\n".encode()
            )
            await self._desk.carry(route, link, self._client, "connect")
        finally:
            link.channel.abort()
        return False

    # requests with an absolute URL

    async def _request(self, route: Route, request: _Request) -> bool:
        # An answer that may be the proxy's own: passed on if no other upstream gives a better one.
        spare: tuple[Link, AnswerHead] | None = None
        links: list[Link] = []
        # What may be sent twice, and has no body that would be half gone.
        may_be_stale = request.head.method in _IDEMPOTENT and request.body.framing.done
        try:
            while True:
                try:
                    link = await self._open(route, self._kept if may_be_stale else None)
                    links.append(link)
                    head = await self._attempt(route, link, request)
                except _StaleLinkError:
                    route.stale(link)
                    may_be_stale = False
                    request.body.stop()
                    continue
                except (Refusal, _AttemptFailedError) as error:
                    if isinstance(error, _AttemptFailedError):
                        if self._may_repeat(request) and not route.exhausted:
                            request.body.stop()
                            continue
                        refusal = self._none_worked(route)
                    else:
                        refusal = error
                    if spare is None:
                        self._desk.ended(route, "http", refusal.outcome)
                        raise refusal from error
                    link, head = spare
                else:
                    if self._may_be_the_proxys(route, link, request, head, spare is None):
                        spare = spare or (link, head)
                        route.doubt(link.choice, link.protocol, "bad_status")
                        request.body.stop()
                        continue
                keeps = await self._carry_back(route, link, request, head)
                if keeps and self._link_lasts(link, request, head):
                    links.remove(link)
                    request.body.stop()
                    destination = request.wanted.destination
                    self._kept.put(link.choice, link.protocol, destination, link.channel)
                self._desk.ended(route, "http", "carried" if keeps is not None else "cut", link)
                return bool(keeps)
        finally:
            for link in links:
                link.channel.abort()

    async def _attempt(self, route: Route, link: Link, request: _Request) -> AnswerHead:
        """Send the request and read the answer's head; raises _AttemptFailedError and Refusal."""
        settings, body = self._settings, request.body
        link.channel.write(self._head_for(link, request))
        body.start(link.channel)
        try:
            head = await read_answer(
                link.channel,
                self._client,
                body,
                first_byte_timeout_s=settings.gateway_first_byte_timeout_s,
                idle_timeout_s=settings.gateway_idle_timeout_s,
                interim=request.head.minor == 1,
            )
            bodies.of_answer(head, request.head.method)
        except ClientFaultError as error:
            problem = Problem("body", "a whole body", error.found, "send it as its head says")
            raise Refusal(error.status, problem, close=True) from error
        except ExchangeFailedError as error:
            if link.used_before and error.reason == "closed":
                raise _StaleLinkError from error
            own = link.protocol is Protocol.HTTP and not error.doubtful
            (route.fault if own else route.doubt)(link.choice, link.protocol, error.reason)
            raise _AttemptFailedError from error
        except BadHeadError as error:
            own = link.protocol is Protocol.HTTP
            (route.fault if own else route.doubt)(link.choice, link.protocol, "bad_answer")
            raise _AttemptFailedError from error
        reason = _PROXYS_OWN.get(head.status) if link.protocol is Protocol.HTTP else None
        if reason is not None:
            route.fault(link.choice, link.protocol, reason)
            raise _AttemptFailedError
        return head

    def _may_be_the_proxys(
        self, route: Route, link: Link, request: _Request, head: AnswerHead, first: bool
    ) -> bool:
        """Whether to ask another upstream if it is the site itself that says so."""
        return (
            link.protocol is Protocol.HTTP
            # Sites say 503 themselves to those who ask too often: one other is asked, not all.
            and (head.status in (502, 504) or (head.status == 503 and first))
            and self._may_repeat(request)
            and len(route.failures) + 1 < self._desk.roads.attempts
            and not request.wish.session  # those want one exit before all
        )

    def _may_repeat(self, request: _Request) -> bool:
        return request.head.method in _IDEMPOTENT and request.body.replayable

    def _head_for(self, link: Link, request: _Request) -> bytes:
        """The request's head as the next hop is to get it."""
        destination = request.wanted.destination
        authority = destination.authority(80)
        lines = []
        if link.protocol is Protocol.HTTP:
            path = "" if request.path == "*" else request.path
            lines.append(f"{request.head.method} http://{authority}{path} HTTP/1.1")
        else:
            lines.append(f"{request.head.method} {request.path} HTTP/1.1")
        lines.append(f"Host: {authority}")
        upstream = link.choice.upstream
        if link.protocol is Protocol.HTTP and upstream.username:
            credentials = basic_credentials(upstream.username, upstream.password)
            lines.append(f"Proxy-Authorization: {credentials}")
        dropped = [b"host"]
        if not request.body.awaits_continue:
            dropped.append(b"expect")  # answered, or of a client that does not know it
        kept = request.head.fields.for_next_hop(frozenset(dropped))
        if isinstance(request.body.framing, bodies.Chunked):
            kept.append(b"Transfer-Encoding: chunked")
        if not request.head.keeps_alive:
            kept.append(b"Connection: close")
        return b"\r\n".join(["\r\n".join(lines).encode("latin-1"), *kept]) + b"\r\n\r\n"

    async def _carry_back(
        self, route: Route, link: Link, request: _Request, head: AnswerHead
    ) -> bool | None:
        """Pass the answer on; whether another request may follow, None where it was cut."""
        old_client = request.head.minor == 0
        content: list[bytes] | None = [] if old_client else None
        framing = bodies.of_answer(head, request.head.method, content)
        if not (link.protocol is Protocol.HTTP and head.status in _MAY_BE_THE_PROXYS):
            latency_s = asyncio.get_running_loop().time() - link.opened_at
            route.carried(link, 0.0 if request.body.count else latency_s)
        chunked = isinstance(framing, bodies.Chunked)
        keeps = (
            request.head.keeps_alive
            and request.body.framing.done
            and not isinstance(framing, bodies.UntilClose)
            and not (chunked and old_client)
            and not self._desk.stopping
        )
        how, count = await carry_answer(
            link.channel,
            self._client,
            self._answer_head(link, request, head, chunked and not old_client, keeps),
            framing,
            content if chunked else None,
            self._settings.gateway_idle_timeout_s,
        )
        self._desk.metrics.sent_bytes.inc(count)
        self._desk.metrics.received_bytes.inc(request.body.count)
        if how in ("whole", "excess"):
            if how == "excess":
                link.channel.abort()
            if not keeps:
                await self._close()
            return keeps
        if how in ("closed", "bad_answer") and not self._client.lost:
            route.fault(link.choice, link.protocol, how)
        # The client must see that this is not the whole.
        if isinstance(framing, bodies.UntilClose) or (chunked and old_client):
            self._client.reset()
        else:
            self._client.close(self._settings.gateway_idle_timeout_s)
        return None

    def _link_lasts(self, link: Link, request: _Request, head: AnswerHead) -> bool:
        """Whether the upstream takes another request on this connection."""
        words = head.fields.words(b"connection") | head.fields.words(b"proxy-connection")
        channel = link.channel
        ended = channel.closed or channel.eof or bool(channel.buffer)
        return head.minor == 1 and b"close" not in words and not ended

    def _answer_head(
        self, link: Link, request: _Request, head: AnswerHead, chunked: bool, keeps: bool
    ) -> bytes:
        lines = [
            b"HTTP/1.1 %d %b" % (head.status, head.reason),
            *head.fields.for_next_hop(frozenset((_OURS,))),
            f"X-Proxy-Upstream: {link.choice.place}".encode("ascii"),
        ]
        if chunked or (request.head.method == "HEAD" and head.fields.values(b"transfer-encoding")):
            lines = [line for line in lines if not line.lower().startswith(b"content-length:")]
            if request.head.minor == 1:
                lines.append(b"Transfer-Encoding: chunked")
        if not keeps:
            lines.append(b"Connection: close")
        elif request.head.minor == 0:
            lines.append(b"Connection: keep-alive")
        return b"\r\n".join(lines) + b"\r\n\r\n"

    # both

    async def _open(self, route: Route, kept: KeptLinks | None = None) -> Link:
        """The next link. Raises Refusal."""
        try:
            return await route.open(kept)
        except NoUpstreamError:
            advice = "use fewer filters, or wait until more proxies are checked"
            problem = Problem(
                "upstream", "one that fits the filters and carries this", "none", advice
            )
            raise Refusal(503, problem, "Retry-After: 10", outcome="none") from None
        except StoreAwayError as error:
            problem = Problem("redis", "an answer", str(error), "try again in a few seconds")
            raise Refusal(503, problem, "Retry-After: 2", outcome="none") from error
        except AllFailedError:
            raise self._none_worked(route) from None

    def _none_worked(self, route: Route) -> Refusal:
        found = f"{len(route.failures)} attempts in vain"
        advice = "see the attempts; try again, or with other filters in the user name"
        return Refusal(
            502, Problem("upstream", "one that carries this", found, advice), route=route
        )

    async def _refuse(self, refusal: Refusal, head: RequestHead | None, *, with_body: bool) -> bool:
        """Answer by ourselves; whether another request may follow."""
        rests = head is not None and _rests_unread(head)
        close = (
            refusal.close or head is None or not head.keeps_alive or rests or self._desk.stopping
        )
        attempts = refusal.route.failures if refusal.route is not None else ()
        self._client.write(
            answer(
                refusal.status,
                refusal.problem,
                close=close,
                with_body=with_body,
                headers=refusal.headers,
                attempts=attempts,
            )
        )
        if close:
            await self._close()
        return not close

    async def _close(self) -> None:
        """Close so that the client reads the whole answer, though it may still be sending.

        Closing with unread bytes would send a reset, which takes the answer away from it.
        """
        client = self._client
        client.shut()
        try:
            async with asyncio.timeout(_LINGER_S):
                while not client.eof and not client.lost:
                    client.take(len(client.buffer))
                    await client.more()
        except TimeoutError:
            pass  # it was given the time
        client.close(self._settings.gateway_idle_timeout_s)


def _rests_unread(head: RequestHead) -> bool:
    """Whether a body follows that nobody has taken."""
    lengths = head.fields.values(b"content-length")
    return bool(head.fields.values(b"transfer-encoding")) or any(v != b"0" for v in lengths)


def _bad_request(found: str) -> Refusal:
    problem = Problem(
        "request",
        "an HTTP/1.1 proxy request or SOCKS5",
        found[:200],
        "use this address as an HTTP or SOCKS5 proxy",
    )
    return Refusal(HTTPStatus.BAD_REQUEST, problem, close=True)
