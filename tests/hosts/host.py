"""A machine for a test: a container with an SSH server, and what a test does with it."""

import ast
import shlex
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from .docker_cli import docker
from .errors import TestHostError
from .images import image
from .network import HostNetwork

BOOT_TIMEOUT_S = 60.0
SSH_TIMEOUT_S = 300.0

# Not --privileged: the kernel, its modules and its clock are the machine's own, and a host that
# may raise its resource limits would show limits that a real one has not.
_RIGHTS = (
    "--cap-add=ALL",
    "--cap-drop=SYS_RESOURCE",
    "--cap-drop=SYS_TIME",
    "--cap-drop=SYS_MODULE",
    "--security-opt=seccomp=unconfined",
    "--security-opt=apparmor=unconfined",
    "--security-opt=systempaths=unconfined",
    "--security-opt=no-new-privileges=false",  # sudo; the machine's engine may forbid it by default
    "--device-cgroup-rule=a *:* rwm",
    "--cgroupns=private",
)


@dataclass
class Host:
    """A running host.

    Attributes:
        name: the host's name, also in the inventory.
        container: its name for Docker: the session's prefix, then ``name``.
        address: its IPv4 address, reachable from this machine.
        network: what it shares with the session's other hosts.
        user: may become root by sudo without a password.
        inventory_variables: further variables of its inventory line.
    """

    name: str
    container: str
    address: str
    network: HostNetwork
    user: str = "ansible"
    ssh_port: int = 22
    inventory_variables: Mapping[str, object] = field(default_factory=dict)

    @property
    def key_path(self) -> Path:
        """Return the private SSH key that ``user`` accepts."""
        return self.network.key_path

    @property
    def ssh_options(self) -> tuple[str, ...]:
        """Return ssh's options for this host, independent of the machine's own configuration."""
        return (
            "-F",
            "none",
            "-o",
            "StrictHostKeyChecking=no",
            "-o",
            "UserKnownHostsFile=/dev/null",
            "-o",
            "LogLevel=ERROR",
            "-o",
            f"ControlPath={self.network.control_path}",
        )

    def inventory_line(self, **variables: object) -> str:
        """Return the host's line of an INI inventory, with further host variables."""
        values = {
            "ansible_host": self.address,
            "ansible_port": self.ssh_port,
            "ansible_user": self.user,
            "ansible_ssh_private_key_file": str(self.key_path),
            "ansible_ssh_common_args": " ".join(self.ssh_options),
            "ansible_python_interpreter": "/usr/bin/python3",
            **self.inventory_variables,
            **variables,
        }
        return " ".join([self.name, *(f"{key}={_ini(value)}" for key, value in values.items())])

    def write_inventory(self, path: Path, group: str = "bundle", **variables: object) -> Path:
        """Write an inventory with this host alone in ``group``, and return its path."""
        path.write_text(f"[{group}]\n{self.inventory_line(**variables)}\n")
        return path

    def run(
        self, command: str, *, timeout_s: float = SSH_TIMEOUT_S
    ) -> "subprocess.CompletedProcess[str]":
        """Run a shell command over SSH as ``user``; the result has its output and exit code."""
        return subprocess.run(
            [
                "ssh",
                *self.ssh_options,
                "-o",
                "BatchMode=yes",
                "-o",
                "ConnectTimeout=5",
                "-o",
                "ControlMaster=no",
                "-i",
                str(self.key_path),
                "-p",
                str(self.ssh_port),
                f"{self.user}@{self.address}",
                command,
            ],
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
        )

    def ssh(self, command: str, *, sudo: bool = False, timeout_s: float = SSH_TIMEOUT_S) -> str:
        """Run a shell command over SSH and return what it printed.

        Raises:
            TestHostError: the command ended with an error.
        """
        whole = f"sudo sh -c {shlex.quote(command)}" if sudo else command
        result = self.run(whole, timeout_s=timeout_s)
        if result.returncode != 0:
            raise TestHostError(
                f"{self.name}: {whole}: ended with {result.returncode}\n"
                f"{result.stdout}{result.stderr}"
            )
        return result.stdout

    def write_file(self, path: str, content: str, mode: str = "0644") -> None:
        """Put a file on the host, owned by root."""
        command = f'cat > "{path}" && chmod {mode} "{path}"'
        docker("exec", "-i", self.container, "sh", "-c", command, stdin=content)

    def hide(self, *commands: str) -> None:
        """Take commands away from the host, as if their packages were not installed.

        Every file on the PATH whose name begins with a given one goes, so that ``python3`` takes
        ``python3.11`` along. What a test host inherits from Debian (``perl``, ``dpkg-deb``) is
        hidden in this way too.
        """
        for command in commands:
            script = (
                "mkdir -p /usr/libexec/test-host && "
                f"for file in /usr/bin/{command}* /usr/sbin/{command}* /usr/libexec/{command}*; do "
                '[ ! -e "$file" ] && [ ! -L "$file" ] || mv "$file" /usr/libexec/test-host/; done'
            )
            docker("exec", self.container, "sh", "-c", script)

    def down(self) -> None:
        """Remove the host and its disk. A host that is gone already is no error."""
        docker("rm", "--force", "--volumes", self.container)


