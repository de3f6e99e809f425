"""Filters: which packages a host lacks, in the words of its package manager."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping


def major(version: str) -> int:
    """Return a version's leading number: 28 for ``28.5.1-1.el9``.

    Raises:
        ValueError: it does not begin with a number.
    """
    match = re.match(r"\d+", version)
    if match is None:
        raise ValueError(f"version {version!r}: expected a number first")
    return int(match[0])


def packages_to_install(
    wanted: Mapping[str, str], installed: Mapping[str, str], pin: str = "{name}-{version}.*"
) -> list[str]:
    """Return what is to be installed for each wanted package to be there in its major version.

    Args:
        wanted: names, each with the major version that it is pinned to, or an empty string.
        installed: names of the installed ones, each with its version. A newer major version than
            the wanted one is kept: an engine is never set back.
        pin: how the package manager is asked for a name in a version.
    """
    missing = []
    for name, version in wanted.items():
        there = installed.get(name)
        if there is None or (version and major(there) < major(version)):
            missing.append(pin.format(name=name, version=version) if version else name)
    return missing


class FilterModule:
    """What Ansible looks for in this file."""

    def filters(self) -> dict[str, Callable[..., object]]:
        """Return the filters by name."""
        return {"docker_packages_to_install": packages_to_install}
