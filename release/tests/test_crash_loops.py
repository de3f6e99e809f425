"""A container that ends and is started again at the very moment when something is done to it."""

import os
import time
from collections.abc import Iterator
from typing import Any

import pytest
from bundle import NAME, sh

from engine.docker_api import Container, connect, look_again, remove_container
from engine.switch import share

LIVES_S = 0.05
MODELS = [{"services": {"app": {"cpu_shares": shares}}} for shares in (256, 1024)]


@pytest.fixture
def client() -> Any:
    return connect()


@pytest.fixture
def looping(client: Any) -> Iterator[Container]:
    """A container that lives for a moment, again and again."""
    words = ["--network", "none", "--restart", "unless-stopped", "--cpu-shares", "512"]
    words += ["--label", "com.docker.compose.service=app", "--name", f"{NAME}-loop-{os.getpid()}"]
    image = os.environ["BASE_IMAGE"]
    made = sh("docker", "run", "-d", *words, image, "sh", "-c", f"sleep {LIVES_S}; exit 1")
    yield from seen(client, made)
    sh("docker", "rm", "-f", made, check=False)


def seen(client: Any, container_id: str) -> Iterator[Container]:
    label = {"label": ["com.docker.compose.service=app"], "id": [container_id]}
    [found] = client.containers.list(all=True, filters=label, ignore_removed=True)
    [container] = look_again(client, [found])
    yield container


def test_its_share_is_changed_or_it_has_ended(client: Any, looping: Container) -> None:
    deadline, number = time.monotonic() + 4, 0
    while time.monotonic() < deadline:
        number += 1
        share.restore(client, MODELS[number % 2], look_again(client, [looping]))
    [found] = look_again(client, [looping])
    assert found.restarts > 2


def test_it_is_removed_and_not_started_once_more(client: Any, looping: Container) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and not look_again(client, [looping])[0].restarts:
        time.sleep(0.05)
    remove_container(client, look_again(client, [looping])[0])
    assert look_again(client, [looping]) == []
