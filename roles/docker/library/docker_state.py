#!/usr/bin/python
"""Ansible module: what of a container engine a host has, in one look."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule

DOCUMENTATION = """
module: docker_state
short_description: Tell what of a container engine a host has
description:
  - Everything that the role decides by is read in one go, since each module that is started on a
    host costs more than all that is read here. Nothing is changed.
  - Asks rpm or dpkg itself for packages, so that it needs neither their bindings for Python nor a
    repository.
options:
  manager:
    description: Whose package database is asked.
    type: str
    choices: [rpm, dpkg]
    required: true
  names:
    description: Names of packages.
    type: list
    elements: str
    required: true
  repository_file:
    description: The file that names the vendor's repository.
    type: path
    required: true
  configured_mark:
    description: A file that was touched when the engine had last taken its configuration over.
    type: path
    required: true
author: The Luffy Bundle authors
"""

EXAMPLES = """
- docker_state:
    manager: rpm
    names: [docker-ce, podman]
    repository_file: /etc/yum.repos.d/docker-ce.repo
    configured_mark: /run/luffy-bundle-docker-configured
"""

RETURN = """
packages:
  description: The installed ones by name, each with its version, without epoch.
  returned: always
  type: dict
  sample: {"docker-ce": "28.5.1-1.el9"}
daemon_version:
  description: The version of the dockerd on the path, 0 where it does not say one, or an empty
    string where there is none.
  returned: always
  type: str
  sample: 28.5.1
engine_version:
  description: The version of the engine that answers, or an empty string where none does.
  returned: always
  type: str
  sample: 28.5.1
configuration:
  description: The text of daemon.json, or an empty string where there is none.
  returned: always
  type: str
pending:
  description: Configuration that is newer than what the running engine has taken over.
  returned: always
  type: list
  sample: [/etc/docker/daemon.json]
compose_command:
  description: Whether there is a docker-compose command.
  returned: always
  type: bool
repository_sha256:
  description: The digest of O(repository_file), or an empty string where there is none.
  returned: always
  type: str
firewalld:
  description: Whether firewalld runs.
  returned: always
  type: bool
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
CONFIGURATION = Path("/etc/docker/daemon.json")
COMPOSE_COMMANDS = ("/usr/bin/docker-compose", "/usr/local/bin/docker-compose")
# Files, and folders of files, that the engine reads at its start.
CONFIGURED_BY = (
    CONFIGURATION,
    Path("/etc/systemd/system/docker.service.d"),
    Path("/etc/default/docker"),
)
PID_FILE = Path("/var/run/docker.pid")


def parse_packages(output: str) -> dict[str, str]:
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


def newer(places: tuple[Path, ...], than: tuple[Path, ...]) -> list[str]:
    """Return the files at or below ``places`` that are newer than each of ``than``.

    One of ``than`` that is not there is older than everything.
    """
    taken_over = max((path.stat().st_mtime_ns for path in than if path.exists()), default=0)
    files: list[Path] = []
    for place in places:
        files += sorted(place.rglob("*")) if place.is_dir() else [place]
    return [str(file) for file in files if file.is_file() and file.stat().st_mtime_ns > taken_over]


def installed_packages(module: AnsibleModule) -> dict[str, str]:
    """Ask the package manager; ends the module where its database cannot be read."""
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
    return parse_packages(output)


def configuration() -> str:
    """Return the text of daemon.json; raises UnicodeDecodeError where it is no text."""
    return CONFIGURATION.read_text(encoding="utf-8") if CONFIGURATION.exists() else ""


def said(module: AnsibleModule, command: str, *arguments: str) -> str:
    """Return what a command prints, or nothing where it is not there or fails."""
    path = module.get_bin_path(command)
    if path is None:
        return ""
    code, output, _ = module.run_command([path, *arguments])
    return "" if code else str(output).strip()


def version(text: str) -> str:
    """Return the first version in a text, or an empty string."""
    match = re.search(r"\d+\.\d+(\.\d+)?", text)
    return match[0] if match else ""


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "manager": {"type": "str", "choices": sorted(QUERIES), "required": True},
            "names": {"type": "list", "elements": "str", "required": True},
            "repository_file": {"type": "path", "required": True},
            "configured_mark": {"type": "path", "required": True},
        },
        supports_check_mode=True,
    )
    engine = version(said(module, "docker", "version", "--format", "{{.Server.Version}}"))
    daemon = said(module, "dockerd", "--version")
    repository = Path(module.params["repository_file"])
    mark = Path(module.params["configured_mark"])
    try:
        text = configuration()
    except UnicodeDecodeError as error:
        module.fail_json(msg=f"{CONFIGURATION}: expected UTF-8, found {error}; repair the file")
    module.exit_json(
        changed=False,
        packages=installed_packages(module),
        daemon_version=version(daemon) or ("0" if daemon else ""),
        engine_version=engine,
        configuration=text,
        # The mark lies in /run: a reboot takes it away, and the pid file is newer then.
        pending=newer(CONFIGURED_BY, (PID_FILE, mark)) if engine else [],
        compose_command=any(Path(path).exists() for path in COMPOSE_COMMANDS),
        repository_sha256=(
            hashlib.sha256(repository.read_bytes()).hexdigest() if repository.exists() else ""
        ),
        firewalld=said(module, "firewall-cmd", "--state") == "running",
    )


if __name__ == "__main__":
    main()