def state(host: Host) -> set[str]:
    """Return what would show a change: files with size and time, packages, and what runs.

    /root is left out: Ansible and gpg keep files of their own there.
    """
    return set(
        host.ssh(
            "find /etc /usr /opt -xdev -printf '%p %s %T@ %m\\n'; "
            "rpm -qa 2> /dev/null; dpkg-query -W 2> /dev/null; ps -e -o comm= | grep -i docker; "
            "systemctl list-unit-files 2> /dev/null | grep -v transient || true",
            sudo=True,
        ).splitlines()
    )


def start(
    host: Host, target: str, docker_options: Sequence[str], addresses: Mapping[str, str]
) -> None:
    """Start a host from an image of ``images.TARGETS``; it boots on its own."""
    network = host.network
    # With firewalld running, Docker's own name server no longer answers: names are given as files.
    names = dict.fromkeys(network.repository_names, network.repository_address) | dict(addresses)
    docker(
        "run",
        "--detach",
        *network.labels,
        "--name",
        host.container,
        "--hostname",
        host.name,
        "--restart=unless-stopped",  # the reboot module: a container whose init ends starts again
        *_RIGHTS,
        "--tmpfs=/run",
        "--tmpfs=/run/lock",
        "--tmpfs=/tmp:exec",
        "--network",
        network.name,
        "--ip",
        host.address,
        *(option for name, to in names.items() for option in ("--add-host", f"{name}:{to}")),
        "--volume=/var/lib/docker",  # overlay2 refuses to sit on overlay
        "--volume",
        f"{network.key_path}.pub:/home/ansible/.ssh/authorized_keys:ro",
        *docker_options,
        image(target),
    )


def wait(host: Host, ready: str, answers: Sequence[str]) -> None:
    """Wait until a command over SSH prints one of some answers.

    Raises:
        TestHostError: none came within ``BOOT_TIMEOUT_S``; the message has the container's log.
    """
    begin = time.monotonic()
    while time.monotonic() - begin < BOOT_TIMEOUT_S:
        answer = host.run(ready, timeout_s=BOOT_TIMEOUT_S)
        if answer.stdout.strip() in answers:
            return
        time.sleep(0.2)
    raise TestHostError(
        f"{host.name} did not answer over SSH within {BOOT_TIMEOUT_S:.0f} s: "
        f"{answer.stdout}{answer.stderr}\n{docker('logs', '--tail', '30', host.container)}"
    )


def _ini(value: object) -> str:
    """Write a value for an INI inventory: a line is split as a shell does, then read as Python."""
    if isinstance(value, str):
        try:
            ast.literal_eval(value)
        except (SyntaxError, ValueError):
            return shlex.quote(value)
        return shlex.quote(repr(value))  # "26" would become a number
    return shlex.quote(repr(value))
