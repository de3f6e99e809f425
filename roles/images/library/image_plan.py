#!/usr/bin/python
"""Ansible module: which images a deployment needs, and which of them are not built yet."""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.images_catalogue import BASE, read_catalogue
from ansible.module_utils.images_digests import built_images
from ansible.module_utils.images_docker import engine, local_images, require_free_space
from ansible.module_utils.images_errors import ImagesError
from ansible.module_utils.images_mirror import (
    SUITE,
    is_debian_family,
    machine_mirror,
    os_release,
    require_answer,
    require_mirror,
    security_candidates,
    suite_problem,
)
from ansible.module_utils.images_plan import BaseChoice, PlannedImage, mark_missing, plan_images

DOCUMENTATION = r"""
module: image_plan
short_description: Plans the build of the bundle's images
description:
  - Reads the catalogue of images, computes each one's tag from what it is built from, asks the
    local engine which are there, and checks that everything the missing ones need is at hand.
  - Changes no image, in check mode or not.
options:
  services:
    description: The folder with images.json and the images' sources.
    type: path
    required: true
  work_dir:
    description: Where the build keeps its temporary files, and what it knows of images.
    type: path
    required: true
  base_source:
    description: Where the base image comes from.
    choices: [mirror, registry]
    default: mirror
  base_registry_ref:
    description: The Debian trixie image to start from, with I(base_source=registry).
    default: ""
  base_refresh:
    description: A date; a new one makes the base image anew.
    required: true
  debian_mirror:
    description: Debian's mirror; empty for the machine's own, else mmdebstrap's.
    default: ""
  debian_security_mirror:
    description: Where trixie-security is; empty to look beside the mirror, then at Debian's own.
    default: ""
  pip_index_url:
    description: The Python package index; empty for pip's default.
    default: ""
  npm_registry:
    description: The npm registry; empty for npm's default.
    default: ""
  ca_bundle:
    description: The certificates that mirrors are checked against; empty for none.
    default: ""
  overrides:
    description: Images that are taken from a registry instead, by service name.
    type: dict
    default: {}
  build_args:
    description: Build arguments that shape an image's content, by service name.
    type: dict
    default: {}
author: Luffy Bundle
"""

RETURN = r"""
images:
  description: >-
    Every image in the order to build them: name, variable, ref, tag, context, depends, args,
    external, missing, image_id and size.
  type: list
  returned: always
missing:
  description: The references of those that are to be built.
  type: list
  returned: always
built:
  description: Where none is missing, what image_build would return of them, images and variables;
    so it need not be asked.
  type: dict
  returned: always
sources:
  description: Where the parts come from, as image_build takes it.
  type: dict
  returned: always
packages:
  description: Packages that this machine needs before the base image can be bootstrapped.
  type: list
  returned: always
architecture:
  description: The engine's architecture.
  type: str
  returned: always
"""

EXAMPLES = r"""
- name: Plan the build
  image_plan:
    services: /srv/luffy-bundle/services
    work_dir: /srv/luffy-bundle/.cache/images
    base_refresh: "2026-11-01"
"""

# The base image's root file system, as an archive.
BOOTSTRAP_BYTES = 256 * 2**20


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "services": {"type": "path", "required": True},
            "work_dir": {"type": "path", "required": True},
            "base_source": {"choices": ["mirror", "registry"], "default": "mirror"},
            "base_registry_ref": {"default": ""},
            "base_refresh": {"required": True},
            "debian_mirror": {"default": ""},
            "debian_security_mirror": {"default": ""},
            "pip_index_url": {"default": ""},
            "npm_registry": {"default": ""},
            "ca_bundle": {"default": ""},
            "overrides": {"type": "dict", "default": {}},
            "build_args": {"type": "dict", "default": {}},
        },
        supports_check_mode=True,
    )
    try:
        module.exit_json(changed=False, **plan(module.params, module.check_mode, module.warn))
    except ImagesError as error:
        module.fail_json(msg=f"images: {error}")


