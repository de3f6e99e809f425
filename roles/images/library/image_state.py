#!/usr/bin/python
"""Ansible module: which of a deployment's images this host's engine lacks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.images_docker import engine, local_images, require_free_space
from ansible.module_utils.images_errors import ImagesError
from ansible.module_utils.images_records import is_the_image, write_record

DOCUMENTATION = r"""
module: image_state
short_description: Tells which images this host's engine lacks
description:
  - Compares what the engine holds with the config digests of the images that were built, and makes
    sure that the host can take the missing ones.
  - Where the engine is the very one that built them, and has the containerd image store, it leaves
    the records that tie its image IDs to the config digests.
options:
  images:
    description: The images that image_build returned.
    type: list
    elements: dict
    required: true
  architecture:
    description: The builder's architecture; a host with another one is refused.
    default: ""
  folder:
    description: Where archives are taken in and records are kept.
    type: path
    required: true
  built_here:
    description: Whether this host is the one that builds, which cannot lack what it will build.
    type: bool
    default: false
author: Luffy Bundle
"""

RETURN = r"""
lacking:
  description: The images that are to be shipped to this host.
  type: list
  returned: always
"""

EXAMPLES = r"""
- name: Ask the host what it lacks
  image_state:
    images: "{{ built.images }}"
    folder: /opt/luffy-bundle/images
"""


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "images": {"type": "list", "elements": "dict", "required": True},
            "architecture": {"default": ""},
            "folder": {"type": "path", "required": True},
            "built_here": {"type": "bool", "default": False},
        },
        supports_check_mode=True,
    )
    params = module.params
    own = [image for image in params["images"] if not image["external"]]
    if module.check_mode and params["built_here"]:
        module.exit_json(changed=False, lacking=[])
    try:
        module.exit_json(**_compare(params, own, module.check_mode))
    except ImagesError as error:
        # Check mode may come before the first run has installed an engine.
        if not module.check_mode:
            module.fail_json(msg=f"images: {error}")
        module.warn(f"all images count as lacking: {error}")
        module.exit_json(changed=False, lacking=own)


def _compare(params: dict[str, Any], own: list[dict[str, Any]], check_mode: bool) -> dict[str, Any]:
    here = engine()
    folder = Path(params["folder"])
    held = local_images([image["ref"] for image in own])
    lacking = []
    changed = False
    for image in own:
        local = held.get(image["ref"])
        if local and image["config_digest"]:
            if is_the_image(folder, local, image["config_digest"]):
                continue
            # The same manifest: this engine built it, or shares a store with the one that did.
            if local.image_id == image["image_id"]:
                changed = True
                if not check_mode:
                    write_record(folder, local, image["config_digest"], "")
                continue
        lacking.append(image)
    if lacking and params["architecture"] not in ("", here.architecture):
        raise ImagesError(
            f"a host of the builder's architecture ({params['architecture']})",
            here.architecture,
            "Run this from a machine of that architecture.",
        )
    unpacked = sum(int(image["size"]) for image in lacking)
    if unpacked:
        # At worst the archive, which is smaller, lies on the same disk.
        require_free_space(here.root_dir, unpacked, f"load {len(lacking)} images")
        require_free_space(str(folder), unpacked // 2, "take in their archive")
    return {"changed": changed, "lacking": lacking}


if __name__ == "__main__":
    main()
