"""Whether the bundle's variables make sense, before any host is asked."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

Finding = dict[str, Any]

LAST_PORT = 65535

# https://github.com/compose-spec/compose-spec/blob/main/spec.md#name-top-level-element
_PROJECT_NAME = re.compile(r"[a-z0-9][a-z0-9_-]*")
_WEB_ADDRESS = re.compile(r"https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?/[A-Za-z0-9/._-]*")
# Those of https://restic.readthedocs.io/en/stable/030_preparing_a_new_repo.html without a password.
_REPOSITORY = re.compile(
    r"/[A-Za-z0-9._-]+(/[A-Za-z0-9._-]+)*"
    r"|sftp:[A-Za-z0-9._-]+@[A-Za-z0-9.-]+:[A-Za-z0-9._/-]+"
    r"|sftp://[A-Za-z0-9._-]+@[A-Za-z0-9.-]+(:[0-9]{1,5})?/[A-Za-z0-9._/-]+"
    r"|s3:https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?/[A-Za-z0-9._/-]+"
)
# Its host is judged as one of public_hosts is.
_LINKS_ADDRESS = re.compile(r"https?://(\[[^]]*\]|[^]/?#@:[]+)(:[0-9]{1,5})?/?")
# RFC 1123, section 2.1: labels of letters, digits and hyphens.
_HOST_NAME = re.compile(r"(?!-)[A-Za-z0-9-]{1,63}(?<!-)(\.(?!-)[A-Za-z0-9-]{1,63}(?<!-))*")


class FilterModule:
    """The filters of this file, under the names that the role calls them by."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Give Ansible the filters by name."""
        return {
            "preflight_configuration": judge_configuration,
            "preflight_usable_ports": usable_ports,
        }


def judge_configuration(bundle: Mapping[str, Any], ports: list[Mapping[str, Any]]) -> list[Finding]:
    """Say what is wrong with the bundle's variables; an empty list says nothing is.

    `bundle` holds `name`, `bind_address`, `public_hosts`, `public_scheme`,
    `shortlink_public_url`, `backup_repository`, `renamed` (the old names that are still set:
    `old`, `new` and `do`), and `providers`: the services of others, each a mapping of its
    variables' names to their values, with the variable of its address first. `ports` is
    `preflight_ports`: items of `name`, `address`, `port` and perhaps `count`.
    """
    return [
        *_name(bundle["name"]),
        *_bind_address(bundle["bind_address"]),
        *_public_hosts(bundle["public_hosts"], bundle["bind_address"]),
        *_public_scheme(bundle["public_scheme"]),
        *_links_address(bundle["shortlink_public_url"]),
        *(finding for provider in bundle["providers"] for finding in _provider(provider)),
        *_backup_repository(bundle["backup_repository"]),
        *(_renamed(variable) for variable in bundle["renamed"]),
        *_ports(ports),
    ]


