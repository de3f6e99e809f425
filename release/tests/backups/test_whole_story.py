"""Backed up while rows are written, lost, and restored: everything acknowledged is there."""

from __future__ import annotations

import os
import subprocess
import time
from datetime import datetime, timedelta, timezone

from backups.owners import Owners

TABLE = "CREATE TABLE orders (id INT PRIMARY KEY AUTO_INCREMENT, paid INT, at DATETIME)"
MOMENT = "%Y-%m-%dT%H:%M:%SZ"
VIDEO_MIB = 100
"""Far more than restic packs at once, and than a container's memory for files was once."""


class Writer:
    """Inserts a row every few milliseconds, and remembers those that were acknowledged."""

    def __init__(self, owners: Owners) -> None:
        password = (owners.secrets / "mariadb_root_password").read_text()
        script = (
            "i=0; while :; do i=$((i+1)); "
            'echo "INSERT INTO orders (paid, at) VALUES ($i, UTC_TIMESTAMP()) RETURNING id;"; '
            "sleep 0.02; done"
        )
        self.process = subprocess.Popen(
            [
                *("docker", "exec", "-e", f"MYSQL_PWD={password}", owners.ids()["mariadb"]),
                *("sh", "-c", f"({script}) | mariadb -uroot -BN --unbuffered luffy"),
            ],
            stdout=subprocess.PIPE,
            text=True,
        )

    def acknowledged(self, count: int) -> list[int]:
        """The next so many rows that were acknowledged."""
        assert self.process.stdout is not None
        return [int(self.process.stdout.readline()) for _ in range(count)]

    def stop(self) -> list[int]:
        """All others that were acknowledged."""
        self.process.terminate()
        assert self.process.stdout is not None
        rest = [int(line) for line in self.process.stdout.read().split()]
        self.process.wait(timeout=20)
        return rest


def begun(owners: Owners) -> subprocess.Popen[str]:
    """A client whose transaction has written a row, and not committed it."""
    password = (owners.secrets / "mariadb_root_password").read_text()
    client = subprocess.Popen(
        [
            *("docker", "exec", "-i", "-e", f"MYSQL_PWD={password}", owners.ids()["mariadb"]),
            *("mariadb", "-uroot", "-BN", "--unbuffered", "luffy"),
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert client.stdin is not None
    assert client.stdout is not None
    client.stdin.write("START TRANSACTION; INSERT INTO late VALUES (1) RETURNING id;\n")
    client.stdin.flush()
    assert client.stdout.readline() == "1\n"
    return client


def test_what_was_acknowledged_is_there_after_everything_was_lost(owners: Owners) -> None:
    owners.sql(f"{TABLE}; CREATE TABLE late (id INT PRIMARY KEY)")
    owners.redis("SET", "cart", "full")
    owners.upload("pictures/one.txt", "a picture")
    video = owners.upload_random("video.mp4", VIDEO_MIB)
    key = (owners.secrets / "signing_key").read_bytes()
    writer = Writer(owners)
    before = writer.acknowledged(20)
    name = owners.backed_up()
    [plan] = owners.events("plan")
    assert plan["steps"] == [each["step"] for each in owners.events("step_started")]
    # Everything from here on is in the logs alone.
    during = writer.acknowledged(20)
    owners.upload("later.txt", "after the backup")
    late = begun(owners)
    time.sleep(1.1)
    moment = datetime.now(timezone.utc) + timedelta(seconds=1)
    time.sleep(2.1)
    assert not late.communicate("COMMIT;\n", timeout=20)[0]
    assert owners.sql("SELECT id FROM late") == ["1"]
    after = [*writer.acknowledged(20), *writer.stop()]
    said = moment.strftime("%Y-%m-%d %H:%M:%S")
    begun_before = int(owners.sql(f"SELECT MAX(id) FROM orders WHERE at < '{said}'")[0])  # noqa: S608
    done = owners.run("backup", "--binlogs-only")
    assert done.code == 0, done
    owners.wipe()
    (owners.secrets / "signing_key").unlink()
    (owners.secrets / "signing_key").write_bytes(b"another one" * 3)
    os.chown(owners.secrets / "signing_key", 10004, 10004)
    (owners.secrets / "signing_key").chmod(0o400)

    done = owners.run("restore", name, "--to-time", moment.strftime(MOMENT))
    assert done.code == 0, done
    assert done.result["outcome"] == "restored"
    rows = [int(row) for row in owners.sql("SELECT id FROM orders ORDER BY id")]
    assert set(before + during) <= set(rows)
    # What was committed by then: of one writer that is every row that began before, but for the
    # last, which may have begun in that second and been committed in the next.
    assert begun_before - 1 <= rows[-1] <= begun_before
    assert owners.sql("SELECT id FROM late") == []
    assert rows == list(range(1, rows[-1] + 1))
    assert max(after) > rows[-1]
    assert owners.redis("GET", "cart") == "full"
    assert owners.uploads() == "a picture"
    assert owners.upload_digest("video.mp4") == video
    assert (owners.secrets / "signing_key").read_bytes() == key
    # It goes on from there, with logs of its own.
    owners.sql("INSERT INTO orders (paid) VALUES (0)")
    assert owners.engine("status").code == 0
    assert owners.run("drill").code == 0
