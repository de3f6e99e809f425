"""Judges: pages that say from which address, and with which headers, a request came.

Asked through a proxy a judge shows what that proxy does. Asked directly it tells our own address,
and that it is up: while none is, nothing that proxies fail at is held against them.
"""

import asyncio
import logging
import secrets
import ssl
from dataclasses import dataclass
from functools import cached_property
from ipaddress import ip_address
from urllib.parse import urlsplit

from proxypool.address import normal
from proxypool.exchange import Exchange
from proxypool.http1 import CONNECT_ERRORS, Answer, ExchangeError, NameUnknownError
from proxypool.resolver import Resolver
from proxypool.settings import Settings
from proxypool.sight import (
    MARKER_HEADER,
    NotTheJudgeError,
    OwnAddresses,
    Sight,
    Usual,
    read_sight,
)
from proxypool.tls import verifying_context

log = logging.getLogger(__name__)

USER_AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
_MIN_GAP_S = 0.25  # between two probes: bounds what thousands of failing checks ask of a judge
_DOWN_INTERVAL_S = 1.0
_REMEMBER_OWN_S = 3600.0
_DOUBTFUL = 10
"""So many good proxies do not die in a row without one that lives in between."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a URL leads, and the request's pieces around the marker."""

    url: str
    host: str
    port: int
    is_tls: bool
    relative: tuple[bytes, bytes, bytes]
    absolute: tuple[bytes, bytes, bytes]

    @classmethod
    def of(cls, url: str) -> "Place":
        """Read a judge's URL."""
        parts = urlsplit(url)
        is_tls = parts.scheme == "https"
        host = str(parts.hostname)
        # The marker stands in the query too, so that no cache on the way answers.
        target = f"{parts.path or '/'}?format=json&marker="
        head = (
            f" HTTP/1.1\r\nHost: {parts.netloc}\r\nUser-Agent: {USER_AGENT}\r\n"
            "Accept: application/json, text/plain, */*\r\nAccept-Encoding: identity\r\n"
            f"Cache-Control: no-cache\r\n{MARKER_HEADER}: "
        )
        pieces = [f"GET {origin}{target}" for origin in ("", f"{parts.scheme}://{parts.netloc}")]
        relative, absolute = (
            (piece.encode(), head.encode(), b"\r\nConnection: close\r\n") for piece in pieces
        )
        port = parts.port or (443 if is_tls else 80)
        return cls(url, host, port, is_tls, relative, absolute)

    def question(self, *, absolute: bool = False, extra: bytes = b"") -> tuple[str, bytes]:
        """A random marker and a request that carries it; `extra` are header lines.

        Through a proxy that is not a tunnel its target is the absolute URL (RFC 9112, 3.2.2).
        """
        marker = secrets.token_hex(16)
        first, second, third = self.absolute if absolute else self.relative
        written = marker.encode()
        return marker, b"".join((first, written, second, written, third, extra, b"\r\n"))


