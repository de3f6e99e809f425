"""The fields `rotate` and `old_of` of a secret, read and validated."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from engine.rotating.spec import Owner, Rotation
from engine.service_reader import NAME, Problems

if TYPE_CHECKING:
    from engine.incoming import SecretSpec

MAX_FOR_DAYS = 3650


def read_rotation(to: Problems, where: str, item: dict[str, Any]) -> Rotation | None:
    """The field `rotate` of a secret; None for one without."""
    if "rotate" not in item:
        return None
    found = to.items(f"{where}.rotate", item["rotate"], dict, 'an object such as {"owner": …}')
    to.known_keys(f"{where}.rotate.", found, {"owner", "refused"})
    if not {"random", "made_by"} & set(item):
        to.bad(f"{where}.rotate", "nothing, but for a random or made_by secret", found)
    refused = found.get("refused", "")
    if "refused" in found:
        to.value(f"{where}.rotate.refused", refused, _is_text, "why, and what to do instead")
    if "refused" in found and "owner" in found:
        to.bad(f"{where}.rotate", "either owner or refused", sorted(found))
    owner = _owner(to, f"{where}.rotate.owner", found["owner"]) if "owner" in found else None
    return Rotation(owner, str(refused))


def _owner(to: Problems, where: str, item: Any) -> Owner | None:
    expected = 'an object {"service": "redis", "command": […], "known_by": […]}'
    found = to.items(where, item, dict, expected)
    to.known_keys(f"{where}.", found, {"service", "command", "known_by"})
    service = to.value(f"{where}.service", found.get("service"), _matches(NAME), "a service's name")
    command = to.value(f"{where}.command", found.get("command"), _is_words, "a list of words")
    files = to.value(
        f"{where}.known_by", found.get("known_by"), _is_words, "a list of the owner's secrets"
    )
    if not (service and command and files):
        return None
    return Owner(service, tuple(command), tuple(files))


def read_for_days(to: Problems, where: str, item: dict[str, Any]) -> int:
    """How many days an old value is good for."""
    if "old_of" not in item:
        if "for_days" in item:
            to.bad(f"{where}.for_days", "nothing, but beside old_of", item["for_days"])
        return 0
    days = to.value(
        f"{where}.for_days",
        item.get("for_days"),
        lambda value: type(value) is int and 0 < value <= MAX_FOR_DAYS,
        f"a number of days from 1 to {MAX_FOR_DAYS}",
    )
    return days or 0


def check_rotations(to: Problems, specs: Iterable[SecretSpec]) -> None:
    """What the fields say of other secrets."""
    known = {spec.file: spec for spec in specs}
    for spec in known.values():
        owner = spec.rotation.owner if spec.rotation else None
        for file in owner.known_by if owner else ():
            if file != spec.file and (file not in known or spec.file not in known[file].sources()):
                expected = f"{spec.file}, or a secret that is derived from it"
                to.bad(f"secret {spec.file}.rotate.owner.known_by", expected, file)
        if spec.old_of is None:
            continue
        new = known.get(spec.old_of)
        if new is None or new.random_bytes is None or new.prefix or not _plain(new):
            expected = "a random secret without prefix, with rotate and without an owner"
            to.bad(f"secret {spec.file}.old_of", expected, spec.old_of)


def _plain(spec: SecretSpec) -> bool:
    return spec.rotation is not None and not (spec.rotation.owner or spec.rotation.refused)


def _matches(pattern: re.Pattern[str]) -> Any:
    return lambda value: isinstance(value, str) and pattern.fullmatch(value) is not None


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _is_words(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(w, str) and w for w in value)
