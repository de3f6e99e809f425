"""What a PooledSession raises beside the exceptions of `requests`: all of them are those too."""

from dataclasses import dataclass
from typing import Any

from requests import exceptions


@dataclass(frozen=True, slots=True)
class Attempt:
    """One proxy that was tried in vain."""

    proxy: str
    """`host:port`; never its credentials."""
    reason: str
    """In one word, as in the pool's statistics."""
    error: exceptions.RequestException | None = None
    """What `requests` raised; None where the proxy answered with a refusal of its own."""


class NoProxyError(exceptions.ProxyError):
    """The pool has no proxy that fits the filters: widen them, or wait until it has found some."""


class PoolUnavailableError(exceptions.ConnectionError):
    """The pool or the gateway itself does not answer, or is not ready."""


class PoolRefusedError(exceptions.HTTPError):
    """The pool or the gateway refuses us: wrong or no credentials, too many calls, a bad filter."""


class AllProxiesFailedError(exceptions.ProxyError):
    """Every proxy that was tried failed; `attempts` says which and how, in order."""

    def __init__(self, attempts: tuple[Attempt, ...], **arguments: Any) -> None:
        tried = ", ".join(f"{attempt.proxy} {attempt.reason}" for attempt in attempts)
        super().__init__(f"{len(attempts)} proxies failed: {tried}", **arguments)
        self.attempts = attempts


class SocksSupportError(exceptions.InvalidSchema):
    """A SOCKS proxy was asked for, but PySocks is not installed."""

    def __init__(self) -> None:
        super().__init__(
            "SOCKS proxies: expected the package PySocks; found none. "
            "What to do: pip install 'proxypool[socks]'"
        )