class Judge:
    """One judge: where proxies reach it, and what asking it directly has shown."""

    def __init__(self, watch: "JudgeWatch", place: Place, direct: Place) -> None:
        self.place = place
        self._direct = direct
        self._watch = watch
        self._settings = watch.settings
        self._usual: Usual | None = None
        self._told_down = False
        self._probing = asyncio.Lock()
        self._last_good_start = float("-inf")
        self._last_bad_end = float("-inf")
        self._last_end = float("-inf")
        self._latency_ms, self._fault = 0, ""
        self._missed = 0
        self._told_doubted = False
        self.up = False

    def note_reached(self) -> None:
        """A proxy carried a request to it."""
        if self._told_doubted:
            log.info("proxies reach the judge %s again", self.place.url)
        self._missed, self._told_doubted = 0, False

    def note_missed(self) -> None:
        """A proxy that was good did not reach it, although it is up when asked directly."""
        self._missed += 1
        if self.is_doubted and not self._told_doubted:
            self._told_doubted = True
            log.warning(
                "expected proxies to reach the judge %s; found that none does, of %d good ones in "
                "a row, while %s answers us. What to do: see that it can be reached from outside. "
                "Meanwhile nothing is held against proxies",
                self.place.url,
                _DOUBTFUL,
                self._direct.url,
            )

    @property
    def is_doubted(self) -> bool:
        """Whether it seems that no proxy can reach it: the way that we ask it is another one."""
        return self._missed >= _DOUBTFUL

    @property
    def was_asked(self) -> bool:
        """Whether there has been a first answer, or none in time."""
        return self._last_end > float("-inf")

    def seen(self) -> dict[str, object]:
        """What the last direct question showed, for statistics."""
        fault = self._fault
        if self.is_doubted and not fault:
            fault = f"no proxy reaches it, of {self._missed} good ones in a row"
        up = self.up and not self.is_doubted
        return {"up": up, "latency_ms": self._latency_ms, "error": fault}

    @property
    def usual_headers(self) -> frozenset[str]:
        """Those of direct answers, in lower case."""
        return self._usual.names if self._usual is not None else frozenset()

    @property
    def tls(self) -> tuple[ssl.SSLContext, str] | None:
        """For TLS through proxies: the context and the name that the certificate must have."""
        return self._tls_to(self.place)

    def _tls_to(self, place: Place) -> tuple[ssl.SSLContext, str] | None:
        return (self._watch.tls_context, place.host) if place.is_tls else None

    def read(self, answer: Answer, marker: str) -> Sight:
        """What it saw. Raises NotTheJudgeError for all but its own, whole answer."""
        sight = read_sight(answer.status, answer.body, marker)
        if self._usual is not None:
            self._usual.compare(sight)
        return sight

    async def watch(self) -> None:
        """Probe for ever."""
        while True:
            await self.probe()
            interval_s = self._settings.judge_interval_s
            await asyncio.sleep(interval_s if self.up else min(interval_s, _DOWN_INTERVAL_S))

    async def probe(self) -> None:
        """Ask it directly, once, now."""
        async with self._probing:
            await self._probe()

    async def was_up(self, since: float, until: float) -> bool:
        """Whether it was up while a check ran, by the loop's clock.

        Known only from a probe that began after the check's end, so one is made where there was
        none yet; all checks that wait share it.
        """
        if self._last_good_start < until:
            async with self._probing:
                if max(self._last_good_start, self._last_bad_end) < until:
                    gap_s = self._last_end + _MIN_GAP_S - asyncio.get_running_loop().time()
                    await asyncio.sleep(max(0.0, gap_s))
                    await self._probe()
        return self._last_good_start >= until and self._last_bad_end < since

    async def _probe(self) -> None:
        loop = asyncio.get_running_loop()
        started = loop.time()
        place = self._direct
        marker, request = place.question()
        try:
            answer = await self._ask(request, started + self._settings.verify_timeout_s)
            sight = read_sight(answer.status, answer.body, marker)
        except (ExchangeError, NotTheJudgeError) as error:
            self._last_end = self._last_bad_end = loop.time()
            self._note_down(error)
            return
        self._last_end = loop.time()
        self._last_good_start = started
        self._latency_ms, self._fault = round(answer.total_s * 1000), ""
        self._usual = Usual.of(sight)
        # Now and then it is given another chance, also where others are asked meanwhile.
        self._missed = min(self._missed, _DOUBTFUL - 1)
        self._watch.note_own(sight.ip)
        if not self.up:
            log.info("the judge %s is up", place.url)
            self.up, self._told_down = True, False
            if not place.is_tls:
                await self._watch.note_up()

    async def _ask(self, request: bytes, deadline: float) -> Answer:
        """Its answer from the first of its addresses that can be connected to."""
        place, connect_s = self._direct, self._settings.connect_timeout_s
        addresses = await self._watch.resolver.resolve(place.host, connect_s)
        failure: ExchangeError = NameUnknownError(place.host)
        for address in addresses:
            exchange = Exchange(request, tls=self._tls_to(place))
            await exchange.run(address, place.port, connect_timeout_s=connect_s, deadline=deadline)
            outcome = exchange.outcome()
            if isinstance(outcome, Answer):
                return outcome
            failure = outcome
            if not isinstance(outcome, CONNECT_ERRORS):
                break
        raise failure

    def _note_down(self, error: ExchangeError | NotTheJudgeError) -> None:
        if not self._told_down:
            log.warning(
                "a judge is down: expected its answer from %s; found %s (%s). What to do: see "
                "that it answers from here. %s",
                self._direct.url,
                error.reason,
                error,
                self._watch.what_a_judge_down_means(self),
            )
            self._told_down = True
        self.up = False
        self._fault = f"{error.reason}: {error}"[:300]
        self._watch.note_down()


