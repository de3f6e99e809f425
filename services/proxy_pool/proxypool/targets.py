"""Targets: named sites that proxies are tried with, so that a client may ask for those that work.

A file of them, TARGETS_FILE, is a YAML list:

    - name: shop
      url: https://shop.example/robots.txt
      expect_status: [200, 404]
      expect_text: Disallow
      headers: {User-Agent: Mozilla/5.0}
      interval_s: 600
      timeout_s: 10
"""

import re
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from proxypool.problems import ConfigurationError, Problem

_HEADER = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}")  # a token, RFC 9110, 5.6.2
_SETS_ITSELF = frozenset({"host", "connection", "content-length", "transfer-encoding"})

Status = Annotated[int, Field(ge=100, le=599)]


class Target(BaseModel):
    """One site, and what it answers to a request that a proxy carried well."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")
    """Letters, digits and _; a dash would end it in a gateway's user name."""
    url: str = Field(max_length=2000)
    expect_status: Status | Annotated[tuple[Status, ...], Field(min_length=1, max_length=20)] = 200
    """The status that is right, or several of them."""
    expect_text: str = Field(default="", max_length=1000)
    """What must stand in the answer's body."""
    headers: dict[str, str] = Field(default_factory=dict, max_length=30)
    interval_s: float = Field(default=300.0, ge=5, le=86400, allow_inf_nan=False)
    """Between two checks of one proxy with this target; at the earliest with its next check."""
    timeout_s: float = Field(default=10.0, gt=0, le=120, allow_inf_nan=False)
    """For the whole request."""
    origin: Literal["file", "api"] = "api"
    """Where it was written down. Those of the file follow the file."""

    @field_validator("url")
    @classmethod
    def _http(cls, text: str) -> str:
        try:
            url = urlsplit(text)
            _ = url.port
        except ValueError as error:
            raise ValueError("an address that begins with http:// or https://") from error
        if url.scheme not in ("http", "https") or not url.hostname or url.username:
            raise ValueError("an address that begins with http:// or https://")
        if not text.isascii() or any(c <= " " or c == "\x7f" for c in text):
            raise ValueError("an address without spaces, percent-encoded")
        return text

    @field_validator("headers")
    @classmethod
    def _sendable(cls, headers: dict[str, str]) -> dict[str, str]:
        for name, value in headers.items():
            if not _HEADER.fullmatch(name) or name.lower() in _SETS_ITSELF:
                raise ValueError(f"headers that can be set, not {name[:40]!r}")
            if len(value) > 1000 or not value.isprintable() or not value.isascii():
                raise ValueError(f"at most 1000 printable ASCII characters as {name!r}")
        return headers

    @property
    def statuses(self) -> frozenset[int]:
        """All that are right."""
        given = self.expect_status
        return frozenset((given,) if isinstance(given, int) else given)

    def asks_the_same_as(self, other: "Target") -> bool:
        """Whether what was found out with `other` holds for this one too."""
        parts = ("url", "expect_status", "expect_text", "headers")
        return all(getattr(self, part) == getattr(other, part) for part in parts)


def load_targets(path: Path) -> list[Target]:
    """Read the file. Raises ConfigurationError with everything that is wrong in it."""
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
        raise _refused(
            path.name, "a readable file", str(reason), "see its name and mode"
        ) from error
    except yaml.YAMLError as error:
        found = " ".join(str(error).split())[:200]
        raise _refused(path.name, "YAML", found, "correct it there") from error
    if content is None:
        return []
    if not isinstance(content, list):
        found = type(content).__name__
        raise _refused(path.name, "a list of targets", found, "begin each with '- name:'")
    problems: list[Problem] = []
    targets: dict[str, Target] = {}
    for number, entry in enumerate(content, 1):
        try:
            target = Target.model_validate(_with_origin(entry))
        except ValidationError as error:
            problems += _problems(f"{path.name}: target {number}", error)
            continue
        if target.name in targets:
            advice = "give each target a name of its own"
            problems.append(Problem(path.name, "names that differ", f"{target.name} twice", advice))
        targets[target.name] = target
    if problems:
        raise ConfigurationError(problems)
    return list(targets.values())


class TargetsFile:
    """The file, read again when it changes."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen: tuple[int, int, int] | None = None

    def changed(self) -> list[Target] | None:
        """Its targets where it is new or has changed since the last call, else nothing.

        Raises ConfigurationError, once for each change.
        """
        try:
            status = self._path.stat()
        except OSError:
            seen = (0, 0, 0)
        else:
            seen = (status.st_ino, status.st_mtime_ns, status.st_size)
        if seen == self._seen:
            return None
        self._seen = seen
        return load_targets(self._path)


def _with_origin(entry: Any) -> Any:
    return {**entry, "origin": "file"} if isinstance(entry, dict) else entry


def _refused(name: str, expected: str, found: str, advice: str) -> ConfigurationError:
    return ConfigurationError([Problem(name, expected, found, advice)])


def _problems(place: str, error: ValidationError) -> list[Problem]:
    found = []
    for one in error.errors(include_url=False, include_context=False):
        field = ".".join(str(part) for part in one["loc"]) or "target"
        is_secret = field.startswith("headers")
        found.append(
            Problem(
                f"{place}: {field}",
                one["msg"].removeprefix("Value error, "),
                "something else (not shown, it may hold a key)"
                if is_secret
                else repr(one["input"])[:80],
                "correct it in TARGETS_FILE",
            )
        )
    return found
