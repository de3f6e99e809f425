"""Settings: environment variables, refused by name where they are wrong."""

import json
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Address
from typing import Any, NamedTuple

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey

from demo.key_files import BadFileError, read_private_key, read_public_key, read_secret
from demo.kinds import KINDS, MAX_OF_A_KIND, parse_mix


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
    farm_answers_itself: bool
    farm_ca_file: str
    farm_wide_port: int
    farm_wide_count: int
    farm_wide_mix: dict[str, int]
    farm_flap_period_s: float
    farm_dies_after: int
    farm_max_connections: int
    payment_app_id: str
    payment_seller_id: str
    payment_seller_name: str
    payment_merchant_public_key: RSAPublicKey | None
    payment_private_key: RSAPrivateKey | None
    payment_notify_hosts: frozenset[str]
    payment_notify_intervals_s: tuple[float, ...]
    payment_notify_timeout_s: float
    payment_trade_expires_s: float
    payment_max_trades: int
    sms_access_key_id: str
    sms_access_key_secret: str = field(repr=False)
    sms_sign_name: str
    sms_templates: dict[str, str]
    sms_limits: tuple[int, int, int]
    sms_inbox_size: int
    lab_port: int
    lab_tls_port: int
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


def _seconds(text: str) -> float:
    value = float(text)
    if not 0.1 <= value <= 86400:
        raise ValueError(text)
    return value


def _yes(text: str) -> bool:
    if text.lower() not in ("yes", "no"):
        raise ValueError(text)
    return text.lower() == "yes"


def _wide_port(text: str) -> int:
    # 65535 is none: the dead ones stand at the port after it.
    return _count(1024, 65534)(text) if text else 0


def _address(text: str) -> str:
    return str(IPv4Address(text)) if text else ""


