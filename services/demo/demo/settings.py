"""Settings: environment variables, refused by name where they are wrong."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address
from typing import Any, NamedTuple


class Destination(NamedTuple):
    """A host and a port that farm proxies connect to."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


class ConfigurationError(Exception):
    """The configuration is refused; each line says expected, found, and what to do."""

    def __init__(self, lines: list[str]) -> None:
        super().__init__("\n".join(lines))
        self.lines = lines


@dataclass(frozen=True)
class Settings:
    """All settings, read and checked."""

    host: str
    port: int
    farm_address: str
    farm_port_first: int
    farm_port_count: int
    farm_seed: int
    farm_announce: dict[Destination, Destination]
    farm_allowed_destinations: frozenset[Destination]
    log_level: str


@dataclass(frozen=True)
class Setting:
    """One setting: how it is read and what the documentation says of it."""

    name: str
    field: str
    default: str
    expected: str
    purpose: str
    parse: Callable[[str], Any]


def parse_destination(text: str) -> Destination:
    """Read `host:port`; raises ValueError. Host names are compared in lower case."""
    host, colon, port = text.strip().rpartition(":")
    host = host.lower().rstrip(".")
    if not colon or not host or any(c.isspace() or c in "/@[]:=," for c in host):
        raise ValueError(text)
    if not (port.isascii() and port.isdecimal() and 1 <= int(port) <= 65535):
        raise ValueError(text)
    return Destination(host, int(port))


def _announce(text: str) -> dict[Destination, Destination]:
    pairs = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        asked, equals, connected = part.partition("=")
        if not equals:
            raise ValueError(text)
        pairs[parse_destination(asked)] = parse_destination(connected)
    return pairs


def _destinations(text: str) -> frozenset[Destination]:
    parts = filter(None, (part.strip() for part in text.split(",")))
    return frozenset(parse_destination(part) for part in parts)


def _count(low: int, high: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        value = int(text)
        if not low <= value <= high:
            raise ValueError(text)
        return value

    return parse


def _address(text: str) -> str:
    return str(IPv4Address(text)) if text else ""


def _level(text: str) -> str:
    if text.upper() not in ("DEBUG", "INFO", "WARNING", "ERROR"):
        raise ValueError(text)
    return text.upper()


SETTINGS: tuple[Setting, ...] = (
    Setting("HOST", "host", "0.0.0.0", "an address", "what pages and farm listen on", str),  # noqa: S104  the container's own network
    Setting("PORT", "port", "8009", "a port", "of the pages", _count(1, 65535)),
    Setting(
        "FARM_ADDRESS",
        "farm_address",
        "",
        "an IPv4 address",
        "the address that the lists give; without it, the one that the list was asked at",
        _address,
    ),
    Setting(
        "FARM_PORT_FIRST",
        "farm_port_first",
        "20000",
        "a port from 1024 up",
        "the first proxy's",
        _count(1024, 65535),
    ),
    Setting(
        "FARM_PORT_COUNT",
        "farm_port_count",
        "64",
        "a whole number from 5 to 500",
        "how many proxies are planted",
        _count(5, 500),
    ),
    Setting(
        "FARM_SEED",
        "farm_seed",
        "1",
        "a whole number",
        "another one plants other behaviours and exits",
        int,
    ),
    Setting(
        "FARM_ANNOUNCE",
        "farm_announce",
        "check.test:8001=check.test:8101",
        "a comma list of host:port=host:port",
        "what is asked of the left is sent to the right, with a PROXY protocol header that "
        "announces the planted exit",
        _announce,
    ),
    Setting(
        "FARM_ALLOWED_DESTINATIONS",
        "farm_allowed_destinations",
        "",
        "a comma list of host:port",
        "what the farm connects to besides, without such a header",
        _destinations,
    ),
    Setting(
        "LOG_LEVEL",
        "log_level",
        "INFO",
        "DEBUG, INFO, WARNING or ERROR",
        "what is logged to standard error",
        _level,
    ),
)


def load(environ: Mapping[str, str] | None = None) -> Settings:
    """Read all settings. Raises ConfigurationError with every problem at once."""
    environ = os.environ if environ is None else environ
    lines = []
    values: dict[str, Any] = {}
    for setting in SETTINGS:
        text = environ.get(setting.name, "").strip() or setting.default
        try:
            values[setting.field] = setting.parse(text)
        except ValueError:
            lines.append(
                f"{setting.name}: expected {setting.expected}; found {text!r}. "
                f"What to do: correct the environment variable ({setting.purpose})"
            )
    if not lines and values["farm_port_first"] + values["farm_port_count"] > 65536:
        lines.append(
            "FARM_PORT_COUNT: expected the last port to be at most 65535; found "
            f"{values['farm_port_first'] + values['farm_port_count'] - 1}. "
            "What to do: lower FARM_PORT_FIRST or FARM_PORT_COUNT"
        )
    if lines:
        raise ConfigurationError(lines)
    return Settings(**values)


def table() -> str:
    """The settings as a Markdown table, for the README."""
    rows = ["| setting | default | expected | what it is for |", "|---|---|---|---|"]
    for setting in SETTINGS:
        default = f"`{setting.default}`" if setting.default else "none"
        rows.append(f"| `{setting.name}` | {default} | {setting.expected} | {setting.purpose} |")
    return "\n".join(rows)
