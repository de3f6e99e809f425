"""The archive that images travel in: what `docker save` writes, compressed."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import subprocess
import tarfile
from pathlib import Path
from typing import IO

from ansible.module_utils.images_errors import ImagesError

CHUNK = 1 << 20
# Every engine since 1.8 reads gzip on load; zstd needs 23.0. Level 1: the network is rarely slower
# than a core that compresses harder.
COMPRESSORS = (["pigz", "-1"], ["gzip", "-1"])


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a file's bytes, in hexadecimal."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        for chunk in iter(lambda: stream.read(CHUNK), b""):
            digest.update(chunk)
    return digest.hexdigest()


def save_images(refs: list[str], target: Path) -> None:
    """Write ``refs`` to ``target``, compressed; it appears there only once it is complete.

    Raises ImagesError where either command fails.
    """
    compressor = next(command for command in COMPRESSORS if shutil.which(command[0]))
    partial = target.with_suffix(".partial")
    with (
        partial.open("wb") as output,
        subprocess.Popen(
            ["docker", "save", *refs], stdout=subprocess.PIPE, stderr=subprocess.PIPE
        ) as save,
    ):
        compressed = subprocess.run(compressor, check=False, stdin=save.stdout, stdout=output)
        complaint = save.stderr.read().decode(errors="replace").strip() if save.stderr else ""
    if save.returncode or compressed.returncode:
        partial.unlink()
        raise ImagesError(
            f"docker save and {compressor[0]} to write {target}",
            complaint or f"exit codes {save.returncode} and {compressed.returncode}",
            "See whether the disk is full: df -h",
        )
    partial.replace(target)


def config_digests(archive: Path) -> dict[str, str]:
    """Return the config digest (``sha256:…``) of every reference in a compressed archive.

    Raises ImagesError where the archive is damaged.
    """
    try:
        with tarfile.open(archive, "r:*") as tar:
            return _digests(tar)
    except (OSError, EOFError, tarfile.TarError, ValueError, KeyError) as error:
        raise ImagesError(
            f"an archive of images at {archive}",
            f"{type(error).__name__}: {error}",
            "Remove the file and run again: it is written anew.",
        ) from error


def saved_config_digest(ref: str) -> str:
    """Return the config digest of one image of an engine whose image IDs are something else."""
    with subprocess.Popen(["docker", "save", ref], stdout=subprocess.PIPE) as save:
        if save.stdout is None:  # cannot be, with PIPE; narrows the type
            raise RuntimeError("docker save without an output")
        digest = _stream_digest(save.stdout, ref)
        # Reading on lets docker save end by itself instead of by a broken pipe.
        while save.stdout.read(CHUNK):
            pass
    return digest


def _stream_digest(stream: IO[bytes], ref: str) -> str:
    with tarfile.open(fileobj=stream, mode="r|*") as tar:
        return _digests(tar)[ref]


def _digests(tar: tarfile.TarFile) -> dict[str, str]:
    for member in tar:
        if member.name != "manifest.json":
            continue
        content = tar.extractfile(member)
        if content is None:
            break
        return {
            ref: "sha256:" + _config_digest(image["Config"])
            for image in json.load(content)
            for ref in image["RepoTags"] or []
        }
    raise KeyError("manifest.json")


def _config_digest(config: str) -> str:
    # Engines before 25.0 write <digest>.json, later ones blobs/sha256/<digest>.
    match = re.fullmatch(r"(?:blobs/sha256/)?([0-9a-f]{64})(?:\.json)?", config)
    if not match:
        raise ValueError(f"a config named {config}")
    return match.group(1)
