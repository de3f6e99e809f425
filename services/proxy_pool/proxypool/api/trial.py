"""`POST /api/v2/try`: fetches a URL through the gateway, as any client of it would.

What may be reached is for the gateway to decide. What comes back is shown as text, never rendered.
"""

import asyncio
import base64
import json
import ssl
import time
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urlsplit

import h11
from fastapi import Depends
from starlette.requests import Request

from proxypool import __version__
from proxypool.api.auth import Credentials, credentials_of
from proxypool.api.errors import RefusedError, shown
from proxypool.api.models import Trial, TrialResult, TryFilters
from proxypool.api.v2 import answers, json_body, router
from proxypool.problems import ConfigurationError, Problem

trial = router("try")

MAX_BODY_BYTES = 2048
"""Of the answer that is shown."""

_TIMEOUT_S = 30.0
_MAX_HEAD_BYTES = 64 * 1024
_READ_BYTES = 16 * 1024
_AT_ONCE = 10
_OURS = b"x-proxy-upstream"
_PORTS = {"http": 80, "https": 443}
_NO_ACCOUNT = Problem(
    "gateway",
    "an account for the gateway",
    "none",
    "log in, or set GATEWAY_ACCOUNT_FILE to a file with one line name:secret",
)


class GatewayError(Exception):
    """The gateway did not bring an answer; `problem` says why, `status` what it answered, or 0."""

    def __init__(self, problem: Problem, status: int = 0) -> None:
        super().__init__(str(problem))
        self.problem = problem
        self.status = status


@dataclass(frozen=True)
class _Head:
    status: int
    fields: dict[bytes, bytes]

    def text(self, name: bytes) -> str:
        return self.fields.get(name, b"").decode("latin-1")


class Gateway:
    """The gateway as its clients see it. At most ten requests are under way at once."""

    def __init__(self, url: str, account: Credentials | None) -> None:
        parts = urlsplit(url)
        self._host, self._port = parts.hostname or "", parts.port or 80
        self._account = account
        self._turns = asyncio.Semaphore(_AT_ONCE)
        self._tls = ssl.create_default_context()
        self._tls.set_alpn_protocols(["http/1.1"])

    async def fetch(
        self, url: SplitResult, filters: TryFilters, caller: Credentials | None
    ) -> TrialResult:
        """Get `url` with the caller's credentials, else with the API's own. Raises GatewayError."""
        account = caller or self._account
        async with self._turns:
            began = time.monotonic()
            try:
                async with asyncio.timeout(_TIMEOUT_S):
                    return await self._fetch(url, _user(filters, account), began)
            except GatewayError as error:
                if account is None and error.status == HTTPStatus.PROXY_AUTHENTICATION_REQUIRED:
                    # The gateway speaks of a wrong name or secret: none was there to be given.
                    raise GatewayError(_NO_ACCOUNT, error.status) from error
                raise
            except TimeoutError as error:
                raise _failed(f"an answer within {_TIMEOUT_S:g} s", "none") from error
            except ssl.SSLError as error:
                raise _failed("a TLS connection to the site", error.reason or "none") from error
            except (OSError, EOFError) as error:
                raise _failed("the gateway's answer", type(error).__name__) from error
            except h11.RemoteProtocolError as error:
                raise _failed("an HTTP answer", str(error)[:80]) from error

    async def _fetch(self, url: SplitResult, credentials: bytes, began: float) -> TrialResult:
        reader, writer = await asyncio.open_connection(self._host, self._port)
        try:
            authorization = (b"proxy-authorization", credentials)
            host = f"[{url.hostname}]" if ":" in (url.hostname or "") else url.hostname or ""
            port = url.port or _PORTS[url.scheme]
            upstream = ""
            fields = [authorization]
            asked = url._replace(fragment="", netloc=_place(host, url)).geturl()
            if url.scheme == "https":
                upstream = await _tunnel(reader, writer, f"{host}:{port}", authorization)
                await writer.start_tls(self._tls, server_hostname=url.hostname)
                fields = []
                asked = f"{url.path or '/'}{'?' if url.query else ''}{url.query}"
            head, body, whole = await _get(reader, writer, asked, _place(host, url), fields)
            upstream = upstream or head.text(_OURS)
            if not upstream:
                raise GatewayError(_own_words(head.status, body), head.status)
            return TrialResult(
                status=head.status,
                time_ms=round((time.monotonic() - began) * 1000),
                upstream=upstream,
                content_type=head.text(b"content-type"),
                location=head.text(b"location"),
                body=_as_text(body, head.text(b"content-type")),
                truncated=not whole,
            )
        finally:
            writer.transport.abort()  # no pleasantries: the answer's rest is not wanted


async def _tunnel(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    authority: str,
    authorization: tuple[bytes, bytes],
) -> str:
    """Open a tunnel; the upstream that carries it."""
    connection = h11.Connection(h11.CLIENT, max_incomplete_event_size=_MAX_HEAD_BYTES)
    place = authority.encode()
    request = h11.Request(
        method=b"CONNECT", target=place, headers=[(b"host", place), authorization]
    )
    writer.write(connection.send(request) or b"")
    head = await _head(reader, connection)
    if not 200 <= head.status < 300:
        body, _ = await _body(reader, connection)
        raise GatewayError(_own_words(head.status, body), head.status)
    return head.text(_OURS)


