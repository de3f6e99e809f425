"""Accounts: who may call the API and the gateway from addresses that are not trusted.

A file with one account a line, `name:secret`. The secret is the password of Basic and SOCKS5 and,
alone, an API key. Only digests are kept: neither a fault's report nor a dump of memory shows a
secret.
"""

import hmac
import os
import re
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from proxypool.problems import ConfigurationError, Problem

_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")
_MAX_SECRET = 255  # bytes: what SOCKS5 can carry (RFC 1929)
_MAX_FILE = 1_000_000  # bytes
# The gateway reads these at the beginning of a user name as filters.
_FILTER_NAMES = frozenset(
    (
        "anonymity",
        "asn",
        "cooldown",
        "country",
        "https",
        "maxlatency",
        "protocol",
        "rotate",
        "session",
        "target",
    )
)


@dataclass(frozen=True, slots=True)
class _Account:
    name: str
    name_digest: bytes = field(repr=False)
    secret_digest: bytes = field(repr=False)


class Accounts:
    """All accounts; true where there is any."""

    def __init__(self, accounts: tuple[_Account, ...] = ()) -> None:
        self._accounts = accounts

    @classmethod
    def load(cls, path: Path | None) -> "Accounts":
        """Read ACCOUNTS_FILE; no accounts where `path` is None.

        Blank lines and lines that begin with `#` are skipped. Raises ConfigurationError that names
        every bad line by its number, never by its text: it may hold a secret.
        """
        if path is None:
            return cls()
        problems: list[Problem] = []
        accounts: dict[str, _Account] = {}
        secrets: set[bytes] = set()
        for number, text in enumerate(_read(path), start=1):
            line = text.strip()
            if not line or line.startswith("#"):
                continue
            name, colon, secret = line.partition(":")
            fault = _fault(name, colon, secret)
            account = _Account(name, _digest(name), _digest(secret))
            if not fault and name in accounts:
                fault = (f"{name!r} once", f"{name!r} again", "remove one of the two lines")
            if not fault and account.secret_digest in secrets:
                # A key alone must say whose it is.
                advice = "give each account its own secret"
                fault = ("a secret that no other account has", "one from a line above", advice)
            if fault:
                problems.append(Problem(f"ACCOUNTS_FILE {path}, line {number}", *fault))
                continue
            accounts[name] = account
            secrets.add(account.secret_digest)
        if problems:
            raise ConfigurationError(problems)
        return cls(tuple(accounts.values()))

    def __bool__(self) -> bool:
        return bool(self._accounts)

    def __repr__(self) -> str:
        return f"Accounts({', '.join(account.name for account in self._accounts)})"

    def verify(self, name: str, secret: str) -> bool:
        """Whether `secret` is that of the account `name`.

        Every account is compared, in constant time: how long it takes tells neither whether the
        name exists nor how much of the secret is right.
        """
        name_digest, secret_digest = _digest(name), _digest(secret)
        found = False
        for account in self._accounts:
            right_name = hmac.compare_digest(account.name_digest, name_digest)
            right_secret = hmac.compare_digest(account.secret_digest, secret_digest)
            found |= right_name & right_secret
        return found

    def name_of(self, secret: str) -> str | None:
        """The account whose API key `secret` is; compared with every account's, as in verify."""
        secret_digest = _digest(secret)
        found: str | None = None
        for account in self._accounts:
            if hmac.compare_digest(account.secret_digest, secret_digest):
                found = account.name
        return found


def _digest(text: str) -> bytes:
    # Callers' texts may hold lone surrogates from headers; they are bytes like any other here.
    return sha256(text.encode("utf-8", "surrogatepass")).digest()


def _read(path: Path) -> list[str]:
    """The file's lines. Its content never goes into the problem."""
    try:
        with path.open("rb") as file:
            content = file.read(_MAX_FILE + 1)
        if len(content) > _MAX_FILE:
            raise ConfigurationError(
                [_unreadable(path, f"more than {_MAX_FILE} bytes", "give the right file")]
            )
        return content.decode("utf-8").split("\n")
    except OSError as error:
        advice = f"make the file readable for uid {os.getuid()}"
        raise ConfigurationError(
            [_unreadable(path, error.strerror or type(error).__name__, advice)]
        ) from error
    except UnicodeDecodeError:
        # Without the cause: its text would show the bytes.
        raise ConfigurationError(
            [_unreadable(path, "bytes that are not UTF-8", "write the file in UTF-8")]
        ) from None


def _unreadable(path: Path, found: str, advice: str) -> Problem:
    return Problem("ACCOUNTS_FILE", "a file with lines `name:secret`", f"{path}: {found}", advice)


def _fault(name: str, colon: str, secret: str) -> tuple[str, str, str] | None:
    """What is expected, found and to do about one line, or None where it is right."""
    if not colon:
        return ("name:secret", "no colon (not shown, it may be a secret)", "correct the line")
    if not _NAME.fullmatch(name):
        return (
            "a name of a-z, 0-9 and _ that begins with a letter, at most 63 characters",
            "another one (not shown, it may hold a secret)",
            "rename the account; the gateway's user names put filters behind a dash",
        )
    if name in _FILTER_NAMES:
        advice = "rename the account: the gateway would take it for a filter"
        return ("a name that is not a filter's", repr(name), advice)
    size = len(secret.encode())
    if not 1 <= size <= _MAX_SECRET or any(c.isspace() or not c.isprintable() for c in secret):
        return (
            f"a secret of 1 to {_MAX_SECRET} bytes without spaces",
            f"one of {size} bytes" if not 1 <= size <= _MAX_SECRET else "one with spaces in it",
            f"give {name!r} another secret",
        )
    return None
