"""How each service is replaced by a new one, and what is asked after that: read and validated."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from engine.incoming import (
    DEFAULT_DRAIN_S,
    DEFAULT_WATCH_S,
    DoctorCommand,
    ServiceSpec,
    Site,
    SmokeCheck,
    Try,
)

SWITCHES = ("beside", "overlap", "after", "announced")
NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.-]*")
# What may stand in a request line (RFC 9112, 3.2.1): no space, no control character.
TARGET = re.compile(r"/[!-~]*")
SITE_URL = re.compile(r"https?://[A-Za-z0-9.\[\]:_-]+/?")
MAX_WATCH_S, MAX_DRAIN_S, MAX_GAP_S = 3600, 86400, 3600

Good = Callable[[Any], bool]


class Problems(Protocol):
    """What a reader of release.json collects problems with."""

    def bad(self, where: str, expected: str, found: Any, do: str = ...) -> None:
        """Note a problem."""

    def value(self, where: str, value: Any, good: Good, expected: str) -> Any:
        """The value, or None with a problem noted."""

    def items(self, where: str, value: Any, kind: type, expected: str) -> Any:
        """The list or object, or an empty one with a problem noted unless there is none."""

    def known_keys(self, where: str, value: dict[str, Any], known: set[str]) -> None:
        """Note each key that is not known."""


def read_services(to: Problems, document: dict[str, Any]) -> dict[str, ServiceSpec]:
    """The field `services`."""
    found = to.items("services", document.get("services"), dict, "an object: service to switch")
    services = {}
    for name, item in found.items():
        where = f"services.{name}"
        to.value(where, name, _matches(NAME), "the name of a service")
        if isinstance(item, dict):
            services[name] = _service(to, where, item)
        else:
            to.bad(where, 'an object {"switch": "beside", …}', item)
    return services


def read_smoke(
    to: Problems, document: dict[str, Any], environment: dict[str, str]
) -> list[SmokeCheck]:
    """The field `smoke`."""
    checks = []
    for position, item in enumerate(
        to.items("smoke", document.get("smoke"), list, "a list of requests")
    ):
        where = f"smoke[{position}]"
        if not isinstance(item, dict):
            to.bad(where, 'an object {"name": …, "port_of": "SITE_PORT", "path": "/"}', item)
            continue
        own = {"name", "port_of"}
        name = to.value(f"{where}.name", item.get("name"), _is_text, "what is asked for, in words")
        ports = sorted(key for key, value in environment.items() if value.isdecimal())
        port = to.value(
            f"{where}.port_of",
            item.get("port_of"),
            _one_of(ports),
            "a variable of environment that holds a port",
        )
        asked = _try(to, where, {key: item[key] for key in item if key not in own})
        if name and port and asked:
            checks.append(SmokeCheck(name, port, asked))
    names = [check.name for check in checks]
    if len(set(names)) != len(names):
        to.bad("smoke", "each name once", names)
    return checks


def read_site(to: Problems, document: dict[str, Any]) -> Site:
    """The field `site_url`."""
    url = document.get("site_url", "http://localhost")
    expected = "http:// or https:// and the name that visitors ask for"
    good = to.value("site_url", url, _matches(SITE_URL), expected)
    if not good:
        return Site()
    scheme, host = str(good).rstrip("/").split("://")
    return Site(host, scheme)


def read_watch_s(to: Problems, document: dict[str, Any]) -> int:
    """The field `watch_s`."""
    return _seconds(to, "watch_s", document.get("watch_s", DEFAULT_WATCH_S), MAX_WATCH_S)


def read_doctor(to: Problems, document: dict[str, Any]) -> list[DoctorCommand]:
    """The field `doctor`."""
    commands = []
    found = to.items("doctor", document.get("doctor"), list, "a list of services and commands")
    for position, item in enumerate(found):
        where = f"doctor[{position}]"
        if not isinstance(item, dict):
            to.bad(where, 'an object {"service": …, "command": ["doctor"]}', item)
            continue
        to.known_keys(f"{where}.", item, {"service", "command"})
        service = to.value(
            f"{where}.service", item.get("service"), _matches(NAME), "the name of a service"
        )
        command = to.value(
            f"{where}.command", item.get("command"), _is_words, "a list of words, at least one"
        )
        if service and command:
            commands.append(DoctorCommand(service, tuple(command)))
    return commands


def _service(to: Problems, where: str, item: dict[str, Any]) -> ServiceSpec:
    switch = to.value(
        f"{where}.switch", item.get("switch"), _one_of(SWITCHES), f"one of {', '.join(SWITCHES)}"
    )
    beside = switch == "beside"
    known = {"switch"}
    known |= {"backends", "port", "try", "drain_s"} if beside else set()
    known |= {"gap_s"} if switch == "announced" else set()
    if switch:
        # What another kind of switch has would be a promise that nobody keeps.
        to.known_keys(f"{where}.", item, known)
    backends = to.items(f"{where}.backends", item.get("backends"), list, "a list of backends")
    for backend in backends:
        to.value(f"{where}.backends", backend, _matches(NAME), "names of the edge's backends")
    if beside and not backends:
        to.bad(f"{where}.backends", "at least one of the edge's backends", backends or None)
    port = item.get("port")
    if beside:
        port = to.value(f"{where}.port", port, _from_to(1, 65535), "a port from 1 to 65535")
    tries = [
        _try(to, f"{where}.try[{position}]", asked)
        for position, asked in enumerate(
            to.items(f"{where}.try", item.get("try"), list, "a list of requests")
        )
    ]
    return ServiceSpec(
        switch=switch or "announced",
        backends=tuple(map(str, backends)),
        port=port if beside else None,
        tries=tuple(asked for asked in tries if asked),
        drain_s=_seconds(to, f"{where}.drain_s", item.get("drain_s", DEFAULT_DRAIN_S), MAX_DRAIN_S),
        gap_s=_seconds(to, f"{where}.gap_s", item.get("gap_s", 0), MAX_GAP_S),
    )


def _try(to: Problems, where: str, item: Any) -> Try | None:
    if not isinstance(item, dict):
        to.bad(where, 'an object {"path": "/", "status": 200}', item)
        return None
    to.known_keys(f"{where}.", item, {"path", "status", "has"})
    path = to.value(f"{where}.path", item.get("path"), _matches(TARGET), "a path from /")
    status = to.value(
        f"{where}.status", item.get("status", 200), _from_to(100, 599), "an HTTP status"
    )
    has = item.get("has", "")
    if "has" in item:
        to.value(f"{where}.has", has, _is_text, "a text that the answer has")
    return Try(path, status, str(has)) if path and status else None


def _seconds(to: Problems, where: str, value: Any, most: int) -> int:
    good = to.value(where, value, _from_to(0, most), f"whole seconds from 0 to {most}")
    return good or 0


def _matches(pattern: re.Pattern[str]) -> Good:
    return lambda value: isinstance(value, str) and pattern.fullmatch(value) is not None


def _one_of(known: Sequence[str]) -> Good:
    return lambda value: isinstance(value, str) and value in known


def _from_to(least: int, most: int) -> Good:
    return lambda value: type(value) is int and least <= value <= most


def _is_words(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(map(_is_text, value))


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())
