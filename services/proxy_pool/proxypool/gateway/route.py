"""One request's way: upstreams are tried until one carries it."""

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from proxypool.gateway.channel import Channel
from proxypool.gateway.choice import Choice
from proxypool.gateway.dial import DialError, Dialler
from proxypool.gateway.feedback import Feedback
from proxypool.gateway.kept import KeptLinks
from proxypool.gateway.metrics import Metrics
from proxypool.gateway.sessions import Sessions
from proxypool.gateway.turns import Cooldowns, Turns
from proxypool.gateway.upstreams import Upstreams
from proxypool.gateway.wanted import Wanted
from proxypool.protocol import Protocol
from proxypool.store import UNAVAILABLE

log = logging.getLogger(__name__)


class NoUpstreamError(Exception):
    """The pool has no upstream for these filters."""


class AllFailedError(Exception):
    """Upstreams were tried, and none carried the request."""


@dataclass(frozen=True, slots=True)
class Failure:
    """One attempt in vain."""

    upstream: str
    """Its place, without credentials."""
    protocol: Protocol
    reason: str


@dataclass(frozen=True, slots=True)
class Link:
    """An open connection to an upstream, and through it to the destination where it tunnels."""

    channel: Channel
    choice: Choice
    protocol: Protocol
    opened_at: float
    """By the loop's clock, when the attempt began."""
    used_before: bool = False
    """The upstream may have closed it meanwhile, by no fault of anyone's."""


@dataclass(frozen=True, slots=True)
class Roads:
    """What all requests share to find their ways."""

    upstreams: Upstreams
    sessions: Sessions
    dialler: Dialler
    feedback: Feedback
    metrics: Metrics
    attempts: int
    turns: Turns = field(default_factory=Turns)
    cooldowns: Cooldowns = field(default_factory=Cooldowns)


