"""The little world of the measurements: containers that share one loopback and nothing else.

Farm, Redis and the programs that measure share a network namespace without an interface but `lo`:
nothing that is sent can leave it.
"""

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from containers import REPOSITORY, CommandError, docker, images, variables

__all__ = ["HERE", "HTTPS_JUDGE", "HTTP_JUDGE", "JUDGE", "REPOSITORY", "CommandError", "World"]

HERE = Path(__file__).resolve().parent

JUDGE = "check.test"
HTTP_JUDGE = f"http://{JUDGE}:8001/check/"
HTTPS_JUDGE = f"https://{JUDGE}:8444/check/"
_OPEN_FILES = 20_000


@dataclass
class World:
    """Everything that runs for the measurements. Use it in a `with`."""

    name: str
    shared: Path
    """A directory that all programs see as /shared."""
    images: Mapping[str, str] = field(default_factory=images)
    _started: list[str] = field(default_factory=list)

    def __enter__(self) -> "World":
        self._run(
            "world", self.images["PROXY_POOL_TEST_IMAGE"], ["sleep", "86400"],
            "--network", "none", "--add-host", f"{JUDGE}:127.0.0.1",
        )  # fmt: skip
        return self

    def __exit__(self, *_: object) -> None:
        for name in reversed(self._started):
            docker("rm", "--force", "--volumes", name, quiet=True)

    def redis(self) -> None:
        """Start an empty Redis in the place of the one before."""
        self._remove("redis")
        folder = REPOSITORY / "services/proxy_pool/tests/redis"
        self._run(
            "redis", self.images["REDIS_IMAGE"],
            ["redis-server", "/etc/redis/bundle/redis.conf"],
            *self._inside(), "--user", "10002:10002", "--volume", f"{folder}:/etc/redis/bundle:ro",
        )  # fmt: skip

    def farm(self, mix: str, count: int, **settings: str) -> None:
        """Start a farm of `count` proxies of the kinds in `mix` in the place of the one before."""
        self._remove("farm")
        environment = {
            "FARM_WIDE_PORT": "3128",
            "FARM_WIDE_COUNT": str(count),
            "FARM_WIDE_MIX": mix,
            "FARM_ANSWERS_ITSELF": "yes",
            "FARM_ANNOUNCE": f"{JUDGE}:8001={JUDGE}:8101,{JUDGE}:8444={JUDGE}:8144",
            "FARM_CA_FILE": "/shared/judge_ca.pem",
            "FARM_MAX_CONNECTIONS": "18000",
            **settings,
        }
        self._run(
            "farm", self.images["DEMO_TEST_IMAGE"], ["demo", "serve"],
            *self._inside(), *variables(environment),
        )  # fmt: skip

    def measure(
        self, program: str, *arguments: str, text: str = "", settings: Mapping[str, str]
    ) -> str:
        """Run a program of this folder with the pool's settings; what it printed."""
        return docker(
            "run", "--rm", "--interactive", "--name", f"{self.name}-measure", *self._inside(),
            "--volume", f"{HERE}:/bench:ro", *variables(settings),
            self.images["PROXY_POOL_TEST_IMAGE"], "python", f"/bench/{program}", *arguments,
            text=text,
        )  # fmt: skip

    def _inside(self) -> list[str]:
        return [
            "--network", f"container:{self.name}-world",
            "--volume", f"{self.shared}:/shared",
            "--ulimit", f"nofile={_OPEN_FILES}",
        ]  # fmt: skip

    def _run(self, name: str, image: str, command: list[str], *options: str) -> None:
        full = f"{self.name}-{name}"
        self._started.append(full)
        docker("run", "--detach", "--init", "--name", full, *options, image, *command)

    def _remove(self, name: str) -> None:
        full = f"{self.name}-{name}"
        if full in self._started:
            docker("rm", "--force", "--volumes", full, quiet=True)
            self._started.remove(full)
