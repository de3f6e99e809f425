#!/usr/bin/python
"""Ansible module: one compressed archive of images, on the machine that built them."""

from __future__ import annotations

import fcntl
import hashlib
import json
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.images_archive import config_digests, file_sha256, save_images
from ansible.module_utils.images_docker import require_free_space
from ansible.module_utils.images_errors import ImagesError

DOCUMENTATION = r"""
module: image_archive
short_description: Writes images to one compressed archive
description:
  - Hosts that lack the same images share an archive. One that an interrupted run has left is used
    again if it is whole, and written anew if it is not.
options:
  images:
    description: The images to write, as image_build returned them.
    type: list
    elements: dict
    required: true
  folder:
    description: Where the archive is kept until it has been shipped.
    type: path
    required: true
author: Luffy Bundle
"""

RETURN = r"""
path:
  description: The archive.
  type: str
  returned: always
sha256:
  description: The archive's digest.
  type: str
  returned: when not in check mode
config_digests:
  description: The config digest of each reference, as the archive itself says.
  type: dict
  returned: when not in check mode
size:
  description: The archive's size in bytes.
  type: int
  returned: when not in check mode
"""

EXAMPLES = r"""
- name: Write what the host lacks to an archive
  image_archive:
    images: "{{ state.lacking }}"
    folder: /srv/luffy-bundle/.cache/images/ship
"""


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "images": {"type": "list", "elements": "dict", "required": True},
            "folder": {"type": "path", "required": True},
        },
        supports_check_mode=True,
    )
    images, folder = module.params["images"], Path(module.params["folder"])
    content = sorted(f"{image['ref']} {image['config_digest']}" for image in images)
    name = hashlib.sha256("\n".join(content).encode()).hexdigest()[:16]
    archive = folder / f"{name}.tar.gz"
    if module.check_mode:
        module.exit_json(changed=True, path=str(archive))
    folder.mkdir(parents=True, exist_ok=True)
    try:
        # Ansible runs this for several hosts at once; the first one writes for all.
        with (folder / f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            changed, description = _ensure(archive, images)
        module.exit_json(changed=changed, path=str(archive), **description)
    except ImagesError as error:
        module.fail_json(msg=f"images: {error}")


def _ensure(archive: Path, images: list[dict[str, Any]]) -> tuple[bool, dict[str, Any]]:
    """Return whether the archive was written, and its sha256, size and config digests."""
    description_file = archive.with_suffix(".json")
    if archive.exists() and description_file.exists():
        description: dict[str, Any] = json.loads(description_file.read_text())
        if file_sha256(archive) == description["sha256"]:
            return False, description
    # Layers that images share are written once, so this is an upper bound, compressed or not.
    unpacked = sum(int(image["size"]) for image in images)
    require_free_space(str(archive.parent), unpacked // 2, "write the images to an archive")
    save_images([image["ref"] for image in images], archive)
    digests = config_digests(archive)
    for image in images:
        if digests.get(image["ref"]) != image["config_digest"]:
            raise ImagesError(
                f"{image['ref']} in the archive to have the config {image['config_digest']}",
                digests.get(image["ref"], "none"),
                "The image was rebuilt in between: run again.",
            )
    description = {
        "sha256": file_sha256(archive),
        "size": archive.stat().st_size,
        "config_digests": digests,
    }
    partial = description_file.with_suffix(".partial")
    partial.write_text(json.dumps(description))
    partial.replace(description_file)
    return True, description


if __name__ == "__main__":
    main()
