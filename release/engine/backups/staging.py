"""A backup's secrets beside those of the host: what takes its data back reads them first."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

from engine.backups import secrets_part
from engine.backups.deployed import Deployed
from engine.backups.manifest import Manifest
from engine.backups.streams import output_of
from engine.errors import RefusedError
from engine.incoming import SecretSpec
from engine.made_secrets import make
from engine.secret_files import FOLDER_MODE, SECRET_MODE, apply_secrets
from engine.trees import make_folder, sha256, write_file


def restored(found: Deployed, manifest: Manifest) -> Mapping[str, bytes]:
    """The secrets of a backup that the release knows, by name. Raises RefusedError."""
    part = manifest.part(secrets_part.NAME)
    if part is None:
        return {}
    words = found.repository.reading(part.snapshot, part.name)
    content = output_of(found.tools, words, f"part {part.name} of {manifest.name}")
    if sha256(content) != part.sha256:
        raise RefusedError(
            f"part {part.name} of {manifest.name}",
            f"the SHA-256 {part.sha256[:12]}",
            sha256(content)[:12],
            "take another backup: fab backups",
        )
    known = {spec.file for spec in _own(found)}
    values = secrets_part.unpacked(content)
    return {name: value for name, value in values.items() if name in known}


def stage(found: Deployed, values: Mapping[str, bytes], folder: Path) -> None:
    """Write a folder with every secret as it will be: the backup's, or else the host's own."""
    shutil.rmtree(folder, ignore_errors=True)
    make_folder(folder, FOLDER_MODE)
    incoming = found.incoming
    for spec in incoming.secrets:
        path = incoming.secrets_dir / spec.file
        content = values.get(spec.file)
        if content is None and not spec.is_derived and path.is_file():
            content = path.read_bytes()
        if content is not None:
            write_file(folder / spec.file, content, SECRET_MODE, spec.uid)
    apply_secrets(
        folder, incoming.secrets, lambda spec, given: make(spec, incoming.image_of(spec), given)
    )


def put(found: Deployed, values: Mapping[str, bytes], folder: Path) -> list[str]:
    """Write secrets into a folder where they differ; returns the names of those."""
    changed = []
    for spec in _own(found):
        value = values.get(spec.file)
        path = folder / spec.file
        if value is not None and (not path.is_file() or path.read_bytes() != value):
            write_file(path, value, SECRET_MODE, spec.uid)
            changed.append(spec.file)
    return changed


def present(found: Deployed) -> dict[str, bytes]:
    """The host's own secrets as they are, by name."""
    folder = found.incoming.secrets_dir
    return {
        spec.file: (folder / spec.file).read_bytes()
        for spec in _own(found)
        if (folder / spec.file).is_file()
    }


def _own(found: Deployed) -> list[SecretSpec]:
    return secrets_part.kept(found.incoming.secrets, found.spec.passphrase)
