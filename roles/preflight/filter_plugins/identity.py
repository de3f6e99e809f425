"""What a host says of itself in plain shell, and whether the bundle can manage such a host."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterable, Mapping
from typing import Any

Finding = dict[str, Any]

_ASSIGNMENT = re.compile(r"^([A-Z][A-Z0-9_]*)=(.*)$")


class FilterModule:
    """The filters of this file, under the names that the role calls them by."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Give Ansible the filters by name."""
        return {"preflight_host": read_host, "preflight_identity": judge_identity}


def read_host(probe: Mapping[str, Any]) -> dict[str, Any]:
    """Read the result of `files/probe.sh` as run by `ansible.builtin.raw`.

    The host's os-release is parsed as os-release(5) says: shell assignments, the last one counts.
    Returns `answered`, `complaint` (what came instead of an answer), `id`, `version`, `name`,
    `kernel`, `architecture`, `uid` and `pythons` (path → version, empty where it does not run).
    """
    values: dict[str, str] = {}
    pythons: dict[str, str] = {}
    for line in str(probe.get("stdout", "")).splitlines():
        match = _ASSIGNMENT.match(line.strip())
        if match is None:
            continue  # a login banner may stand between the lines
        key, value = match[1], _unquote(match[2])
        if key == "PREFLIGHT_PYTHON":
            path, _, version = value.rpartition("=")
            pythons[path] = version
        else:
            values[key] = value
    identifier, version = _identifier_and_version(values)
    return {
        "answered": "PREFLIGHT_UID" in values,
        "unreachable": bool(probe.get("unreachable", False)),
        "complaint": _complaint(probe),
        "id": identifier,
        "version": version,
        "name": _full_name(values),
        "kernel": values.get("PREFLIGHT_KERNEL", ""),
        "architecture": values.get("PREFLIGHT_ARCHITECTURE", ""),
        "uid": values.get("PREFLIGHT_UID", ""),
        "pythons": pythons,
    }


def judge_identity(
    host: Mapping[str, Any],
    target: str,
    supported: list[dict[str, Any]],
    retired: list[dict[str, Any]],
    architectures: list[str],
    min_python: str,
) -> list[Finding]:
    """Say which of the requirements that need no Python the host fails and meets.

    `target` is what the inventory calls the host, `supported` and `retired` are the tables of the
    role's variables, `min_python` is a version such as `3.9`. A host that gave no answer gets the
    one finding that says so: nothing else is known of it.
    """
    if not host["answered"]:
        return [_silence(host, target)]
    system = _operating_system(host, supported, retired)
    findings = [system, _architecture(host, architectures), _privilege(host)]
    if system["ok"]:  # advice on Python is of no use for a system that is refused anyway
        findings += [
            _python(path, version, host["id"], min_python)
            for path, version in host["pythons"].items()
        ]
    return findings


def _unquote(value: str) -> str:
    try:
        return " ".join(shlex.split(value))
    except ValueError:  # an odd number of quotes: better shown as it stands than lost
        return value.strip("\"' ")


def _identifier_and_version(values: Mapping[str, str]) -> tuple[str, str]:
    """Take both from os-release, else from the one line of /etc/redhat-release."""
    if "ID" in values:
        return values["ID"], values.get("VERSION_ID", "")
    match = re.match(r"(\w+).* release (\d+(?:\.\d+)*)", values.get("PRETTY_NAME", ""))
    return (match[1].lower(), match[2]) if match else ("", "")


def _full_name(values: Mapping[str, str]) -> str:
    """Name the system with its version: some leave the version out of PRETTY_NAME."""
    name = values.get("PRETTY_NAME") or values.get("NAME") or values.get("ID", "")
    version = values.get("VERSION_ID", "")
    return name if version in name else f"{name} {version}"


def _complaint(probe: Mapping[str, Any]) -> str:
    """Boil what Ansible says of a failed connection down to one line."""
    said = [str(probe.get(key) or "") for key in ("stderr", "stdout", "msg")]
    words = next((text for text in said if text.strip()), "no answer at all")
    return " ".join(words.removeprefix("Task failed: ").split()).rstrip(".")


def _silence(host: Mapping[str, Any], target: str) -> Finding:
    if host["unreachable"]:
        return _finding(
            "connection",
            False,
            f"{target} to answer",
            host["complaint"],
            "check its address, port, user and key in the inventory, and that the host is up: "
            "ssh with the same values from this machine must log in without a question",
        )
    return _finding(
        "connection",
        False,
        f"{target} to run /bin/sh as root",
        host["complaint"],
        "let the inventory's user use sudo (pass --ask-become-pass where it needs a password), "
        "or set ansible_user=root",
    )


def _operating_system(
    host: Mapping[str, Any], supported: list[dict[str, Any]], retired: list[dict[str, Any]]
) -> Finding:
    expected = _either([f"{entry['name']} {_either(entry['versions'])}" for entry in supported])
    for entry in supported:
        if host["id"] == entry["id"] and _is_version(host["version"], entry["versions"]):
            return _finding("operating system", True, expected, host["name"], "")
    for entry in retired:
        if host["id"] in entry["ids"] and _is_version(host["version"], entry["versions"]):
            found = f"{host['name']}: {entry['reason']}"
            return _finding("operating system", False, expected, found, entry["advice"])
    found = host["name"] or f"no /etc/os-release ({host['kernel'] or 'unknown kernel'})"
    return _finding(
        "operating system",
        False,
        expected,
        found,
        "install one of these; or add this one to preflight_supported, untested, where it is "
        "a rebuild of one of them",
    )


def _architecture(host: Mapping[str, Any], architectures: list[str]) -> Finding:
    return _finding(
        "architecture",
        host["architecture"] in architectures,
        f"architecture {_either(architectures)}",
        host["architecture"] or "none named by uname",
        "use a 64-bit Intel, AMD or ARM machine with a 64-bit system",
    )


def _privilege(host: Mapping[str, Any]) -> Finding:
    return _finding(
        "privilege",
        host["uid"] == "0",
        "to be root on the host",
        f"uid {host['uid']}",
        "set ansible_become=true for it in the inventory, or start this as root",
    )


def _python(path: str, version: str, identifier: str, min_python: str) -> Finding:
    package_manager = "apt-get" if identifier in ("debian", "ubuntu") else "dnf"
    if version:
        advice = (
            f"set preflight_python and ansible_python_interpreter to Python {min_python} or newer"
        )
    else:
        advice = f"run `{package_manager} install -y python3` on the host, then this again"
    return _finding(
        "python",
        bool(version) and _numbers(version) >= _numbers(min_python),
        f"Python {min_python} or newer at {path}",
        f"Python {version}" if version else "none that runs",
        advice,
    )


def _is_version(version: str, wanted: Iterable[str]) -> bool:
    return any(version == entry or version.startswith(f"{entry}.") for entry in wanted)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", version))


def _either(words: list[str]) -> str:
    """Join as a sentence does: `a`, `a or b`, `a, b or c`."""
    return " or ".join(filter(None, [", ".join(words[:-1]), words[-1]]))


def _finding(check: str, ok: bool, expected: str, found: str, advice: str) -> Finding:
    return {"check": check, "ok": ok, "expected": expected, "found": found, "advice": advice}
