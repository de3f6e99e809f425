"""MariaDB gets another image: its data is kept before, and there is a way back."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator

import pytest
from backups.owners import UID, Owners
from bundle import sh


@pytest.fixture
def newer_mariadb() -> Iterator[dict[str, str]]:
    """The same MariaDB in another image, as with an upgrade of what it is built on."""
    ref = f"relb-mariadb:{os.getpid()}"
    dockerfile = f"FROM {os.environ['MARIADB_IMAGE']}\nLABEL upgrade=1\n"
    subprocess.run(
        ["docker", "build", "--quiet", "--tag", ref, "-"],
        input=dockerfile,
        text=True,
        check=True,
        env={**os.environ, "DOCKER_BUILDKIT": "1"},
        capture_output=True,
    )
    yield {
        "ref": ref,
        "config_digest": sh("docker", "image", "inspect", "--format", "{{.Id}}", ref),
    }
    sh("docker", "image", "rm", "--force", ref)


def mariadb_image(owners: Owners) -> str:
    return sh("docker", "inspect", "--format", "{{.Image}}", owners.ids()["mariadb"])


def test_an_upgrade_is_backed_up_before_and_can_be_taken_back(
    owners: Owners, newer_mariadb: dict[str, str]
) -> None:
    owners.sql("CREATE TABLE t (id INT PRIMARY KEY); INSERT INTO t VALUES (1), (2)")
    old = mariadb_image(owners)
    owners.release["images"]["MARIADB_IMAGE"] = newer_mariadb
    (owners.incoming / "release.json").write_text(json.dumps(owners.release))

    # Where nothing can be kept, nothing is upgraded.
    before = owners.ids()
    owners.repository.mkdir(exist_ok=True)
    os.chown(owners.repository, UID, UID)
    owners.repository.chmod(0o000)
    refused = owners.deploy()
    assert refused.code == 1, refused
    assert refused.result["failed_step"] == "backup"
    assert "run: fab backup, and see what it says" in refused.text
    assert "or deploy with --without-backup" in refused.text
    assert owners.ids() == before
    owners.repository.chmod(0o700)

    # Nor where a step after the backup fails; then it is true that there is one.
    sh("docker", "stop", "--time", "1", before["backup"])
    refused = owners.deploy()
    sh("docker", "start", before["backup"])
    assert refused.code == 1, refused
    assert refused.result["failed_step"] == "backup"
    (whole,) = owners.backups()
    assert f"backup {whole['name']} is whole and stays" in refused.result["message"]
    assert owners.ids() == before

    done = owners.deploy()
    assert done.code == 0, done
    assert "mariadb will get another image: everything is backed up before" in done.text
    assert mariadb_image(owners) == newer_mariadb["config_digest"]
    backup, earlier = owners.backups()
    assert earlier == whole
    assert f"the way back is fab rollback, and fab restore {backup['name']} for" in done.text
    owners.sql("INSERT INTO t VALUES (3)")

    # Back with what was written since; the data of before on top of it.
    back = owners.run("rollback", "--without-backup")
    assert back.code == 0, back
    assert mariadb_image(owners) == old
    assert owners.sql("SELECT COUNT(*) FROM t") == ["3"]
    assert len(owners.backups()) == 2
    restored = owners.run("restore", backup["name"])
    assert restored.code == 0, restored
    assert owners.sql("SELECT COUNT(*) FROM t") == ["2"]
    assert owners.engine("status").code == 0
