"""One request to a judge through one protocol of a proxy, and what came of it."""

from collections.abc import Callable
from typing import NamedTuple

from proxypool.exchange import Exchange
from proxypool.http1 import CONNECT_ERRORS, Answer, ExchangeError, OwnLimitError
from proxypool.judge import Judge
from proxypool.protocol import Protocol
from proxypool.route import Route
from proxypool.sight import NotTheJudgeError, Sight

FOREIGN = frozenset({"bad_answer", "closed", "needs_ipv4", "tunnel_refused", "tunnel_unsupported"})
"""What one hears from a proxy that does not speak the protocol."""
_FOREIGN_STATUS = frozenset({400, 403, 404, 405, 501})
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


class Attempt:
    """Begun once; calls back when it has ended, and then has its result."""

    __slots__ = ("_ended", "_exchange", "_marker", "_refusal", "_route", "judge", "protocol")

    def __init__(
        self,
        route: Route,
        protocol: Protocol,
        judge: Judge,
        ended: Callable[["Attempt"], None],
    ) -> None:
        self.protocol = protocol
        self.judge = judge
        self._route = route
        self._ended = ended
        self._marker = ""
        self._exchange: Exchange | None = None
        self._refusal: ExchangeError | None = None

    def begin(
        self,
        host: str,
        deadline: float,
        connected: Callable[[], None] | None = None,
    ) -> None:
        """Ask. `host`: what the proxy is told of where the judge is; `deadline`: by the loop's
        clock; `connected` is called when the TCP connection stands."""
        place, route = self.judge.place, self._route
        is_plain = self.protocol is Protocol.HTTP
        self._marker, request = place.question(
            absolute=is_plain, extra=route.authorization if is_plain else b""
        )
        try:
            self._exchange = route.exchange(
                self.protocol,
                host,
                place.port,
                request,
                tls=self.judge.tls,
                connected=connected,
            )
        except ExchangeError as error:  # the protocol cannot say it
            self._refusal = error
            self._ended(self)
            return
        route.begin(self._exchange, deadline, self._end)

    def _end(self) -> None:
        self._ended(self)

    def stop(self) -> None:
        """Hang up; what comes of it does not count any more."""
        if self._exchange is not None:
            self._exchange.stop()

    def result(self) -> Carried | Failure:
        """What came of it, once it has ended.

        Raises OwnLimitError, which says nothing of the proxy.
        """
        judge = self.judge
        if self._exchange is None:
            outcome: Answer | ExchangeError = self._refusal or ExchangeError("it has not begun")
        else:
            outcome = self._route.outcome_of(self.protocol, self._exchange)
        if isinstance(outcome, Answer):
            return self._read(outcome)
        if isinstance(outcome, OwnLimitError):
            raise outcome
        reason = outcome.reason
        if isinstance(outcome, CONNECT_ERRORS):
            return Failure(reason, None)
        refused = reason == "tunnel_refused" and self.protocol in _TELLS_REFUSALS
        return Failure(reason, judge, reason in FOREIGN, not (refused or reason in _PROXYS_DOING))

    def _read(self, answer: Answer) -> Carried | Failure:
        judge = self.judge
        try:
            sight = judge.read(answer, self._marker)
        except NotTheJudgeError as error:
            is_foreign = answer.status in _FOREIGN_STATUS
            return Failure(error.reason, judge, is_foreign, may_be_the_judges=True)
        return Carried(sight, judge, answer.connect_s, answer.total_s)
