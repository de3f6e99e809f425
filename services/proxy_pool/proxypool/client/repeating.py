"""Why a request failed, in one word, and whether it may be sent once more."""

from collections.abc import Iterator
from ssl import SSLCertVerificationError
from typing import TypeAlias

from requests import exceptions
from requests.models import PreparedRequest

IDEMPOTENT = frozenset(("GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"))
"""Methods that may be repeated (RFC 9110, 9.2.2)."""

NETWORK_ERRORS = (
    exceptions.ConnectionError,
    exceptions.Timeout,
    exceptions.ChunkedEncodingError,
    exceptions.ContentDecodingError,
)
"""What requests raises where the way to the destination, or back, fails."""

Timeout: TypeAlias = float | tuple[float, float] | None


def reason_of(error: Exception) -> str:
    """The failure in one word, as the pool's statistics have it."""
    links = list(chain(error))
    text = " ".join(str(link) for link in links)
    if any(isinstance(link, SSLCertVerificationError) for link in links):
        return "tls_broken"
    if isinstance(error, exceptions.ConnectTimeout):
        return "connect_timeout"
    if any(isinstance(link, ConnectionRefusedError) for link in links):
        return "connect_refused"
    if "Tunnel connection failed" in text:
        refused = "Tunnel connection failed: 407" in text
        return "auth_required" if refused else "tunnel_refused"
    if isinstance(error, exceptions.Timeout) or "timed out" in text:
        return "timeout"
    if isinstance(error, exceptions.SSLError):
        return "tls_failed"
    if isinstance(error, exceptions.ChunkedEncodingError | exceptions.ContentDecodingError):
        return "bad_answer"
    return "closed"


def chain(error: BaseException | None) -> Iterator[BaseException]:
    """An exception with all that it came from; urllib3 hides some as arguments."""
    seen: set[int] = set()
    waiting: list[object] = [error]
    while waiting:
        link = waiting.pop()
        if not isinstance(link, BaseException) or id(link) in seen:
            continue
        seen.add(id(link))
        yield link
        waiting += [
            link.__cause__,
            link.__context__,
            getattr(link, "reason", None),
            *link.args,
        ]


def can_repeat(request: PreparedRequest, *, sent: bool) -> bool:
    """Whether a request may be sent again.

    One that never left may be. One that did may have arrived: then its method decides, and whether
    its body can be read once more.
    """
    if not sent:
        return True
    return request.method in IDEMPOTENT and _is_replayable(request)


def is_rewindable(request: PreparedRequest) -> bool:
    """Whether the body is a file whose beginning requests has noted."""
    return isinstance(getattr(request, "_body_position", None), int)


def _is_replayable(request: PreparedRequest) -> bool:
    body = request.body
    return body is None or isinstance(body, bytes | str) or is_rewindable(request)
