"""Filters for /etc/docker/daemon.json: merging, checking, and what a change asks of the engine.

Sources: the engine's own documentation of dockerd ("Daemon configuration file", "Configuration
reload behavior"), release 20.10.
"""

from __future__ import annotations

import ipaddress
import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

Config = dict[str, Any]

FILE = "/etc/docker/daemon.json"

TYPES = {
    "list": (list, "a list"),
    "string": (str, "a string"),
    "number": (int, "a number"),
    "boolean": (bool, "true or false"),
    "object": (dict, "an object"),
}

# Every key that an engine 20.10 takes, by its JSON type. That engine cannot check a file without
# starting (`dockerd --validate` came with 23.0), and an unknown key keeps it from starting.
KEYS: dict[str, str] = {
    key: kind
    for kind, keys in json.loads(
        (Path(__file__).parents[1] / "files" / "daemon-keys-20.10.json").read_text()
    ).items()
    for key in keys
}

# The engine takes these over while it runs, on SIGHUP; any other key needs a restart.
RELOADABLE = frozenset(
    {
        "debug",
        "labels",
        "live-restore",
        "max-concurrent-downloads",
        "max-concurrent-uploads",
        "max-download-attempts",
        "default-runtime",
        "runtimes",
        "authorization-plugins",
        "insecure-registries",
        "registry-mirrors",
        "shutdown-timeout",
        "features",
    }
)


def merge(found: str, ours: Mapping[str, Any]) -> Config:
    """Return the configuration that the host is to have.

    Args:
        found: the file's present content; empty where there is none. Keys in it that ``ours`` does
            not name are an operator's own and are kept; of an object such as ``log-opts``, too.
        ours: what the role wants; a value of None takes the key out.

    Raises:
        ValueError: the present content is no JSON object.
    """
    config = _parsed(found)
    # another driver's options mean nothing to ours
    if config.get("log-driver") not in {None, ours.get("log-driver")}:
        config.pop("log-opts", None)
    for key, value in ours.items():
        if value is None:
            config.pop(key, None)
        elif isinstance(value, Mapping) and isinstance(config.get(key), dict):
            config[key] = {**config[key], **value}
        else:
            config[key] = value
    return config


def problems(config: Mapping[str, Any]) -> list[str]:
    """Return what an engine 20.10 would refuse in a configuration, one line each.

    Each line says what was expected and what was found.
    """
    lines = []
    for key, value in config.items():
        if key not in KEYS:
            lines.append(f"{key}: expected a key that this engine knows, found an unknown one")
            continue
        expected, words = TYPES[KEYS[key]]
        if not isinstance(value, expected) or (expected is int and isinstance(value, bool)):
            lines.append(f"{key}: expected {words}, found {json.dumps(value)}")
    return [*lines, *value_problems(config)]


def value_problems(config: Mapping[str, Any]) -> list[str]:
    """Return what is wrong with the values that this role sets, for an engine of any version."""
    lines = []
    options = config.get("log-opts")
    size = options.get("max-size") if isinstance(options, Mapping) else None
    if size is not None and not re.fullmatch(r"[1-9]\d*[kmg]?", str(size)):
        lines.append(f"log-opts.max-size: expected a size as in 10m, found {size}")
    files = options.get("max-file") if isinstance(options, Mapping) else None
    if files is not None and not re.fullmatch(r"[1-9]\d*", str(files)):
        lines.append(f"log-opts.max-file: expected a number of at least 1, found {files}")
    for mirror in _list(config.get("registry-mirrors")):
        if not re.fullmatch(r"https?://[^/\s]+/?", str(mirror)):
            lines.append(
                f"registry-mirrors: expected an address as in https://mirror.example.com, "
                f"found {mirror}"
            )
    for pool in _list(config.get("default-address-pools")):
        if problem := _pool_problem(pool):
            lines.append(problem)
    return lines


def reload_suffices(found: str, config: Mapping[str, Any]) -> bool:
    """Tell whether a running engine takes the change over without a restart."""
    before = _parsed(found)
    changed = {key for key in {*before, *config} if before.get(key) != config.get(key)}
    return changed <= RELOADABLE


def _parsed(found: str) -> Config:
    try:
        config = json.loads(found) if found.strip() else {}
    except json.JSONDecodeError as error:
        raise ValueError(
            f"{FILE}: expected JSON, found {error}; repair it or move it away, then run this again"
        ) from error
    if not isinstance(config, dict):
        raise ValueError(
            f"{FILE}: expected a JSON object, found {type(config).__name__}; "
            "repair it or move it away, then run this again"
        )
    return config


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _pool_problem(pool: object) -> str:
    name = "default-address-pools"
    if not isinstance(pool, Mapping) or set(pool) != {"base", "size"}:
        return f"{name}: expected objects of base and size, found {json.dumps(pool)}"
    try:
        network = ipaddress.ip_network(pool["base"])
    except ValueError as error:
        return f"{name}: expected a network as in 172.18.0.0/15, found {error}"
    size = pool["size"]
    # a network of fewer than 8 addresses cannot hold a stack
    largest = network.max_prefixlen - 3
    if not isinstance(size, int) or not network.prefixlen <= size <= largest:
        return (
            f"{name}: expected a size from {network.prefixlen} to {largest} for {network}, "
            f"found {size}"
        )
    return ""


class FilterModule:
    """What Ansible looks for in this file."""

    def filters(self) -> dict[str, Callable[..., object]]:
        """Return the filters by name."""
        return {
            "docker_daemon_merge": merge,
            "docker_daemon_problems": problems,
            "docker_daemon_value_problems": value_problems,
            "docker_daemon_reload_suffices": reload_suffices,
        }
