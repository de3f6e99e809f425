"""The images that a release may name, each with the digest that tells it from every other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ansible.module_utils.images_archive import saved_config_digest
from ansible.module_utils.images_catalogue import BASE
from ansible.module_utils.images_docker import engine, local_images
from ansible.module_utils.images_records import is_the_image, recorded_digest, write_record

Image = Mapping[str, Any]


def built_images(images: Sequence[Image], work_dir: Path) -> dict[str, Any]:
    """What is returned of a plan's images once all of them are there: ``images``, ``variables``.

    Records below ``work_dir`` save asking an engine with the containerd store again. Raises
    ImagesError where the engine does not answer.
    """
    return returned(_digests(for_releases(images), work_dir))


def planned_images(images: Sequence[Image]) -> dict[str, Any]:
    """The same where nothing may be built: those that are missing have no digest."""
    return returned([_described(image, image["image_id"]) for image in for_releases(images)])


def for_releases(images: Sequence[Image]) -> list[Image]:
    """Those that a release may name: all but the one that they are made from."""
    return [image for image in images if image["name"] != BASE]


def returned(images: list[dict[str, Any]]) -> dict[str, Any]:
    """``images`` as they are, and the ref and digest of each that was built here, by variable."""
    return {
        "images": images,
        "variables": {
            image["variable"]: {"ref": image["ref"], "config_digest": image["config_digest"]}
            for image in images
            if not image["external"]
        },
    }


def _digests(wanted: list[Image], work_dir: Path) -> list[dict[str, Any]]:
    own = local_images([image["ref"] for image in wanted if not image["external"]])
    records = work_dir / "records"
    containerd_store = bool(own) and engine().containerd_store
    described = []
    for image in wanted:
        if image["external"]:
            described.append(_described(image, ""))
            continue
        held = own[image["ref"]]
        digest = held.image_id
        if containerd_store:
            digest = recorded_digest(records, held) or saved_config_digest(held.ref)
            if not is_the_image(records, held, digest):
                write_record(records, held, digest, "")
        described.append(
            {**_described(image, digest), "image_id": held.image_id, "size": held.size}
        )
    return described


def _described(image: Image, digest: str) -> dict[str, Any]:
    kept = {key: image[key] for key in ("name", "variable", "ref", "external", "image_id", "size")}
    return {**kept, "config_digest": digest}
