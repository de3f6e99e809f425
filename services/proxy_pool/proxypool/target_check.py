"""Tries a good proxy with a target: a named site that someone wants to reach through it."""

import asyncio
from urllib.parse import urlsplit

from proxypool.detection import Check
from proxypool.http1 import AnswerReader, ExchangeError
from proxypool.judge import USER_AGENT
from proxypool.protocol import PREFERENCE, Protocol
from proxypool.targets import Target
from proxypool.verdict import TargetVerdict

_MAX_BODY_BYTES = 512 * 1024
_ENCRYPTED = tuple(protocol for protocol in PREFERENCE if protocol is not Protocol.HTTP)


class _TargetReader(AnswerReader):
    """Reads no more of an answer than the question takes: its status, and the text if one is."""

    def __init__(self, statuses: frozenset[int], text: bytes) -> None:
        super().__init__(max_body_bytes=_MAX_BODY_BYTES, cuts_off=True)
        self._statuses = statuses
        self._text = text
        self._searched = 0

    def feed(self, data: bytes) -> bool:
        """Whether the question is answered."""
        whole = super().feed(data)
        if not self.has_head:
            return whole
        return whole or self.status not in self._statuses or self.holds_text()

    def holds_text(self) -> bool:
        """Whether the text has come; what was searched once is not searched again."""
        if not self._text:
            return True
        found = self.body.find(self._text, max(0, self._searched - len(self._text)))
        self._searched = len(self.body)
        return found >= 0


async def check_target(check: Check, target: Target, limit: float) -> TargetVerdict:
    """Ask `target` through the proxy that `check` found good, until `limit` by the loop's clock."""
    loop = asyncio.get_running_loop()
    parts = urlsplit(target.url)
    is_tls = parts.scheme == "https"
    candidates = _ENCRYPTED if is_tls else PREFERENCE
    protocol = next((name for name in candidates if name in check.findings.carried), None)
    if protocol is None:
        return TargetVerdict(False, reason="no_tunnel")
    text = target.expect_text.encode()
    reader = _TargetReader(target.statuses, text)
    started = loop.time()
    try:
        answer = await check.route.ask(
            protocol,
            str(parts.hostname),
            parts.port or (443 if is_tls else 80),
            _request(target, check, absolute=protocol is Protocol.HTTP),
            min(started + target.timeout_s, limit),
            tls=check.tls_context if is_tls else None,
            reader=reader,
        )
    except ExchangeError as error:
        return TargetVerdict(False, reason=error.reason)
    latency_ms = round((loop.time() - started) * 1000)
    if answer.status not in target.statuses:
        return TargetVerdict(False, latency_ms, f"status_{answer.status}")
    if text and text not in answer.body:
        return TargetVerdict(False, latency_ms, "text_missing")
    return TargetVerdict(True, latency_ms)


def _request(target: Target, check: Check, *, absolute: bool) -> bytes:
    parts = urlsplit(target.url)
    path = parts.path or "/"
    query = f"?{parts.query}" if parts.query else ""
    origin = f"{parts.scheme}://{parts.netloc}" if absolute else ""
    headers = {
        "User-Agent": USER_AGENT,
        "Accept": "*/*",
        "Accept-Encoding": "identity",
        **{name.title(): value for name, value in target.headers.items()},
    }
    lines = [f"GET {origin}{path}{query} HTTP/1.1", f"Host: {parts.netloc}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    head = "\r\n".join([*lines, "Connection: close", ""]).encode("ascii")
    return head + (check.route.authorization if absolute else b"") + b"\r\n"
