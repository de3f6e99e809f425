"""Settings: environment variables, and secrets from files.

One table, `SETTINGS`, says of each its default, what is expected and what it is for; the README's
table is printed from it by `shortlink settings`.
"""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from shortlink.cores import usable_cores
from shortlink.networks import Network, parse_networks
from shortlink.problems import ConfigurationError, Problem
from shortlink.urls import LONGEST, Place, UrlRule, place_of


@dataclass(frozen=True)
class Setting:
    """One setting: how it is read and what the documentation says of it."""

    name: str
    field: str
    default: str
    expected: str
    purpose: str
    parse: Callable[[str], Any]
    needed_by: tuple[str, ...] = ()
    """Commands that refuse to start without it."""
    secret: bool = False
    """Read from the file that NAME_FILE names, and never shown."""
    absent: object = None
    """The value where nothing is set and there is no default."""


@dataclass(frozen=True)
class Settings:
    """All settings, read and checked. Times are seconds."""

    host: str
    port: int
    workers: int
    public_url: str
    own_hosts: tuple[Place, ...]
    db_host: str
    db_port: int
    db_name: str
    db_user: str
    db_password: str
    db_connections: int
    redis_url: str
    accounts_file: Path
    edge_networks: tuple[Network, ...]
    allowed_link_hosts: tuple[Place, ...]
    private_link_hosts: tuple[Place, ...]
    max_url_length: int
    code_length: int
    cache_s: int
    unknown_s: int
    rate_limit: int
    unknown_limit: int
    flush_interval_s: float
    log_level: str

    @property
    def url_rule(self) -> UrlRule:
        """Which URLs may be shortened."""
        return UrlRule(
            (place_of(self.public_url), *self.own_hosts),
            self.allowed_link_hosts,
            self.private_link_hosts,
            self.max_url_length,
        )

    def __repr__(self) -> str:
        return "Settings(…)"  # they hold passwords


