"""The images of a release: on this host, and the very ones that were built."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from engine.docker_api import Client, ImageNotFoundError
from engine.errors import RefusedError
from engine.incoming import Image
from engine.layout import read_json

SHIP = "ship the images again (ansible-playbook playbooks/deploy.yml)"


def image_ids(client: Client, images: Mapping[str, Image], records: Path) -> dict[str, str]:
    """The engine's ID of each image of a release, by reference.

    An image's ID is the digest of its configuration, except with the containerd image store (the
    default from engine 29 on), where it is that of the manifest. There the role that loaded the
    image has left a record that ties the two together.
    Raises RefusedError for the first image that is missing or is another one.
    """
    known = _records(records)
    ids: dict[str, str] = {}
    for image in images.values():
        try:
            found = str(client.images.get(image.ref).attrs["Id"])
        except ImageNotFoundError:
            raise RefusedError(
                f"image {image.ref}", "on this host", "no such image", SHIP
            ) from None
        record = known.get(image.ref, {})
        recorded = record.get("config_digest") if record.get("image_id") == found else None
        if image.config_digest not in (found, recorded):
            raise RefusedError(
                f"image {image.ref}",
                f"config digest {image.config_digest}",
                recorded or found,
                SHIP,
            )
        ids[image.ref] = found
    return ids


def _records(folder: Path) -> dict[str, dict[str, str]]:
    # Keyed by the reference inside, since two repositories may use the same tag.
    found = [read_json(path) for path in sorted(folder.glob("*.json"))] if folder.is_dir() else []
    return {record["ref"]: record for record in found if isinstance(record.get("ref"), str)}
