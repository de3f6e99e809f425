"""The judge: a page that says from which address, and with which headers, a request came.

Asked through a proxy it shows what that proxy does. Asked directly it tells our own address, and
that it is up: while it is not, nothing that proxies fail at is held against them.
"""

import asyncio
import json
import logging
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlsplit

from proxypool.address import contains_address, normal
from proxypool.http1 import Answer, ExchangeError, exchange
from proxypool.settings import Settings

log = logging.getLogger(__name__)

MARKER_HEADER = "X-Check-Marker"
_PROXY_HEADERS = frozenset(
    {
        "via",
        "forwarded",
        "x-forwarded-for",
        "x-forwarded-host",
        "x-forwarded-proto",
        "x-real-ip",
        "client-ip",
        "x-client-ip",
        "proxy-connection",
        "x-proxy-id",
        "x-bluecoat-via",
    }
)
_DESTINATION_HEADERS = frozenset({"host", "x-forwarded-host", "x-host", "x-original-host"})
_HOST_PARAMETER = re.compile(r'\bhost="?[^;,"]*"?', re.IGNORECASE)  # of Forwarded (RFC 7239)
_MIN_GAP_S = 0.25  # between two probes: bounds what thousands of failing checks ask of the judge
_DOWN_INTERVAL_S = 1.0
_REMEMBER_OWN_S = 3600.0


class NotTheJudgeError(Exception):
    """The answer is not the judge's; `reason` is one word for the statistics."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Sight:
    """What the judge saw of a request."""

    ip: str
    headers: list[tuple[str, str]]

    def shows(self, addresses: Iterable[str]) -> bool:
        """Whether any of `addresses` is the caller's or stands in any header."""
        addresses = list(addresses)
        # The judge may stand at an address of ours: where a request goes is no sign of its origin.
        values = (
            _HOST_PARAMETER.sub("", value)
            for name, value in self.headers
            if name.lower() not in _DESTINATION_HEADERS
        )
        return self.ip in addresses or contains_address(values, addresses)

    def names_a_proxy(self) -> bool:
        """Whether a header says that a proxy was at work."""
        return any(name.lower() in _PROXY_HEADERS for name, _ in self.headers)


@dataclass(frozen=True, slots=True)
class Question:
    """One request to the judge, with a marker that no one else can know."""

    target: str
    host: str
    marker: str

    @classmethod
    def about(cls, url: str, *, through_proxy: bool) -> "Question":
        """A new question; through a proxy its target is the absolute URL (RFC 9112, 3.2.2)."""
        parts = urlsplit(url)
        marker = secrets.token_hex(16)
        origin = f"http://{parts.netloc}" if through_proxy else ""
        # The marker stands in the query too, so that no cache on the way answers.
        target = f"{origin}{parts.path or '/'}?format=json&marker={marker}"
        return cls(target, parts.netloc, marker)

    def request(self) -> bytes:
        """The request's bytes."""
        return (
            f"GET {self.target} HTTP/1.1\r\n"
            f"Host: {self.host}\r\n"
            "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0\r\n"
            "Accept: application/json\r\n"
            "Accept-Encoding: identity\r\n"
            "Cache-Control: no-cache\r\n"
            f"{MARKER_HEADER}: {self.marker}\r\n"
            "Connection: close\r\n"
            "\r\n"
        ).encode("ascii")

    def read(self, answer: Answer) -> Sight:
        """What the judge saw. Raises NotTheJudgeError for all but its own, whole answer."""
        if answer.status != 200:
            raise NotTheJudgeError("bad_status", f"status {answer.status}")
        try:
            content = json.loads(answer.body)
            ip = str(normal(ip_address(content["ip"])))
            headers = [(str(name), str(value)) for name, value in content["headers"]]
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            found = answer.body[:60]
            raise NotTheJudgeError("not_the_judge", f"answer begins {found!r}") from error
        markers = [value for name, value in headers if name.lower() == MARKER_HEADER.lower()]
        if markers != [self.marker]:
            raise NotTheJudgeError("marker_lost", f"marker came back as {markers!r}")
        return Sight(ip, headers)


class JudgeWatch:
    """Asks the judge directly, again and again; knows our own addresses and whether it is up."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._seen: dict[str, float] = {}
        self._probing = asyncio.Lock()
        self._last_good_start = float("-inf")
        self._last_bad_end = float("-inf")
        self._last_end = float("-inf")
        self.up = asyncio.Event()

    @property
    def own_addresses(self) -> set[str]:
        """The addresses that the judge saw us come from lately, and those of the settings."""
        return {*self._seen, *self._settings.own_addresses}

    async def watch(self) -> None:
        """Probe for ever."""
        while True:
            await self.probe()
            interval_s = self._settings.judge_interval_s
            await asyncio.sleep(
                interval_s if self.up.is_set() else min(interval_s, _DOWN_INTERVAL_S)
            )

    async def probe(self) -> None:
        """Ask the judge once, now."""
        async with self._probing:
            await self._probe()

    async def was_up(self, since: float, until: float) -> bool:
        """Whether the judge was up while a check ran, by the loop's clock.

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
        url = self._settings.judge_direct_url
        parts = urlsplit(url)
        question = Question.about(url, through_proxy=False)
        try:
            answer = await exchange(
                str(parts.hostname),
                parts.port or 80,
                question.request(),
                connect_timeout_s=self._settings.connect_timeout_s,
                total_timeout_s=self._settings.verify_timeout_s,
            )
            sight = question.read(answer)
        except (ExchangeError, NotTheJudgeError) as error:
            self._last_end = self._last_bad_end = loop.time()
            self._note_down(error)
            return
        self._last_end = loop.time()
        self._last_good_start = started
        self._note_up(sight.ip)

    def _note_up(self, ip: str) -> None:
        now = asyncio.get_running_loop().time()
        if ip not in self._seen:
            log.info("the judge sees us as %s", ip)
        self._seen[ip] = now
        for address, seen in list(self._seen.items()):
            if now - seen > _REMEMBER_OWN_S:
                del self._seen[address]
        if not self.up.is_set():
            log.info("the judge is up: %s", self._settings.judge_direct_url)
            self.up.set()

    def _note_down(self, error: Exception) -> None:
        if self.up.is_set() or not self._seen:
            log.warning(
                "the judge is down, checks wait: expected its JSON from JUDGE_DIRECT_URL=%s; "
                "found %s (%s). What to do: see that it answers from here",
                self._settings.judge_direct_url,
                getattr(error, "reason", "an error"),
                error,
            )
        self.up.clear()
