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
configuration_kept:
  description: Whether daemon.json and its folder are root's, and nobody else may write to them.
  returned: always
  type: bool
pending:
  description: Configuration that is newer than what the running engine has taken over.
  returned: always
  type: list
  sample: [/etc/docker/daemon.json]
proxied:
  description: Whether this role wrote a proxy where the engine is told of one.
  returned: always
  type: bool
at_boot:
  description: Whether the engine is started at boot, by systemd or by the init script.
  returned: always
  type: bool
compose_command:
  description: Whether there is a docker-compose command.
  returned: always
  type: bool
compose_version:
  description: What Compose's plugin says its version is, or an empty string where it says none.
  returned: always
  type: str
  sample: 2.40.0
compose_command_version:
  description: The same of the command docker-compose.
  returned: always
  type: str
buildx_version:
  description: The same of buildx.
  returned: always
  type: str
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
INIT_SETTINGS = Path("/etc/default/docker")
COMPOSE_COMMANDS = ("/usr/bin/docker-compose", "/usr/local/bin/docker-compose")
# Files, and folders of files, that the engine reads at its start.
CONFIGURED_BY = (
    CONFIGURATION,
    Path("/etc/systemd/system/docker.service.d"),
    INIT_SETTINGS,
)
UNIT_PROXY = Path("/etc/systemd/system/docker.service.d/luffy-bundle-proxy.conf")
PROXY_MARK = "# BEGIN proxy of luffy-bundle"
ROOTS_FOLDER, ROOTS_FILE = 0o755, 0o644
# By these the init script is started, in one runlevel or another.
RUNLEVELS = Path("/etc")
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


def kept(path: Path, mode: int) -> bool:
    """Tell whether a file or folder is there, root's, and has exactly this mode."""
    if path.is_symlink() or not path.exists():
        return False
    status = path.stat()
    return (status.st_uid, status.st_gid, status.st_mode & 0o7777) == (0, 0, mode)


def proxied() -> bool:
    """Tell whether the engine's unit, or its init script, was told of a proxy by this role."""
    if UNIT_PROXY.exists():
        return True
    return INIT_SETTINGS.is_file() and PROXY_MARK in INIT_SETTINGS.read_text(errors="replace")


def at_boot(module: AnsibleModule) -> bool:
    """Tell whether the engine is started at boot."""
    if Path("/run/systemd/system").is_dir():
        return said(module, "systemctl", "is-enabled", "docker") == "enabled"
    return any(RUNLEVELS.glob("rc[2-5].d/S*docker"))


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
        configuration_kept=(
            kept(CONFIGURATION.parent, ROOTS_FOLDER) and kept(CONFIGURATION, ROOTS_FILE)
        ),
        proxied=proxied(),
        at_boot=at_boot(module),
        # The mark lies in /run: a reboot takes it away, and the pid file is newer then.
        pending=newer(CONFIGURED_BY, (PID_FILE, mark)) if engine else [],
        compose_command=any(Path(path).exists() for path in COMPOSE_COMMANDS),
        compose_version=version(said(module, "docker", "compose", "version", "--short")),
        compose_command_version=version(said(module, "docker-compose", "version", "--short")),
        buildx_version=version(said(module, "docker", "buildx", "version")),
        repository_sha256=(
            hashlib.sha256(repository.read_bytes()).hexdigest() if repository.exists() else ""
        ),
        firewalld=said(module, "firewall-cmd", "--state") == "running",
    )


if __name__ == "__main__":
    main()