class JudgeWatch:
    """All judges, each watched directly; the first that is up is asked through proxies."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.resolver = Resolver(remembers=False)
        """A judge that has moved is found at once: it is asked every few seconds, and no more."""
        self._seen: dict[str, float] = {}
        self.own = OwnAddresses(settings.own_addresses)
        self.plain = [
            Judge(self, Place.of(url), Place.of(direct))
            for url, direct in zip(settings.judge_urls, settings.judge_direct_urls, strict=True)
        ]
        tls_direct_urls = settings.judge_https_direct_urls or settings.judge_https_urls
        self.tls = [
            Judge(self, Place.of(url), Place.of(direct))
            for url, direct in zip(settings.judge_https_urls, tls_direct_urls, strict=True)
        ]
        self.up = asyncio.Event()
        """Whether any plain judge is up, and those with TLS have been asked since: without a plain
        one no check is begun, and one that begins while others are only about to answer would find
        nothing out about TLS."""

    @cached_property
    def tls_context(self) -> ssl.SSLContext:
        """The process's one TLS context for clients."""
        return verifying_context(self.settings.judge_ca_file)

    @property
    def own_addresses(self) -> frozenset[str]:
        """The addresses that judges saw us come from lately, and those of the settings."""
        return self.own.addresses

    def seen(self) -> dict[str, dict[str, object]]:
        """What is known of each judge, by its URL; of those that have been asked."""
        return {
            judge.place.url: judge.seen() for judge in (*self.plain, *self.tls) if judge.was_asked
        }

    def plain_judge(self) -> Judge:
        """The first that is up, and that proxies reach; the first of all where none is."""
        return _best(self.plain) or self.plain[0]

    def tls_judge(self) -> Judge | None:
        """The first that is up, and that proxies reach, if any is."""
        return _best(self.tls)

    async def watch(self) -> None:
        """Probe all of them for ever."""
        async with asyncio.TaskGroup() as tasks:
            for judge in (*self.plain, *self.tls):
                tasks.create_task(judge.watch())

    async def probe(self) -> None:
        """Ask each judge once, now."""
        await asyncio.gather(*(judge.probe() for judge in (*self.plain, *self.tls)))

    def note_own(self, ip: str) -> None:
        """A judge saw us come from `ip`."""
        now = asyncio.get_running_loop().time()
        ip = str(normal(ip_address(ip)))
        if ip not in self._seen:
            log.info("a judge sees us as %s", ip)
        self._seen[ip] = now
        for address, seen in list(self._seen.items()):
            if now - seen > _REMEMBER_OWN_S:
                del self._seen[address]
        addresses = {*self._seen, *self.settings.own_addresses}
        if addresses != self.own.addresses:
            self.own = OwnAddresses(addresses)

    async def note_up(self) -> None:
        """A plain judge went up. Returns when those with TLS have been asked."""
        if self.up.is_set():
            return
        await asyncio.gather(*(judge.probe() for judge in self.tls if not judge.up))
        if any(judge.up for judge in self.plain):  # still
            self.up.set()

    def note_down(self) -> None:
        """A judge went down."""
        if not any(judge.up for judge in self.plain):
            self.up.clear()

    def what_a_judge_down_means(self, judge: Judge) -> str:
        """For the log."""
        others = [other for other in (*self.plain, *self.tls) if other is not judge and other.up]
        same_kind = [other for other in others if other.place.is_tls == judge.place.is_tls]
        if same_kind:
            return f"{same_kind[0].place.url} is asked meanwhile"
        if judge.place.is_tls:
            return "Meanwhile nothing is found out about https"
        return "Meanwhile checks wait"


def _best(judges: list[Judge]) -> Judge | None:
    up = [judge for judge in judges if judge.up]
    return next((judge for judge in up if not judge.is_doubted), up[0] if up else None)
