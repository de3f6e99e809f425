"""One check of one proxy: which protocols carry a request to the judge."""

import asyncio
import ssl
from collections.abc import Callable
from typing import TYPE_CHECKING

from proxypool.address import Upstream
from proxypool.attempt import Attempt, Carried, Failure
from proxypool.findings import Findings
from proxypool.geo import Geography
from proxypool.judge import Judge
from proxypool.protocol import PREFERENCE, SOCKS, Protocol
from proxypool.route import Route
from proxypool.tunnel import HandshakeError
from proxypool.verdict import TargetVerdict, Verdict

if TYPE_CHECKING:
    from proxypool.check import Checks

_HTTP_ALONE = (Protocol.HTTP,)

_DETECTION_DELAY_S = 0.7
"""A proxy that is silent for so long may wait for another protocol; never above a quarter of the
whole timeout."""
_PATIENCE_S = 1.0
"""What other protocols have, at least, once one has carried a request."""


class Check:
    """The state of one check.

    - The first protocol (of the hint, else http) goes first, alone.
    - Where all are to be tried, the others start side by side when the first has ended, or has
      been silent for the detection delay: a proxy that hangs costs one timeout, not five.
    - Where only known ones are, the others of them start as soon as the first one's TCP connection
      stands: a dead proxy costs one attempt to connect.
    - Where all that was hinted sounds foreign, the rest race, and the first wins.
    - A proxy that does harm is not asked any further.

    Attempts call back from the event loop; a check has no task but its caller's. That one alone
    reads their results, so that whatever goes wrong with them is raised there.
    """

    def __init__(
        self,
        shared: "Checks",
        upstream: Upstream,
        addresses: tuple[str, ...],
        hint: tuple[Protocol, ...],
        *,
        full: bool,
        was_good: bool,
        limit: float,
    ) -> None:
        """`addresses`: where `upstream` is, in order; `limit`: the loop's time to be done by."""
        self._shared = shared
        self._judges = shared.judges
        self._plain = shared.judges.plain_judge()
        self._tls = shared.judges.tls_judge()
        self._loop = asyncio.get_running_loop()
        self._started = self._loop.time()
        self._answer_timeout_s = shared.answer_timeout.next()
        self._deadline = min(self._started + self._answer_timeout_s, limit)
        self._limit = limit
        self._full = full or not hint
        self._hint = hint
        self._addresses = addresses
        self._under_way: set[Attempt] = set()
        self._over: list[Attempt] = []
        self._timer: asyncio.TimerHandle | None = None
        self._rest: tuple[Protocol, ...] = ()
        self._waiter: asyncio.Future[None] | None = None
        self._give_up_at = 0.0
        self._ipv4: dict[str, str] = {}
        self.findings = Findings(
            shared.judges, hint, shared.settings.min_anonymity, was_good=was_good
        )
        self.route = self._route_to(upstream, addresses[0])

    def _route_to(self, upstream: Upstream, address: str) -> Route:
        shared = self._shared
        return Route(
            upstream,
            address,
            shared.connect_timeout,
            shared.resolver,
            self._loop.time,
        )

    @property
    def tls_context(self) -> ssl.SSLContext:
        """The process's context for TLS to destinations."""
        return self._judges.tls_context

    async def run(self) -> None:
        """Ask. Raises OwnLimitError where this host had no sockets left for it."""
        order = self._order()
        if not order:
            return
        try:
            await self._detect(order)
            if self.findings.look_good and self._tls is not None and not self.findings.https:
                await self._try_https(self._tls)
        finally:
            self._stop_timer()
            self._stop_attempts()

    async def verdict(
        self, geography: Geography | None, targets: dict[str, TargetVerdict]
    ) -> Verdict:
        """What it comes to; asks judges directly where one that is down would explain it."""
        return await self.findings.verdict(self._started, geography, targets)

    def _order(self) -> tuple[Protocol, ...]:
        if not self._full and self._hint == _HTTP_ALONE:
            return _HTTP_ALONE  # most rechecks: nothing to reckon
        order = (*self._hint, *PREFERENCE) if self._full else self._hint
        return tuple(filter(self._can_try, dict.fromkeys(order)))

    def _can_try(self, protocol: Protocol) -> bool:
        # Many proxies open tunnels to 443 alone: no other judge can stand in for one with TLS.
        return protocol is not Protocol.CONNECT or self._tls is not None or not self._judges.tls

    async def _detect(self, order: tuple[Protocol, ...]) -> None:
        findings = self.findings
        first, self._rest = order[0], order[1:]
        await self._learn_ipv4(order, self._plain)
        if not await self._connect_by(first):
            return
        self._stop_timer()
        if self._full and findings.harm is None:
            self._start(self._rest)
        await self._gather(stop_at_first=False)
        if not findings.carried and all(one.is_foreign for one in findings.failures.values()):
            tried = findings.tried
            others = tuple(p for p in PREFERENCE if p not in tried and self._can_try(p))
            await self._learn_ipv4(others, self._plain)
            self._start(others)
            await self._gather(stop_at_first=True)

    async def _learn_ipv4(self, protocols: tuple[Protocol, ...], judge: Judge) -> None:
        """Look up what SOCKS4 is to be told of the judge, if it is among the protocols."""
        host = judge.place.host
        if Protocol.SOCKS4 in protocols and host not in self._ipv4:
            try:
                self._ipv4[host] = await self.route.ipv4_of(host, self._deadline)
            except HandshakeError:
                self._ipv4[host] = host  # it says the same of the name: needs_ipv4

    async def _connect_by(self, first: Protocol) -> bool:
        """Try the first protocol, at one address after the other; whether there is a connection.

        It is not waited for any longer once others are under way beside it.
        """
        goes_alone = not self._rest
        for address in self._addresses:
            if address != self.route.address:
                self.route = self._route_to(self.route.upstream, address)
            attempt = self._begin(first, None if goes_alone else self._connected)
            while attempt in self._under_way and (goes_alone or self._rest):
                await self._news()
            self._note_results()
            failure = self.findings.failures.get(first)
            if attempt in self._under_way or failure is None or failure.judge is not None:
                return True
        return False

    def _connected(self) -> None:
        """The first TCP connection stands."""
        if not self._full:
            self._start(self._rest)
            return
        delay_s = min(_DETECTION_DELAY_S, self._answer_timeout_s / 4)
        self._timer = self._loop.call_later(delay_s, lambda: self._start(self._rest))

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def _start(self, protocols: tuple[Protocol, ...]) -> None:
        self._rest = ()
        for protocol in protocols:
            self._begin(protocol)
        self._tell()

    def _begin(self, protocol: Protocol, connected: Callable[[], None] | None = None) -> Attempt:
        judge = self._plain
        if protocol is Protocol.CONNECT and self._tls is not None:
            judge = self._tls
        return self._ask(judge, protocol, self._deadline, connected)

    def _ask(
        self,
        judge: Judge,
        protocol: Protocol,
        deadline: float,
        connected: Callable[[], None] | None = None,
    ) -> Attempt:
        host = judge.place.host
        attempt = Attempt(self.route, protocol, judge, self._ended)
        self._under_way.add(attempt)
        attempt.begin(
            self._ipv4.get(host, host) if protocol is Protocol.SOCKS4 else host,
            deadline,
            connected,
        )
        return attempt

    def _ended(self, attempt: Attempt) -> None:
        self._under_way.discard(attempt)
        self._over.append(attempt)
        self._tell()

    def _tell(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    async def _news(self, timeout_s: float | None = None) -> None:
        """Wait until an attempt has ended or others have begun, or for `timeout_s`.

        Not asyncio.wait: a check waits several times, and this is where its cost lies.
        """
        self._waiter = self._loop.create_future()
        timer = None if timeout_s is None else self._loop.call_later(timeout_s, self._tell)
        try:
            await self._waiter
        finally:
            self._waiter = None
            if timer is not None:
                timer.cancel()

    def _note_results(self) -> None:
        over, self._over = self._over, []
        for attempt in over:
            result = attempt.result()
            if isinstance(result, Carried) and not self.findings.carried:
                self._shared.answer_timeout.note(result.total_s)
            self.findings.note(attempt.protocol, result)

    async def _gather(self, *, stop_at_first: bool) -> None:
        """Wait for attempts: until all have ended, one has done harm, or patience is over."""
        findings = self.findings
        self._note_results()
        while self._under_way and findings.harm is None:
            if stop_at_first and findings.carried:
                break
            timeout_s = self._patience_s() if findings.carried else None
            if timeout_s == 0.0:
                for attempt in self._under_way:
                    findings.note(attempt.protocol, Failure("timeout", None))
                break
            await self._news(timeout_s)
            self._note_results()
        self._stop_attempts()

    def _stop_attempts(self) -> None:
        for attempt in self._under_way:
            attempt.stop()
        self._under_way.clear()
        self._over.clear()

    def _patience_s(self) -> float:
        now = self._loop.time()
        if not self._give_up_at:
            slowest_s = max(carried.total_s for carried in self.findings.carried.values())
            self._give_up_at = now + max(_PATIENCE_S, 2 * slowest_s)
        return max(0.0, self._give_up_at - now)

    async def _try_https(self, judge: Judge) -> None:
        """Through the best SOCKS tunnel, where CONNECT has not shown it already."""
        protocol = next((socks for socks in SOCKS if socks in self.findings.carried), None)
        if protocol is None:
            return
        await self._learn_ipv4((protocol,), judge)
        again = min(self._loop.time() + self._answer_timeout_s, self._limit)
        attempt = self._ask(judge, protocol, max(self._deadline, again))
        while attempt in self._under_way:
            await self._news()
        self.findings.note_https(attempt.result())