def plan(params: dict[str, Any], check_mode: bool, warn: Any) -> dict[str, Any]:
    """Return the plan as the module's result; raises ImagesError for what forbids the build."""
    from_registry = params["base_source"] == "registry"
    if from_registry and not params["base_registry_ref"]:
        raise ImagesError(
            "base_image_registry_ref with base_image_source: registry",
            "none",
            "Set it to a Debian trixie image, such as docker.io/library/debian:trixie-slim.",
        )
    ca = params["ca_bundle"]
    if ca and not Path(ca).is_file():
        raise ImagesError(
            "a file with certificates at build_ca_bundle", ca, "Correct the path, or empty it."
        )
    services = Path(params["services"])
    images = plan_images(
        read_catalogue(services / "images.json"),
        services,
        BaseChoice(params["base_source"], params["base_registry_ref"], params["base_refresh"]),
        params["overrides"],
        params["build_args"],
    )
    mirror = _mirror(params, from_registry)
    architecture = _look_at_engine(images, None if from_registry else mirror, check_mode, warn)
    missing = {image.name: image.ref for image in images if image.missing}
    planned = [dataclasses.asdict(image) for image in images]
    sources = {
        "mirror": mirror,
        "security_mirror": "",
        "updates": False,
        "registry_ref": params["base_registry_ref"] if from_registry else "",
        "refresh": params["base_refresh"],
        "pip_index_url": params["pip_index_url"],
        "npm_registry": params["npm_registry"],
        "ca_bundle": ca,
    }
    packages: list[str] = []
    if missing:
        if not from_registry and BASE in missing:
            packages = _bootstrap_packages()
        _require_sources(params, mirror, ca)
        require_free_space(params["work_dir"], BOOTSTRAP_BYTES, "bootstrap the base image")
    if BASE in missing and mirror:
        sources.update(_further_suites(params, mirror, ca, warn))
    return {
        "images": planned,
        "missing": sorted(missing.values()),
        "built": {} if missing else built_images(planned, Path(params["work_dir"])),
        "sources": sources,
        "packages": packages,
        "architecture": architecture,
    }


def _mirror(params: dict[str, Any], from_registry: bool) -> str:
    """The mirror that is set or that this machine uses; empty for mmdebstrap's own.

    Raises ImagesError for a security mirror alone: mmdebstrap's own sources would take its place.
    """
    mirror = str(params["debian_mirror"]).rstrip("/")
    if mirror or from_registry:
        return mirror
    mirror = machine_mirror() or ""
    if not mirror and params["debian_security_mirror"]:
        raise ImagesError(
            "debian_mirror beside debian_security_mirror",
            "none, nor one of Debian's among this machine's apt sources",
            "Set debian_mirror too, or empty debian_security_mirror.",
        )
    return mirror


def _look_at_engine(
    images: list[PlannedImage], mirror: str | None, check_mode: bool, warn: Any
) -> str:
    try:
        present = local_images([image.ref for image in images if not image.external])
        found = engine()
    except ImagesError as error:
        # Check mode may come before the first run has installed an engine.
        if not check_mode:
            raise
        warn(f"all images count as missing: {error}")
        mark_missing(images, {}, mirror)
        return ""
    mark_missing(images, present, mirror)
    return str(found.architecture)


def _bootstrap_packages() -> list[str]:
    release = os_release(Path("/"))
    if shutil.which("mmdebstrap"):
        return []
    if not is_debian_family(release):
        raise ImagesError(
            "a Debian or Ubuntu machine to build the base image on",
            release.get("PRETTY_NAME", "an unknown system"),
            "Run this from such a machine (it ships the images to this one),"
            " or set base_image_source: registry.",
        )
    return ["mmdebstrap"]


def _require_sources(params: dict[str, Any], mirror: str, ca: str) -> None:
    if mirror:
        if mirror.startswith("https:") and not ca:
            raise ImagesError(
                "build_ca_bundle with an https mirror, which builds check it against",
                "none",
                "Point it at a file with certificates, such as /etc/ssl/certs/ca-certificates.crt,"
                " or use the mirror's http address: apt checks signatures either way.",
            )
        require_mirror(mirror, ca)
    for option in ("pip_index_url", "npm_registry"):
        if params[option]:
            require_answer(option, params[option], ca)


def _further_suites(params: dict[str, Any], mirror: str, ca: str, warn: Any) -> dict[str, Any]:
    updates = suite_problem(mirror, f"{SUITE}-updates", ca)
    asked = params["debian_security_mirror"].rstrip("/")
    problems = {}
    security = ""
    for candidate in [asked] if asked else security_candidates(mirror):
        problems[candidate] = suite_problem(candidate, f"{SUITE}-security", ca)
        if not problems[candidate]:
            security = candidate
            break
    else:
        tried = "; ".join(f"{url}: {problem}" for url, problem in problems.items())
        warn(
            "the images get no security updates beyond Debian's point releases:"
            f" {SUITE}-security is not usable ({tried}). Set debian_security_mirror."
        )
    return {"updates": not updates, "security_mirror": security}


if __name__ == "__main__":
    main()
