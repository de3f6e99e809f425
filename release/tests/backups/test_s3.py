"""A repository in a bucket on another machine: restic's requests, answered by moto's S3."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from backups.elsewhere import another_machine, give
from backups.owners import UID, Owners, new_owners
from bundle import sh

PORT = 9000
BUCKET = f"http://127.0.0.1:{PORT}/backups"
CREDENTIALS = "[default]\naws_access_key_id = keeper\naws_secret_access_key = of-the-tests\n"


@pytest.fixture(scope="module")
def vault() -> Iterator[str]:
    """Its name, and its network's."""
    serve = ("moto_server", "--host", "0.0.0.0", "--port", str(PORT))
    with another_machine("bucket", command=serve) as name:
        make_bucket(name)
        yield name


@pytest.fixture(scope="module")
def elsewhere(
    tmp_path_factory: pytest.TempPathFactory, fast_pyz: Path, python: str, vault: str
) -> Iterator[Owners]:
    """A deployment whose repository is there."""
    owners = new_owners(tmp_path_factory.mktemp("owners"), python, fast_pyz)
    owners.overlays = ["compose/s3.yaml"]
    owners.environment = {
        "BACKUP_REPOSITORY": f"s3:http://vault:{PORT}/backups",
        "VAULT_NETWORK": vault,
    }
    owners.more_secrets = [{"file": "backup_s3_credentials", "uid": UID, "given": True}]
    owners.ship()
    owners.secrets.mkdir(mode=0o700)
    give(owners, "backup_s3_credentials", CREDENTIALS)
    try:
        owners.deployed()
        yield owners
    finally:
        owners.remove()


def make_bucket(vault: str) -> None:
    """Make the bucket, as an operator does beforehand, as soon as the server answers."""
    ask = f"""
import time, urllib.request
for attempt in range(60):
    try:
        urllib.request.urlopen(urllib.request.Request("{BUCKET}", method="PUT"))
        break
    except OSError:
        time.sleep(0.5)
else:
    raise SystemExit("the S3 server does not answer")
"""
    sh("docker", "exec", vault, "python3", "-c", ask)


def stored(vault: str) -> set[str]:
    """What of a repository the bucket holds, as its server lists it."""
    ask = f"{BUCKET}?list-type=2"
    script = f"import urllib.request; print(urllib.request.urlopen({ask!r}).read().decode())"
    listed = sh("docker", "exec", vault, "python3", "-c", script)
    return {key.split("/")[0] for key in re.findall(r"<Key>([^<]+)</Key>", listed)}


def test_there_and_back(elsewhere: Owners, vault: str) -> None:
    elsewhere.sql("CREATE TABLE t (id INT PRIMARY KEY); INSERT INTO t VALUES (1), (2)")
    name = elsewhere.backed_up()
    elsewhere.sql("DROP TABLE t")
    done = elsewhere.run("restore", name)
    assert done.code == 0, done
    assert elsewhere.sql("SELECT COUNT(*) FROM t") == ["2"]
    # In the bucket, and in no folder of this host.
    assert stored(vault) >= {"config", "data", "index", "keys", "snapshots"}
    assert not list(elsewhere.repository.glob("*"))


def test_a_bucket_that_is_not_there_is_told_soon(elsewhere: Owners) -> None:
    nowhere = f"s3:http://vault:{PORT}/no-bucket"
    with pytest.raises(subprocess.CalledProcessError) as failure:
        elsewhere.repository_program("snapshots", "--no-lock", at=nowhere)
    assert failure.value.returncode == 78
    assert f"an answer of '{nowhere}' within 20 s; found none" in failure.value.stderr.decode()