def _shape(shape: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if not re.fullmatch(shape, text, re.ASCII):
            raise ValueError(text)
        return text

    return parse


def _line(text: str) -> str:
    if not text.isprintable() or len(text) > 64:
        raise ValueError(text)
    return text


def _file(read: Callable[[str], Any], without: object) -> Callable[[str], Any]:
    def parse(text: str) -> Any:
        return read(text) if text else without

    return parse


def _hosts(text: str) -> frozenset[str]:
    hosts = set()
    for part in filter(None, (part.strip() for part in text.split(","))):
        # One without a port stands for all of its ports.
        destination = parse_destination(part if ":" in part else f"{part}:1")
        hosts.add(str(destination) if ":" in part else destination.host)
    return frozenset(hosts)


def _intervals(text: str) -> tuple[float, ...]:
    intervals = tuple(map(_seconds, text.split(",")))
    if len(intervals) > 20 or list(intervals) != sorted(intervals):
        raise ValueError(text)
    return intervals


def _templates(text: str) -> dict[str, str]:
    templates = json.loads(text)
    if not isinstance(templates, dict) or not templates:
        raise ValueError(text)
    for code, template in templates.items():
        if not (isinstance(template, str) and template.isprintable() and _line(code)):
            raise ValueError(text)
    return templates


def _limits(text: str) -> tuple[int, int, int]:
    minute, hour, day = map(_count(1, 1000), text.split(","))
    return minute, hour, day


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
        f"a whole number from {len(KINDS)} to 500",
        "how many proxies are planted at ports; every kind is there at least once",
        _count(len(KINDS), 500),
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
        "check.test:8001=check.test:8101,check.test:8444=check.test:8144",
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
        "FARM_ANSWERS_ITSELF",
        "farm_answers_itself",
        "no",
        "yes or no",
        "whether the farm is the judge: what `FARM_ANNOUNCE` names is answered by the farm, plain "
        "or TLS, through proxies and at the ports named there; nothing is sent to the right sides",
        _yes,
    ),
    Setting(
        "FARM_CA_FILE",
        "farm_ca_file",
        "",
        "a file that can be written",
        "where the authority of the farm as judge is written at the start, as PEM",
        str,
    ),
    Setting(
        "FARM_WIDE_PORT",
        "farm_wide_port",
        "",
        "a port from 1024 to 65534",
        "the port of the proxies at loopback addresses; without it, none are planted",
        _wide_port,
    ),
    Setting(
        "FARM_WIDE_COUNT",
        "farm_wide_count",
        "50000",
        "a whole number from 1 to 100000",
        "how many proxies are planted at loopback addresses",
        _count(1, 100_000),
    ),
    Setting(
        "FARM_WIDE_MIX",
        "farm_wide_mix",
        "",
        "a comma list of kind:weight",
        "what is planted there, such as `hanging:50,dead:40,good:10`; without it, every kind",
        parse_mix,
    ),
    Setting(
        "FARM_FLAP_PERIOD",
        "farm_flap_period_s",
        "60",
        "seconds from 0.1 to 86400",
        "flapping ones are up for half of it, and down for the other",
        _seconds,
    ),
    Setting(
        "FARM_DIES_AFTER",
        "farm_dies_after",
        "20",
        "a whole number from 1 to 1000000",
        "how many requests the dying ones carry",
        _count(1, 1_000_000),
    ),
    Setting(
        "FARM_MAX_CONNECTIONS",
        "farm_max_connections",
        "4096",
        "a whole number from 16 to 100000",
        "how many clients are served at once; more are reset",
        _count(16, 100_000),
    ),
    Setting(
        "PAYMENT_APP_ID",
        "payment_app_id",
        "9021000100000001",
        "1 to 32 digits",
        "the merchant's application: whose requests the payment gateway takes",
        _shape(r"\d{1,32}"),
    ),
    Setting(
        "PAYMENT_SELLER_ID",
        "payment_seller_id",
        "2088000000000011",
        "16 digits that begin with 2088",
        "the merchant's account: who is paid",
        _shape(r"2088\d{12}"),
    ),
    Setting(
        "PAYMENT_SELLER_NAME",
        "payment_seller_name",
        "Luffy",
        "at most 64 characters",
        "who is paid, as the cashier names them",
        _line,
    ),
    Setting(
        "PAYMENT_MERCHANT_PUBLIC_KEY_FILE",
        "payment_merchant_public_key",
        "",
        "a file with an RSA public key of at least 2048 bits, PEM or bare Base64",
        "verifies the merchant's requests; without it, all are refused",
        _file(read_public_key, None),
    ),
    Setting(
        "PAYMENT_PRIVATE_KEY_FILE",
        "payment_private_key",
        "",
        "a file with an RSA private key of at least 2048 bits, PEM or bare Base64",
        "signs as the payment gateway; without it, a key is made at each start",
        _file(read_private_key, None),
    ),
    Setting(
        "PAYMENT_NOTIFY_HOSTS",
        "payment_notify_hosts",
        "localhost,127.0.0.1,edge",
        "a comma list of host or host:port",
        "where notifications may be sent; a request with another `notify_url` is refused",
        _hosts,
    ),
    Setting(
        "PAYMENT_NOTIFY_INTERVALS",
        "payment_notify_intervals_s",
        "4,10,10,60,120,360,900",
        "a comma list of up to 20 seconds from 0.1 to 86400, none shorter than the one before",
        "after which a notification is sent again until it is taken; Alipay's are minutes",
        _intervals,
    ),
    Setting(
        "PAYMENT_NOTIFY_TIMEOUT",
        "payment_notify_timeout_s",
        "5",
        "seconds from 0.1 to 86400",
        "how long the merchant may take to answer a notification",
        _seconds,
    ),
    Setting(
        "PAYMENT_TRADE_EXPIRES",
        "payment_trade_expires_s",
        "86400",
        "seconds from 0.1 to 86400",
        "after which an unpaid trade is closed whose request does not say",
        _seconds,
    ),
    Setting(
        "PAYMENT_MAX_TRADES",
        "payment_max_trades",
        "5000",
        "a whole number from 1 to 100000",
        "how many trades are kept; the oldest are forgotten, closed ones first",
        _count(1, 100_000),
    ),
    Setting(
        "SMS_ACCESS_KEY_ID",
        "sms_access_key_id",
        "demo-access-key",
        "1 to 64 letters, digits, `_` or `-`",
        "who may send messages",
        _shape(r"[A-Za-z0-9_-]{1,64}"),
    ),
    Setting(
        "SMS_ACCESS_KEY_SECRET_FILE",
        "sms_access_key_secret",
        "",
        "a file with one line of plain ASCII without blanks",
        "what requests are signed with; without it, nobody can send",
        _file(read_secret, ""),
    ),
    Setting(
        "SMS_SIGN_NAME",
        "sms_sign_name",
        "Luffy",
        "at most 64 characters",
        "the one signature that messages may have",
        _line,
    ),
    Setting(
        "SMS_TEMPLATES",
        "sms_templates",
        '{"SMS_100000001": "您的验证码为${code}，请勿泄露给他人。"}',
        "a JSON object of code and text",
        "the messages that may be sent, with `${name}` where a parameter stands",
        _templates,
    ),
    Setting(
        "SMS_LIMITS",
        "sms_limits",
        "1,5,10",
        "three whole numbers from 1 to 1000",
        "how many messages a phone gets in a minute, an hour and a day",
        _limits,
    ),
    Setting(
        "SMS_INBOX_SIZE",
        "sms_inbox_size",
        "500",
        "a whole number from 1 to 10000",
        "how many messages are kept; the oldest are forgotten",
        _count(1, 10_000),
    ),
    Setting(
        "LAB_PORT", "lab_port", "8010", "a port", "of the server that misbehaves", _count(1, 65535)
    ),
    Setting(
        "LAB_TLS_PORT",
        "lab_tls_port",
        "8011",
        "a port",
        "of the same over TLS, with certificates that are not right",
        _count(1, 65535),
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
        except (ValueError, RecursionError) as error:
            found = str(error) if isinstance(error, BadFileError) else repr(text)
            lines.append(
                f"{setting.name}: expected {setting.expected}; found {found}. "
                f"What to do: correct the environment variable ({setting.purpose})"
            )
    if not lines and values["farm_port_first"] + values["farm_port_count"] > 65536:
        lines.append(
            "FARM_PORT_COUNT: expected the last port to be at most 65535; found "
            f"{values['farm_port_first'] + values['farm_port_count'] - 1}. "
            "What to do: lower FARM_PORT_FIRST or FARM_PORT_COUNT"
        )
    if not lines:
        lines += _port_problems(values)
    if not lines and values["farm_wide_port"]:
        lines += _wide_problems(values)
    if lines:
        raise ConfigurationError(lines)
    return Settings(**values)


def _port_problems(values: dict[str, Any]) -> list[str]:
    """Which of the lab's ports is another's."""
    first = values["farm_port_first"]
    farm = range(first, first + values["farm_port_count"])
    problems = []
    taken = {values["port"]}
    for name in ("lab_port", "lab_tls_port"):
        port = values[name]
        if port in taken or port in farm:
            problems.append(
                f"{name.upper()}: expected a port that is no one else's; found {port}. What to do: "
                f"choose another than {', '.join(map(str, sorted(taken)))} and {farm[0]}-{farm[-1]}"
            )
        taken.add(port)
    return problems


def _wide_problems(values: dict[str, Any]) -> list[str]:
    """What does not fit together in the farm at loopback addresses."""
    count, mix = values["farm_wide_count"], values["farm_wide_mix"]
    problems = []
    port, first = values["farm_wide_port"], values["farm_port_first"]
    taken = range(first, first + values["farm_port_count"])
    others = {values[name] for name in ("port", "lab_port", "lab_tls_port")}
    if port in taken or port + 1 in taken or others & {port, port + 1}:
        problems.append(
            "FARM_WIDE_PORT: expected that it and the next one, where the dead stand, are no one "
            f"else's; found {port}. What to do: choose one outside of "
            f"{', '.join(map(str, sorted(others)))} and "
            f"{taken[0]}-{taken[-1]}"
        )
    if count < len(mix):
        problems.append(
            f"FARM_WIDE_COUNT: expected at least {len(mix)}, one of each kind; found {count}. "
            "What to do: raise it, or name fewer kinds in FARM_WIDE_MIX"
        )
    largest = max(mix.values()) / sum(mix.values()) * count
    if largest > MAX_OF_A_KIND:
        problems.append(
            f"FARM_WIDE_MIX: expected at most {MAX_OF_A_KIND} proxies of a kind; found "
            f"{largest:.0f}. What to do: lower FARM_WIDE_COUNT, or name more kinds"
        )
    return problems


def table() -> str:
    """The settings as a Markdown table, for the README."""
    rows = ["| setting | default | expected | what it is for |", "|---|---|---|---|"]
    for setting in SETTINGS:
        default = f"`{setting.default}`" if setting.default else "none"
        rows.append(f"| `{setting.name}` | {default} | {setting.expected} | {setting.purpose} |")
    return "\n".join(rows)
