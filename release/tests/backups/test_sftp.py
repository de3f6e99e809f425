"""A repository on another machine, reached by SFTP with a key and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from backups.elsewhere import another_machine, give
from backups.owners import UID, Owners, new_owners
from bundle import sh


@dataclass
class Vault:
    """The other machine."""

    network: str
    host_key: str
    key: str


def pair_of_keys(folder: Path, name: str) -> tuple[str, str]:
    """The private and the public half of a new key."""
    path = folder / name
    sh("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", str(path))
    return path.read_text(), path.with_suffix(".pub").read_text().strip()


@pytest.fixture(scope="module")
def vault(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Vault]:
    keys = tmp_path_factory.mktemp("keys")
    private, public = pair_of_keys(keys, "client")
    host_private, host_public = pair_of_keys(keys, "host")
    mounted = keys / "mounted"
    mounted.mkdir()
    (mounted / "host").write_text(host_private)
    (mounted / "host").chmod(0o600)
    (mounted / "known").write_text(public + "\n")
    with another_machine("vault", "--volume", f"{mounted}:/keys:ro") as name:
        yield Vault(name, f"vault {host_public}\n", private)


@pytest.fixture(scope="module")
def elsewhere(
    tmp_path_factory: pytest.TempPathFactory, fast_pyz: Path, python: str, vault: Vault
) -> Iterator[Owners]:
    """A deployment whose repository is there."""
    owners = new_owners(tmp_path_factory.mktemp("owners"), python, fast_pyz)
    owners.overlays = ["compose/sftp.yaml"]
    owners.environment = {
        "BACKUP_REPOSITORY": "sftp:keeper@vault:/srv/repository",
        "VAULT_NETWORK": vault.network,
    }
    owners.more_secrets = [
        {"file": name, "uid": UID, "given": True}
        for name in ("backup_sftp_key", "backup_sftp_known_hosts")
    ]
    owners.ship()
    owners.secrets.mkdir(mode=0o700)
    give(owners, "backup_sftp_key", vault.key)
    give(owners, "backup_sftp_known_hosts", vault.host_key)
    try:
        owners.deployed()
        yield owners
    finally:
        owners.remove()


def test_there_and_back(elsewhere: Owners) -> None:
    elsewhere.sql("CREATE TABLE t (id INT PRIMARY KEY); INSERT INTO t VALUES (1), (2)")
    name = elsewhere.backed_up()
    elsewhere.sql("DROP TABLE t")
    done = elsewhere.run("restore", name)
    assert done.code == 0, done
    assert elsewhere.sql("SELECT COUNT(*) FROM t") == ["2"]
    assert not list(elsewhere.repository.glob("*"))


def test_a_machine_that_is_not_the_known_one_gets_nothing(
    elsewhere: Owners, vault: Vault, tmp_path: Path
) -> None:
    _, other = pair_of_keys(tmp_path, "other")
    give(elsewhere, "backup_sftp_known_hosts", f"vault {other}\n")
    done = elsewhere.run("backup")
    give(elsewhere, "backup_sftp_known_hosts", vault.host_key)
    assert done.code == 1, done
    assert "Host key verification failed" in done.text
