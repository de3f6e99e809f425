"""Long URLs: which may be shortened, and the one form in which each is kept.

Nothing is repaired that browsers and libraries read differently: such a URL is refused.
"""

import re
from dataclasses import dataclass
from ipaddress import IPv6Address
from urllib.parse import quote, urlsplit

from shortlink.hosts import BadHostError, all_of, is_public, parse_host
from shortlink.networks import Address, plain
from shortlink.problems import Problem

LONGEST = 2048
"""Characters that a URL may have as it is kept; the table's column has as many."""

_PORTS = {"http": 80, "https": 443}
# Scheme, authority, and all that follows it.
_URL = re.compile(r"(?i:(https?))://([^/?#]*)([/?#].*)?", re.DOTALL)
_AUTHORITY = re.compile(r"(\[[^\]@]*\]|[^:\[\]@]+)(?::([0-9]{0,5}))?")
_SAFE = "!#$%&'()*+,-./:;=?@_~[]|^`{}"
_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")


class BadUrlError(ValueError):
    """The URL is refused; `problem` says why."""

    def __init__(self, expected: str, found: str, advice: str) -> None:
        super().__init__(expected)
        self.problem = Problem("url", expected, found, advice)


@dataclass(frozen=True, slots=True)
class Place:
    """A host and, where one is named, a port: `example.org`, `10.0.0.7:8000`, `*.example.org`."""

    host: str
    port: int | None = None
    below: bool = False
    """All names below `host`, and not itself."""

    @classmethod
    def parse(cls, text: str) -> "Place":
        """Read one entry of a list; raises ValueError."""
        below = text.startswith("*.")
        match = _AUTHORITY.fullmatch(text.removeprefix("*."))
        if not match or match[2] == "":
            raise ValueError(text)
        host = parse_host(match[1])
        port = None if match[2] is None else int(match[2])
        if (port is not None and not 1 <= port <= 65535) or (below and not isinstance(host, str)):
            raise ValueError(text)
        return cls(_shown(host), port, below)

    def holds(self, host: str | Address, port: int) -> bool:
        """Whether a URL's host and port are of this place."""
        if self.port is not None and self.port != port:
            return False
        shown = _shown(host)
        return shown.endswith(f".{self.host}") if self.below else shown == self.host


@dataclass(frozen=True, slots=True)
class UrlRule:
    """What an installation lets be shortened."""

    own: tuple[Place, ...]
    """Where this service itself answers: a link to a link may never end."""
    allowed: tuple[Place, ...] = ()
    """The only places that links may lead to; none: every public one."""
    private: tuple[Place, ...] = ()
    """Places that are allowed although they are private or have a name without a dot."""
    longest: int = LONGEST

    def accept(self, text: str) -> str:
        """The URL in the form in which it is kept, in ASCII. Raises BadUrlError."""
        scheme, host, port, rest = _parts(text, self.longest)
        shown = str(host)
        if self._is_own(host, port):
            found, advice = "one of this service itself", "give the URL that the link leads to"
            raise BadUrlError("a URL of another service", found, advice)
        if self.allowed and not any(place.holds(host, port) for place in self.allowed):
            advice = "link to an allowed host, or have the operator add this one"
            raise BadUrlError("a host of ALLOWED_LINK_HOSTS", shown[:100], advice)
        if not is_public(host) and not any(place.holds(host, port) for place in self.private):
            advice = "give a public one, or have the operator name this one in PRIVATE_LINK_HOSTS"
            raise BadUrlError("a public host", _private(host), advice)
        name = f"[{shown}]" if isinstance(host, IPv6Address) else shown
        suffix = "" if port == _PORTS[scheme] else f":{port}"
        kept = f"{scheme}://{name}{suffix}{_in_ascii(rest)}"
        if len(kept) > self.longest:
            raise _too_long(len(kept), self.longest)
        return kept

    def _is_own(self, host: str | Address, port: int) -> bool:
        """In whatever form; who serves one scheme's own port leads there from the other's, too."""
        hosts = (host,) if isinstance(host, str) else all_of(host)
        ports = _PORTS.values() if port in _PORTS.values() else (port,)
        return any(place.holds(one, at) for place in self.own for one in hosts for at in ports)


def place_of(url: str) -> Place:
    """Where an http(s) URL leads; raises ValueError."""
    parts = urlsplit(url)
    if parts.scheme not in _PORTS or not parts.hostname:
        raise ValueError(url)
    _, host, port, _ = _parts(f"{parts.scheme}://{parts.netloc}/", LONGEST)
    return Place(_shown(host), port)


def _shown(host: str | Address) -> str:
    """One text for each host: an IPv4 address is the same within an IPv6 one."""
    return host if isinstance(host, str) else str(plain(host))


def _parts(text: str, longest: int) -> tuple[str, str | Address, int, str]:
    if len(text) > longest:
        raise _too_long(len(text), longest)
    if any(ord(c) <= 0x20 or c in "\\\x7f" or (c.isspace()) for c in text):
        found = "one with spaces, control characters or backslashes"
        raise BadUrlError("a URL without them", found, "percent-encode them")
    match = _URL.fullmatch(text)
    if not match:
        raise BadUrlError(
            "a URL that begins with http:// or https:// and a host",
            ascii(text[:40]),
            "give the whole address, as the browser shows it",
        )
    scheme, authority, rest = match[1].lower(), match[2], match[3] or "/"
    if "@" in authority:
        found = "a user name or password before the host"
        raise BadUrlError("a URL without credentials", found, "leave them out: links are public")
    split = _AUTHORITY.fullmatch(authority)
    if not split:
        advice = "correct what stands between // and the path"
        raise BadUrlError("a host, and perhaps a port", ascii(authority[:100]), advice)
    try:
        host = parse_host(split[1])
    except BadHostError as error:
        raise BadUrlError("a host name or an address", str(error), "correct the host") from None
    port = int(split[2]) if split[2] else _PORTS[scheme]
    if not 1 <= port <= 65535:
        raise BadUrlError("a port between 1 and 65535", str(port), "correct the port")
    return scheme, host, port, rest if rest.startswith("/") else f"/{rest}"


def _in_ascii(rest: str) -> str:
    """Path, query and fragment with UTF-8 percent-encoded, escapes left as they are."""
    try:
        # A lone % would be read one way here and another way there.
        return quote(_BAD_ESCAPE.sub("%25", rest), safe=_SAFE)
    except UnicodeEncodeError:
        advice = "correct the URL"
        raise BadUrlError("text in Unicode", "half of a surrogate pair", advice) from None


def _too_long(length: int, longest: int) -> BadUrlError:
    advice = "shorten its query, or link to a page before it"
    return BadUrlError(f"at most {longest} characters", str(length), advice)


def _private(host: str | Address) -> str:
    if isinstance(host, str):
        return f"{host[:100]}, a name of a private network"
    return f"{host}, a private or special address"
