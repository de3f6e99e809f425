"""One Redis container, hardened as in the deployment, with the bundle's configuration."""

from __future__ import annotations

import hashlib
import os
import subprocess
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import jinja2
import pytest

TEMPLATE = Path(__file__).parents[3] / "roles/stack/templates/redis/redis.conf.j2"
UID = 10002
PASSWORDS = {"luffy": "a course for everybody", "proxy_pool": "10000 proxies"}
DEFAULT_USER = "user default off resetpass ~* &* +@all"


def acl_rule(user: str) -> str:
    """The rule that lets a service touch its own keys and channels alone."""
    digest = hashlib.sha256(PASSWORDS[user].encode()).hexdigest()
    return f"user {user} on #{digest} ~{user}:* &{user}:* +@all -@admin -@dangerous"


ACL = "\n".join(
    (
        DEFAULT_USER,
        "user health on nopass -@all +ping",
        *(acl_rule(user) for user in PASSWORDS),
        "",
    )
)
HEALTH_CHECK = "test \"$(redis-cli -e --no-auth-warning --user health --pass '' ping)\" = PONG"


def docker(*arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    """Run the docker command line; a failure carries what it printed."""
    result = subprocess.run(
        ["docker", *arguments], capture_output=True, text=True, check=False, timeout=120
    )
    if check and result.returncode != 0:
        pytest.fail(f"docker {' '.join(arguments)}: {result.stderr or result.stdout}")
    return result


@dataclass
class Redis:
    """A Redis container; `name` is the container's, `volume` the one that holds its data."""

    folder: Path
    name: str = field(default_factory=lambda: f"redis-test-{uuid.uuid4().hex[:12]}")

    @property
    def volume(self) -> str:
        """The named volume with the data."""
        return f"{self.name}-data"

    def write_acl(self, text: str, mode: int = 0o400, uid: int = UID) -> None:
        """Put an ACL file where the container reads it."""
        secret = self.folder / "secrets" / "redis_acl"
        secret.parent.mkdir(exist_ok=True)
        secret.unlink(missing_ok=True)
        secret.write_text(text)
        os.chown(secret, uid, uid)
        secret.chmod(mode)

    def write_operator_password(self, text: str) -> None:
        """Put the operator's password where `redis-console` reads it."""
        secret = self.folder / "secrets" / "redis_operator_password"
        secret.write_text(text)
        os.chown(secret, UID, UID)
        secret.chmod(0o400)

    def write_configuration(self, **variables: str) -> None:
        """Render the stack role's template, as a deployment does."""
        values = {"redis_maxmemory": "64mb", "redis_maxmemory_policy": "volatile-lru"} | variables
        environment = jinja2.Environment(undefined=jinja2.StrictUndefined)  # noqa: S701 (no web page)
        target = self.folder / "bundle" / "redis.conf"
        target.parent.mkdir(exist_ok=True)
        target.write_text(environment.from_string(TEMPLATE.read_text()).render(values) + "\n")
        target.chmod(0o644)

    def append_configuration(self, *lines: str) -> None:
        """Add lines to the rendered configuration."""
        with (self.folder / "bundle" / "redis.conf").open("a") as configuration:
            configuration.write("\n".join(("", *lines, "")))

    def create(self) -> None:
        """Create and start the container; does not wait."""
        docker(
            *("run", "--detach", "--name", self.name, "--init", "--read-only"),
            *("--cap-drop", "ALL", "--security-opt", "no-new-privileges"),
            *("--user", f"{UID}:{UID}", "--memory", "256m", "--pids-limit", "64"),
            *("--network", "none", "--tmpfs", "/tmp:mode=1777,size=8m"),  # noqa: S108 (the container's own)
            *("--volume", f"{self.volume}:/data"),
            *("--volume", f"{self.folder / 'bundle'}:/etc/redis/bundle:ro"),
            *("--volume", f"{self.folder / 'secrets'}:/run/secrets:ro"),
            *(os.environ["REDIS_IMAGE"], "redis-server", "/etc/redis/bundle/redis.conf"),
        )

    def healthy(self) -> bool:
        """Whether the deployment's health check passes."""
        return docker("exec", self.name, "sh", "-c", HEALTH_CHECK, check=False).returncode == 0

    def wait_healthy(self, timeout_s: float = 20) -> None:
        """Wait until the health check passes; fails with the log otherwise."""
        deadline = time.monotonic() + timeout_s
        while not self.healthy():
            if time.monotonic() > deadline:
                pytest.fail(f"not healthy after {timeout_s} s:\n{self.log()}")
            time.sleep(0.1)

    def wait_exit(self, timeout_s: float = 20) -> int:
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

    def cli(self, user: str, *command: str) -> str:
        """Run one command as that user; returns what redis-cli prints, errors included."""
        result = docker(
            *("exec", "--env", f"REDISCLI_AUTH={PASSWORDS.get(user, '')}", self.name),
            *("redis-cli", "--no-auth-warning", "--user", user, *command),
            check=False,
        )
        return (result.stdout + result.stderr).strip()

    def remove(self) -> None:
        """Remove the container and its data."""
        docker("rm", "--force", "--volumes", self.name, check=False)
        docker("volume", "rm", "--force", self.volume, check=False)


@pytest.fixture
def prepared(tmp_path: Path) -> Iterator[Redis]:
    """A Redis with good configuration and ACL that has not been started."""
    redis = Redis(tmp_path)
    redis.write_configuration()
    redis.write_acl(ACL)
    for folder in ("bundle", "secrets"):
        (tmp_path / folder).chmod(0o755)
    yield redis
    redis.remove()


@pytest.fixture
def redis(prepared: Redis) -> Redis:
    """A running, healthy Redis."""
    prepared.create()
    prepared.wait_healthy()
    return prepared