def _count(low: int, high: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        value = int(text)
        if not low <= value <= high:
            raise ValueError(text)
        return value

    return parse


def _number(low: float, high: float) -> Callable[[str], float]:
    def parse(text: str) -> float:
        value = float(text)
        if not low <= value <= high:
            raise ValueError(text)
        return value

    return parse


def _listen_address(text: str) -> str:
    return str(ip_address(text))


def _word(text: str) -> str:
    if not text.isascii() or not text.isprintable() or any(map(str.isspace, text)):
        raise ValueError(text)
    return text


def _identifier(text: str) -> str:
    if not text.isascii() or not text.isidentifier():
        raise ValueError(text)
    return text


def _public_url(text: str) -> str:
    """Without a slash at its end: a code follows one."""
    url = urlsplit(text)
    if url.path.strip("/") or url.query or url.fragment or url.username is not None:
        raise ValueError(text)
    place_of(text)
    return text.rstrip("/")


def _redis_url(text: str) -> str:
    url = urlsplit(text)
    _ = url.port
    database = url.path.strip("/")
    if url.scheme not in ("redis", "rediss") or not url.hostname:
        raise ValueError("not shown")
    if database and not database.isdecimal():
        raise ValueError("not shown")
    return text


def _places(text: str) -> tuple[Place, ...]:
    return tuple(Place.parse(part.strip().lower()) for part in text.split(",") if part.strip())


def _level(text: str) -> str:
    if text.upper() not in ("DEBUG", "INFO", "WARNING", "ERROR"):
        raise ValueError(text)
    return text.upper()


def _workers(text: str) -> int:
    return usable_cores() if text == "auto" else _count(1, 64)(text)


_PLACES = "a comma list of hosts such as `example.org`, `10.0.0.7:8000` or `*.example.org`"
_ALL = ("serve", "migrate", "doctor")
_SERVE = ("serve",)
_DOCTOR = ("serve", "doctor")

SETTINGS: tuple[Setting, ...] = (
    Setting(
        "HOST",
        "host",
        "0.0.0.0",  # noqa: S104  the container's own network, behind the edge
        "an IPv4 or IPv6 address of this machine",
        "what the service listens on",
        _listen_address,
    ),
    Setting(
        "PORT",
        "port",
        "8002",
        "a port between 1 and 65535",
        "what the service listens on",
        _count(1, 65535),
    ),
    Setting(
        "WORKERS",
        "workers",
        "auto",
        "`auto` or a whole number between 1 and 64",
        "processes; `auto` is one for each core that the container may use",
        _workers,
    ),
    Setting(
        "PUBLIC_URL",
        "public_url",
        "",
        "an http:// or https:// address without a path",
        "where visitors reach the service; short URLs begin with it, and none may lead to it",
        _public_url,
        _SERVE,
        absent="http://localhost",
    ),
    Setting(
        "OWN_HOSTS",
        "own_hosts",
        "",
        _PLACES,
        "where visitors reach the service beside `PUBLIC_URL`; no link may lead there either",
        _places,
        absent=(),
    ),
    Setting("DB_HOST", "db_host", "", "a host's name", "MariaDB's host", _word, _ALL, absent=""),
    Setting(
        "DB_PORT",
        "db_port",
        "3306",
        "a port between 1 and 65535",
        "MariaDB's port",
        _count(1, 65535),
    ),
    Setting(
        "DB_NAME",
        "db_name",
        "",
        "a name of letters, digits and _",
        "MariaDB's database",
        _identifier,
        _ALL,
        absent="",
    ),
    Setting(
        "DB_USER",
        "db_user",
        "",
        "a name of letters, digits and _",
        "MariaDB's account",
        _identifier,
        _ALL,
        absent="",
    ),
    Setting(
        "DB_PASSWORD",
        "db_password",
        "",
        "a password without spaces",
        "that account's password",
        _word,
        _ALL,
        secret=True,
        absent="",
    ),
    Setting(
        "DB_CONNECTIONS",
        "db_connections",
        "4",
        "a whole number between 2 and 64",
        "connections to MariaDB that a process has at most",
        _count(2, 64),
    ),
    Setting(
        "REDIS_URL",
        "redis_url",
        "",
        "redis://[user:password@]host[:port][/number]",
        "the Redis that keeps what is asked for often, clicks on their way, and limits",
        _redis_url,
        _DOCTOR,
        secret=True,
        absent="",
    ),
    Setting(
        "ACCOUNTS_FILE",
        "accounts_file",
        "",
        "a file with lines `name:password`",
        "who may make links; a link belongs to the account that made it",
        Path,
        _SERVE,
        absent=Path(),
    ),
    Setting(
        "EDGE_NETWORKS",
        "edge_networks",
        "",
        "a comma list of addresses or networks",
        "where the reverse proxy stands whose X-Forwarded-For says who calls",
        parse_networks,
        absent=(),
    ),
    Setting(
        "ALLOWED_LINK_HOSTS",
        "allowed_link_hosts",
        "",
        _PLACES,
        "the only hosts that links may lead to; none: every public one",
        _places,
        absent=(),
    ),
    Setting(
        "PRIVATE_LINK_HOSTS",
        "private_link_hosts",
        "",
        _PLACES,
        "hosts that links may lead to although their address or name is a private one",
        _places,
        absent=(),
    ),
    Setting(
        "MAX_URL_LENGTH",
        "max_url_length",
        str(LONGEST),
        f"a whole number between 64 and {LONGEST}",
        "characters of a long URL",
        _count(64, LONGEST),
    ),
    Setting(
        "CODE_LENGTH",
        "code_length",
        "7",
        "a whole number between 6 and 16",
        "characters of codes that are drawn from now on; 57 to that power there are",
        _count(6, 16),
    ),
    Setting(
        "CACHE_SECONDS",
        "cache_s",
        "3600",
        "a whole number between 1 and 604800",
        "how long Redis keeps a link, and redirects go on without MariaDB",
        _count(1, 604_800),
    ),
    Setting(
        "UNKNOWN_SECONDS",
        "unknown_s",
        "30",
        "a whole number between 1 and 3600",
        "how long Redis remembers that a code is none",
        _count(1, 3600),
    ),
    Setting(
        "RATE_LIMIT",
        "rate_limit",
        "600",
        "a whole number between 1 and 1000000",
        "calls of `/api/` that an account may make in a minute",
        _count(1, 1_000_000),
    ),
    Setting(
        "UNKNOWN_LIMIT",
        "unknown_limit",
        "60",
        "a whole number between 1 and 1000000",
        "codes that are none which an address may ask for in a minute before it is refused",
        _count(1, 1_000_000),
    ),
    Setting(
        "FLUSH_INTERVAL",
        "flush_interval_s",
        "5",
        "a number of seconds between 0.1 and 300",
        "how often counted clicks go from Redis to MariaDB",
        _number(0.1, 300),
    ),
    Setting(
        "LOG_LEVEL",
        "log_level",
        "INFO",
        "DEBUG, INFO, WARNING or ERROR",
        "what is logged",
        _level,
    ),
)


def load(command: str, environ: Mapping[str, str] | None = None) -> Settings:
    """Read the settings that `command` (serve, migrate, doctor) runs with.

    Raises ConfigurationError with every problem at once.
    """
    environ = os.environ if environ is None else environ
    problems: list[Problem] = []
    values: dict[str, Any] = {}
    for setting in SETTINGS:
        found_before = len(problems)
        text = _text_of(setting, environ, problems) or setting.default
        if len(problems) > found_before:
            continue
        if not text:
            if command in setting.needed_by:
                name = f"{setting.name}_FILE" if setting.secret else setting.name
                advice = f"set it: {setting.purpose}"
                problems.append(Problem(name, setting.expected, "nothing", advice))
            values[setting.field] = setting.absent
            continue
        try:
            values[setting.field] = setting.parse(text)
        except ValueError:
            found = "something else (not shown, it is secret)" if setting.secret else repr(text)
            advice = f"correct {setting.name}: {setting.purpose}"
            problems.append(Problem(setting.name, setting.expected, found, advice))
    if problems:
        raise ConfigurationError(problems)
    return Settings(**values)


def _text_of(setting: Setting, environ: Mapping[str, str], problems: list[Problem]) -> str:
    text = environ.get(setting.name, "").strip()
    if not setting.secret:
        return text
    name = f"{setting.name}_FILE"
    path = environ.get(name, "").strip()
    if not path:
        return text
    if text:
        expected = f"one of {name} and {setting.name}"
        problems.append(Problem(name, expected, "both", f"unset {setting.name}"))
        return ""
    try:
        text = Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not text"
        advice = f"make the file readable for uid {os.getuid()}, with one line in it"
        problems.append(Problem(name, "a readable file", f"{path}: {reason}", advice))
        return ""
    if not text:
        advice = "write the secret into it"
        problems.append(Problem(name, setting.expected, f"an empty file {path}", advice))
    return text


def table() -> str:
    """The settings as a Markdown table, for the README."""
    rows = ["| setting | default | expected | what it is for |", "|---|---|---|---|"]
    for setting in SETTINGS:
        default = f"`{setting.default}`" if setting.default else "none"
        if setting.needed_by:
            default = f"required by `shortlink {'`, `'.join(setting.needed_by)}`"
        name = f"`{setting.name}`"
        if setting.secret:
            name = f"`{setting.name}_FILE` or {name}"
        rows.append(f"| {name} | {default} | {setting.expected} | {setting.purpose} |")
    return "\n".join(rows)
