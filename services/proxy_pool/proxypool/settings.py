"""Settings: environment variables, and the connection to Redis from a file.

One table, `SETTINGS`, says of each its default, what is expected and what it is for; the README's
table is printed from it by `proxypool settings`.
"""

import os
import re
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, tzinfo
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from proxypool.address import Network, UpstreamRule, normal, parse_networks
from proxypool.problems import ConfigurationError, Problem
from proxypool.protocol import Anonymity


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
    absent: object = ""
    """The value where nothing is set and there is no default."""
    alias: str = ""
    """Another name, under which the reference has it; read where `name` is not set."""


@dataclass(frozen=True)
class Settings:
    """All settings, read and checked. Times are seconds."""

    db_conn: str
    table_name: str
    host: str
    port: int
    trusted_callers: tuple[Network, ...]
    edge_networks: tuple[Network, ...]
    auth_required_for: str
    accounts_file: Path | None
    rate_limit: int
    import_max_bytes: int
    gateway_url: str
    gateway_account_file: Path | None
    sources_dir: Path | None
    proxy_fetcher: tuple[str, ...]
    allowed_source_networks: tuple[Network, ...]
    judge_urls: tuple[str, ...]
    judge_https_urls: tuple[str, ...]
    judge_direct_urls: tuple[str, ...]
    judge_https_direct_urls: tuple[str, ...]
    judge_ca_file: Path | None
    judge_interval_s: float
    min_anonymity: Anonymity
    own_addresses: tuple[str, ...]
    allowed_upstream_networks: tuple[Network, ...]
    connect_timeout_s: float
    verify_timeout_s: float
    adapt_timeouts: bool
    check_concurrency: int
    check_processes: int
    proxy_region: bool
    geo_file: Path | None
    geo_database: Path | None
    claim_idle_s: float
    stop_grace_s: float
    recheck_interval_s: float
    retry_interval_s: float
    negative_interval_s: float
    negative_interval_max_s: float
    forget_after_s: float
    deleted_for_s: float
    popped_for_s: float
    full_check_interval_s: float
    score_memory: float
    evict_below: float
    max_fail_count: int | None
    pool_size_min: int
    pool_size_max: int
    max_known: int
    max_queue: int
    history_interval_s: float
    targets_file: Path | None
    timezone: tzinfo
    data_dir: Path
    gateway_host: str
    gateway_port: int
    gateway_health_port: int
    gateway_proxy_protocol_from: tuple[Network, ...]
    gateway_require_credentials: bool
    gateway_attempts: int
    gateway_connect_timeout_s: float
    gateway_first_byte_timeout_s: float
    gateway_head_timeout_s: float
    gateway_idle_timeout_s: float
    gateway_max_connections: int
    gateway_max_connections_per_client: int
    gateway_session_for_s: float
    gateway_allowed_destinations: tuple[tuple[Network, ...], tuple[str, ...]]
    gateway_allowed_ports: tuple[tuple[int, int], ...]
    gateway_history: int
    gateway_stop_grace_s: float
    heartbeat_file: Path
    log_level: str

    @property
    def upstream_rule(self) -> UpstreamRule:
        """Which proxies may be connected to."""
        return UpstreamRule(self.allowed_upstream_networks)

    @property
    def source_rule(self) -> UpstreamRule:
        """Where the pages of sources may lie."""
        return UpstreamRule(self.allowed_source_networks)


def _number(low: float, high: float) -> Callable[[str], float]:
    def parse(text: str) -> float:
        value = float(text)
        if not low <= value <= high:
            raise ValueError(text)
        return value

    return parse


