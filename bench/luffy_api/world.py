"""The containers of the measurement: they share one loopback and nothing else."""

import json
import secrets
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from containers import REPOSITORY, CommandError, docker, images, variables

__all__ = ["HERE", "REPOSITORY", "CommandError", "Model", "World"]

HERE = Path(__file__).resolve().parent

_PASSWORD = secrets.token_hex(16)
_START_LIMIT_S = 90
_COUNTS = "/dev/shm/counts"  # noqa: S108  within its container


@dataclass(frozen=True)
class Model:
    """How gunicorn spreads requests: `workers` processes, `threads` (or greenlets) in each."""

    name: str
    worker_class: str
    workers: int
    threads: int


@dataclass
class World:
    """A MariaDB, a Redis, and the service. Use it in a `with`."""

    name: str
    shared: Path
    """A directory that all programs see as /shared."""
    gevent: Path
    """Packages that the service does without."""
    images: Mapping[str, str] = field(default_factory=images)
    _started: list[str] = field(default_factory=list)

    def __enter__(self) -> "World":
        (self.shared / "password").write_text(_PASSWORD)
        for name in ("ours", "theirs"):
            private = self._key("private-key")
            (self.shared / f"{name}.key").write_text(private)
            (self.shared / f"{name}.pub").write_text(self._key("public-key", private))
        try:
            self._start()
        except CommandError:
            self.__exit__()
            raise
        return self

    def _start(self) -> None:
        self._run("world", "LUFFY_API_IMAGE", ["sleep", "86400"], "--network", "none", entry="")
        self._run(
            "mariadb", "MARIADB_IMAGE", ["mariadbd", "--innodb-buffer-pool-size=96M"],
            *self._inside(), "--user", "10003:10003", "--tmpfs",
            "/run/mysqld:uid=10003,gid=10003,mode=0755",
            *variables({
                "MARIADB_DATABASE": "luffy", "MARIADB_USER": "luffy",
                "MARIADB_PASSWORD_FILE": "/shared/password",
                "MARIADB_ROOT_PASSWORD_FILE": "/shared/password",
            }),
        )  # fmt: skip
        self._run(
            "redis", "REDIS_IMAGE",
            ["redis-server", "--save", "", "--bind", "127.0.0.1"],
            *self._inside(), "--user", "10002:10002",
        )  # fmt: skip
        self._until("the database is there", lambda: self._luffy("manage", "check", "--database",
                                                                 "default"))  # fmt: skip
        self._luffy("migrate")

    def __exit__(self, *_: object) -> None:
        for name in reversed(self._started):
            docker("rm", "--force", "--volumes", name, quiet=True)

    def program(self, name: str, *arguments: str) -> str:
        """Run a program of this folder beside the service; what it printed."""
        return self._once("python", f"/bench/{name}", *arguments)

    @contextmanager
    def service(self, model: Model) -> Iterator[None]:
        """The service, run by that model, until the block ends."""
        environment = {
            "BENCH_WORKER_CLASS": model.worker_class,
            "BENCH_WORKERS": str(model.workers),
            "BENCH_THREADS": str(model.threads),
            "PROMETHEUS_MULTIPROC_DIR": _COUNTS,
        }
        self._run(
            "service", "LUFFY_API_IMAGE",
            ["-c", f"mkdir {_COUNTS} && exec gunicorn -c /bench/served.py"],
            *self._luffys(), *variables(environment), entry="sh",
        )  # fmt: skip
        try:
            self._until("the service answers", lambda: self._once("python", "-c", _PROBE))
            yield
        finally:
            name = self._started.pop()
            docker("rm", "--force", "--volumes", name, quiet=True)

    def memory_mb(self) -> float:
        """What the service's processes take, as the engine counts it, without the page cache."""
        row = docker("stats", "--no-stream", "--format", "{{json .}}", f"{self.name}-service")
        used = json.loads(row)["MemUsage"].split("/")[0].strip()
        number, unit = float(used.rstrip("kKMGiB")), used.lstrip("0123456789.")
        return number * {"KiB": 1 / 1024, "MiB": 1, "GiB": 1024}[unit] * 1.048576

    def _key(self, command: str, given: str = "") -> str:
        return docker(
            "run", "--rm", "--interactive", "--network", "none", self.images["DEMO_IMAGE"], command,
            text=given,
        )  # fmt: skip

    def _luffy(self, *arguments: str) -> str:
        return self._once("luffy", *arguments)

    def _once(self, program: str, *arguments: str) -> str:
        return docker(
            "run", "--rm", "--name", f"{self.name}-once-{secrets.token_hex(4)}",
            *self._luffys(), "--entrypoint", program, self.images["LUFFY_API_IMAGE"], *arguments,
        )  # fmt: skip

    def _luffys(self) -> list[str]:
        environment: dict[str, str] = {
            "DJANGO_SETTINGS_MODULE": "bench_settings",
            "PYTHONPATH": "/srv/luffy_api:/bench:/gevent",
            "DB_HOST": "127.0.0.1", "DB_NAME": "luffy", "DB_USER": "luffy",
            "DB_PASSWORD_FILE": "/shared/password", "REDIS_URL": "redis://127.0.0.1:6379/0",
            "DJANGO_SECRET_KEY": _PASSWORD * 2, "ALLOWED_HOSTS": "127.0.0.1",
            "LOG_LEVEL": "INFO",
            "MEDIA_SECRET": _PASSWORD,
            # Nobody listens there: placing an order signs an address, and asks nobody.
            "ALIPAY_GATEWAY_URL": "http://127.0.0.1:9/gateway.do",
            "ALIPAY_APP_ID": "9021000100000001", "ALIPAY_SELLER_ID": "2088000000000011",
            "ALIPAY_PRIVATE_KEY_FILE": "/shared/ours.key",
            "ALIPAY_PUBLIC_KEY_FILE": "/shared/theirs.pub",
            "ALIPAY_NOTIFY_URL": "http://127.0.0.1:9/told/",
            "ALIPAY_RETURN_URL": "http://127.0.0.1:9/back",
        }  # fmt: skip
        return [
            *self._inside(), *variables(environment),
            "--volume", f"{HERE}:/bench:ro", "--volume", f"{self.gevent}:/gevent:ro",
        ]  # fmt: skip

    def _inside(self) -> list[str]:
        return [
            "--network", f"container:{self.name}-world", "--volume", f"{self.shared}:/shared",
        ]  # fmt: skip

    def _until(self, what: str, attempt: Any) -> None:
        end = time.monotonic() + _START_LIMIT_S
        while True:
            try:
                attempt()
            except CommandError as error:
                if time.monotonic() > end:
                    raise CommandError(f"{what}: not within {_START_LIMIT_S} s: {error}") from error
                time.sleep(1)
            else:
                return

    def _run(
        self, name: str, image: str, command: list[str], *options: str, entry: str | None = None
    ) -> None:
        full = f"{self.name}-{name}"
        self._started.append(full)
        entrypoint = [] if entry is None else ["--entrypoint", entry]
        docker(
            "run", "--detach", "--init", "--name", full, *options, *entrypoint,
            self.images[image], *command,
        )  # fmt: skip


_PROBE = "import urllib.request as r; r.urlopen('http://127.0.0.1:8000/readyz', timeout=5)"
