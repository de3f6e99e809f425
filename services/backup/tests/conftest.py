"""A MariaDB and the container that copies its binary logs, hardened as in the deployment."""

from __future__ import annotations

import os
import subprocess
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import jinja2
import pytest

TEMPLATE = Path(__file__).parents[3] / "roles/stack/templates/mariadb/bundle.cnf.j2"
MARIADB_UID, UID = 10003, 10009
# What SQL, an option file and the shell could trip over.
PASSWORD = """b'a"c\\k $(id) `pw` #up"""
VARIABLES = {
    "mariadb_buffer_pool": "32M",
    "mariadb_max_connections": 30,
    "mariadb_slow_query_seconds": 0,
}
HARDENED = ("--init", "--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges")


def docker(
    *arguments: str, check: bool = True, text: str | None = None
) -> subprocess.CompletedProcess[str]:
    """Run the docker command line; a failure carries what it printed."""
    result = subprocess.run(
        ["docker", *arguments],
        input=text,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    if check and result.returncode != 0:
        pytest.fail(f"docker {' '.join(arguments)}: {result.stderr or result.stdout}")
    return result


@dataclass
class Pair:
    """A server and its copier."""

    folder: Path
    name: str = field(default_factory=lambda: f"backup-test-{uuid.uuid4().hex[:12]}")

    @property
    def server(self) -> str:
        return f"{self.name}-mariadb"

    @property
    def copier(self) -> str:
        return f"{self.name}-backup"

    def secret(self, name: str, text: str, uid: int) -> None:
        folder = self.folder / f"secrets-{uid}"
        folder.mkdir(exist_ok=True)
        path = folder / name
        path.write_text(text)
        os.chown(path, uid, uid)
        path.chmod(0o400)

    def prepare(self) -> None:
        docker("network", "create", "--internal", self.name)
        for name, text in (("root", "root"), ("luffy", "luffy"), ("backup", PASSWORD)):
            self.secret(name, text, MARIADB_UID)
        self.secret("backup", PASSWORD, UID)
        self.secret("passphrase", "a passphrase", UID)
        environment = jinja2.Environment(undefined=jinja2.StrictUndefined)  # noqa: S701 (no web page)
        rendered = environment.from_string(TEMPLATE.read_text()).render(VARIABLES)
        (self.folder / "bundle").mkdir()
        (self.folder / "bundle/bundle.cnf").write_text(rendered + "\n")

    def start_server(self, volume: str = "data") -> None:
        docker(
            *("run", "--detach", "--name", self.server, *HARDENED, "--memory", "400m"),
            *("--user", f"{MARIADB_UID}:{MARIADB_UID}", "--network", self.name),
            *("--network-alias", "mariadb", "--volume", f"{self.name}-{volume}:/var/lib/mysql"),
            *("--tmpfs", f"/tmp:uid={MARIADB_UID},mode=0700"),  # noqa: S108 (the container's own)
            *("--tmpfs", f"/run/mysqld:uid={MARIADB_UID},gid={MARIADB_UID},mode=0755"),
            *("--volume", f"{self.folder}/bundle:/etc/mysql/bundle:ro"),
            *("--volume", f"{self.folder}/secrets-{MARIADB_UID}:/run/secrets:ro"),
            *("--env", "MARIADB_DATABASE=luffy", "--env", "MARIADB_USER=luffy"),
            *("--env", "MARIADB_PASSWORD_FILE=/run/secrets/luffy"),
            *("--env", "MARIADB_ROOT_PASSWORD_FILE=/run/secrets/root"),
            *("--env", "MARIADB_BACKUP_PASSWORD_FILE=/run/secrets/backup"),
            os.environ["MARIADB_IMAGE"],
        )
        health = ("healthcheck.sh", "--connect", "--innodb_initialized")
        wait_for(lambda: docker("exec", self.server, *health, check=False).returncode == 0)

    def start_copier(self, *environment: str) -> None:
        docker(
            *("run", "--detach", "--name", self.copier, *HARDENED, "--memory", "64m"),
            *("--user", f"{UID}:{UID}", "--network", self.name),
            *("--volume", f"{self.name}-binlogs:/binlogs"),
            *("--tmpfs", f"/tmp:uid={UID},gid={UID},mode=0700"),  # noqa: S108 (the container's own)
            *("--volume", f"{self.folder}/secrets-{UID}:/run/secrets:ro"),
            *("--env", "MARIADB_BACKUP_PASSWORD_FILE=/run/secrets/backup"),
            *(word for each in environment for word in ("--env", each)),
            os.environ["BACKUP_IMAGE"],
        )

    def sql(self, statement: str) -> list[str]:
        """Run SQL as root; its rows."""
        return docker(
            *("exec", "--interactive", "--env", "MYSQL_PWD=root", self.server),
            *("mariadb", "--user=root", "--batch", "--skip-column-names", "luffy"),
            text=statement,
        ).stdout.splitlines()

    def run(self, *command: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """A command in the copier."""
        return docker("exec", self.copier, *command, check=check)

    def healthy(self) -> bool:
        return self.run("binlogs-health", check=False).returncode == 0

    def copies(self) -> dict[str, int]:
        """The files that were copied, with their sizes."""
        found = self.run("find", "/binlogs", "-type", "f", "-printf", "%P %s\\n").stdout
        return {name: int(size) for name, size in (line.split() for line in found.splitlines())}

    def remove(self) -> None:
        docker("rm", "--force", "--volumes", self.server, self.copier, check=False)
        docker("network", "rm", self.name, check=False)
        for volume in ("data", "other", "binlogs"):
            docker("volume", "rm", "--force", f"{self.name}-{volume}", check=False)


def wait_for(condition: object, timeout_s: float = 60) -> None:
    """Wait until a condition holds."""
    assert callable(condition)
    deadline = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > deadline:
            pytest.fail(f"not so within {timeout_s} s: {condition}")
        time.sleep(0.2)


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    found = Pair(tmp_path_factory.mktemp("pair"))
    try:
        found.prepare()
        found.start_server()
        found.start_copier()
        wait_for(found.healthy)
        yield found
    finally:
        found.remove()
