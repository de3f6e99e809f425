"""The hosts of an inventory, and the release engine on each."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parent.parent
LOCAL = "local"
SSH_FAILED = 255
NOT_DEPLOYED = 66
# The shell's own word for it: the engine, too, ends with 66, and says itself why.
NO_ENGINE = 97


class InventoryError(Exception):
    """The inventory, or a host named on the command line, is not usable."""


@dataclass(frozen=True)
class EngineAnswer:
    """How the engine ended, and what it printed where that was captured."""

    code: int
    out: str = ""


@dataclass(frozen=True)
class Host:
    """One host of the inventory, as Ansible would reach it."""

    name: str
    bundle_name: str
    connection: str
    address: str
    user: str | None
    port: int | None
    key_file: str | None
    ssh_arguments: tuple[str, ...]

    def engine(
        self,
        arguments: list[str],
        *,
        terminal: bool = False,
        capture: bool = False,
        each_line: Callable[[str], None] | None = None,
        with_input: bool = True,
    ) -> EngineAnswer:
        """Run the release engine there; returns its exit status and what was captured.

        Its output is shown; with ``capture`` what it prints is returned instead, and with
        ``each_line`` handed on line by line. With ``terminal`` the caller's terminal is its own, as
        a shell needs it; without input it reads nothing. A host that does not answer, or that
        nothing was deployed to, is named with what to do.
        """
        root = f"/opt/{self.bundle_name}"
        engine = f"{root}/engine.pyz"
        command = shlex.join(["python3", engine, arguments[0], "--root", root, *arguments[1:]])
        script = f"test -e {shlex.quote(engine)} || exit {NO_ENGINE}; exec {command}"
        taken = subprocess.PIPE if capture or each_line else None
        given = None if with_input else subprocess.DEVNULL
        with subprocess.Popen(
            self._as_root(["sh", "-c", script], terminal), stdin=given, stdout=taken, text=True
        ) as process:
            if each_line and process.stdout:
                for line in process.stdout:
                    each_line(line.rstrip("\n"))
            out = process.communicate()[0] or ""
        # One that a signal ended has its number below 0: to the shell, as above it, 128 and more.
        code = process.returncode if process.returncode >= 0 else 128 - process.returncode
        if code == SSH_FAILED and self.connection != LOCAL:
            print(
                f"{self.name}: expected an SSH login at {self.address}; found what ssh says above; "
                "do: check its address, port, user and key in the inventory",
                file=sys.stderr,
            )
        if code == NO_ENGINE:
            code = NOT_DEPLOYED
            print(
                f"{self.name}: expected a deployment in {root}; found none; do: scripts/up, "
                "or name the inventory that you deployed with: -i FILE",
                file=sys.stderr,
            )
        return EngineAnswer(code, out)

    def _as_root(self, command: list[str], terminal: bool) -> list[str]:
        if self.connection == LOCAL:
            return command if os.geteuid() == 0 else ["sudo", *command]
        # OpenSSH itself, as Ansible uses it: known hosts, agents and jump hosts hold here too.
        ssh = ["ssh", *(["-t"] if terminal else []), *self.ssh_arguments]
        ssh += ["-p", str(self.port)] if self.port else []
        ssh += ["-i", self.key_file] if self.key_file else []
        target = f"{self.user}@{self.address}" if self.user else self.address
        as_root = [] if self.user == "root" else ["sudo"]
        return [*ssh, target, shlex.join([*as_root, *command])]


def inventory_path(inventory: str) -> Path:
    """Return the inventory's absolute path: as the caller sees it, or else the checkout's own.

    Raises InventoryError where there is none.
    """
    for path in (Path(inventory), REPOSITORY / inventory):
        if path.exists():
            return path.resolve()
    raise InventoryError(
        f"inventory: expected a file; found no {inventory} here or in {REPOSITORY}; "
        "do: correct the name, or copy inventory.example.ini and put your hosts in"
    )


def hosts_of(inventory: str, names: str) -> list[Host]:
    """Return the bundle's hosts of ``inventory``, or those in ``names`` (separated by commas).

    Raises InventoryError where the inventory cannot be read or a name is not in it.
    """
    path = inventory_path(inventory)
    listing = subprocess.run(
        [ansible_program("ansible-inventory"), "-i", str(path), "--list"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    if listing.returncode:
        raise InventoryError(f"inventory {path}: {listing.stderr.strip()}")
    content = json.loads(listing.stdout)
    variables: dict[str, dict[str, Any]] = content["_meta"]["hostvars"]
    known: list[str] = content.get("bundle", {}).get("hosts", [])
    wanted = [name.strip() for name in names.split(",") if name.strip()] or known
    unknown = sorted(set(wanted) - set(known))
    if unknown or not wanted:
        raise InventoryError(
            f"--hosts: expected names of the group [bundle] in {path} "
            f"({', '.join(known) or 'it is empty'}); found {', '.join(unknown) or 'none'}; "
            "do: correct the name or the inventory"
        )
    return [host_from(name, variables.get(name, {})) for name in wanted]


def host_from(name: str, variables: dict[str, Any]) -> Host:
    """Return the host that ``variables`` of an inventory describe."""
    arguments = [
        str(variables.get(key, "")) for key in ("ansible_ssh_common_args", "ansible_ssh_extra_args")
    ]
    return Host(
        name=name,
        bundle_name=variables.get("bundle_name", "luffy-bundle"),
        connection=variables.get("ansible_connection", "ssh"),
        address=variables.get("ansible_host", name),
        user=variables.get("ansible_user"),
        port=int(variables["ansible_port"]) if "ansible_port" in variables else None,
        key_file=variables.get("ansible_ssh_private_key_file"),
        ssh_arguments=tuple(word for text in arguments for word in shlex.split(text)),
    )


def ansible_program(name: str) -> str:
    """Return the path of an Ansible program that belongs to this very Python."""
    return str(Path(sys.executable).parent / name)
