"""A Redis on loopback for one experiment: the caller's, or a container of the bundle's image."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import redis

from lab.concurrency.experiment import own_name
from lab.errors import LabError, NotHereError

IMAGES = Path(__file__).resolve().parents[2] / ".cache/images.env"
# It ends by itself, should nobody be left to stop it.
LIVES_S = 900
STARTS_WITHIN_S = 20
LOOPBACK = ("127.0.0.1", "::1", "localhost")


@contextmanager
def redis_server(url: str) -> Iterator[str]:
    """The address of a Redis that answers.

    Raises:
        LabError: the address given is not on loopback, or nothing answers there.
        NotHereError: none was given, and there is no Docker or no image to make one from.
    """
    if url:
        if urlsplit(url).hostname not in LOOPBACK:
            raise LabError(
                "--redis",
                expected="an address on loopback, such as redis://127.0.0.1:6379/0",
                found=urlsplit(url).hostname or "none",
                do="run the lab on the machine that Redis runs on",
            )
        _wait_for(url, within_s=1)
        yield url
        return
    container = _start(_image())
    try:
        port = _docker("port", container, "6379/tcp").splitlines()[0].rpartition(":")[2]
        address = f"redis://127.0.0.1:{port}/0"
        _wait_for(address, STARTS_WITHIN_S)
        yield address
    finally:
        _docker("rm", "--force", "--volumes", container)


def remove_keys(url: str, token: str) -> tuple[list[str], list[str]]:
    """Remove the run's own keys, and nobody else's; what was removed, and what may stay."""
    mine = own_name(token, "*")
    removed: set[str] = set()
    try:
        with redis.Redis.from_url(url, socket_timeout=10) as client:
            # Until there are none: Redis may still be reading what was sent by who was killed.
            while keys := list(client.scan_iter(mine, count=1000)):
                client.delete(*keys)
                removed |= {f"key {key.decode()}" for key in keys}
    except redis.RedisError as error:
        return sorted(removed), [f"perhaps keys {mine}: {error}"]
    return sorted(removed), []


def _image() -> str:
    built = IMAGES.read_text().splitlines() if IMAGES.exists() else []
    names = dict(line.split("=", 1) for line in built if "=" in line)
    image = os.environ.get("REDIS_IMAGE") or names.get("REDIS_IMAGE", "")
    if not image:
        raise NotHereError(
            "Redis",
            expected="an image in REDIS_IMAGE or .cache/images.env",
            found="none",
            do="run scripts/test engine images, or give an address with --redis",
        )
    return image


def _start(image: str) -> str:
    options = [
        *("--detach", "--rm", "--init", "--publish", "127.0.0.1::6379", "--read-only"),
        *("--cap-drop", "ALL", "--security-opt", "no-new-privileges", "--memory", "256m"),
        *("--entrypoint", "timeout", image, str(LIVES_S)),
    ]
    server = ("redis-server", "--save", "", "--appendonly", "no", "--protected-mode", "no")
    return _docker("run", *options, *server).strip()


def _docker(*arguments: str) -> str:
    try:
        result = subprocess.run(
            ["docker", *arguments], capture_output=True, text=True, check=False, timeout=60
        )
    except FileNotFoundError as error:
        raise _no_docker("no docker command") from error
    if result.returncode:
        raise _no_docker(result.stderr.strip()[-300:])
    return result.stdout


def _no_docker(found: str) -> NotHereError:
    return NotHereError(
        "Redis",
        expected="a container of the bundle's image",
        found=found,
        do="run scripts/test engine images, or give an address with --redis",
    )


def _wait_for(url: str, within_s: float) -> None:
    end = time.monotonic() + within_s
    while True:
        try:
            with redis.Redis.from_url(url, socket_timeout=1) as client:
                client.ping()
            return
        except redis.RedisError as error:
            if time.monotonic() > end:
                place = urlsplit(url).netloc.rpartition("@")[2]  # without a password
                raise LabError(
                    f"redis://{place}",
                    expected="a Redis that answers",
                    found=str(error),
                    do="start it",
                ) from error
            time.sleep(0.05)
