"""The hosts of an inventory, and the release engine on each."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fabric import Connection

REPOSITORY = Path(__file__).resolve().parent.parent
LOCAL = "local"


class InventoryError(Exception):
    """The inventory, or a host named on the command line, is not usable."""


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

    def engine(self, arguments: list[str]) -> int:
        """Run the release engine there, show what it prints, and return its exit status."""
        command = ["python3", f"/opt/{self.bundle_name}/engine.pyz", arguments[0]]
        command += ["--root", f"/opt/{self.bundle_name}", *arguments[1:]]
        if self.connection == LOCAL:
            as_root = [] if os.geteuid() == 0 else ["sudo"]
            return subprocess.run([*as_root, *command], check=False).returncode
        as_root = [] if self.user == "root" else ["sudo"]
        connect_kwargs = {"key_filename": self.key_file} if self.key_file else {}
        with Connection(
            self.address, user=self.user, port=self.port, connect_kwargs=connect_kwargs
        ) as connection:
            result = connection.run(shlex.join([*as_root, *command]), warn=True, in_stream=False)
        return int(result.exited)


def hosts_of(inventory: str, names: str) -> list[Host]:
    """Return the bundle's hosts of ``inventory``, or those in ``names`` (separated by commas).

    Raises InventoryError where the inventory cannot be read or a name is not in it.
    """
    if not Path(inventory).exists():
        raise InventoryError(
            f"inventory: expected a file; found no {inventory}; do: copy inventory.example.ini"
        )
    listing = subprocess.run(
        [ansible_program("ansible-inventory"), "-i", inventory, "--list"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    if listing.returncode:
        raise InventoryError(f"inventory {inventory}: {listing.stderr.strip()}")
    content = json.loads(listing.stdout)
    variables: dict[str, dict[str, Any]] = content["_meta"]["hostvars"]
    known: list[str] = content.get("bundle", {}).get("hosts", [])
    wanted = [name.strip() for name in names.split(",") if name.strip()] or known
    unknown = sorted(set(wanted) - set(known))
    if unknown or not wanted:
        raise InventoryError(
            f"--hosts: expected names of the group [bundle] in {inventory} "
            f"({', '.join(known) or 'it is empty'}); found {', '.join(unknown) or 'none'}; "
            "do: correct the name or the inventory"
        )
    return [host_from(name, variables.get(name, {})) for name in wanted]


def host_from(name: str, variables: dict[str, Any]) -> Host:
    """Return the host that ``variables`` of an inventory describe."""
    return Host(
        name=name,
        bundle_name=variables.get("bundle_name", "luffy-bundle"),
        connection=variables.get("ansible_connection", "ssh"),
        address=variables.get("ansible_host", name),
        user=variables.get("ansible_user"),
        port=int(variables["ansible_port"]) if "ansible_port" in variables else None,
        key_file=variables.get("ansible_ssh_private_key_file"),
    )


def ansible_program(name: str) -> str:
    """Return the path of an Ansible program that belongs to this very Python."""
    return str(Path(sys.executable).parent / name)
