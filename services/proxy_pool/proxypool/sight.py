"""What a judge saw of a request, read from its answer in any of three formats.

- our own: `{"ip": …, "headers": [[name, value], …]}`;
- httpbin's `/get`: `{"origin": …, "headers": {name: value}, "args": {…}, "url": …}`;
- azenv's text: lines `REMOTE_ADDR = …` and `HTTP_NAME = …`.
"""

import re
from collections.abc import Iterable
from ipaddress import ip_address
from typing import Any, NamedTuple

import orjson

from proxypool.address import address_pattern, is_ipv4, normal
from proxypool.protocol import Anonymity

MARKER_HEADER = "X-Check-Marker"
_MARKER_NAME = MARKER_HEADER.lower()
_UNTOUCHED = frozenset({"accept", "user-agent"})
"""What we send and nobody on the way has a reason to change."""
_PASSING = frozenset(
    {
        "accept-encoding",
        "cache-control",
        "connection",
        "content-length",
        "host",
        "keep-alive",
        "pragma",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
"""What differs from connection to connection, or is a cache's business: no sign of anyone."""
_DESTINATION_HEADERS = frozenset({"host", "x-forwarded-host", "x-host", "x-original-host"})
_HOST_PARAMETER = re.compile(r'\bhost="?[^;,"\n]*"?', re.IGNORECASE)  # of Forwarded (RFC 7239)
_TEXT_LINE = re.compile(r"^([A-Z][A-Z0-9_]{1,60}) = (.*)$")


class NotTheJudgeError(Exception):
    """The answer is not the judge's; `reason` is one word for the statistics.

    `bad_status`; `not_the_judge`: another page; `tampered`: the judge's, changed on the way;
    `marker_lost`: an answer to another request, or the request was changed.
    """

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


class OwnAddresses:
    """The addresses that must not be seen."""

    __slots__ = ("addresses", "pattern")

    def __init__(self, addresses: Iterable[str]) -> None:
        self.addresses = frozenset(addresses)
        self.pattern = address_pattern(sorted(self.addresses))

    def __bool__(self) -> bool:
        return bool(self.addresses)


class Sight(NamedTuple):
    """What the judge saw of a request."""

    ip: str
    headers: list[tuple[str, str]]
    """Names in lower case."""
    frame: str = ""
    """What stands around the answer's values: the same in each answer."""

    def shows(self, own: OwnAddresses) -> bool:
        """Whether an address of ours is the caller's or stands in any header."""
        if self.ip in own.addresses:
            return True
        pattern = own.pattern
        if pattern is None:
            return False
        # The judge may stand at an address of ours: where a request goes is no sign of its origin.
        values = [value for name, value in self.headers if name not in _DESTINATION_HEADERS]
        text = "\n".join(values)  # one search costs less than one for each header
        lowered = text.lower()
        if not any(address in lowered for address in own.addresses):
            return False  # nearly always, and much cheaper than the pattern
        return pattern.search(_HOST_PARAMETER.sub("", text)) is not None

    def anonymity(self, own: OwnAddresses, usual: frozenset[str]) -> Anonymity:
        """How much is hidden. `usual`: the headers of direct answers.

        Whatever else stands there was put there on the way.
        """
        if self.shows(own):
            return Anonymity.TRANSPARENT
        added = {name for name, _ in self.headers} - usual - _PASSING
        return Anonymity.ANONYMOUS if added else Anonymity.ELITE


class Usual(NamedTuple):
    """What a judge answers to whom nobody stands in between."""

    frame: str
    names: frozenset[str]
    untouched: frozenset[tuple[str, str]]

    @classmethod
    def of(cls, direct: Sight) -> "Usual":
        """As one direct answer showed it."""
        names = frozenset(name for name, _ in direct.headers)
        return cls(direct.frame, names, _untouched(direct))

    def compare(self, sight: Sight) -> None:
        """Raises NotTheJudgeError where the answer, or our request, was changed on the way."""
        if sight.frame != self.frame:
            raise NotTheJudgeError(
                "tampered", "around the values there is other text than directly"
            )
        if _untouched(sight) != self.untouched:
            raise NotTheJudgeError("tampered", "our headers arrived changed")


def _untouched(sight: Sight) -> frozenset[tuple[str, str]]:
    return frozenset(pair for pair in sight.headers if pair[0] in _UNTOUCHED)


def read_sight(status: int, body: bytes, marker: str) -> Sight:
    """Read a judge's whole answer to the request with `marker`. Raises NotTheJudgeError."""
    if status != 200:
        raise NotTheJudgeError("bad_status", f"status {status}")
    try:
        content = orjson.loads(body)
    except ValueError:
        content = None
    try:
        sight = _from_text(body) if content is None else _from_json(content, marker)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        # With the marker in it, it is the judge's, and someone on the way has changed it.
        reason = "tampered" if marker.encode() in body else "not_the_judge"
        raise NotTheJudgeError(reason, f"answer begins {body[:60]!r}") from error
    markers = [value for name, value in sight.headers if name == _MARKER_NAME]
    if markers != [marker]:
        raise NotTheJudgeError("marker_lost", f"marker came back as {markers!r}")
    return sight


def _from_json(content: Any, marker: str) -> Sight:
    headers, frame = content["headers"], ",".join(sorted(content))
    if isinstance(headers, list):
        own = [(str(name).lower(), str(value)) for name, value in headers]
        return Sight(_ip(content["ip"]), own, frame)
    # Of a list of addresses the last is the caller's, those before it are what it forwarded.
    *forwarded, ip = content["origin"].split(",")
    pairs = [(name.lower(), _one_value(value)) for name, value in headers.items()]
    if forwarded:
        pairs.append(("x-forwarded-for", ",".join(forwarded)))
    if "args" in content and content["args"].get("marker") != marker:
        raise NotTheJudgeError("marker_lost", "the query came back without the marker")
    return Sight(_ip(ip.strip()), pairs, frame)


def _one_value(value: Any) -> str:
    if isinstance(value, list):  # as newer ones of its kind write it
        return ", ".join(map(str, value))
    return str(value)


def _from_text(body: bytes) -> Sight:
    ip, pairs, frame = "", [], []
    for line in body.decode("latin-1").splitlines():
        match = _TEXT_LINE.match(line.rstrip())
        if match is None:
            frame.append(line)
        elif match[1] == "REMOTE_ADDR":
            ip = match[2]
        elif match[1].startswith("HTTP_"):
            pairs.append((match[1][5:].replace("_", "-").lower(), match[2]))
    return Sight(_ip(ip), pairs, "\n".join(frame))


def _ip(text: str) -> str:
    if is_ipv4(text):
        return text
    return str(normal(ip_address(text)))
