#!/usr/bin/python
"""Ansible module: which versions of some packages are installed."""

from __future__ import annotations

from ansible.module_utils.basic import AnsibleModule

DOCUMENTATION = """
module: installed_packages
short_description: Tell which of some packages are installed
description:
  - Asks rpm or dpkg itself, so that it needs neither their bindings for Python nor a repository.
options:
  manager:
    description: Whose database is asked.
    type: str
    choices: [rpm, dpkg]
    required: true
  names:
    description: Names of packages.
    type: list
    elements: str
    required: true
author: The Luffy Bundle authors
"""

EXAMPLES = """
- installed_packages:
    manager: rpm
    names: [docker-ce, podman]
"""

RETURN = """
packages:
  description: The installed ones by name, each with its version, without epoch.
  returned: always
  type: dict
  sample: {"docker-ce": "28.5.1-1.el9"}
"""

QUERIES = {
    "rpm": ["rpm", "--query", "--queryformat", "%{NAME} installed %{VERSION}-%{RELEASE}\\n"],
    "dpkg": [
        "dpkg-query",
        "--show",
        "--showformat",
        "${Package} ${db:Status-Status} ${Version}\\n",
    ],
}


def parse(output: str) -> dict[str, str]:
    """Return name and version of each line ``name installed version``; other lines are not ours.

    rpm says in words, on a line of its own, that it does not know a package; dpkg lists those
    whose configuration files are left.
    """
    found = {}
    for line in output.splitlines():
        words = line.split()
        if len(words) == 3 and words[1] == "installed":
            found[words[0]] = words[2].rpartition(":")[2]
    return found


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "manager": {"type": "str", "choices": sorted(QUERIES), "required": True},
            "names": {"type": "list", "elements": "str", "required": True},
        },
        supports_check_mode=True,
    )
    manager, names = module.params["manager"], module.params["names"]
    code, output, error = module.run_command(
        [*QUERIES[manager], *names], environ_update={"LC_ALL": "C"}
    )
    # a name that is not installed is no error: rpm counts them in its exit code, dpkg ends with 1
    if code > (len(names) if manager == "rpm" else 1) or "error:" in error:
        module.fail_json(
            msg=f"the package database: expected {manager} to read it, found exit code {code}: "
            f"{error.strip()}; repair it first (rpm --rebuilddb, dpkg --configure -a)"
        )
    module.exit_json(changed=False, packages=parse(output))


if __name__ == "__main__":
    main()
