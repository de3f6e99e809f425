"""A test stand: databases of its own, and the service as a process of its own."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

import MySQLdb
import requests

from tests.relay import Relay

BASE_URL = "http://127.0.0.1:8000"


def wait_until(condition: Callable[[], bool], what: str, limit_s: float = 30) -> None:
    """Wait until `condition` holds."""
    end = time.monotonic() + limit_s
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(f"{what}: not within {limit_s} s")
        time.sleep(0.1)


def read_secret(name: str) -> str:
    """The secret that the variable `name`_FILE leads to."""
    return Path(os.environ[f"{name}_FILE"]).read_text(encoding="utf-8").strip()


def run_sql(statement: str, database: str = "") -> list[tuple[Any, ...]]:
    """Run one statement beside Django."""
    connection = MySQLdb.connect(
        host=os.environ["DB_HOST"],
        user=os.environ["DB_USER"],
        password=read_secret("DB_PASSWORD"),
        database=database,
        charset="utf8mb4",
    )
    try:
        with connection.cursor() as cursor:
            cursor.execute(statement)
            rows = list(cursor.fetchall())
        connection.commit()  # type: ignore[no-untyped-call]
        return rows
    finally:
        connection.close()  # type: ignore[no-untyped-call]


@contextmanager
def fresh_database(name: str) -> Iterator[str]:
    """An empty database for as long as it is needed."""
    run_sql(f"DROP DATABASE IF EXISTS {name}")
    run_sql(f"CREATE DATABASE {name} CHARACTER SET utf8mb4")
    try:
        yield name
    finally:
        run_sql(f"DROP DATABASE {name}")


def import_sql(path: Path, database: str) -> subprocess.CompletedProcess[str]:
    """`mariadb DATABASE < PATH`, as a person types it."""
    command = ["mariadb", "--host", os.environ["DB_HOST"], "--user", os.environ["DB_USER"]]
    with path.open(encoding="utf-8") as file:
        return subprocess.run(
            [*command, database],
            stdin=file,
            env=os.environ | {"MYSQL_PWD": read_secret("DB_PASSWORD")},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )


def luffy(
    *arguments: str, variables: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a command of the image to its end."""
    return subprocess.run(
        ["luffy", *arguments],
        env=os.environ | (variables or {}),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


class Process:
    """A command of the image that runs on, with its log in a file."""

    def __init__(self, command: str, variables: dict[str, str], log: Path) -> None:
        self.log = log
        with log.open("wb") as output:
            self._process = subprocess.Popen(
                ["luffy", command],
                env=os.environ | variables,
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    def is_running(self) -> bool:
        return self._process.poll() is None

    def stop(self, limit_s: float = 25) -> int:
        """SIGTERM, and the exit code."""
        self._process.send_signal(signal.SIGTERM)
        try:
            return self._process.wait(limit_s)
        finally:
            if self.is_running():
                self._process.kill()
                self._process.wait()


@dataclass(frozen=True)
class Deployed:
    """A database with schema and sample data, and the folder with the sample pictures."""

    database: str
    media: Path

    @property
    def variables(self) -> dict[str, str]:
        return {"DB_NAME": self.database, "MEDIA_ROOT": str(self.media)}


class Service:
    """`luffy serve` with relays before its database and its Redis; `outside` are the settings of
    the services of others."""

    def __init__(self, deployed: Deployed, folder: Path, outside: dict[str, str]) -> None:
        redis = urlsplit(read_secret("REDIS_URL"))
        self.database = deployed.database
        self.database_relay = Relay(os.environ["DB_HOST"], 3306)
        self.redis_relay = Relay(redis.hostname or "", redis.port or 6379)
        self.folder = folder
        address = f"{redis.username}:{redis.password}@127.0.0.1:{self.redis_relay.port}"
        redis_url = folder / "redis_url"
        redis_url.write_text(f"redis://{address}{redis.path}", encoding="utf-8")
        self.variables = deployed.variables | {
            "DB_HOST": "127.0.0.1",
            "DB_PORT": str(self.database_relay.port),
            "REDIS_URL_FILE": str(redis_url),
            "ALLOWED_HOSTS": "127.0.0.1",
            **outside,
        }
        self._process: Process | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def start(self) -> None:
        self._process = Process("serve", self.variables, self.folder / "serve.log")
        self.wait_until_ready()

    def stop(self) -> int:
        assert self._process is not None
        return self._process.stop()

    @property
    def log(self) -> str:
        return (self.folder / "serve.log").read_text(encoding="utf-8")

    def get(self, path: str, **options: Any) -> requests.Response:
        """GET; a path without a slash at its start lies below the API."""
        address = path if path.startswith("/") else f"/api/v1/{path}"
        return requests.get(BASE_URL + address, timeout=20, **options)

    def readiness(self) -> dict[str, Any]:
        try:
            return dict(self.get("/readyz").json())
        except requests.ConnectionError:
            return {"status": "no answer"}

    def wait_until_ready(self) -> None:
        wait_until(lambda: self.readiness()["status"] == "ready", f"ready\n{self.log}")
