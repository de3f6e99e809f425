"""Reads proxies in the forms that lists write them in, one entry or all that a text holds.

The forms: `ip:port`, `[v6]:port`, `host.name:port`, `scheme://user:password@host:port`,
`host:port:user:password`, columns (`ip port`, `socks5 ip port`), and networks
(`203.0.113.0/28:80`), which stand for each of their addresses.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from ipaddress import ip_network
from urllib.parse import unquote

from proxypool.address import BadAddressError, Network, Upstream, normal
from proxypool.candidate import Candidate
from proxypool.protocol import Protocol

FORMS = (
    "[scheme://][user:password@]host:port, host:port:user:password or network/bits:port, "
    "scheme one of http, https, socks4, socks4a, socks5"
)
"""What an entry may look like, for error messages."""

_WORDS = {
    "http": Protocol.HTTP,
    "https": Protocol.CONNECT,
    "ssl": Protocol.CONNECT,
    "connect": Protocol.CONNECT,
    "socks4": Protocol.SOCKS4,
    "socks4a": Protocol.SOCKS4A,
    "socks5": Protocol.SOCKS5,
    "socks5h": Protocol.SOCKS5,
}
"""What lists call the protocols. Their "https" is a proxy that carries https: CONNECT."""
_WORD = re.compile(r"(?<![a-z])(?:socks[ _v-]{0,2}(4a|4|5h|5)|(https?|connect|ssl))(?![a-z0-9])")

# Every part is bounded, so that no text takes long.
_OCTET = r"(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)"
# What has a letter stuck to it is something else: v1.2.3.4, 1.2.3.4:80x. Patterns are ASCII: other
# scripts write addresses without a space around them. A line's end may still be escaped.
_ALONE = r"(?<![\d._A-Za-mo-qsu-z])(?<!(?<!\\)[nrt])"
_V4 = rf"{_ALONE}({_OCTET}\.{_OCTET}\.{_OCTET}\.{_OCTET})(?:/(\d{{1,2}}))?"
_V4_PORT = r"(?:[ \t]{0,2}:[ \t]{0,2}|[ \t]{1,20})(\d{1,5})(?!\w|[\d.]*\d)"
_V4_END = r"(?!\w|\.\d|[ \t]{0,2}:[ \t]{0,2}\d)"
_V6 = r"\[(?<!\w\[)([0-9A-Fa-f:.]{2,45})(?:/(\d{1,3}))?\]"
_V6_END = r"(?!\w|:\d)"
_V6_BARE = r"(?<![\w:.\[])((?:[0-9A-Fa-f]{0,4}:){2,7}[0-9A-Fa-f]{0,4})(?:/(\d{1,3}))?(?![\w:.])"
_NAME = r"(?<![\w.-])((?:[A-Za-z0-9_][A-Za-z0-9_-]{0,62}\.){1,8}[A-Za-z][A-Za-z0-9-]{1,62})"
_PORT = r":(\d{1,5})(?![\w@])"
_NEVER = r"(?!)"


def _pattern(*, names: bool, ports: bool) -> re.Pattern[str]:
    """What finds places: IPv4 (groups 1 to 3), IPv6 (4 to 6), names (7, 8), bare IPv6 (9, 10)."""
    places = (
        f"{_V4}(?:{_V4_PORT}|{_V4_END})" if ports else _V4 + _V4_PORT,
        f"{_V6}(?:{_PORT}|{_V6_END})" if ports else _V6 + _PORT,
        ("" if names else _NEVER) + _NAME + _PORT,
        ("" if ports else _NEVER) + _V6_BARE,
    )
    return re.compile("|".join(places), re.ASCII)


_PATTERNS = {
    (names, ports): _pattern(names=names, ports=ports)
    for names in (False, True)
    for ports in (False, True)
}
_SUFFIX = re.compile(r""":([^\s:@/,;"'<>|]{1,255}):([^\s:,;"'<>|]{1,255})""")
_BREAK = re.compile(r"""[\s"'<>,;|(]""")
_BEFORE = re.compile(r"([A-Za-z][A-Za-z0-9]{2,6})[ \t]{1,20}$")
_AFTER = re.compile(r"[ \t]{1,20}([A-Za-z][A-Za-z0-9]{2,6})(?![:\w])")
_MORE_BEFORE, _MORE_AFTER = frozenset("@/ \t"), frozenset(": \t")
_LOOK_BEHIND = 1600  # a user name and a password of 255 bytes each, percent-encoded


@dataclass(frozen=True, slots=True)
class Defaults:
    """What a source says of all its entries; an entry's own word goes first."""

    protocol: Protocol | None = None
    expires: float = 0.0
    """Unix time; 0: never."""
    host_names: bool = False
    """Whether `host.name:port` in a text is a proxy. Most are links."""
    ports: tuple[int, ...] = ()
    """The ports of an address that comes without one."""


def protocol_of(words: object) -> Protocol | None:
    """The first protocol that `words` names: "HTTPS", "socks 5", ["http", "socks4"] …"""
    if isinstance(words, list):
        return next(filter(None, map(protocol_of, words[:20])), None)
    found = _WORD.search(str(words)[:200].lower())
    if found is None:
        return None
    version, word = found.groups()
    return _WORDS["socks" + version if version else word]


def expiry_of(value: object) -> float:
    """Unix time of `value`: itself, a time, a date (its first second, UTC), or ISO 8601 text.

    Raises ValueError. A time without a zone is UTC.
    """
    if isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value < 1e11:
        return float(value)
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value.strip())
        except ValueError as error:
            raise ValueError("not a time such as 2026-12-31T00:00:00Z") from error
    elif isinstance(value, date) and not isinstance(value, datetime):
        value = datetime(value.year, value.month, value.day, tzinfo=UTC)
    if not isinstance(value, datetime):
        raise ValueError("not a time such as 2026-12-31T00:00:00Z")
    return (value if value.tzinfo else value.replace(tzinfo=UTC)).timestamp()


def read_entry(text: str, defaults: Defaults) -> Iterator[Candidate]:
    """The proxies of one entry that is nothing else; host names are taken.

    `expires=2026-12-31T00:00:00Z` may follow it. Raises BadAddressError, whose text never shows
    the entry: it may hold a password.
    """
    words = text.split()
    if words and words[-1].startswith("expires="):
        try:
            defaults = replace(defaults, expires=expiry_of(words.pop().partition("=")[2]))
        except ValueError as error:
            raise BadAddressError("expires is not a time such as 2026-12-31T00:00:00Z") from error
    for end in (0, -1):
        if len(words) > 1 and words[end].lower() in _WORDS:
            defaults = replace(defaults, protocol=_WORDS[words.pop(end).lower()])
    username = password = ""
    if len(words) == 1:
        scheme, found, rest = words[0].rpartition("://")
        if found and scheme.lower() not in _WORDS:
            raise BadAddressError(f"a scheme that is none of {', '.join(_WORDS)}")
        if found:
            defaults = replace(defaults, protocol=_WORDS[scheme.lower()])
        credentials, _, place = rest.rpartition("@")
        username, _, password = credentials.partition(":")
        words = _parts(place.rstrip("/"))
    if len(words) == 4 and not username:
        username, password = words[2:]
    elif len(words) in (1, 2):
        username, password = unquote(username), unquote(password)
    else:
        raise BadAddressError(f"expected {FORMS}")
    ports = words[1:2] or [str(port) for port in defaults.ports]
    if not ports:
        raise BadAddressError("an address without a port, and the source has no ports")
    try:
        upstreams = [
            Upstream.of(words[0].partition("/")[0], port, username, password) for port in ports
        ]
        network = _network(words[0]) if "/" in words[0] else None
    except ValueError:
        # The reason may quote a part that is a password in the wrong place.
        raise BadAddressError(f"expected {FORMS}") from None
    if network is None:
        for upstream in upstreams:
            yield Candidate(upstream, defaults.protocol, defaults.expires)
    else:
        yield from _expanded(network, [upstream.port for upstream in upstreams], defaults)


def read_pair(
    host: str, port: str, defaults: Defaults, username: str = "", password: str = ""
) -> Iterator[Candidate]:
    """The proxies at `host`, a network also, and `port`, empty where the source's `ports` hold.

    What cannot be a proxy gives none.
    """
    try:
        for number in [port] if port else defaults.ports:
            upstream = Upstream.of(host.partition("/")[0], number, username, password)
            if "/" in host:
                yield from _expanded(_network(host), [upstream.port], defaults)
            else:
                yield Candidate(upstream, defaults.protocol, defaults.expires)
    except ValueError:
        return


def _parts(place: str) -> list[str]:
    """Host, port, user name and password, as far as there are any."""
    if place.startswith("["):
        host, _, rest = place.partition("]")
        return [host + "]", *rest.split(":", 3)[1:]]
    if place.count(":") > 1 and re.fullmatch(r"[0-9A-Fa-f:.]+(/\d+)?", place):
        return [place]
    return place.split(":", 3)


def _network(text: str) -> Network:
    return ip_network(text.replace("[", "").replace("]", ""), strict=False)


def _expanded(network: Network, ports: Iterable[int], defaults: Defaults) -> Iterator[Candidate]:
    """Every address of `network` with each of `ports`: as many as there are, so bound it."""
    first, kind = int(network.network_address), type(network.network_address)
    for number in range(network.num_addresses):
        host = str(normal(kind(first + number)))
        for port in ports:
            yield Candidate(Upstream(host, port), defaults.protocol, defaults.expires)


def find_candidates(text: str, defaults: Defaults) -> Iterator[Candidate]:
    """Every proxy in `text`, in order, repetitions included; what is no address is passed over."""
    protocol, expires, length = defaults.protocol, defaults.expires, len(text)
    for match in _PATTERNS[defaults.host_names, bool(defaults.ports)].finditer(text):
        host, bits, port = match.group(1, 2, 3)
        if host is None:
            host6, bits6, port6, name, name_port, bare, bare_bits = match.groups()[3:]
            host = _normal(host6 or name or bare)
            bits, port = bits6 or bare_bits, port6 or name_port
        ports = (int(port),) if port else defaults.ports
        if host is None or not 0 < ports[0] < 65536:
            continue
        # Most addresses stand alone on their line: only others are looked at more closely.
        start, end = match.span()
        spoken, username, password = protocol, "", ""
        if start and text[start - 1] in _MORE_BEFORE:
            before = _before(text, start)
            if before is None:
                continue
            spoken, username, password = before[0] or protocol, before[1], before[2]
        if end < length and (following := text[end]) in _MORE_AFTER:
            if following != ":":
                after = _AFTER.match(text, end)
                spoken = _WORDS.get(after[1].lower(), spoken) if after else spoken
            elif not username and (suffix := _SUFFIX.match(text, end)):
                username, password = suffix.groups()
        if bits is not None:
            try:
                network = _network(f"{host}/{bits}")
            except ValueError:
                continue
            yield from _expanded(network, ports, Defaults(spoken, expires))
        elif not username and not password:
            for one in ports:
                yield Candidate(Upstream(host, one), spoken, expires)
        else:
            try:
                yield Candidate(Upstream.of(host, ports[0], username, password), spoken, expires)
            except ValueError:  # credentials that cannot be encoded, too
                continue


def _normal(host: str) -> str | None:
    try:
        return Upstream.of(host, 1).host
    except BadAddressError:
        return None


def _before(text: str, start: int) -> tuple[Protocol | None, str, str] | None:
    """Protocol, user name and password from what stands before a place; None: it is no proxy."""
    if text[start - 1] in " \t":
        word = _BEFORE.search(text, max(0, start - 28), start)
        return (_WORDS.get(word[1].lower()) if word else None), "", ""
    piece = _BREAK.split(text[max(0, start - _LOOK_BEHIND) : start])[-1]
    if len(piece) == _LOOK_BEHIND:
        return None
    scheme, found, rest = piece.rpartition("://")
    protocol = _WORDS.get(scheme.lower())
    if found and protocol is None:
        return None  # a link to something else: ftp://, redis://
    if not rest.endswith("@"):
        # With more between, the address stands in the path of a link.
        return (None if rest else protocol), "", ""
    username, colon, password = rest[:-1].partition(":")
    if not colon and not found:
        return None, "", ""
    return protocol, unquote(username), unquote(password)
