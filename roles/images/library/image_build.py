#!/usr/bin/python
"""Ansible module: builds the images of a plan that are missing."""

from __future__ import annotations

import fcntl
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.images_builder import Builder, Sources
from ansible.module_utils.images_digests import built_images, planned_images
from ansible.module_utils.images_docker import engine, local_images, require_free_space
from ansible.module_utils.images_errors import ImagesError

DOCUMENTATION = r"""
module: image_build
short_description: Builds the bundle's images
description:
  - Builds what image_plan found missing, the base image first and then the services a few at a
    time, and returns the config digest of every image.
  - In check mode it says what it would build; those images have no digest then.
options:
  images:
    description: The images that image_plan returned.
    type: list
    elements: dict
    required: true
  sources:
    description: The sources that image_plan returned.
    type: dict
    required: true
  proxies:
    description: The http_proxy, https_proxy and no_proxy of the builds.
    type: dict
    default: {}
  work_dir:
    description: Where logs and temporary files are kept.
    type: path
    required: true
  parallel:
    description: How many images are built at once.
    type: int
    default: 2
  min_free_mib:
    description: How much the engine's disk must have free before anything is built, in MiB.
    type: int
    default: 3072
author: Luffy Bundle
"""

RETURN = r"""
built:
  description: What was built, with name, ref and seconds.
  type: list
  returned: always
images:
  description: Every image that a release may name, with name, variable, ref, external,
    config_digest, image_id and size.
  type: list
  returned: always
variables:
  description: The ref and config_digest of each image that was built here, by its variable's name.
  type: dict
  returned: always
"""

EXAMPLES = r"""
- name: Build what is missing
  image_build:
    images: "{{ plan.images }}"
    sources: "{{ plan.sources }}"
    work_dir: /srv/luffy-bundle/.cache/images
"""


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "images": {"type": "list", "elements": "dict", "required": True},
            "sources": {"type": "dict", "required": True},
            "proxies": {"type": "dict", "default": {}},
            "work_dir": {"type": "path", "required": True},
            "parallel": {"type": "int", "default": 2},
            "min_free_mib": {"type": "int", "default": 3072},
        },
        supports_check_mode=True,
    )
    params = module.params
    missing = [image for image in params["images"] if image["missing"]]
    if module.check_mode:
        built = [{"name": image["name"], "ref": image["ref"], "seconds": 0} for image in missing]
        found = planned_images(params["images"])
    else:
        try:
            built = _build(params, missing) if missing else []
            found = built_images(params["images"], Path(params["work_dir"]))
        except ImagesError as error:
            module.fail_json(msg=f"images: {error}")
    module.exit_json(changed=bool(built), built=built, **found)


def _build(params: dict[str, Any], missing: list[dict[str, Any]]) -> list[dict[str, Any]]:
    require_free_space(
        engine().root_dir, params["min_free_mib"] * 2**20, f"build {len(missing)} images"
    )
    work_dir = Path(params["work_dir"])
    work_dir.mkdir(parents=True, exist_ok=True)
    refs = {image["name"]: image["ref"] for image in params["images"]}
    proxies = {name: address for name, address in params["proxies"].items() if address}
    sources = Sources(**params["sources"], proxies=proxies)
    with (work_dir / "build.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # another run in this checkout: its images are ours too
        present = local_images([image["ref"] for image in missing])
        still = [image for image in missing if image["ref"] not in present or image["image_id"]]
        built = Builder(sources, refs, work_dir).build(still, params["parallel"])
    return [{"name": one.name, "ref": one.ref, "seconds": one.seconds} for one in built]


if __name__ == "__main__":
    main()
