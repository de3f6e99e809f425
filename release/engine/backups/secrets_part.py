"""The secrets of a release as a part of its backup; the engine alone may read them all."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterable, Mapping
from pathlib import Path

from engine.errors import RefusedError
from engine.incoming import SecretSpec

NAME = "secrets"


def kept(specs: Iterable[SecretSpec], passphrase: str) -> list[SecretSpec]:
    """Those that are backed up: all that do not follow from others, but for the key to it all."""
    return [spec for spec in specs if not spec.is_derived and spec.file != passphrase]


def packed(folder: Path, specs: Iterable[SecretSpec]) -> bytes:
    """An archive of them, the same bytes for the same secrets."""
    memory = io.BytesIO()
    with tarfile.open(mode="w", fileobj=memory, format=tarfile.PAX_FORMAT) as archive:
        for spec in sorted(specs, key=lambda each: each.file):
            content = (folder / spec.file).read_bytes()
            member = tarfile.TarInfo(spec.file)
            member.size, member.mode, member.uid = len(content), 0o400, spec.uid
            archive.addfile(member, io.BytesIO(content))
    return memory.getvalue()


def unpacked(content: bytes) -> Mapping[str, bytes]:
    """The secrets in an archive, by name. Raises RefusedError for one that is no archive."""
    try:
        with tarfile.open(mode="r", fileobj=io.BytesIO(content)) as archive:
            files = {each.name: archive.extractfile(each) for each in archive if each.isreg()}
            return {name: file.read() for name, file in files.items() if file is not None}
    except tarfile.TarError as error:
        raise RefusedError(
            "the backup's secrets", "an archive", str(error), "take another backup"
        ) from error
