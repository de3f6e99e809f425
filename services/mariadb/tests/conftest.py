"""MariaDB containers, hardened as in the deployment, with the bundle's configuration."""

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
UID = 10003
# What SQL and the shell could trip over.
ROOT_PASSWORD = """r'o"o\\t $(id) `pw` & 根"""
PASSWORD = "l;u--f'f\\\\y #1"
HEALTH_CHECK = ("healthcheck.sh", "--connect", "--innodb_initialized")
VARIABLES = {
    "mariadb_buffer_pool": "64M",
    "mariadb_max_connections": 30,
    "mariadb_slow_query_seconds": 0,
}


def docker(
    *arguments: str, check: bool = True, text: str | None = None
) -> subprocess.CompletedProcess[str]:
    """Run the docker command line, `text` being its input; a failure carries what it printed."""
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
class MariaDB:
    """A MariaDB container on a network of its own, and the volume that holds its data."""

    folder: Path
    name: str = field(default_factory=lambda: f"mariadb-test-{uuid.uuid4().hex[:12]}")
    environment: dict[str, str] = field(
        default_factory=lambda: {
            "MARIADB_ROOT_PASSWORD_FILE": "/run/secrets/mariadb_root_password",
            "MARIADB_PASSWORD_FILE": "/run/secrets/mariadb_password",
            "MARIADB_USER": "luffy",
            "MARIADB_DATABASE": "luffy",
        }
    )

    @property
    def volume(self) -> str:
        """The named volume with the data."""
        return f"{self.name}-data"

    def write_secret(self, name: str, text: str, mode: int = 0o400, uid: int = UID) -> None:
        """Put a secret where the container reads it."""
        secret = self.folder / "secrets" / name
        secret.unlink(missing_ok=True)
        secret.write_text(text)
        os.chown(secret, uid, uid)
        secret.chmod(mode)

    def write_configuration(self, **variables: str | float) -> None:
        """Render the stack role's template, as a deployment does."""
        environment = jinja2.Environment(undefined=jinja2.StrictUndefined)  # noqa: S701 (no web page)
        rendered = environment.from_string(TEMPLATE.read_text()).render(VARIABLES | variables)
        target = self.folder / "bundle" / "bundle.cnf"
        target.write_text(rendered + "\n")
        target.chmod(0o644)

    def write_sql(self, name: str, text: str) -> None:
        """Put a file where the first start looks for SQL."""
        target = self.folder / "initdb" / name
        target.write_text(text)
        target.chmod(0o644)

    def create(self, *arguments: str) -> None:
        """Create and start the container; does not wait."""
        docker("network", "create", "--internal", self.name)
        settings = (f"--env={name}={value}" for name, value in self.environment.items())
        docker(
            *("run", "--detach", "--name", self.name, "--init", "--read-only"),
            *("--cap-drop", "ALL", "--security-opt", "no-new-privileges"),
            *("--user", f"{UID}:{UID}", "--memory", "400m", "--pids-limit", "200"),
            *("--network", self.name, "--network-alias", "mariadb"),
            *("--tmpfs", "/tmp:mode=1777,size=64m"),  # noqa: S108 (the container's own)
            *("--tmpfs", f"/run/mysqld:uid={UID},gid={UID},mode=0700"),
            *("--volume", f"{self.volume}:/var/lib/mysql"),
            *("--volume", f"{self.folder / 'bundle'}:/etc/mysql/bundle:ro"),
            *("--volume", f"{self.folder / 'initdb'}:/docker-entrypoint-initdb.d:ro"),
            *("--volume", f"{self.folder / 'secrets'}:/run/secrets:ro"),
            *settings,
            os.environ["MARIADB_IMAGE"],
            *arguments,
        )

    def start_again(self) -> None:
        """Start the stopped container, and wait until it is healthy."""
        docker("start", self.name)
        self.wait_healthy()

    def healthy(self) -> bool:
        """Whether the deployment's health check passes."""
        return docker("exec", self.name, *HEALTH_CHECK, check=False).returncode == 0

    def wait_healthy(self, timeout_s: float = 60) -> None:
        """Wait until the health check passes; fails with the log otherwise."""
        deadline = time.monotonic() + timeout_s
        while not self.healthy():
            if time.monotonic() > deadline:
                pytest.fail(f"not healthy after {timeout_s} s:\n{self.log()}")
            time.sleep(0.2)

    def wait_exit(self, timeout_s: float = 60) -> int:
        """Wait for the container to end and return its exit code."""
        result = subprocess.run(
            ["docker", "wait", self.name],
            capture_output=True,
            text=True,
            check=True,
            timeout=timeout_s,
        )
        return int(result.stdout)

    def log(self) -> str:
        """What the container has printed."""
        result = docker("logs", self.name)
        return result.stdout + result.stderr

    def sql(self, statement: str, user: str = "root", password: str = ROOT_PASSWORD) -> str:
        """Run SQL over the local socket; returns what the client prints, errors included."""
        return self._client(["exec", "--interactive", self.name], statement, user, password)

    def sql_from_network(self, statement: str, user: str, password: str) -> str:
        """Run SQL over TCP from another container; returns what the client prints."""
        return self._client(
            [
                *("run", "--rm", "--interactive", "--network", self.name),
                *("--env", f"MYSQL_PWD={password}", os.environ["MARIADB_IMAGE"]),
            ],
            statement,
            user,
            password,
            *("--host=mariadb", "--protocol=tcp", "--disable-ssl-verify-server-cert"),
        )

    def _client(
        self, where: list[str], statement: str, user: str, password: str, *options: str
    ) -> str:
        if where[0] == "exec":
            where = ["exec", "--env", f"MYSQL_PWD={password}", *where[1:]]
        command = ("mariadb", f"--user={user}", "--batch", "--skip-column-names", *options)
        result = docker(*where, *command, check=False, text=statement)
        return (result.stdout + result.stderr).strip()

    def remove(self) -> None:
        """Remove the container, its network and its data."""
        docker("rm", "--force", "--volumes", self.name, check=False)
        docker("network", "rm", self.name, check=False)
        docker("volume", "rm", "--force", self.volume, check=False)


def prepare(folder: Path) -> MariaDB:
    """A MariaDB with good configuration and secrets that has not been started."""
    for name in ("bundle", "initdb", "secrets"):
        (folder / name).mkdir()
        (folder / name).chmod(0o755)
    mariadb = MariaDB(folder)
    mariadb.write_configuration()
    mariadb.write_secret("mariadb_root_password", ROOT_PASSWORD + "\n")
    mariadb.write_secret("mariadb_password", PASSWORD)
    return mariadb


@pytest.fixture
def prepared(tmp_path: Path) -> Iterator[MariaDB]:
    """A MariaDB of this test alone that has not been started."""
    mariadb = prepare(tmp_path)
    yield mariadb
    mariadb.remove()


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MariaDB]:
    """One running, healthy MariaDB, for tests that leave it running."""
    mariadb = prepare(tmp_path_factory.mktemp("mariadb"))
    mariadb.write_sql("10-table.sql", "CREATE TABLE imported (name VARCHAR(20));")
    mariadb.write_sql(
        "20-rows.sql", "DELIMITER //\nINSERT INTO imported VALUES ('路飞'), ('娜美')//"
    )
    mariadb.write_sql("README.txt", "not SQL")
    try:
        mariadb.create()
        mariadb.wait_healthy()
        yield mariadb
    finally:
        mariadb.remove()
