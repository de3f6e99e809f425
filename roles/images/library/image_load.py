#!/usr/bin/python
"""Ansible module: loads an archive of images on a host, and makes sure of what was loaded."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.images_archive import file_sha256
from ansible.module_utils.images_docker import (
    LOAD_TIMEOUT_S,
    engine,
    local_images,
    require_free_space,
    run_docker,
)
from ansible.module_utils.images_errors import ImagesError
from ansible.module_utils.images_records import is_the_image, write_record

DOCUMENTATION = r"""
module: image_load
short_description: Loads an archive of images and verifies them
description:
  - Refuses an archive whose digest is not the expected one, before anything of it is loaded.
  - Compares each image's config digest with the archive's where the engine reports it. An engine
    with the containerd image store reports another ID; the archive's digest vouches for the content
    there.
  - Leaves a record of every image, and removes the archive, whatever came of it.
options:
  path:
    description: The archive on this host.
    type: path
    required: true
  sha256:
    description: The digest that the archive must have.
    required: true
  config_digests:
    description: The config digest that each reference must have.
    type: dict
    required: true
  folder:
    description: Where the records are kept.
    type: path
    required: true
  give_up:
    description: Whether a damaged archive is an error; otherwise RV(damaged) says so.
    type: bool
    default: true
author: Luffy Bundle
"""

RETURN = r"""
damaged:
  description: Whether the archive was refused because its digest differs.
  type: bool
  returned: always
loaded:
  description: The references that were loaded.
  type: list
  returned: always
"""

EXAMPLES = r"""
- name: Load what was shipped
  image_load:
    path: /opt/luffy-bundle/images/incoming.tar.gz
    sha256: "{{ archive.sha256 }}"
    config_digests: "{{ archive.config_digests }}"
    folder: /opt/luffy-bundle/images
"""


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "path": {"type": "path", "required": True},
            "sha256": {"required": True},
            "config_digests": {"type": "dict", "required": True},
            "folder": {"type": "path", "required": True},
            "give_up": {"type": "bool", "default": True},
        },
        supports_check_mode=True,
    )
    params = module.params
    if module.check_mode:
        module.exit_json(changed=True, damaged=False, loaded=sorted(params["config_digests"]))
    archive = Path(params["path"])
    try:
        found = file_sha256(archive) if archive.exists() else "no file"
        if found != params["sha256"]:
            if not params["give_up"]:
                module.exit_json(changed=True, damaged=True, loaded=[])
            raise ImagesError(
                f"{archive} to arrive with the SHA-256 {params['sha256']}",
                f"{found}, twice",
                "The connection or this host's disk damages data: see its kernel log (dmesg)."
                " Nothing has been loaded.",
            )
        _load(archive, params)
        module.exit_json(changed=True, damaged=False, loaded=sorted(params["config_digests"]))
    except ImagesError as error:
        module.fail_json(msg=f"images: {error}")
    finally:
        archive.unlink(missing_ok=True)


def _load(archive: Path, params: dict[str, Any]) -> None:
    here = engine()
    require_free_space(here.root_dir, archive.stat().st_size, "load the images")
    answer = run_docker("load", "--quiet", "--input", str(archive), timeout_s=LOAD_TIMEOUT_S)
    if answer.returncode:
        raise ImagesError(
            f"docker load to take {archive}",
            (answer.stderr.strip().splitlines() or ["no reason given"])[-1],
            "See the engine's log: journalctl -u docker -n 50. What ran before still runs.",
        )
    folder = Path(params["folder"])
    digests = params["config_digests"]
    held = local_images(sorted(digests))
    for ref, digest in digests.items():
        local = held.get(ref)
        if local and here.containerd_store:
            write_record(folder, local, digest, params["sha256"])
        if not local or not is_the_image(folder, local, digest):
            raise ImagesError(
                f"{ref} with the config digest {digest} after docker load",
                local.image_id if local else "no such image",
                "Run again; if it persists, the engine's store is damaged: see its log.",
            )
        write_record(folder, local, digest, params["sha256"])


if __name__ == "__main__":
    main()
