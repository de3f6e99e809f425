"""Starts the image as a deployment does: read-only, without capabilities, as its own user."""

import json
import secrets
import socket
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

import requests

START_TIMEOUT_S = 15
FAKE_API = Path(__file__).parent / "fake_api"
HARDENING = (
    "--init",
    "--read-only",
    "--cap-drop=ALL",
    "--security-opt=no-new-privileges",
    "--user=10005:10005",
    "--memory=64m",
    "--pids-limit=64",
    "--tmpfs=/tmp:uid=10005,gid=10005,mode=0700,size=16m",
    "--tmpfs=/run/luffycity:uid=10005,gid=10005,mode=0755,size=1m",
)


def docker(*arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    """Run the docker command; raises CalledProcessError with its output in the message."""
    done = subprocess.run(["docker", *arguments], capture_output=True, text=True, check=False)
    if check and done.returncode != 0:
        raise AssertionError(f"docker {' '.join(arguments)}: {done.stderr or done.stdout}")
    return done


def run_to_end(
    image: str,
    secrets: Path,
    base_url: str = "/",
    language: str = "zh-hans",
    short_links: str = "",
) -> subprocess.CompletedProcess[str]:
    """Start a container that is expected to refuse; its output and exit code."""
    given = [f"--env=BASE_URL={base_url}", f"--env=LANGUAGE_CODE={language}"]
    given += [f"--env=SHORT_LINKS_URL={short_links}"] if short_links else []
    mount = f"--volume={secrets}:/run/secrets:ro"
    return docker("run", "--rm", *HARDENING, mount, *given, image, check=False)


class Network:
    """A network of its own, with a DNS that knows who is there, and what plays the API on it."""

    def __init__(self, image: str) -> None:
        self.name = f"luffycity-test-{secrets.token_hex(4)}"
        self._image = image
        self._containers: list[str] = []

    def __enter__(self) -> Self:
        docker("network", "create", self.name)
        return self

    def __exit__(self, *_: object) -> None:
        docker("rm", "--force", *self._containers, check=False)
        docker("network", "rm", self.name)

    def start_api(self, alias: str = "luffy_api") -> str:
        """Start one, and wait until it answers; its container."""
        started = docker(
            "run",
            "--detach",
            *HARDENING,
            f"--network={self.name}",
            f"--network-alias={alias}",
            f"--volume={FAKE_API}:/fake:ro",
            "--entrypoint=nginx",
            self._image,
            *("-e", "stderr", "-c", "/fake/nginx.conf"),
        )
        container = started.stdout.strip()
        self._containers.append(container)
        end = time.monotonic() + START_TIMEOUT_S
        look = ("exec", container, "bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/8000")
        while docker(*look, check=False).returncode != 0:
            if time.monotonic() > end:
                raise AssertionError(docker("logs", container, check=False).stderr)
            time.sleep(0.1)
        return container


@dataclass(frozen=True)
class Site:
    """A running container, reached on loopback."""

    container: str
    address: str

    @classmethod
    def start(
        cls,
        image: str,
        media: Path,
        secrets: Path,
        base_url: str | None = None,
        *,
        language: str | None = None,
        network: str = "bridge",
        public: Path | None = None,
        short_links: str | None = None,
    ) -> Self:
        """Start the image and wait until it is healthy.

        Raises:
            AssertionError: it does not become so in START_TIMEOUT_S; with its log.
        """
        given = [] if base_url is None else [f"--env=BASE_URL={base_url}"]
        given += [] if language is None else [f"--env=LANGUAGE_CODE={language}"]
        given += [] if short_links is None else [f"--env=SHORT_LINKS_URL={short_links}"]
        given += [] if public is None else [f"--volume={public}:/srv/public:ro"]
        started = docker(
            "run",
            "--detach",
            *HARDENING,
            *given,
            f"--network={network}",
            f"--volume={media}:/srv/media:ro",
            f"--volume={secrets}:/run/secrets:ro",
            "--publish=127.0.0.1::8080",
            image,
        )
        container = started.stdout.strip()
        try:
            port = docker("port", container, "8080/tcp").stdout.strip().rsplit(":", 1)[1]
            site = cls(container, f"http://127.0.0.1:{port}")
            site.wait_until_healthy()
        except (AssertionError, IndexError) as error:
            log = docker("logs", container, check=False)
            docker("rm", "--force", container)
            raise AssertionError(f"{error}\n{log.stdout}{log.stderr}") from error
        return site

    def wait_until_healthy(self) -> None:
        """Wait for the health check that the image brings along."""
        end = time.monotonic() + START_TIMEOUT_S
        while (check := self.health()).returncode != 0:
            if time.monotonic() > end:
                raise AssertionError(f"not healthy in {START_TIMEOUT_S} s: {check.stderr}")
            time.sleep(0.1)

    def health(self) -> subprocess.CompletedProcess[str]:
        """Run the health check inside."""
        return docker("exec", self.container, "luffycity-health", check=False)

    def raw(self, target: str, *headers: str, host: str = "localhost") -> bytes:
        """Ask for a target exactly as it is written; the whole answer."""
        address = urlsplit(self.address)
        lines = [f"GET {target} HTTP/1.0", f"Host: {host}", *headers, "", ""]
        with socket.create_connection((address.hostname, address.port), timeout=10) as raw:
            raw.sendall("\r\n".join(lines).encode())
            return b"".join(iter(lambda: raw.recv(65536), b""))

    def get(self, path: str, **headers: str) -> requests.Response:
        """GET a path; the encoding is what the caller asks for, and none otherwise."""
        sent = {"Accept-Encoding": "identity"} | {
            name.replace("_", "-"): value for name, value in headers.items()
        }
        return requests.get(self.address + path, headers=sent, timeout=10, allow_redirects=False)

    def log_lines(self) -> list[dict[str, Any]]:
        """Everything it has written to stdout and stderr, each line as the JSON that it must be."""
        log = docker("logs", self.container)
        return [json.loads(line) for line in (log.stdout + log.stderr).splitlines()]

    def remove(self) -> None:
        """End it without further ado."""
        docker("rm", "--force", self.container)


StartSite = Callable[..., Site]
