"""Another machine that keeps backups: a container in a network of its own."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from backups.owners import UID, Owners
from bundle import sh


@contextmanager
def another_machine(kind: str, *arguments: str, command: tuple[str, ...] = ()) -> Iterator[str]:
    """Run the vault, known as `vault` in a network without a way out; gives the network's name.

    `arguments` are docker's, and `command` is run where the image's own is not wanted.
    """
    name = f"relb-{kind}-{os.getpid()}"
    sh("docker", "network", "create", "--internal", name)
    try:
        sh(
            *("docker", "run", "--detach", "--name", name, "--network", name),
            *("--network-alias", "vault", *arguments, os.environ["VAULT_TEST_IMAGE"], *command),
        )
        yield name
    finally:
        sh("docker", "rm", "--force", "--volumes", name, check=False)
        sh("docker", "network", "rm", name, check=False)


def give(owners: Owners, name: str, content: str) -> None:
    """Write a secret of the operator's."""
    path = owners.secrets / name
    path.unlink(missing_ok=True)
    path.write_text(content)
    os.chown(path, UID, UID)
    path.chmod(0o400)
