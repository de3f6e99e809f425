#!/usr/bin/python
"""Ansible module: whether the engine and its commands answer and are new enough."""

from __future__ import annotations

import re

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.compat.version import LooseVersion

DOCUMENTATION = """
module: docker_versions
short_description: Refuse an engine, Compose or buildx that does not answer or is too old
options:
  engine:
    description: The oldest version of the engine.
    type: str
    required: true
  compose:
    description: The oldest version of Compose, by the plugin and by its command.
    type: str
    required: true
  buildx:
    description: The oldest version of buildx.
    type: str
    required: true
author: The Luffy Bundle authors
"""

EXAMPLES = """
- docker_versions: {engine: "20.10", compose: "2.20", buildx: "0.10"}
"""

RETURN = """
versions:
  description: What answered, by name.
  returned: success
  type: dict
  sample: {"Docker engine": "28.5.1", "docker compose": "2.40.0"}
"""

OLDER_PLUGIN = (
    "remove an older plugin below ~/.docker/cli-plugins and /usr/local/lib/docker/cli-plugins"
)
# What is asked: its name, the parameter that says its oldest version, the command, what to do.
ASKED = (
    (
        "Docker engine",
        "engine",
        ["docker", "version", "--format", "{{.Server.Version}}"],
        "upgrade it, or remove it and run this again",
    ),
    ("docker compose", "compose", ["docker", "compose", "version", "--short"], OLDER_PLUGIN),
    (
        "docker-compose",
        "compose",
        ["docker-compose", "version", "--short"],
        "remove the older command that comes first on the path, most likely "
        "/usr/local/bin/docker-compose",
    ),
    ("docker buildx", "buildx", ["docker", "buildx", "version"], OLDER_PLUGIN),
)


def problem(name: str, oldest: str, answer: tuple[int, str, str], remedy: str) -> str:
    """Return what is wrong with an answer (exit code, output, errors), or an empty string."""
    code, output, errors = answer
    found = re.search(r"\d+\.\d+(\.\d+)?", output)
    if code == 0 and found and LooseVersion(found[0]) >= LooseVersion(oldest):
        return ""
    words = output.strip() if code == 0 else errors.strip() or output.strip()
    return f"{name}: expected {oldest} or newer, found {words or f'exit code {code}'}; {remedy}"


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            name: {"type": "str", "required": True} for name in ("engine", "compose", "buildx")
        },
        supports_check_mode=True,
    )
    problems, versions = [], {}
    for name, parameter, command, remedy in ASKED:
        path = module.get_bin_path(command[0])
        answer = (
            module.run_command([path, *command[1:]])
            if path
            else (127, "", f"no command {command[0]}")
        )
        versions[name] = str(answer[1]).strip()
        problems.append(problem(name, module.params[parameter], answer, remedy))
    if any(problems):
        module.fail_json(msg="\n".join(filter(None, problems)))
    module.exit_json(changed=False, versions=versions)


if __name__ == "__main__":
    main()
