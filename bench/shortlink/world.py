"""The containers of the measurement: they share one loopback and nothing else."""

import secrets
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from containers import CommandError, docker, images, variables

__all__ = ["HERE", "CommandError", "World"]

HERE = Path(__file__).resolve().parent
WORKERS = 2
SERVICE, BARE, WITHOUT_REDIS = 8002, 8003, 8004
"""The ports of the three that are asked."""

_PASSWORD = secrets.token_hex(16)
_START_LIMIT_S = 90
_IMAGE = "SHORTLINK_TEST_IMAGE"
_PROBE = "import sys, urllib.request as r; r.urlopen(f'http://127.0.0.1:{sys.argv[1]}/readyz')"


@dataclass
class World:
    """A MariaDB and a Redis. Use it in a `with`."""

    name: str
    shared: Path
    """A directory that all programs see as /shared."""
    images: Mapping[str, str] = field(default_factory=images)
    _started: list[str] = field(default_factory=list)

    def __enter__(self) -> "World":
        (self.shared / "password").write_text(_PASSWORD)
        (self.shared / "accounts").write_text(f"bench:{_PASSWORD}\n")
        try:
            self._start()
        except CommandError:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        for name in reversed(self._started):
            docker("rm", "--force", "--volumes", name, quiet=True)

    def program(self, name: str, *arguments: str) -> str:
        """Run a program of this folder beside the stores; what it printed."""
        return self._once("python", f"/bench/{name}", *arguments)

    @contextmanager
    def services(self) -> Iterator[None]:
        """The service, the bare framework, and the service without Redis, until the block ends."""
        standing = len(self._started)
        # Redis is empty at first: what is in it was asked for.
        docker("exec", f"{self.name}-redis", "redis-cli", "flushall")
        self._serve("service", SERVICE, ["shortlink", "serve"])
        self._serve("bare", BARE, ["python", "/bench/bare.py", str(BARE), str(WORKERS)])
        # Nobody listens there.
        away = {"REDIS_URL": "redis://127.0.0.1:9/0"}
        self._serve("without-redis", WITHOUT_REDIS, ["shortlink", "serve"], away)
        try:
            for port in (SERVICE, BARE, WITHOUT_REDIS):
                self._until(f"port {port} answers", "python", "-c", _PROBE, str(port))
            yield
        finally:
            for name in self._started[standing:]:
                docker("rm", "--force", "--volumes", name, quiet=True)
            del self._started[standing:]

    def _start(self) -> None:
        self._run("world", ["sleep", "86400"], "--network", "none")
        self._run(
            "mariadb", ["mariadbd", "--innodb-buffer-pool-size=96M"],
            *self._inside(), "--user", "10003:10003", "--tmpfs",
            "/run/mysqld:uid=10003,gid=10003,mode=0755",
            *variables({
                "MARIADB_DATABASE": "shortlink", "MARIADB_USER": "shortlink",
                "MARIADB_PASSWORD_FILE": "/shared/password",
                "MARIADB_ROOT_PASSWORD_FILE": "/shared/password",
            }),
            image="MARIADB_IMAGE",
        )  # fmt: skip
        self._run(
            "redis", ["redis-server", "--save", "", "--bind", "127.0.0.1"],
            *self._inside(), "--user", "10002:10002", image="REDIS_IMAGE",
        )  # fmt: skip
        self._until("the tables are made", "shortlink", "migrate")

    def _serve(
        self, name: str, port: int, command: list[str], more: Mapping[str, str] | None = None
    ) -> None:
        environment = {**_SETTINGS, "PORT": str(port), "WORKERS": str(WORKERS), **(more or {})}
        self._run(name, command, *self._beside(environment))

    def _once(self, program: str, *arguments: str) -> str:
        return docker(
            "run", "--rm", "--name", f"{self.name}-once-{secrets.token_hex(4)}",
            *self._beside(_SETTINGS), "--entrypoint", program, self.images[_IMAGE], *arguments,
        )  # fmt: skip

    def _beside(self, environment: Mapping[str, str]) -> list[str]:
        return [*self._inside(), *variables(environment), "--volume", f"{HERE}:/bench:ro"]

    def _inside(self) -> list[str]:
        return [
            "--network", f"container:{self.name}-world", "--volume", f"{self.shared}:/shared",
        ]  # fmt: skip

    def _until(self, what: str, program: str, *arguments: str) -> None:
        end = time.monotonic() + _START_LIMIT_S
        while True:
            try:
                self._once(program, *arguments)
            except CommandError as error:
                if time.monotonic() > end:
                    raise CommandError(f"{what}: not within {_START_LIMIT_S} s: {error}") from error
                time.sleep(1)
            else:
                return

    def _run(self, name: str, command: list[str], *options: str, image: str = _IMAGE) -> None:
        full = f"{self.name}-{name}"
        self._started.append(full)
        docker("run", "--detach", "--init", "--name", full, *options, self.images[image], *command)


_SETTINGS = {
    "DB_HOST": "127.0.0.1",
    "DB_NAME": "shortlink",
    "DB_USER": "shortlink",
    "DB_PASSWORD_FILE": "/shared/password",
    "REDIS_URL": "redis://127.0.0.1:6379/0",
    "ACCOUNTS_FILE": "/shared/accounts",
    "PUBLIC_URL": "http://127.0.0.1:8002",
}
