"""The field `backup` of release.json, read and validated."""

from __future__ import annotations

import re
from typing import Any

from engine.backups.spec import (
    ALONE,
    EMPTY,
    RUNNING,
    BackupSpec,
    FolderSpec,
    KeepSpec,
    LogsSpec,
    PartSpec,
)
from engine.service_reader import NAME, Good, Problems

PART_NAME = re.compile(r"[a-z][a-z0-9_]{0,31}")
RESERVED_PARTS = ("manifest", "secrets", "logs")
ABSOLUTE = re.compile(r"/[A-Za-z0-9_./-]+")
MOST_KEPT = 3650


def read_backup(
    to: Problems, document: dict[str, Any], secrets: tuple[str, ...]
) -> BackupSpec | None:
    """The field `backup`; None where a release has none. `secrets` are its secrets' names."""
    item = document.get("backup")
    if item is None:
        return None
    if not isinstance(item, dict):
        to.bad("backup", 'an object {"repository": …, "parts": […]}', item)
        return None
    known = {"repository", "passphrase", "parts", "logs", "folder", "keep"}
    to.known_keys("backup.", item, known)
    repository = _name(to, "backup.repository", item.get("repository"))
    passphrase = to.value(
        "backup.passphrase",
        item.get("passphrase"),
        lambda value: isinstance(value, str) and value in secrets,
        "the name of a secret",
    )
    parts = _parts(to, item)
    logs = _logs(to, item["logs"], [part.name for part in parts]) if "logs" in item else None
    folder = _folder(to, item["folder"]) if "folder" in item else None
    keep = _keep(to, item.get("keep"))
    return BackupSpec(repository, passphrase or "", tuple(parts), logs, folder, keep)


def _parts(to: Problems, item: dict[str, Any]) -> list[PartSpec]:
    parts = []
    found = to.items("backup.parts", item.get("parts"), list, "a list of parts")
    if not found:
        to.bad("backup.parts", "at least one part", found or None)
    for position, each in enumerate(found):
        where = f"backup.parts[{position}]"
        if not isinstance(each, dict):
            to.bad(where, 'an object {"name": …, "service": …, "hand_over": […], …}', each)
            continue
        to.known_keys(f"{where}.", each, {"name", "service", "hand_over", "take_back", "when"})
        name = to.value(
            f"{where}.name",
            each.get("name"),
            lambda value: (
                isinstance(value, str)
                and PART_NAME.fullmatch(value) is not None
                and value not in RESERVED_PARTS
            ),
            f"a name in small letters, none of {', '.join(RESERVED_PARTS)}",
        )
        service = _name(to, f"{where}.service", each.get("service"))
        hand_over = _words(to, f"{where}.hand_over", each.get("hand_over"))
        take_back = _words(to, f"{where}.take_back", each.get("take_back"))
        when = to.value(
            f"{where}.when",
            each.get("when", ALONE),
            lambda value: value in (ALONE, EMPTY, RUNNING),
            f"{ALONE}, {EMPTY} or {RUNNING}",
        )
        if name and service and hand_over and take_back and when:
            parts.append(PartSpec(name, service, hand_over, take_back, when))
    names = [part.name for part in parts]
    if len(set(names)) != len(names):
        to.bad("backup.parts", "each name once", names)
    return parts


def _logs(to: Problems, item: Any, parts: list[str]) -> LogsSpec | None:
    where = "backup.logs"
    if not isinstance(item, dict):
        to.bad(where, 'an object {"part": …, "service": …, "flush": […], …}', item)
        return None
    to.known_keys(f"{where}.", item, {"part", "service", "flush", "folder", "replay"})
    part = to.value(
        f"{where}.part", item.get("part"), lambda value: value in parts, f"one of {parts}"
    )
    service = _name(to, f"{where}.service", item.get("service"))
    flush = _words(to, f"{where}.flush", item.get("flush"))
    replay = _words(to, f"{where}.replay", item.get("replay"))
    folder = to.value(f"{where}.folder", item.get("folder"), _is_absolute, "an absolute path")
    if part and service and flush and replay and folder:
        return LogsSpec(part, service, flush, folder, replay)
    return None


def _folder(to: Problems, item: Any) -> FolderSpec | None:
    where = "backup.folder"
    if not isinstance(item, dict):
        to.bad(where, 'an object {"path": …, "uid": …}', item)
        return None
    to.known_keys(f"{where}.", item, {"path", "uid"})
    path = to.value(f"{where}.path", item.get("path"), _is_absolute, "an absolute path")
    uid = to.value(f"{where}.uid", item.get("uid"), _from(0, 2**31 - 1), "a numeric uid")
    return FolderSpec(path, uid) if path and uid is not None else None


def _keep(to: Problems, item: Any) -> KeepSpec:
    found = to.items("backup.keep", item, dict, "an object")
    to.known_keys("backup.keep.", found, {"daily", "weekly", "monthly"})
    for name, number in found.items():
        expected = f"a whole number from 0 to {MOST_KEPT}"
        to.value(f"backup.keep.{name}", number, _from(0, MOST_KEPT), expected)
    good = {name: number for name, number in found.items() if _from(0, MOST_KEPT)(number)}
    keep = KeepSpec(**{name: good[name] for name in ("daily", "weekly", "monthly") if name in good})
    if not keep.daily and not keep.weekly and not keep.monthly:
        to.bad("backup.keep", "at least one backup to keep", found)
    return keep


def _name(to: Problems, where: str, value: Any) -> Any:
    return to.value(
        where,
        value,
        lambda found: isinstance(found, str) and NAME.fullmatch(found) is not None,
        "the name of a service",
    )


def _words(to: Problems, where: str, value: Any) -> tuple[str, ...]:
    def good(found: Any) -> bool:
        return (
            isinstance(found, list)
            and bool(found)
            and all(isinstance(word, str) and bool(word) for word in found)
        )

    return tuple(to.value(where, value, good, "a list of words, at least one") or ())


def _is_absolute(value: Any) -> bool:
    return isinstance(value, str) and ABSOLUTE.fullmatch(value) is not None and ".." not in value


def _from(least: int, most: int) -> Good:
    return lambda value: type(value) is int and least <= value <= most