def _count(low: int, high: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        value = int(text)
        if not low <= value <= high:
            raise ValueError(text)
        return value

    return parse


def _yes_or_no(text: str) -> bool:
    if text.lower() not in ("yes", "no"):
        raise ValueError(text)
    return text.lower() == "yes"


def _authorities(text: str) -> Path:
    try:
        ssl.create_default_context(cafile=text)
    except OSError as error:  # ssl.SSLError is one
        raise ValueError(text) from error
    return Path(text)


def _readable_file(text: str) -> Path:
    path = Path(text)
    if not path.is_file() or not os.access(path, os.R_OK):
        raise ValueError(text)
    return path


def _urls(scheme: str) -> Callable[[str], tuple[str, ...]]:
    def parse(text: str) -> tuple[str, ...]:
        urls = tuple(_http_url(part.strip(), scheme) for part in text.split(",") if part.strip())
        if not urls:
            raise ValueError(text)
        return urls

    return parse


def _http_url(text: str, scheme: str = "http") -> str:
    url = urlsplit(text)
    _ = url.port  # raises ValueError where it is not a port
    if url.scheme != scheme or not url.hostname or url.username or url.fragment or url.query:
        raise ValueError(text)
    if not text.isascii() or any(character.isspace() for character in text):
        raise ValueError(text)
    return text


def _redis_url(text: str) -> str:
    url = urlsplit(text)
    _ = url.port
    if url.scheme not in ("redis", "rediss") or not url.hostname:
        raise ValueError(text)
    if url.path.strip("/") and not url.path.strip("/").isdecimal():
        raise ValueError(text)
    return text


def _word(text: str) -> str:
    if not text or any(character.isspace() or character in "{}" for character in text):
        raise ValueError(text)
    return text


def _listen_address(text: str) -> str:
    # Other names may stand for several addresses, or for one of another machine.
    if text.lower() == "localhost":
        return text.lower()
    return str(ip_address(text))


def _directory(text: str) -> Path:
    path = Path(text)
    if not path.is_dir():
        raise ValueError(text)
    return path


def _names(text: str) -> tuple[str, ...]:
    return tuple(_word(part.strip()) for part in text.split(",") if part.strip())


def _addresses(text: str) -> tuple[str, ...]:
    networks = parse_networks(text)
    if any(network.num_addresses != 1 for network in networks):
        raise ValueError(text)
    return tuple(str(normal(network.network_address)) for network in networks)


def _file(text: str) -> Path:
    path = Path(text)
    if not path.is_file():
        raise ValueError(text)
    return path


def _home_path(text: str) -> Path:
    try:
        return Path(text).expanduser().absolute()
    except RuntimeError as error:  # the user has no home
        raise ValueError(text) from error


def _timezone(text: str) -> tzinfo:
    if text.upper() == "UTC":
        return UTC
    try:
        return ZoneInfo(text)
    except (ZoneInfoNotFoundError, OSError) as error:
        raise ValueError(text) from error


def _networks_and_names(text: str) -> tuple[tuple[Network, ...], tuple[str, ...]]:
    """Networks, and host names; one that begins with a dot stands for all that end in it."""
    networks: list[Network] = []
    names: list[str] = []
    for part in filter(None, (part.strip().lower() for part in text.split(","))):
        try:
            networks.extend(parse_networks(part))
        except ValueError:
            # An address that is wrong must not pass for a name.
            labels = part.removeprefix(".").split(".")
            if "/" in part or not re.fullmatch(r"[a-z0-9._-]{1,254}", part) or "" in labels:
                raise
            if labels[-1].isdecimal():
                raise
            names.append(part)
    return tuple(networks), tuple(names)


def _port_ranges(text: str) -> tuple[tuple[int, int], ...]:
    """`1-24,26-65535` as pairs of the first and the last."""
    ranges = []
    for part in text.split(","):
        first, dash, last = (word.strip() for word in part.partition("-"))
        pair = int(first), int(last) if dash else int(first)
        if not 1 <= pair[0] <= pair[1] <= 65535:
            raise ValueError(text)
        ranges.append(pair)
    return tuple(ranges)


def _level(text: str) -> str:
    if text.upper() not in ("DEBUG", "INFO", "WARNING", "ERROR"):
        raise ValueError(text)
    return text.upper()


def _one_of(*words: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if text.lower() not in words:
            raise ValueError(text)
        return text.lower()

    return parse


_LISTEN_ADDRESS = "an IPv4 or IPv6 address of this machine, or localhost"
_SECONDS = "a number of seconds"
_ONE_DAY = 86400.0
_ONE_YEAR = 365 * _ONE_DAY

SETTINGS: tuple[Setting, ...] = (
    Setting(
        "TABLE_NAME",
        "table_name",
        "proxy_pool:use_proxy",
        "a name without spaces or braces",
        "Redis hash of the good proxies; all other keys begin with it",
        _word,
    ),
    Setting(
        "HOST",
        "host",
        "0.0.0.0",  # noqa: S104  the container's own network, behind the edge
        _LISTEN_ADDRESS,
        "what the API listens on",
        _listen_address,
    ),
    Setting(
        "PORT",
        "port",
        "5010",
        "a port between 1 and 65535",
        "what the API listens on",
        _count(1, 65535),
    ),
    Setting(
        "TRUSTED_CALLERS",
        "trusted_callers",
        "127.0.0.1,::1",
        "a comma list of addresses or networks",
        "callers that need no credentials",
        parse_networks,
    ),
    Setting(
        "EDGE_NETWORKS",
        "edge_networks",
        "",
        "a comma list of addresses or networks",
        "where the reverse proxy stands whose X-Forwarded-For says who calls; from elsewhere a "
        "call with that header is nobody's",
        parse_networks,
        absent=(),
    ),
    Setting(
        "AUTH_REQUIRED_FOR",
        "auth_required_for",
        "all",
        "none, changes or all",
        "the API's calls that need credentials from callers outside TRUSTED_CALLERS; `changes` are "
        "those that take proxies out, put them in or use the gateway",
        _one_of("none", "changes", "all"),
    ),
    Setting(
        "ACCOUNTS_FILE",
        "accounts_file",
        "",
        "a file with lines `name:secret`",
        "accounts of the API and the gateway; the secret is also the account's API key",
        Path,
        absent=None,
    ),
    Setting(
        "RATE_LIMIT",
        "rate_limit",
        "1000",
        "a whole number between 1 and 1000000",
        "requests in 10 seconds of one account, or of one address that is not trusted",
        _count(1, 1_000_000),
    ),
    Setting(
        "IMPORT_MAX_BYTES",
        "import_max_bytes",
        "16777216",
        "a whole number between 1024 and 1073741824",
        "the longest list that `POST /api/v2/import` takes",
        _count(1024, 1 << 30),
    ),
    Setting(
        "GATEWAY_URL",
        "gateway_url",
        "http://127.0.0.1:5011",
        "an http:// address without a query or credentials",
        "the gateway as the API reaches it, for `POST /api/v2/try`",
        _http_url,
    ),
    Setting(
        "GATEWAY_ACCOUNT_FILE",
        "gateway_account_file",
        "",
        "a file with one line `name:secret`",
        "the API's own account at the gateway, for callers that give no credentials",
        Path,
        absent=None,
    ),
    Setting(
        "SOURCES_DIR",
        "sources_dir",
        "",
        "an existing directory",
        "the YAML files that say which lists are crawled",
        _directory,
        ("schedule",),
        absent=None,
    ),
    Setting(
        "PROXY_FETCHER",
        "proxy_fetcher",
        "",
        "a comma list of names of sources",
        "the sources to use, also such as are not enabled; none: all that are enabled",
        _names,
        absent=(),
    ),
    Setting(
        "ALLOWED_SOURCE_NETWORKS",
        "allowed_source_networks",
        "",
        "a comma list of addresses or networks",
        "networks that are not public but pages of sources may lie in",
        parse_networks,
        absent=(),
    ),
    Setting(
        "JUDGE_URL",
        "judge_urls",
        "",
        "a comma list of http:// addresses without a query or credentials",
        "the judges as proxies reach them: the first that is up is asked; also read "
        "as HTTP_URL, where a bare site stands for its `/get`",
        _urls("http"),
        ("checker",),
        absent=(),
        alias="HTTP_URL",
    ),
    Setting(
        "JUDGE_HTTPS_URL",
        "judge_https_urls",
        "",
        "a comma list of https:// addresses without a query or credentials",
        "judges with TLS: without one nothing is found out about https; also read "
        "as HTTPS_URL, where a bare site stands for its `/get`",
        _urls("https"),
        absent=(),
        alias="HTTPS_URL",
    ),
    Setting(
        "JUDGE_DIRECT_URL",
        "judge_direct_urls",
        "",
        "a comma list of http:// addresses, as many as in JUDGE_URL",
        "the same judges without a proxy, JUDGE_URL where it is not set: they tell our own address "
        "and whether they are up",
        _urls("http"),
        absent=(),
    ),
    Setting(
        "JUDGE_HTTPS_DIRECT_URL",
        "judge_https_direct_urls",
        "",
        "a comma list of https:// addresses, as many as in JUDGE_HTTPS_URL",
        "judges with TLS without a proxy, JUDGE_HTTPS_URL where it is not set",
        _urls("https"),
        absent=(),
    ),
    Setting(
        "JUDGE_CA_FILE",
        "judge_ca_file",
        "",
        "a file with certificates in PEM form",
        "a private authority of judges with TLS and of targets, beside the public ones",
        _authorities,
        absent=None,
    ),
    Setting(
        "JUDGE_INTERVAL",
        "judge_interval_s",
        "15",
        f"{_SECONDS} between 0.1 and 3600",
        "how often each judge is asked directly",
        _number(0.1, 3600),
    ),
    Setting(
        "MIN_ANONYMITY",
        "min_anonymity",
        "anonymous",
        "transparent, anonymous or elite",
        "proxies that hide less are refused",
        lambda text: Anonymity(text.lower()),
    ),
    Setting(
        "OWN_ADDRESSES",
        "own_addresses",
        "",
        "a comma list of addresses",
        "more addresses of ours than the judge sees, such as the host's public one",
        _addresses,
        absent=(),
    ),
    Setting(
        "ALLOWED_UPSTREAM_NETWORKS",
        "allowed_upstream_networks",
        "",
        "a comma list of addresses or networks",
        "networks that are not public but proxies may lie in",
        parse_networks,
        absent=(),
    ),
    Setting(
        "CONNECT_TIMEOUT",
        "connect_timeout_s",
        "3",
        f"{_SECONDS} between 0.05 and 60",
        "for the TCP connection to a proxy",
        _number(0.05, 60),
    ),
    Setting(
        "VERIFY_TIMEOUT",
        "verify_timeout_s",
        "10",
        f"{_SECONDS} between 0.1 and 300",
        "for the judge's answer through a proxy; what follows, https, has it once more",
        _number(0.1, 300),
    ),
    Setting(
        "ADAPT_TIMEOUTS",
        "adapt_timeouts",
        "yes",
        "yes or no",
        "both timeouts follow three times the 95th percentile of what was observed, down to a "
        "third of CONNECT_TIMEOUT and half of VERIFY_TIMEOUT",
        _yes_or_no,
    ),
    Setting(
        "CHECK_CONCURRENCY",
        "check_concurrency",
        "1000",
        "a whole number between 1 and 20000",
        "checks under way in one checker, all its processes together",
        _count(1, 20000),
    ),
    Setting(
        "CHECK_PROCESSES",
        "check_processes",
        "0",
        "a whole number between 0 and 64",
        "processes of one checker; 0: one per core that it may use",
        _count(0, 64),
    ),
    Setting(
        "PROXY_REGION",
        "proxy_region",
        "yes",
        "yes or no",
        "look up country and network of the address that a proxy's requests come from, offline",
        _yes_or_no,
    ),
    Setting(
        "GEO_FILE",
        "geo_file",
        "",
        "a CSV file with lines network,country,asn,name",
        "networks of your own, which come before the table",
        _readable_file,
        absent=None,
    ),
    Setting(
        "GEO_DATABASE",
        "geo_database",
        "",
        "a table made by `python -m proxypool.geo build`",
        "countries and networks; none: the table that is installed with the pool, if there is one",
        _readable_file,
        absent=None,
    ),
    Setting(
        "CLAIM_IDLE",
        "claim_idle_s",
        "60",
        f"{_SECONDS} between 1 and 3600, not below VERIFY_TIMEOUT",
        "after this long without a verdict another checker takes the work over",
        _number(1, 3600),
    ),
    Setting(
        "STOP_GRACE",
        "stop_grace_s",
        "5",
        f"{_SECONDS} between 0 and 300",
        "how long a stopping checker waits for its checks before it returns them",
        _number(0, 300),
    ),
    Setting(
        "RECHECK_INTERVAL",
        "recheck_interval_s",
        "60",
        f"{_SECONDS} between 1 and 86400",
        "between two checks of a good proxy (spread by 20 %)",
        _number(1, _ONE_DAY),
    ),
    Setting(
        "RETRY_INTERVAL",
        "retry_interval_s",
        "10",
        f"{_SECONDS} between 0.1 and 86400",
        "until a good proxy that failed is checked again, and a postponed check is made",
        _number(0.1, _ONE_DAY),
    ),
    Setting(
        "NEGATIVE_INTERVAL",
        "negative_interval_s",
        "300",
        f"{_SECONDS} between 0.1 and 86400",
        "until a dead one is checked again; doubles with each failure",
        _number(0.1, _ONE_DAY),
    ),
    Setting(
        "NEGATIVE_INTERVAL_MAX",
        "negative_interval_max_s",
        "21600",
        f"{_SECONDS} between 0.1 and 2592000, not below NEGATIVE_INTERVAL",
        "the longest such interval",
        _number(0.1, 30 * _ONE_DAY),
    ),
    Setting(
        "FORGET_AFTER",
        "forget_after_s",
        "604800",
        f"{_SECONDS} between 1 and 31536000",
        "a dead one that no source has listed for this long is forgotten",
        _number(1, _ONE_YEAR),
    ),
    Setting(
        "DELETED_FOR",
        "deleted_for_s",
        "86400",
        f"{_SECONDS} between 0 and 31536000",
        "a deleted proxy is not taken up again for this long",
        _number(0, _ONE_YEAR),
    ),
    Setting(
        "POPPED_FOR",
        "popped_for_s",
        "600",
        f"{_SECONDS} between 0 and 31536000",
        "a popped proxy is not taken up again for this long",
        _number(0, _ONE_YEAR),
    ),
    Setting(
        "FULL_CHECK_INTERVAL",
        "full_check_interval_s",
        "21600",
        f"{_SECONDS} between 1 and 2592000",
        "between two checks that try all protocols, and not only those that are known",
        _number(1, 30 * _ONE_DAY),
    ),
    Setting(
        "SCORE_MEMORY",
        "score_memory",
        "0.3",
        "a number between 0.01 and 1",
        "how much the newest result counts in a proxy's success rate",
        _number(0.01, 1),
    ),
    Setting(
        "EVICT_BELOW",
        "evict_below",
        "20",
        "a number between 0 and 100",
        "a good proxy whose score falls below this is dropped",
        _number(0, 100),
    ),
    Setting(
        "MAX_FAIL_COUNT",
        "max_fail_count",
        "",
        "a whole number between 0 and 1000",
        "drops a good proxy also when it failed more often than this in a row",
        _count(0, 1000),
        absent=None,
    ),
    Setting(
        "POOL_SIZE_MIN",
        "pool_size_min",
        "20",
        "a whole number between 0 and 1000000",
        "with fewer good proxies, sources that work are crawled each minute",
        _count(0, 1_000_000),
    ),
    Setting(
        "POOL_SIZE_MAX",
        "pool_size_max",
        "50000",
        "a whole number between 1 and 1000000",
        "good proxies; beyond it those with the lowest scores go",
        _count(1, 1_000_000),
    ),
    Setting(
        "MAX_KNOWN",
        "max_known",
        "100000",
        "a whole number between 1 and 10000000",
        "candidates, good and dead ones together; beyond it a new one takes the place of one that "
        "failed three times or more, or is not taken",
        _count(1, 10_000_000),
    ),
    Setting(
        "MAX_QUEUE",
        "max_queue",
        "2000",
        "a whole number between 1 and 1000000",
        "checks handed out and not yet settled",
        _count(1, 1_000_000),
    ),
    Setting(
        "HISTORY_INTERVAL",
        "history_interval_s",
        "60",
        f"{_SECONDS} between 1 and 3600",
        "between two samples of the pool's sizes",
        _number(1, 3600),
    ),
    Setting(
        "TARGETS_FILE",
        "targets_file",
        "",
        "an existing file",
        "the YAML list of named sites that proxies are tried with; read again when it changes",
        _file,
        absent=None,
    ),
    Setting(
        "TIMEZONE",
        "timezone",
        "UTC",
        "a name of the time zone database",
        "the zone of the times in records",
        _timezone,
    ),
    Setting(
        "DATA_DIR",
        "data_dir",
        "~/.local/share/proxypool",
        "a path",
        "where the store of a pool without DB_CONN lies",
        _home_path,
    ),
    Setting(
        "GATEWAY_HOST",
        "gateway_host",
        "0.0.0.0",  # noqa: S104  the container's own network, behind the edge
        _LISTEN_ADDRESS,
        "what the gateway listens on",
        _listen_address,
    ),
    Setting(
        "GATEWAY_PORT",
        "gateway_port",
        "5011",
        "a port between 1 and 65535",
        "what the gateway listens on, for HTTP and SOCKS5 alike",
        _count(1, 65535),
    ),
    Setting(
        "GATEWAY_HEALTH_PORT",
        "gateway_health_port",
        "5012",
        "a port between 1 and 65535",
        "the gateway's `/healthz`, `/readyz` and `/metrics`",
        _count(1, 65535),
    ),
    Setting(
        "GATEWAY_PROXY_PROTOCOL_FROM",
        "gateway_proxy_protocol_from",
        "",
        "a comma list of addresses or networks",
        "where the edge is: connections from there must begin with a PROXY protocol header (1 or "
        "2), others must not",
        parse_networks,
        absent=(),
    ),
    Setting(
        "GATEWAY_REQUIRE_CREDENTIALS",
        "gateway_require_credentials",
        "yes",
        "yes or no",
        "yes: every caller needs an account; no: TRUSTED_CALLERS need none, all others still do",
        _yes_or_no,
    ),
    Setting(
        "GATEWAY_ATTEMPTS",
        "gateway_attempts",
        "5",
        "a whole number between 1 and 50",
        "upstreams that are tried for one request",
        _count(1, 50),
    ),
    Setting(
        "GATEWAY_CONNECT_TIMEOUT",
        "gateway_connect_timeout_s",
        "3",
        f"{_SECONDS} between 0.05 and 60",
        "for the TCP connection to an upstream",
        _number(0.05, 60),
    ),
    Setting(
        "GATEWAY_FIRST_BYTE_TIMEOUT",
        "gateway_first_byte_timeout_s",
        "15",
        f"{_SECONDS} between 0.05 and 600",
        "for an upstream's handshake, and for the first byte of an answer",
        _number(0.05, 600),
    ),
    Setting(
        "GATEWAY_HEAD_TIMEOUT",
        "gateway_head_timeout_s",
        "10",
        f"{_SECONDS} between 0.05 and 600",
        "for a client to send a whole request head, or its part of a SOCKS5 handshake",
        _number(0.05, 600),
    ),
    Setting(
        "GATEWAY_IDLE_TIMEOUT",
        "gateway_idle_timeout_s",
        "120",
        f"{_SECONDS} between 0.05 and 86400",
        "connections on which nothing moves for this long are closed",
        _number(0.05, _ONE_DAY),
    ),
    Setting(
        "GATEWAY_MAX_CONNECTIONS",
        "gateway_max_connections",
        "2000",
        "a whole number between 1 and 100000",
        "clients' connections in all; each may need four open files",
        _count(1, 100_000),
    ),
    Setting(
        "GATEWAY_MAX_CONNECTIONS_PER_CLIENT",
        "gateway_max_connections_per_client",
        "200",
        "a whole number between 1 and 100000",
        "connections from one address",
        _count(1, 100_000),
    ),
    Setting(
        "GATEWAY_SESSION_FOR",
        "gateway_session_for_s",
        "600",
        f"{_SECONDS} between 1 and 86400",
        "a session keeps its upstream for this long after its last request",
        _number(1, _ONE_DAY),
    ),
    Setting(
        "GATEWAY_ALLOWED_DESTINATIONS",
        "gateway_allowed_destinations",
        "",
        "a comma list of addresses, networks and host names",
        "destinations that are not public but may be reached; `.example.internal` stands for all "
        "names that end in it",
        _networks_and_names,
        absent=((), ()),
    ),
    Setting(
        "GATEWAY_ALLOWED_PORTS",
        "gateway_allowed_ports",
        "1-24,26-65535",
        "a comma list of ports and ranges",
        "destinations' ports that may be reached; without 25, so that nobody sends mail",
        _port_ranges,
    ),
    Setting(
        "GATEWAY_HISTORY",
        "gateway_history",
        "1000",
        "a whole number between 0 and 10000",
        "the gateway's last requests that are kept: who asked for which host, and what carried it",
        _count(0, 10_000),
    ),
    Setting(
        "GATEWAY_STOP_GRACE",
        "gateway_stop_grace_s",
        "10",
        f"{_SECONDS} between 0 and 3600",
        "how long a stopping gateway waits for what is under way",
        _number(0, 3600),
    ),
    Setting(
        "HEARTBEAT_FILE",
        "heartbeat_file",
        "/tmp/heartbeat",  # noqa: S108  the only writable place of the container
        "a path in a writable directory",
        "touched by scheduler and checker after each successful round trip to Redis",
        Path,
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

_WITHOUT_STORE = ("check", "sources")
"""Commands that never ask the store anything."""

_DB_CONN_EXPECTED = "redis://user:password@host:port/number"


def load(command: str, environ: Mapping[str, str] | None = None) -> Settings:
    """Read the settings that `command` (server, schedule, checker, stats) runs with.

    Raises ConfigurationError with every problem at once.
    """
    environ = os.environ if environ is None else environ
    problems: list[Problem] = []
    values: dict[str, Any] = {
        "db_conn": "" if command in _WITHOUT_STORE else _db_conn(environ, problems)
    }
    for setting in SETTINGS:
        text = _text_of(setting, environ)
        if not text and command in setting.needed_by:
            problems.append(
                Problem(setting.name, setting.expected, "nothing", f"set it: {setting.purpose}")
            )
        if not text:
            values[setting.field] = setting.absent
            continue
        try:
            values[setting.field] = setting.parse(text)
        except ValueError:
            advice = f"correct the environment variable {setting.name}: {setting.purpose}"
            problems.append(Problem(setting.name, setting.expected, repr(text), advice))
    if not problems:
        values["judge_direct_urls"] = values["judge_direct_urls"] or values["judge_urls"]
        problems.extend(_contradictions(values))
    if problems:
        raise ConfigurationError(problems)
    return Settings(**values)


def _text_of(setting: Setting, environ: Mapping[str, str]) -> str:
    given = environ.get(setting.name, "").strip()
    if not given and setting.alias:
        given = ",".join(map(_judge_of, environ.get(setting.alias, "").split(",")))
    return given or setting.default


def _judge_of(site: str) -> str:
    """The reference names a bare site, `http://httpbin.org`, whose page is no judge: `/get` is."""
    site = site.strip()
    return f"{site}/get" if re.fullmatch(r"https?://[^/?#]+", site) else site


def table() -> str:
    """The settings as a Markdown table, for the README."""
    rows = ["| setting | default | expected | what it is for |", "|---|---|---|---|"]
    rows.append(
        f"| `DB_CONN_FILE` or `DB_CONN` | none | `{_DB_CONN_EXPECTED}` | the Redis that is the "
        "store; the file holds the same on one line. Without: a server of the pool's own in "
        "`DATA_DIR` |"
    )
    for setting in SETTINGS:
        default = f"`{setting.default}`" if setting.default else "none"
        if setting.needed_by:
            default = f"required by `proxypool {'`, `'.join(setting.needed_by)}`"
        rows.append(f"| `{setting.name}` | {default} | {setting.expected} | {setting.purpose} |")
    return "\n".join(rows)


def _db_conn(environ: Mapping[str, str], problems: list[Problem]) -> str:
    """The connection's URL, or nothing where none is set: then the pool runs a store of its own.

    Its text never goes into a problem: it holds a password.
    """
    path, text = environ.get("DB_CONN_FILE", ""), environ.get("DB_CONN", "").strip()
    if path and text:
        problems.append(
            Problem("DB_CONN_FILE", "one of DB_CONN_FILE and DB_CONN", "both", "unset DB_CONN")
        )
        return ""
    if not path and not text:
        return ""
    name = "DB_CONN_FILE" if path else "DB_CONN"
    if path:
        try:
            text = Path(path).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "not text"
            advice = f"make the file readable for uid {os.getuid()}, with one line in it"
            problems.append(Problem(name, "a readable file", f"{path}: {reason}", advice))
            return ""
    if not text:
        found = f"an empty file {path}"
        advice = "write the connection's URL into it"
        problems.append(Problem(name, _DB_CONN_EXPECTED, found, advice))
        return ""
    try:
        return _redis_url(text)
    except ValueError:
        found = "something else (not shown, it may hold a password)"
        problems.append(Problem(name, _DB_CONN_EXPECTED, found, "correct the URL"))
        return ""


def _contradictions(values: Mapping[str, Any]) -> list[Problem]:
    """Settings that are each right but do not go together."""
    found: list[Problem] = []
    for name, field, direct_name, direct_field in (
        ("JUDGE_URL", "judge_urls", "JUDGE_DIRECT_URL", "judge_direct_urls"),
        (
            "JUDGE_HTTPS_URL",
            "judge_https_urls",
            "JUDGE_HTTPS_DIRECT_URL",
            "judge_https_direct_urls",
        ),
    ):
        judges, direct = len(values[field]), len(values[direct_field])
        if direct and judges != direct:
            found.append(
                Problem(
                    direct_name,
                    f"as many addresses as in {name} ({judges})",
                    str(direct),
                    "give each judge's direct address in the same order, or none",
                )
            )
    pairs = (
        ("CONNECT_TIMEOUT", "connect_timeout_s", "VERIFY_TIMEOUT", "verify_timeout_s"),
        ("VERIFY_TIMEOUT", "verify_timeout_s", "CLAIM_IDLE", "claim_idle_s"),
        (
            "NEGATIVE_INTERVAL",
            "negative_interval_s",
            "NEGATIVE_INTERVAL_MAX",
            "negative_interval_max_s",
        ),
    )
    for small_name, small, large_name, large in pairs:
        if values[small] > values[large]:
            found.append(
                Problem(
                    small_name,
                    f"at most {large_name} ({values[large]:g})",
                    f"{values[small]:g}",
                    f"lower {small_name} or raise {large_name}",
                )
            )
    return found
