"""MariaDB and Redis get other images: their data is kept before, and there is a way back."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator

import pytest
from backups.owners import UID, Owners
from bundle import sh

UPGRADED = ("MARIADB_IMAGE", "REDIS_IMAGE")


@pytest.fixture
def newer() -> Iterator[dict[str, dict[str, str]]]:
    """The same MariaDB and Redis in other images, as with an upgrade of what they are built on.

    Servers of other versions are not to be had: the base image's packages have one of each. So
    what a newer server does to the data, and that an older one cannot read it, is not shown here.
    """
    refs = {}
    for variable in UPGRADED:
        refs[variable] = f"relb-{variable.partition('_')[0].lower()}:{os.getpid()}"
        subprocess.run(
            ["docker", "build", "--quiet", "--tag", refs[variable], "-"],
            input=f"FROM {os.environ[variable]}\nLABEL upgrade=1\n",
            text=True,
            check=True,
            env={**os.environ, "DOCKER_BUILDKIT": "1"},
            capture_output=True,
        )
    yield {
        variable: {
            "ref": ref,
            "config_digest": sh("docker", "image", "inspect", "--format", "{{.Id}}", ref),
        }
        for variable, ref in refs.items()
    }
    sh("docker", "image", "rm", "--force", *refs.values())


def images(owners: Owners) -> list[str]:
    """Of which images MariaDB and Redis run."""
    ids = owners.ids()
    return sh("docker", "inspect", "--format", "{{.Image}}", ids["mariadb"], ids["redis"]).split()


def test_an_upgrade_is_backed_up_before_and_can_be_taken_back(
    owners: Owners, newer: dict[str, dict[str, str]]
) -> None:
    owners.sql("CREATE TABLE t (id INT PRIMARY KEY); INSERT INTO t VALUES (1), (2)")
    owners.redis("SET", "cart", "full")
    old = images(owners)
    owners.release["images"].update(newer)
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
    assert "mariadb, redis will get another image: everything is backed up before" in done.text
    assert images(owners) == [newer[variable]["config_digest"] for variable in UPGRADED]
    assert owners.redis("GET", "cart") == "full"
    backup, earlier = owners.backups()
    assert earlier == whole
    assert f"the way back is fab rollback, and fab restore {backup['name']} for" in done.text
    owners.sql("INSERT INTO t VALUES (3)")
    owners.redis("SET", "cart", "paid")

    # Back with what was written since; the data of before on top of it.
    back = owners.run("rollback", "--without-backup")
    assert back.code == 0, back
    assert images(owners) == old
    assert owners.sql("SELECT COUNT(*) FROM t") == ["3"]
    assert owners.redis("GET", "cart") == "paid"
    assert len(owners.backups()) == 2
    restored = owners.run("restore", backup["name"])
    assert restored.code == 0, restored
    assert owners.sql("SELECT COUNT(*) FROM t") == ["2"]
    assert owners.redis("GET", "cart") == "full"
    assert owners.engine("status").code == 0
