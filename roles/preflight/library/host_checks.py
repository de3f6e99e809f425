#!/usr/bin/python
"""The Ansible module `host_checks`: does a host offer what the bundle needs."""

from __future__ import annotations

DOCUMENTATION = r"""
module: host_checks
short_description: Check whether a host offers what the bundle needs
description:
  - Checks memory, disk, ports, addresses, the kernel and the clock of a host.
  - Reads only; check mode is the same as any other.
options:
  root:
    description: The folder that /proc, /sys, /boot, /lib/modules and the disk paths are read under.
    type: path
    default: /
  min_memory_mb:
    description: Memory that the host must have, in MB of 1024² bytes.
    type: int
    required: true
  disk_paths:
    description: Folders whose filesystems must have room.
    type: list
    elements: str
    required: true
  min_disk_gb:
    description: Free space for each of them before the first deployment, in GB of 10⁹ bytes.
    type: float
    required: true
  min_disk_gb_deployed:
    description: The same where the bundle runs already.
    type: float
    required: true
  ports:
    description: Ports that must be free, or held by a container of the project I(bundle_name).
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: The variable that sets the port.
        type: str
        required: true
      address:
        description: The IP address that the port is bound at.
        type: str
        required: true
      port:
        description: The port, or the first of several.
        type: int
        required: true
      count:
        description: How many ports follow each other from there.
        type: int
        default: 1
  bundle_name:
    description: The bundle's Compose project.
    type: str
    required: true
  bundle_root:
    description: The bundle's folder on the host; it holds C(current) once the bundle is deployed.
    type: path
    required: true
  docker_socket:
    description: Where a Docker engine answers, if there is one.
    type: path
    default: /var/run/docker.sock
  in_container:
    description: Whether the host is a container, from where the kernel's modules cannot be seen.
    type: bool
    default: false
  clock_reference:
    description: The moment to compare the clock with, in UTC, as in C(2026-01-31T12:00:00Z).
    type: str
    required: true
  max_clock_skew_s:
    description: How far the clock may be from that, in seconds.
    type: int
    required: true
"""

EXAMPLES = r"""
- name: Check that nobody else holds the site's port
  host_checks:
    min_memory_mb: 1800
    disk_paths: [/opt]
    min_disk_gb: 10
    min_disk_gb_deployed: 2
    ports: [{name: site_port, address: 127.0.0.1, port: 80}]
    bundle_name: luffy-bundle
    bundle_root: /opt/luffy-bundle
    clock_reference: "{{ now(utc=true, fmt='%Y-%m-%dT%H:%M:%SZ') }}"
    max_clock_skew_s: 300
"""

RETURN = r"""
findings:
  description: What each check expected and found, and what to do where it failed.
  returned: always
  type: list
  elements: dict
  sample:
    - check: memory
      ok: false
      expected: 1800 MB of memory
      found: 974 MB
      advice: give the host more memory
      note: ""
"""

import time  # noqa: E402 - Ansible's documentation blocks come first
from pathlib import Path  # noqa: E402

from ansible.module_utils.basic import AnsibleModule  # noqa: E402
from ansible.module_utils.preflight_kernel import check_kernel  # noqa: E402
from ansible.module_utils.preflight_ports import check_addresses, check_ports  # noqa: E402
from ansible.module_utils.preflight_resources import (  # noqa: E402
    check_clock,
    check_disk,
    check_memory,
)

ARGUMENTS = {
    "root": {"type": "path", "default": "/"},
    "min_memory_mb": {"type": "int", "required": True},
    "disk_paths": {"type": "list", "elements": "str", "required": True},
    "min_disk_gb": {"type": "float", "required": True},
    "min_disk_gb_deployed": {"type": "float", "required": True},
    "ports": {
        "type": "list",
        "elements": "dict",
        "required": True,
        "options": {
            "name": {"type": "str", "required": True},
            "address": {"type": "str", "required": True},
            "port": {"type": "int", "required": True},
            "count": {"type": "int", "default": 1},
        },
    },
    "bundle_name": {"type": "str", "required": True},
    "bundle_root": {"type": "path", "required": True},
    "docker_socket": {"type": "path", "default": "/var/run/docker.sock"},
    "in_container": {"type": "bool", "default": False},
    "clock_reference": {"type": "str", "required": True},
    "max_clock_skew_s": {"type": "int", "required": True},
}


def main() -> None:
    """Run every check and hand all of their findings back: refusing is the role's part."""
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    wanted = module.params
    root = Path(wanted["root"])
    deployed = (root / wanted["bundle_root"].lstrip("/") / "current").exists()
    min_disk_gb = wanted["min_disk_gb_deployed"] if deployed else wanted["min_disk_gb"]
    findings = [
        *check_memory(root, wanted["min_memory_mb"]),
        *check_disk(root, wanted["disk_paths"], min_disk_gb),
        *check_addresses(wanted["ports"]),
        *check_ports(root, wanted["ports"], wanted["bundle_name"], wanted["docker_socket"]),
        *check_kernel(root, wanted["in_container"]),
        *check_clock(wanted["clock_reference"], time.time(), wanted["max_clock_skew_s"]),
    ]
    module.exit_json(changed=False, findings=findings)


if __name__ == "__main__":
    main()