async def _get(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    target: str,
    host: str,
    fields: list[tuple[bytes, bytes]],
) -> tuple[_Head, bytes, bool]:
    connection = h11.Connection(h11.CLIENT, max_incomplete_event_size=_MAX_HEAD_BYTES)
    request = h11.Request(
        method=b"GET",
        target=target.encode(),
        headers=[
            (b"host", host.encode()),
            (b"user-agent", f"Mozilla/5.0 (compatible; proxypool/{__version__})".encode()),
            (b"accept", b"*/*"),
            (b"accept-encoding", b"identity"),
            (b"connection", b"close"),
            *fields,
        ],
    )
    writer.write((connection.send(request) or b"") + (connection.send(h11.EndOfMessage()) or b""))
    head = await _head(reader, connection)
    body, whole = await _body(reader, connection)
    return head, body, whole


async def _head(reader: asyncio.StreamReader, connection: h11.Connection) -> _Head:
    while True:
        event = await _event(reader, connection)
        if isinstance(event, h11.Response):
            return _Head(event.status_code, {bytes(k): bytes(v) for k, v in event.headers})
        if not isinstance(event, h11.InformationalResponse):
            raise EOFError


async def _body(reader: asyncio.StreamReader, connection: h11.Connection) -> tuple[bytes, bool]:
    """The body's beginning, and whether that is all of it."""
    body = bytearray()
    while len(body) <= MAX_BODY_BYTES:
        event = await _event(reader, connection)
        if not isinstance(event, h11.Data):
            break
        body += event.data
    return bytes(body[:MAX_BODY_BYTES]), len(body) <= MAX_BODY_BYTES


async def _event(reader: asyncio.StreamReader, connection: h11.Connection) -> Any:
    while (event := connection.next_event()) is h11.NEED_DATA:
        connection.receive_data(await reader.read(_READ_BYTES))
    return event


def _place(host: str, url: SplitResult) -> str:
    return f"{host}:{url.port}" if url.port else host


def _user(filters: TryFilters, credentials: Credentials | None) -> bytes:
    """The header that says who asks, and for which upstream."""
    words = [credentials.name] if credentials else []
    for name, value in (
        ("country", filters.country.upper()),
        ("asn", filters.asn),
        ("target", filters.target),
        ("protocol", filters.protocol),
        ("anonymity", filters.anonymity),
        ("maxlatency", filters.max_latency_ms),
        ("session", filters.session),
    ):
        if value:
            words += [name, str(value)]
    if filters.https:
        words.append("https")
    pair = f"{'-'.join(words)}:{credentials.secret if credentials else ''}"
    return b"Basic " + base64.b64encode(pair.encode("utf-8", "surrogateescape"))


def _own_words(status: int, body: bytes) -> Problem:
    """The gateway's own refusal, passed on."""
    try:
        said = json.loads(body)
        return Problem(
            *(str(said[key])[:300] for key in ("name", "expected", "found", "what_to_do"))
        )
    except (ValueError, KeyError, TypeError):
        found = f"status {status} of the gateway"
        return Problem("gateway", "an answer through an upstream", found, "see the gateway's log")


def _failed(expected: str, found: str) -> GatewayError:
    advice = "try again, or with other filters; see that the gateway runs at GATEWAY_URL"
    return GatewayError(Problem("gateway", expected, found, advice))


def _as_text(body: bytes, content_type: str) -> str:
    _, found, charset = content_type.lower().partition("charset=")
    name = charset.partition(";")[0].strip(" \"'") if found else "utf-8"
    try:
        return body.decode(name, "replace")
    except (LookupError, ValueError):
        return body.decode("utf-8", "replace")


def load_account(path: Path | None) -> Credentials | None:
    """Read GATEWAY_ACCOUNT_FILE. Raises ConfigurationError, which never shows its content."""
    if path is None:
        return None
    try:
        text = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not text"
        raise _bad_account(path, str(reason)) from None
    name, colon, secret = text.partition(":")
    if not (name and colon and secret) or "\n" in text:
        raise _bad_account(path, "something else (not shown, it may hold a secret)")
    return Credentials(name, secret)


def _bad_account(path: Path, found: str) -> ConfigurationError:
    expected = "a readable file with one line `name:secret`"
    advice = "write an account of the gateway's ACCOUNTS_FILE into it"
    return ConfigurationError(
        [Problem("GATEWAY_ACCOUNT_FILE", expected, f"{path}: {found}", advice)]
    )


def _url(text: str) -> SplitResult:
    expected = "an address that begins with http:// or https://, percent-encoded"
    try:
        url = urlsplit(text)
        port = url.port
        if (
            url.scheme not in _PORTS
            or not url.hostname
            or url.username is not None
            or port == 0
            or not text.isascii()
            or any(c <= " " or c == "\x7f" for c in text)
        ):
            raise ValueError(text)
    except ValueError as error:
        raise RefusedError(Problem("url", expected, shown(text), "correct it")) from error
    return url


def _caller(request: Request) -> Credentials | None:
    """The caller's own credentials, as the gateway takes them."""
    given = credentials_of(request.scope)
    if given is None or given.name:
        return given
    name = request.state.account or request.app.state.accounts.name_of(given.secret)
    return Credentials(name, given.secret) if name else None


@trial.post(
    "/try",
    responses=answers(413, 415, 502),
    dependencies=[Depends(json_body)],
    summary="Fetch a URL through the gateway",
)
async def try_url(request: Request, wanted: Trial) -> TrialResult:
    """With a GET, within 30 s; redirects are shown, not followed."""
    url = _url(wanted.url)
    gateway: Gateway = request.app.state.gateway
    try:
        return await gateway.fetch(url, wanted.filters, _caller(request))
    except GatewayError as error:
        raise RefusedError(error.problem, HTTPStatus.BAD_GATEWAY) from error
