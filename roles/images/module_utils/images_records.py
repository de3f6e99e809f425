"""What a host knows of the images that were loaded into it: /opt/<bundle_name>/images/<tag>.json.

An engine with the containerd image store reports a manifest's digest as an image's ID, which
differs from the config digest that a release names; the record ties the two together.
"""

from __future__ import annotations

import json
from pathlib import Path

from ansible.module_utils.images_docker import LocalImage


def record_path(folder: Path, ref: str) -> Path:
    """Return where the record of an image lies; its tag is unique over all images."""
    return folder / f"{ref.rpartition(':')[2]}.json"


def write_record(folder: Path, image: LocalImage, config_digest: str, archive_sha256: str) -> None:
    """Record that ``image`` is the one with ``config_digest``, completely or not at all."""
    folder.mkdir(mode=0o755, parents=True, exist_ok=True)
    path = record_path(folder, image.ref)
    partial = path.with_suffix(".partial")
    partial.write_text(
        json.dumps(
            {
                "ref": image.ref,
                "config_digest": config_digest,
                "archive_sha256": archive_sha256,
                "image_id": image.image_id,
            },
            indent=2,
        )
        + "\n"
    )
    partial.replace(path)


def recorded_digest(folder: Path, image: LocalImage) -> str | None:
    """Return the config digest recorded for exactly this ``image``, if there is one."""
    try:
        record = json.loads(record_path(folder, image.ref).read_text())
    except (OSError, ValueError):
        return None  # never loaded here, or the record is damaged: the image counts as unknown
    if record.get("ref") != image.ref or record.get("image_id") != image.image_id:
        return None
    return str(record.get("config_digest"))


def is_the_image(folder: Path, image: LocalImage, config_digest: str) -> bool:
    """Tell whether ``image``, of this host's engine, is the one with ``config_digest``."""
    return config_digest in (image.image_id, recorded_digest(folder, image))