def usable_ports(ports: list[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Give the entries of `preflight_ports` that name real ports, with whole numbers in them."""
    usable = []
    for entry in ports:
        first, count = _whole_number(entry["port"]), _whole_number(entry.get("count", 1))
        if _is_range(first, count) and _address(entry["address"]):
            usable.append({**entry, "port": first, "count": count})
    return usable


def _name(name: Any) -> Iterator[Finding]:
    if not isinstance(name, str) or not _PROJECT_NAME.fullmatch(name):
        yield _refusal(
            "bundle_name to start with a lower-case letter or a digit and to hold those, "
            "hyphens and underscores alone",
            _shown(name),
            "give it such a name, for instance luffy-bundle",
        )


def _bind_address(address: Any) -> Iterator[Finding]:
    if _address(address) is None:
        yield _refusal(
            "edge_bind_address to be an IP address",
            _shown(address),
            "set it to 127.0.0.1 for this machine alone, to 0.0.0.0 for every address, "
            "or to one of the host's own",
        )


def _public_hosts(hosts: Any, bind_address: Any) -> Iterator[Finding]:
    advice = (
        """set it in the inventory, for instance public_hosts='["www.example.com"]' on a host's """
        "line; below [bundle:vars] the outer quotes are left out"
    )
    if not isinstance(hosts, list):
        yield _refusal("public_hosts to be a list", _shown(hosts), advice)
        return
    address = _address(bind_address)
    if not hosts and address is not None and not address.is_loopback:
        yield _refusal(
            "public_hosts to hold the names or addresses that the site is reached by, "
            f"since edge_bind_address is {bind_address}",
            "an empty list",
            advice,
        )
    for host in hosts:
        if not _is_host(host):
            yield _refusal(
                "each of public_hosts to be a host name or an IP address alone",
                _shown(host),
                "leave out the scheme, the port, the path and any wildcard",
            )


def _public_scheme(scheme: Any) -> Iterator[Finding]:
    if scheme not in ("http", "https"):
        yield _refusal(
            "public_scheme to be http or https",
            _shown(scheme),
            "set it to https where a TLS terminator stands in front, else to http",
        )


def _links_address(url: Any) -> Iterator[Finding]:
    parts = _LINKS_ADDRESS.fullmatch(url) if isinstance(url, str) else None
    if not parts or not _is_host(parts[1].strip("[]")):
        yield _refusal(
            "shortlink_public_url to be an http(s) address with a host and without a path",
            _shown(url),
            "set it to where visitors reach short links, for instance https://s.example.com, "
            "or leave it out: they are reached by the first of public_hosts then",
        )


def _provider(variables: Mapping[str, Any]) -> Iterator[Finding]:
    (switch, address), *others = variables.items()
    if not address:
        return
    if not (isinstance(address, str) and _WEB_ADDRESS.fullmatch(address)):
        yield _refusal(
            f"{switch} to be an http(s) address without query, or empty",
            _shown(address),
            "take it from the provider's documentation",
        )
    for name, value in others:
        if not (isinstance(value, str) and value.strip()):
            yield _refusal(
                f"{name} to be set, since {switch} is",
                _shown(value) if isinstance(value, str | None) else f"{value} (no text)",
                f"set it as the provider has given it, in quotes; or leave {switch} empty",
            )


def _backup_repository(address: Any) -> Iterator[Finding]:
    if not (isinstance(address, str) and _REPOSITORY.fullmatch(address)) or "/.." in address:
        yield _refusal(
            "backup_repository to be a folder of the host, sftp:user@host:/folder or "
            "s3:https://host/bucket",
            _shown(address),
            "correct it; keys and passwords are files on the host (docs/backup.md)",
        )


def _renamed(variable: Mapping[str, Any]) -> Finding:
    new = variable.get("new") or ""
    return _refusal(
        f"{new} instead of {variable['old']}" if new else f"no {variable['old']} any more",
        f"{variable['old']}, which nothing reads",
        str(variable["do"]),
    )


def _ports(ports: list[Mapping[str, Any]]) -> Iterator[Finding]:
    owners: dict[int, str] = {}
    for entry in ports:
        name = entry["name"]
        if _address(entry["address"]) is None:
            yield _refusal(
                f"an IP address to bind {name} to",
                _shown(entry["address"]),
                "set edge_bind_address, or the address in preflight_ports, to one",
            )
        first, count = _whole_number(entry["port"]), _whole_number(entry.get("count", 1))
        if not _is_range(first, count):
            found = _shown(entry["port"])
            if "count" in entry:
                found += f" and {_shown(entry['count'])} ports from there"
            yield _refusal(
                f"{name} to be a port from 1 to {LAST_PORT}", found, f"set {name} to a free one"
            )
            continue
        taken = [port for port in range(first, first + count) if port in owners]
        if taken:
            yield _refusal(
                f"{owners[taken[0]]} and {name} to be different ports",
                f"{taken[0]} in both",
                f"set one of them to another port from 1 to {LAST_PORT}",
            )
        owners.update((port, name) for port in range(first, first + count))


def _address(text: Any) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    if not isinstance(text, str):  # ip_address would take a number for an address
        return None
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


def _is_host(text: Any) -> bool:
    return _address(text) is not None or (
        isinstance(text, str) and _HOST_NAME.fullmatch(text) is not None
    )


def _whole_number(value: Any) -> int:
    """Read what YAML, INI and `-e` make of a number; 0, which is no port, for anything else."""
    return int(value) if re.fullmatch(r"[0-9]{1,9}", str(value)) else 0


def _is_range(first: int, count: int) -> bool:
    return first >= 1 and count >= 1 and first + count - 1 <= LAST_PORT


def _shown(value: Any) -> str:
    return "nothing" if value in ("", None) else str(value)


def _refusal(expected: str, found: str, advice: str) -> Finding:
    return {
        "check": "configuration",
        "ok": False,
        "expected": expected,
        "found": found,
        "advice": advice,
    }
