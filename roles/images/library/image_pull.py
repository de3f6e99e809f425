#!/usr/bin/python
"""Ansible module: pulls the images that the user takes from a registry, where a host lacks them."""

from __future__ import annotations

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.images_docker import LocalImage, local_images, pull
from ansible.module_utils.images_errors import ImagesError

DOCUMENTATION = r"""
module: image_pull
short_description: Pulls images that a host lacks
description:
  - Pulls what the engine does not hold, and returns each image's ID. An image that is there is not
    pulled again, even if its tag has moved on.
options:
  images:
    description: The external images that image_build returned.
    type: list
    elements: dict
    required: true
author: Luffy Bundle
"""

RETURN = r"""
pulled:
  description: The references that were pulled.
  type: list
  returned: always
variables:
  description: Each image's ref and config_digest (the ID that this engine gives it), by its
    variable's name.
  type: dict
  returned: always
"""

EXAMPLES = r"""
- name: Pull what the host lacks
  image_pull:
    images: "{{ built.images | selectattr('external') }}"
"""


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={"images": {"type": "list", "elements": "dict", "required": True}},
        supports_check_mode=True,
    )
    images = module.params["images"]
    refs = [image["ref"] for image in images]
    try:
        present = local_images(refs)
        absent = [ref for ref in refs if ref not in present]
        if absent and not module.check_mode:
            for ref in absent:
                pull(ref)
            present = local_images(refs)
    except ImagesError as error:
        if not module.check_mode:
            module.fail_json(msg=f"images: {error}")
        module.warn(f"all images count as absent: {error}")
        present, absent = {}, refs
    module.exit_json(
        changed=bool(absent),
        pulled=absent,
        variables={
            image["variable"]: _described(image["ref"], present.get(image["ref"]))
            for image in images
        },
    )


def _described(ref: str, image: LocalImage | None) -> dict[str, str]:
    # Absent is what check mode finds before anything has been pulled.
    return {
        "ref": ref,
        "config_digest": image.image_id if image else "",
    }


if __name__ == "__main__":
    main()