@dataclass(slots=True)
class Route:
    """The attempts of one request."""

    roads: Roads
    wanted: Wanted
    client: Channel
    """Who waits for it: when it says no more, nothing further is tried."""
    failures: list[Failure] = field(default_factory=list)
    began: float = field(default_factory=time.monotonic)
    _tried: set[str] = field(default_factory=set)
    _doubts: list[tuple[str, str]] = field(default_factory=list)
    _dead: str = ""
    _leaves_session: bool = False
    _again: Choice | None = None

    @property
    def exhausted(self) -> bool:
        """No attempt is left."""
        failed = len(self.failures)
        # A client that has ended its side may still read, but has most likely left.
        return failed >= self.roads.attempts or (failed > 0 and self.client.eof)

    async def open(self, kept: KeptLinks | None = None) -> Link:
        """A connection through the next upstream that gives one; one of `kept` where it fits.

        Raises NoUpstreamError, AllFailedError and StoreAwayError.
        """
        loop = asyncio.get_running_loop()
        while not self.exhausted:
            choice, self._again = self._again or await self._choose(), None
            protocol = None if choice is None else self.wanted.protocol_of(choice.protocols)
            if choice is None or protocol is None:
                break
            began = loop.time()
            channel = kept and kept.take(choice, protocol, self.wanted.destination)
            if channel:
                return Link(channel, choice, protocol, began, used_before=True)
            try:
                channel = await self.roads.dialler.dial(choice, protocol, self.wanted.destination)
            except DialError as error:
                if error.unusable:
                    self._note(choice, protocol, error.reason)
                elif error.doubtful:
                    self.doubt(choice, protocol, error.reason)
                else:
                    self.fault(choice, protocol, error.reason)
                continue
            return Link(channel, choice, protocol, began)
        if not self.failures:
            raise NoUpstreamError
        raise AllFailedError

    def stale(self, link: Link) -> None:
        """A connection that was used before is gone: its upstream is to be dialled again."""
        self._again = link.choice

    def carried(self, link: Link, latency_s: float = 0.0) -> None:
        """The upstream has brought the destination's answer, after `latency_s` if measured."""
        feedback, destination = self.roads.feedback, self.wanted.destination.authority()
        target = self.wanted.wish.query.target
        feedback.succeeded(link.choice.name, destination, target, round(latency_s * 1000))
        # Now that the destination is known to answer, the failures before were the upstreams'.
        for name, reason in self._doubts:
            feedback.doubted(name, reason, destination, target)
        self._doubts.clear()

    def fault(self, choice: Choice, protocol: Protocol, reason: str) -> None:
        """The upstream failed by its own fault."""
        self._note(choice, protocol, reason)
        self.roads.feedback.failed(choice.name, reason, self.wanted.wish.query.target)
        self._dead = choice.name

    def doubt(self, choice: Choice, protocol: Protocol, reason: str) -> None:
        """It failed, perhaps by the destination's fault: a session stays with it."""
        self._note(choice, protocol, reason)
        destination, target = self.wanted.destination.authority(), self.wanted.wish.query.target
        name = choice.name
        if self.roads.feedback.doubted(name, reason, destination, target):
            self._dead = name
        else:
            self._doubts.append((name, reason))
            self._leaves_session = True

    def _note(self, choice: Choice, protocol: Protocol, reason: str) -> None:
        self.failures.append(Failure(choice.place, protocol, reason))
        self._tried.add(choice.name)
        self.roads.metrics.failures.labels(reason).inc()
        log.debug("%s by %s: %s", choice.place, protocol, reason)

    async def _choose(self) -> Choice | None:
        wish = self.wanted.wish
        if wish.session and not self._leaves_session:
            try:
                return await self._of_session()
            except UNAVAILABLE as error:
                log.warning("redis keeps no sessions: %s", type(error).__name__)
        if wish.rotate:
            return await self._of_turn(wish.rotate)
        return await self._any()

    async def _any(self) -> Choice | None:
        wish, cooldowns = self.wanted.wish, self.roads.cooldowns
        if not wish.cooldown_s:
            return await self._best(self._carries)
        choice = await self._best(
            lambda one: self._carries(one) and cooldowns.is_over(wish.account, one.name)
        )
        choice = choice or await self._best(self._carries)  # better one too soon than none
        if choice is not None:
            cooldowns.used(wish.account, choice.name, wish.cooldown_s)
        return choice

    async def _best(self, accepts: Callable[[Choice], bool]) -> Choice | None:
        return await self.roads.upstreams.choose(self.wanted.queries, self._tried, accepts)

    async def _of_turn(self, requests: int) -> Choice | None:
        turns, key = self.roads.turns, f"{Sessions.key(self.wanted.wish)}:{requests}"
        choice = turns.take(key, lambda one: one.name not in self._tried and self._carries(one))
        if choice is None:
            choice = await self._any()
            if choice is not None:
                turns.begin(key, choice, requests)
        return choice

    async def _of_session(self) -> Choice | None:
        sessions = self.roads.sessions
        key = sessions.key(self.wanted.wish)
        known = sessions.remembered(key)
        if known is not None and known.name not in self._tried and self._carries(known):
            return known
        proposal = await self._any()
        if proposal is None:
            return None
        name = await sessions.settle(key, proposal.name, self._dead)
        choice = await self._usable(name, proposal)
        if choice is None:  # that one is gone, or cannot carry this
            name = await sessions.settle(key, proposal.name, name)
            choice = await self._usable(name, proposal)
        if choice is None:
            return proposal
        sessions.remember(key, choice)
        return choice

    async def _usable(self, name: str, proposal: Choice) -> Choice | None:
        if name == proposal.name:
            return proposal
        if name in self._tried:
            return None
        choice = await self.roads.upstreams.find(name)
        return choice if choice is not None and self._carries(choice) else None

    def _carries(self, choice: Choice) -> bool:
        return self.wanted.protocol_of(choice.protocols) is not None
