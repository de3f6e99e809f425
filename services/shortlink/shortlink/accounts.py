"""Accounts: who may make links, and whose a link is.

A file with one account a line, `name:password`. Only digests are kept: neither a fault's report nor
a dump of memory shows a password.
"""

import hmac
import os
import re
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from shortlink.problems import ConfigurationError, Problem

_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")
_MAX_PASSWORD = 255  # bytes
_MAX_FILE = 1_000_000  # bytes


@dataclass(frozen=True, slots=True)
class _Account:
    name: str
    name_digest: bytes = field(repr=False)
    password_digest: bytes = field(repr=False)


class Accounts:
    """All accounts."""

    def __init__(self, accounts: tuple[_Account, ...]) -> None:
        self._accounts = accounts

    @classmethod
    def load(cls, path: Path) -> "Accounts":
        """Read ACCOUNTS_FILE; blank lines and lines that begin with `#` are skipped.

        Raises ConfigurationError that names every bad line by its number, never by its text: it may
        hold a password.
        """
        problems: list[Problem] = []
        accounts: dict[str, _Account] = {}
        for number, text in enumerate(_read(path), start=1):
            line = text.strip()
            if not line or line.startswith("#"):
                continue
            name, colon, password = line.partition(":")
            fault = _fault(name, colon, password)
            if not fault and name in accounts:
                fault = (f"{name!r} once", f"{name!r} again", "remove one of the two lines")
            if fault:
                problems.append(Problem(f"ACCOUNTS_FILE {path}, line {number}", *fault))
                continue
            accounts[name] = _Account(name, _digest(name), _digest(password))
        if not problems and not accounts:
            advice = "write a line `name:password` into it: without one nobody can make links"
            problems.append(_unreadable(path, "no account", advice))
        if problems:
            raise ConfigurationError(problems)
        return cls(tuple(accounts.values()))

    def __repr__(self) -> str:
        return f"Accounts({', '.join(account.name for account in self._accounts)})"

    def verify(self, name: str, password: str) -> bool:
        """Whether `password` is that of the account `name`.

        Every account is compared, in constant time: how long it takes tells neither whether the
        name exists nor how much of the password is right.
        """
        name_digest, password_digest = _digest(name), _digest(password)
        found = False
        for account in self._accounts:
            right_name = hmac.compare_digest(account.name_digest, name_digest)
            right_password = hmac.compare_digest(account.password_digest, password_digest)
            found |= right_name & right_password
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
    return Problem("ACCOUNTS_FILE", "a file with lines `name:password`", f"{path}: {found}", advice)


def _fault(name: str, colon: str, password: str) -> tuple[str, str, str] | None:
    """What is expected, found and to do about one line, or None where it is right."""
    if not colon:
        return ("name:password", "no colon (not shown, it may be a password)", "correct the line")
    if not _NAME.fullmatch(name):
        return (
            "a name of a-z, 0-9 and _ that begins with a letter, at most 63 characters",
            "another one (not shown, it may hold a password)",
            "rename the account",
        )
    size = len(password.encode())
    if not 1 <= size <= _MAX_PASSWORD or any(c.isspace() or not c.isprintable() for c in password):
        return (
            f"a password of 1 to {_MAX_PASSWORD} bytes without spaces",
            f"one of {size} bytes" if not 1 <= size <= _MAX_PASSWORD else "one with spaces in it",
            f"give {name!r} another password",
        )
    return None
