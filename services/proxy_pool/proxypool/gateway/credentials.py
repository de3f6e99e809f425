"""User names: an account, and behind it the filters for the upstream that is wanted.

`ACCOUNT[-filter…]`, such as `pool-country-CN-session-abc`: the one thing that every client of a
proxy can send is a user name.
"""

import base64
import binascii
import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from proxypool.problems import Problem
from proxypool.protocol import Anonymity, Protocol
from proxypool.query import Query

_MAX_USER_BYTES = 255
_MAX_LATENCY_MS = 600_000
_MAX_ROTATE = 10_000
_MAX_COOLDOWN_S = 3600
_WORD = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_SYNTAX = "ACCOUNT[-filter…], such as pool-country-CN-session-abc"


class BadUserError(ValueError):
    """The user name cannot be read; `problem` says what is wrong with it."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(str(problem))
        self.problem = problem


@dataclass(frozen=True, slots=True)
class Wish:
    """What a user name asks for."""

    account: str = ""
    """Empty for callers that need no credentials."""
    query: Query = field(default_factory=Query)
    session: str = ""
    """Requests with the same one keep the same upstream."""
    rotate: int = 0
    """So many requests leave by one upstream before it is another one's turn; 0: no turns."""
    cooldown_s: int = 0
    """So long an upstream is left alone after each use, while there are others."""


def read_user(text: str) -> Wish:
    """Read a user name; raises BadUserError.

    One that begins with a filter has no account.
    """
    if len(text.encode("utf-8", "surrogatepass")) > _MAX_USER_BYTES or not text.isascii():
        raise _bad(f"at most {_MAX_USER_BYTES} bytes of ASCII", repr(text[:40]), _SYNTAX)
    words = text.split("-")
    account = "" if words[0] in _FILTERS else words.pop(0)
    wish = Wish(account)
    seen: set[str] = set()
    while words:
        name = words.pop(0)
        if name not in _FILTERS:
            advice = f"write the user name as {_SYNTAX}"
            raise _bad(f"one of the filters {', '.join(_FILTERS)}", repr(name[:40]), advice)
        if name in seen and name != "protocol":
            raise _bad(f"{name} once", f"{name} again", "remove one of the two")
        seen.add(name)
        wish = _FILTERS[name](wish, name, words)
    if wish.session and (wish.rotate or wish.cooldown_s):
        found = "rotate" if wish.rotate else "cooldown"
        raise _bad(f"a session, or {found}", "both", "a session keeps its upstream: remove one")
    return wish


def read_basic(header: str) -> tuple[str, str] | None:
    """User name and password of a `Basic` header (RFC 7617), or None where it is another thing."""
    scheme, _, token = header.strip().partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        decoded = base64.b64decode(token.strip(), validate=True)
        text = decoded.decode("utf-8")
    except (binascii.Error, ValueError):
        return None
    user, colon, secret = text.partition(":")
    return (user, secret) if colon else None


def _bad(expected: str, found: str, advice: str) -> BadUserError:
    return BadUserError(Problem("user name", expected, found, advice))


def _next(name: str, words: list[str], expected: str) -> str:
    if not words or not words[0]:
        raise _bad(f"{name}-{expected}", f"{name} without a value", f"write {name}-{expected}")
    return words.pop(0)


def _phrase(name: str, words: list[str], expected: str) -> str:
    """A value that may hold dashes itself: it goes on until the next filter."""
    parts = [_next(name, words, expected)]
    while words and words[0] not in _FILTERS:
        parts.append(words.pop(0))
    text = "-".join(parts)
    if not _WORD.fullmatch(text):
        advice = f"write {name}-{expected}"
        raise _bad("1 to 64 letters, digits, _, . or -", repr(text[:40]), advice)
    return text


def _number(name: str, words: list[str], high: int, expected: str) -> int:
    text = _next(name, words, expected)
    if not (text.isdecimal() and len(text) <= 10 and 1 <= int(text) <= high):
        advice = f"write {name}-{expected}"
        raise _bad(f"a whole number between 1 and {high}", repr(text[:40]), advice)
    return int(text)


def _https(wish: Wish, _name: str, _words: list[str]) -> Wish:
    return replace(wish, query=replace(wish.query, https=True))


def _country(wish: Wish, name: str, words: list[str]) -> Wish:
    text = _next(name, words, "CN").upper()
    if not (len(text) == 2 and text.isalpha()):
        advice = "write an ISO 3166-1 alpha-2 code, such as country-CN"
        raise _bad("a country code of two letters", repr(text[:40]), advice)
    return replace(wish, query=replace(wish.query, country=text))


def _asn(wish: Wish, name: str, words: list[str]) -> Wish:
    number = _number(name, words, 2**32 - 1, "64500")
    return replace(wish, query=replace(wish.query, asn=number))


def _session(wish: Wish, name: str, words: list[str]) -> Wish:
    return replace(wish, session=_phrase(name, words, "abc"))


def _target(wish: Wish, name: str, words: list[str]) -> Wish:
    return replace(wish, query=replace(wish.query, target=_phrase(name, words, "NAME")))


def _protocol(wish: Wish, name: str, words: list[str]) -> Wish:
    text = _next(name, words, "socks5")
    try:
        protocol = Protocol(text)
    except ValueError:
        raise _bad(f"one of {', '.join(Protocol)}", repr(text[:40]), "correct it") from None
    protocols = (*wish.query.protocols, protocol)
    return replace(wish, query=replace(wish.query, protocols=protocols))


def _anonymity(wish: Wish, name: str, words: list[str]) -> Wish:
    text = _next(name, words, "elite")
    try:
        level = Anonymity(text)
    except ValueError:
        raise _bad(f"one of {', '.join(Anonymity)}", repr(text[:40]), "correct it") from None
    return replace(wish, query=replace(wish.query, anonymity=level))


def _max_latency(wish: Wish, name: str, words: list[str]) -> Wish:
    number = _number(name, words, _MAX_LATENCY_MS, "800")
    return replace(wish, query=replace(wish.query, max_latency_ms=number))


def _rotate(wish: Wish, name: str, words: list[str]) -> Wish:
    return replace(wish, rotate=_number(name, words, _MAX_ROTATE, "10"))


def _cooldown(wish: Wish, name: str, words: list[str]) -> Wish:
    return replace(wish, cooldown_s=_number(name, words, _MAX_COOLDOWN_S, "30"))


_FILTERS: dict[str, Callable[[Wish, str, list[str]], Wish]] = {
    "anonymity": _anonymity,
    "asn": _asn,
    "cooldown": _cooldown,
    "country": _country,
    "https": _https,
    "maxlatency": _max_latency,
    "protocol": _protocol,
    "rotate": _rotate,
    "session": _session,
    "target": _target,
}
