"""A small HTTP client for services of others.

Every call has a limit of time and of size, follows no redirection, and is repeated only where that
is safe. The log tells which service, how it went and how long it took; never an address with its
query, a body or the text of an error of `requests`, which may quote them.
"""

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import requests
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    MaxRetryError,
    NewConnectionError,
    ReadTimeoutError,
)

from luffy.outside import deadline
from luffy.outside.circuit import Circuit
from luffy.outside.failures import (
    BadAnswerError,
    NoAnswerError,
    NotReachedError,
    OutsideError,
    RefusedError,
)

logger = logging.getLogger(__name__)

# Methods that may be sent twice without doing anything twice (RFC 9110, section 9.2.2).
SAFE_METHODS = frozenset({"GET", "HEAD"})


@dataclass(frozen=True)
class Answer:
    """What came back, read to its end."""

    status: int
    body: bytes


def _take_any(answer: Answer) -> None:
    """Every answer is good."""


@dataclass(frozen=True)
class OutsideClient:
    """Calls one service; `name` stands for it in the log.

    A try waits at most `connect_timeout_s` for a connection to each address of the name, and at
    most `read_timeout_s` for the whole answer, however it drips; a call has `tries` of them. What
    is not safe to repeat is repeated only if no connection was made.
    """

    name: str
    circuit: Circuit
    connect_timeout_s: float = 2.0
    read_timeout_s: float = 5.0
    tries: int = 2
    backoff_s: float = 0.2
    most_bytes: int = 256 * 1024

    def call(
        self,
        method: str,
        url: str,
        form: Mapping[str, str] | None = None,
        check: Callable[[Answer], None] = _take_any,
        *,
        document: Mapping[str, str] | None = None,
        account: tuple[str, str] | None = None,
    ) -> Answer:
        """Send `form` (in the query of a GET, else as the body), or `document` as JSON, and return
        the answer. `account` is a name and a password (Basic).

        What an answer below 500 means is for `check` to know: it raises `RefusedError` for what the
        service will not do, and `BadAnswerError` for what is a failure of it or of our settings.

        Raises:
            RefusedError: by `check`.
            CircuitOpenError: it was not asked.
            NotReachedError: it was asked in vain, and surely did nothing.
            NoAnswerError, BadAnswerError: it may have done it.
        """
        for number in range(1, self.tries + 1):
            self.circuit.ask()
            began = time.monotonic()
            try:
                answer = self._once(method, url, form, document, account)
                check(answer)
            except RefusedError as error:
                self.circuit.succeeded()
                self._log(logging.INFO, method, "refused", error.code, began)
                raise
            except OutsideError as error:
                self.circuit.failed()
                self._log(logging.WARNING, method, type(error).__name__, str(error), began)
                repeatable = method in SAFE_METHODS or isinstance(error, NotReachedError)
                if number == self.tries or not repeatable:
                    raise
                time.sleep(self.backoff_s * 2 ** (number - 1))
            else:
                self.circuit.succeeded()
                self._log(logging.INFO, method, "answered", f"HTTP {answer.status}", began)
                return answer
        raise AssertionError("tries is at least 1")

    def _once(
        self,
        method: str,
        url: str,
        form: Mapping[str, str] | None,
        document: Mapping[str, str] | None,
        account: tuple[str, str] | None,
    ) -> Answer:
        query, body = (form, None) if method in SAFE_METHODS else (None, form)
        # `from None` throughout: requests' own errors quote the address with its query.
        try:
            with (
                deadline.session() as session,
                session.request(
                    method,
                    url,
                    params=query,
                    data=body,
                    json=document,
                    auth=account,
                    timeout=(self.connect_timeout_s, self.read_timeout_s),
                    allow_redirects=False,
                    stream=True,
                ) as response,
            ):
                read = self._read(response)
        except requests.ConnectTimeout:
            raise NotReachedError("no connection in time") from None
        except requests.Timeout:
            raise NoAnswerError("no answer in time") from None
        except requests.ConnectionError as error:
            if _never_connected(error):
                raise NotReachedError("no connection") from None
            raise NoAnswerError("the connection broke") from None
        except ReadTimeoutError:
            raise NoAnswerError("the answer did not end in time") from None
        except (requests.RequestException, HTTPError) as error:
            raise BadAnswerError(f"not HTTP ({type(error).__name__})") from None
        if response.status_code >= 500 or 300 <= response.status_code < 400:
            raise BadAnswerError(f"HTTP {response.status_code}")
        return Answer(response.status_code, read)

    def _read(self, response: requests.Response) -> bytes:
        read = bytearray()
        # read1 returns what has come; reading in chunks would wait for each to be full.
        while chunk := response.raw.read1(8192, decode_content=True):
            read += chunk
            if len(read) > self.most_bytes:
                raise BadAnswerError(f"longer than {self.most_bytes} bytes")
        return bytes(read)

    def _log(self, level: int, method: str, outcome: str, found: str, began: float) -> None:
        duration_ms = round((time.monotonic() - began) * 1000, 1)
        logger.log(
            level,
            "%s: %s, %s",
            self.name,
            outcome,
            found,
            extra={
                "service": self.name,
                "method": method,
                "outcome": outcome,
                "duration_ms": duration_ms,
            },
        )


def _never_connected(error: requests.ConnectionError) -> bool:
    reason = error.args[0] if error.args else None
    if isinstance(reason, MaxRetryError):
        reason = reason.reason
    return isinstance(reason, NewConnectionError | ConnectTimeoutError)
