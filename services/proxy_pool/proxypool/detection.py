"""One check of one proxy: which protocols carry a request to the judge, and what comes of it."""

import asyncio
import ssl
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from proxypool.address import Upstream
from proxypool.geo import UNKNOWN, Geography, Origin
from proxypool.http1 import CONNECT_ERRORS, Answer, ExchangeError, OwnLimitError
from proxypool.judge import Judge
from proxypool.protocol import Anonymity, Protocol
from proxypool.route import Route
from proxypool.sight import NotTheJudgeError, Sight
from proxypool.verdict import Outcome, TargetVerdict, Verdict

if TYPE_CHECKING:
    from proxypool.check import Checks

PREFERENCE = (
    Protocol.HTTP,
    Protocol.CONNECT,
    Protocol.SOCKS5,
    Protocol.SOCKS4A,
    Protocol.SOCKS4,
)
"""The order in which protocols are tried where nothing is known, and used where several work."""
_SOCKS = PREFERENCE[2:]
_HTTP_ALONE = (Protocol.HTTP,)

_DETECTION_DELAY_S = 0.7
"""A proxy that is silent for so long may wait for another protocol; never above a quarter of the
whole timeout."""
_PATIENCE_S = 1.0
"""What other protocols have, at least, once one has carried a request."""

_REFUSING = frozenset({"not_the_judge", "tampered", "marker_lost", "tls_broken"})
"""The proxy's own doing: it works, and changes what it carries."""
_FOREIGN = frozenset({"bad_answer", "closed", "needs_ipv4", "tunnel_refused", "tunnel_unsupported"})
"""What one hears from a proxy that does not speak the protocol."""
_FOREIGN_STATUS = frozenset({400, 403, 404, 405, 501})
_LOCKED = frozenset({"auth_required", "auth_failed"})
_VAGUE = frozenset({"bad_answer", "closed", "timeout", "too_large", "needs_ipv4"})
"""Less telling than what the proxy said in another protocol's own words."""
_PROXYS_DOING = frozenset(
    {"auth_failed", "auth_required", "bad_destination", "needs_ipv4", "tunnel_unsupported"}
)
"""All other failures happen too when the judge is down."""
_TELLS_REFUSALS = frozenset({Protocol.CONNECT, Protocol.SOCKS5})
"""They have one answer for what the proxy will not do and others for what it cannot. SOCKS4 has
one for both."""


class Carried(NamedTuple):
    """A request to the judge that came back whole."""

    sight: Sight
    judge: Judge
    connect_s: float
    total_s: float


class Failure(NamedTuple):
    """Why a protocol did not carry a request."""

    reason: str
    judge: Judge | None
    """The one that was asked; none where there was no connection to the proxy."""
    is_foreign: bool = False
    """Whether it sounds as if the proxy did not speak the protocol."""
    may_be_the_judges: bool = False
    """Whether a judge that is down would explain it."""


