"""A backup by its name, and whether the release that runs can take it back."""

from __future__ import annotations

import re
from pathlib import Path

from engine import VERSION
from engine.backups import secrets_part
from engine.backups.deployed import Deployed
from engine.backups.manifest import Manifest
from engine.backups.repository import backups_of
from engine.errors import NoInputError, RefusedError
from engine.preflight import MIB, check_free_space

SPARE_MIB = 512
TIMES_ITS_SIZE = 2
"""What the data takes on the disk, with what a database keeps beside it."""


def chosen(found: Deployed, name: str = "") -> Manifest:
    """The manifest of the backup of that name, or of this host's latest one.

    Raises NoInputError where there is none, and RefusedError for a damaged one.
    """
    whole = backups_of(found.repository.kept())
    mine = [each for each, kept in whole.items() if kept.host == found.repository.host]
    wanted = name or (mine[-1] if mine else "")
    if wanted not in whole:
        known = ", ".join(list(whole)[-5:]) or "none"
        raise NoInputError(
            f"backup {name}".strip(),
            f"one that is in {found.repository.address}",
            f"the latest are: {known}",
            "fab backups lists them all",
        )
    return found.repository.manifest(whole[wanted])


def refuse_unfit(found: Deployed, manifest: Manifest) -> None:
    """Raise RefusedError for a backup that is newer than what runs, or that has no room here."""
    known = {part.name for part in found.spec.parts} | {secrets_part.NAME}
    unknown = sorted({part.name for part in manifest.parts} - known)
    if unknown:
        raise RefusedError(
            f"backup {manifest.name}",
            f"parts out of {', '.join(sorted(known))}",
            ", ".join(unknown),
            "deploy the version of the bundle that made it, then restore",
        )
    _refuse_newer(manifest.name, "the release engine", manifest.engine, VERSION)
    for part in found.spec.parts:
        made = manifest.part(part.name)
        if made is not None and made.version:
            _refuse_newer(manifest.name, part.service, made.version, found.version_of(part))
    docker = Path(found.tools.client.info()["DockerRootDir"])
    check_free_space(docker, SPARE_MIB + manifest.bytes * TIMES_ITS_SIZE // MIB)


def _refuse_newer(backup: str, what: str, made: str, runs: str) -> None:
    if _numbers(made) > _numbers(runs):
        raise RefusedError(
            f"backup {backup}",
            f"one of {what} {runs} or older",
            made,
            f"deploy a release with {what} {made} or newer, then restore",
        )


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", version))