class Check:
    """The state of one check.

    - The first protocol (of the hint, else http) goes first, alone.
    - Where all are to be tried, the others start side by side when the first has ended, or has
      been silent for the detection delay: a proxy that hangs costs one timeout, not five.
    - Where only known ones are, the others of them start as soon as the first one's TCP connection
      stands: a dead proxy costs one attempt to connect.
    - Where all that was hinted sounds foreign, the rest race, and the first wins.
    - A proxy that does harm is not asked any further.
    """

    def __init__(
        self,
        shared: "Checks",
        upstream: Upstream,
        addresses: tuple[str, ...],
        hint: tuple[Protocol, ...],
        *,
        full: bool,
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
        self._tasks: dict[asyncio.Task[None], Protocol] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._rest: tuple[Protocol, ...] = ()
        self._waiter: asyncio.Future[None] | None = None
        self._fault: BaseException | None = None
        self._give_up_at = 0.0
        self._https = False
        self._https_failure: Failure | None = None
        self._harm: Failure | None = None
        self._anonymity = Anonymity.ELITE
        self._tried: dict[Protocol, None] = {}
        self._failures: dict[Protocol, Failure] = {}
        self.carried: dict[Protocol, Carried] = {}
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

    @property
    def looks_good(self) -> bool:
        """Whether nothing speaks against it so far."""
        return bool(self.carried) and self._harm is None and bool(self._judges.own)

    async def run(self) -> None:
        """Ask. Raises OwnLimitError where this host had no sockets left for it."""
        order = self._order()
        if not order:
            return
        try:
            await self._detect(order)
            if self.looks_good and self._tls is not None and not self._https:
                await self._try_https(self._tls)
        finally:
            self._stop_timer()
            for task in self._tasks:
                task.cancel()

    def _order(self) -> tuple[Protocol, ...]:
        if not self._full and self._hint == _HTTP_ALONE:
            return _HTTP_ALONE  # most rechecks: nothing to reckon
        order = (*self._hint, *PREFERENCE) if self._full else self._hint
        return tuple(filter(self._can_try, dict.fromkeys(order)))

    def _can_try(self, protocol: Protocol) -> bool:
        # Many proxies open tunnels to 443 alone: no other judge can stand in for one with TLS.
        return protocol is not Protocol.CONNECT or self._tls is not None or not self._judges.tls

    async def _detect(self, order: tuple[Protocol, ...]) -> None:
        first, self._rest = order[0], order[1:]
        if not await self._connect_by(first):
            return
        self._stop_timer()
        if self._full and self._harm is None:
            self._start(self._rest)
        if self._tasks:
            await self._gather(stop_at_first=False)
        if not self.carried and all(failure.is_foreign for failure in self._failures.values()):
            others = (p for p in PREFERENCE if p not in self._tried and self._can_try(p))
            self._start(tuple(others))
            await self._gather(stop_at_first=True)

    async def _connect_by(self, first: Protocol) -> bool:
        """Try the first protocol, at one address after the other; whether there is a connection.

        It is not waited for any longer once others are under way beside it.
        """
        for address in self._addresses:
            if address != self.route.address:
                self.route = self._route_to(self.route.upstream, address)
            if not self._rest:
                await self._try(first)
            else:
                task = self._begin(first, self._connected)
                while self._rest and task in self._tasks:
                    await self._news()
                if task in self._tasks:
                    return True
            failure = self._failures.get(first)
            if failure is None or failure.judge is not None:
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

    def _begin(
        self, protocol: Protocol, connected: Callable[[], None] | None = None
    ) -> asyncio.Task[None]:
        task = self._loop.create_task(self._try(protocol, connected))
        self._tasks[task] = protocol
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[None]) -> None:
        if self._tasks.pop(task, None) is None or task.cancelled():
            return
        # Only a fault of the program, or of this host, raises.
        self._fault = self._fault or task.exception()
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
        if self._fault is not None:
            raise self._fault

    async def _gather(self, *, stop_at_first: bool) -> None:
        """Wait for the tasks: until all have ended, one has done harm, or patience is over."""
        while self._tasks and self._harm is None and not (stop_at_first and self.carried):
            timeout_s = self._patience_s() if self.carried else None
            if timeout_s == 0.0:
                for protocol in self._tasks.values():
                    self._tried[protocol] = None
                    self._failures[protocol] = Failure("timeout", None)
                break
            await self._news(timeout_s)
        tasks = [*self._tasks]
        self._tasks.clear()
        for task in tasks:
            task.cancel()

    def _patience_s(self) -> float:
        now = self._loop.time()
        if not self._give_up_at:
            slowest_s = max(carried.total_s for carried in self.carried.values())
            self._give_up_at = now + max(_PATIENCE_S, 2 * slowest_s)
        return max(0.0, self._give_up_at - now)

    async def _try(self, protocol: Protocol, connected: Callable[[], None] | None = None) -> None:
        over_tls = protocol is Protocol.CONNECT and self._tls is not None
        judge = self._tls if over_tls and self._tls is not None else self._plain
        result = await self._ask(judge, protocol, self._deadline, connected)
        self._tried[protocol] = None
        if isinstance(result, Failure):
            self._failures[protocol] = result
            return
        if not self.carried:
            self._shared.answer_timeout.note(result.total_s)
        self.carried[protocol] = result
        self._https = self._https or over_tls
        self._note_anonymity(result)

    def _note_anonymity(self, result: Carried) -> None:
        """The least that any protocol hides is what counts."""
        found = result.sight.anonymity(self._judges.own, result.judge.usual_headers)
        if found.rank < self._anonymity.rank:
            self._anonymity = found
        if found.rank < self._shared.settings.min_anonymity.rank:
            self._harm = Failure(found.value, None)

    async def _try_https(self, judge: Judge) -> None:
        """Through the best SOCKS tunnel, where CONNECT has not shown it already."""
        protocol = next((socks for socks in _SOCKS if socks in self.carried), None)
        if protocol is None:
            return
        again = min(self._loop.time() + self._answer_timeout_s, self._limit)
        result = await self._ask(judge, protocol, max(self._deadline, again))
        if isinstance(result, Failure):
            self._https_failure = result
        else:
            self._https = True

    async def _ask(
        self,
        judge: Judge,
        protocol: Protocol,
        deadline: float,
        connected: Callable[[], None] | None = None,
    ) -> Carried | Failure:
        place, route = judge.place, self.route
        is_plain = protocol is Protocol.HTTP
        marker, request = place.question(
            absolute=is_plain, extra=route.authorization if is_plain else b""
        )
        answer: Answer | None = None
        try:
            answer = await route.exchange(
                protocol,
                place.host,
                place.port,
                request,
                deadline,
                tls=self._judges.tls_context if place.is_tls else None,
                connected=connected,
            )
            return Carried(judge.read(answer, marker), judge, answer.connect_s, answer.total_s)
        except NotTheJudgeError as error:
            is_foreign = answer is not None and answer.status in _FOREIGN_STATUS
            failure = Failure(error.reason, judge, is_foreign, may_be_the_judges=True)
        except OwnLimitError:
            raise
        except CONNECT_ERRORS as error:
            failure = Failure(error.reason, None)
        except ExchangeError as error:
            refused = error.reason == "tunnel_refused" and protocol in _TELLS_REFUSALS
            is_its_own = refused or error.reason in _PROXYS_DOING
            failure = Failure(error.reason, judge, error.reason in _FOREIGN, not is_its_own)
        if failure.reason in _REFUSING:
            self._harm = failure
        return failure

    async def verdict(
        self, geography: Geography | None, targets: dict[str, TargetVerdict]
    ) -> Verdict:
        """What it comes to; asks judges directly where one that is down would explain it."""
        if not self._tried:
            return Verdict(Outcome.POSTPONED, "judge_down")
        harm = self._harm
        if harm is not None:
            if harm.judge is not None and not await self._was_up(harm.judge):
                return self._judge_down(harm.judge)
            return self._finding(Outcome.REFUSED, harm.reason)
        if not self.carried:
            for judge in {f.judge for f in self._failures.values() if f.may_be_the_judges}:
                if judge is not None and not await self._was_up(judge):
                    return self._judge_down(judge)
            return self._finding(Outcome.FAILED, self._telling_reason())
        if not self._judges.own:
            return Verdict(Outcome.POSTPONED, "own_address_unknown")
        await self._forgive_https()
        origin = UNKNOWN
        if geography is not None:
            origin = geography.look_up(next(iter(self.carried.values())).sight.ip)
        return self._finding(Outcome.GOOD, "", origin, targets)

    async def _was_up(self, judge: Judge) -> bool:
        return await judge.was_up(self._started, self._loop.time())

    def _judge_down(self, judge: Judge) -> Verdict:
        same_kind = self._judges.tls if judge.place.is_tls else self._judges.plain
        return Verdict(
            Outcome.POSTPONED,
            "judge_down",
            at_once=any(other.up for other in same_kind if other is not judge),
        )

    async def _forgive_https(self) -> None:
        """Hold nothing against the proxy that a TLS judge which went down explains."""
        failures = (self._failures.get(Protocol.CONNECT), self._https_failure)
        for failure in filter(None, failures):
            if not failure.may_be_the_judges or failure.judge is None:
                continue
            if failure.judge.place.is_tls and not await self._was_up(failure.judge):
                self._tried.pop(Protocol.CONNECT, None)
                self._failures.pop(Protocol.CONNECT, None)
                self._https_failure = None
                return

    def _finding(
        self,
        outcome: Outcome,
        reason: str,
        origin: Origin = UNKNOWN,
        targets: dict[str, TargetVerdict] | None = None,
    ) -> Verdict:
        first = next(iter(self.carried.values())) if self.carried else None
        https_reason = self._https_reason()
        return Verdict(
            outcome,
            reason,
            protocols=tuple(sorted(self.carried, key=PREFERENCE.index)),
            tried=tuple(self._tried),
            https=self._https,
            https_reason=https_reason,
            https_checked=self._https or https_reason != "",
            anonymous=self._anonymity.value if self.carried else "",
            exit_ip=first.sight.ip if first else "",
            region=origin.country,
            asn=origin.asn,
            as_name=origin.as_name,
            latency_ms=round(first.total_s * 1000) if first else 0,
            connect_ms=round(first.connect_s * 1000) if first else 0,
            failures={name.value: failure.reason for name, failure in self._failures.items()},
            targets=targets or {},
        )

    def _https_reason(self) -> str:
        """Why https is not carried; empty where it is, and where nothing was found out."""
        if self._https:
            return ""
        if not self._judges.tls:
            return "no_judge"
        failure = self._https_failure or self._failures.get(Protocol.CONNECT)
        return failure.reason if failure is not None else ""

    def _telling_reason(self) -> str:
        """Of several failures the one that says most."""
        # In the order in which they are tried: a quick misunderstanding is not the first word.
        order = dict.fromkeys((*self._hint, *PREFERENCE))
        failures = [self._failures[name] for name in order if name in self._failures]
        reasons = [failure.reason for failure in failures]
        locked = next((reason for reason in reasons if reason in _LOCKED), None)
        if locked is not None:
            return locked
        if reasons[0] in _VAGUE or failures[0].is_foreign:
            socks = (self._failures[name].reason for name in _SOCKS if name in self._failures)
            return next((reason for reason in socks if reason not in _FOREIGN | _VAGUE), reasons[0])
        return reasons[0]
